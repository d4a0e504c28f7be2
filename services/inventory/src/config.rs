//! The settings of the service. Everything else is decided in the code.

use std::time::Duration;

use backorder_domain::{quantity::Quantity, stock::receipt::OverReceiptTolerance};
use backorder_service_kit::crash_point::CrashPoint;

/// How the service behaves. Every limit has a default that suits production.
#[derive(Debug, Clone)]
pub struct Config {
    /// Writing use cases that run at once at most; more callers wait for their turn until their deadline.
    pub writes_running_max: usize,
    /// How long a watch stream lives at most before it ends by itself.
    pub watch_age_max: Duration,
    /// How often a watch looks for changes that other instances made.
    pub watch_tick: Duration,
    /// How often jobs look for work that nobody woke them for.
    pub job_tick: Duration,
    /// How long events and answers to request ids are kept, in business time. At least 48 hours.
    pub retention: Duration,
    /// How much more than ordered is booked as it arrived, where a supply has no tolerance of its own.
    pub over_receipt: OverReceiptTolerance,
    /// How old the positions in memory may be from which availability is answered; the database answers beyond.
    pub index_age_max: Duration,
    /// How often it is looked what was committed that memory does not have; at least four times in the longest age.
    pub index_tick: Duration,
    /// Positions kept in memory at most; the database answers for others.
    pub index_positions_max: usize,
    /// Where tests stop upkeep half-way. Never set in production.
    pub crash_point: Option<CrashPoint>,
}

/// The shortest time for which the contract promises that a request id is remembered.
pub const RETENTION_MIN: Duration = Duration::from_hours(48);

impl Default for Config {
    fn default() -> Self {
        Self {
            writes_running_max: 256,
            watch_age_max: Duration::from_mins(30),
            watch_tick: Duration::from_secs(1),
            job_tick: Duration::from_secs(1),
            retention: Duration::from_hours(24 * 7),
            over_receipt: OverReceiptTolerance { percent: 10, units: Quantity::ZERO },
            index_age_max: Duration::from_secs(1),
            index_tick: Duration::from_millis(250),
            index_positions_max: 2_000_000,
            crash_point: None,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {detail}")]
pub struct InvalidSetting {
    /// The variable's name.
    pub key: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl Config {
    /// Reads `BACKORDER_INVENTORY_*` from `get` (usually the environment); what is not set keeps its default.
    ///
    /// # Errors
    /// [`InvalidSetting`] for the first value that cannot be used.
    pub fn from_settings(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let mut config = Self::default();
        if let Some(writes) = number(&get, "BACKORDER_INVENTORY_WRITES_RUNNING_MAX")? {
            config.writes_running_max = usize::try_from(writes).unwrap_or(usize::MAX);
        }
        let durations = [
            ("BACKORDER_INVENTORY_WATCH_AGE_SECONDS_MAX", &mut config.watch_age_max),
            ("BACKORDER_INVENTORY_WATCH_TICK_SECONDS", &mut config.watch_tick),
            ("BACKORDER_INVENTORY_JOB_TICK_SECONDS", &mut config.job_tick),
            ("BACKORDER_INVENTORY_RETENTION_SECONDS", &mut config.retention),
        ];
        for (key, setting) in durations {
            if let Some(seconds) = number(&get, key)? {
                *setting = Duration::from_secs(seconds);
            }
        }
        if let Some(millis) = number(&get, "BACKORDER_INVENTORY_INDEX_AGE_MILLISECONDS_MAX")? {
            config.index_age_max = Duration::from_millis(millis);
        }
        let positions = whole(&get, "BACKORDER_INVENTORY_INDEX_POSITIONS_MAX", INDEX_POSITIONS_MAX)?;
        if let Some(positions) = positions.and_then(|positions| usize::try_from(positions).ok()) {
            config.index_positions_max = positions;
        }
        let (percent, units) = (OVER_RECEIPT_PERCENT, OVER_RECEIPT_UNITS);
        if let Some(value) = whole(&get, percent, OverReceiptTolerance::PERCENT_MAX.into())? {
            config.over_receipt.percent = u16::try_from(value).unwrap_or(OverReceiptTolerance::PERCENT_MAX);
        }
        if let Some(value) = whole(&get, units, Quantity::COMMAND_MAX.get())? {
            config.over_receipt.units = Quantity::try_new(value).unwrap_or_default();
        }
        if config.retention < RETENTION_MIN {
            let key = "BACKORDER_INVENTORY_RETENTION_SECONDS";
            return Err(InvalidSetting {
                key,
                detail: "must be at least 172800, the 48 hours of the contract".to_owned(),
            });
        }
        Ok(config)
    }
}

const OVER_RECEIPT_PERCENT: &str = "BACKORDER_INVENTORY_OVER_RECEIPT_PERCENT";
const OVER_RECEIPT_UNITS: &str = "BACKORDER_INVENTORY_OVER_RECEIPT_UNITS";

/// More positions than this are no index any more but a database: some 10 GiB.
const INDEX_POSITIONS_MAX: i64 = 100_000_000;

/// A whole number from 0 to `most`.
fn whole(get: impl Fn(&str) -> Option<String>, key: &'static str, most: i64) -> Result<Option<i64>, InvalidSetting> {
    let Some(text) = get(key) else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(value) if (0..=most).contains(&value) => Ok(Some(value)),
        Ok(_) | Err(_) => {
            Err(InvalidSetting { key, detail: format!("{text:?} is not a whole number from 0 to {most}") })
        }
    }
}

fn number(get: impl Fn(&str) -> Option<String>, key: &'static str) -> Result<Option<u64>, InvalidSetting> {
    let Some(text) = get(key) else { return Ok(None) };
    match text.parse() {
        Ok(0) | Err(_) => Err(InvalidSetting { key, detail: format!("{text:?} is not a whole number of at least 1") }),
        Ok(value) => Ok(Some(value)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn what_is_not_set_keeps_its_default() {
        let config = Config::from_settings(|_| None).unwrap();
        assert_eq!(config.watch_age_max, Duration::from_secs(1_800));
    }

    #[test]
    fn a_setting_that_is_no_number_or_breaks_the_contract_is_named() {
        let wrong = |key: &'static str, value: &'static str| {
            Config::from_settings(move |asked| (asked == key).then(|| value.to_owned())).unwrap_err().key
        };
        assert_eq!(wrong("BACKORDER_INVENTORY_JOB_TICK_SECONDS", "x"), "BACKORDER_INVENTORY_JOB_TICK_SECONDS");
        let key = "BACKORDER_INVENTORY_RETENTION_SECONDS";
        assert_eq!(wrong(key, "60"), key);
        assert_eq!(wrong(OVER_RECEIPT_PERCENT, "1001"), OVER_RECEIPT_PERCENT);
        assert_eq!(wrong(OVER_RECEIPT_UNITS, "-1"), OVER_RECEIPT_UNITS);
    }
}
