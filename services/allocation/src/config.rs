//! The settings of the service. Everything else is decided in the code.

use std::time::Duration;

pub use backorder_service_kit::crash_point::CrashPoint;

/// How the service behaves. Every limit has a default that suits production.
#[derive(Debug, Clone)]
pub struct Config {
    /// From which value in whole units of company currency another person has to approve an assignment by hand; `None`
    /// means that the value never asks for it.
    pub override_value_max: Option<i64>,
    /// Writing use cases that run at once at most; more callers wait for their turn until their deadline.
    pub writes_running_max: usize,
    /// How long a watch stream lives at most before it ends by itself.
    pub watch_age_max: Duration,
    /// How often a watch looks for changes that other instances made.
    pub watch_tick: Duration,
    /// How often jobs look for work that nobody woke them for.
    pub job_tick: Duration,
    /// How often the open holds are listed, so that a lost event delays a run and never strands units.
    pub hold_tick: Duration,
    /// How long answers to request ids and events of the feed are kept, in business time. At least 48 hours.
    pub retention: Duration,
    /// Items that a simulated run reads and decides about at once, at most 100.
    pub run_items_at_once: usize,
    /// Reductions or gains in one call of a run that is committed, at most 1,000.
    pub run_units_at_once: usize,
    /// Where tests stop a write half-way. Never set in production.
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
            hold_tick: Duration::from_secs(30),
            override_value_max: None,
            retention: Duration::from_hours(24 * 7),
            run_items_at_once: 100,
            run_units_at_once: 1_000,
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
    /// Reads `BACKORDER_ALLOCATION_*` from `get` (usually the environment); what is not set keeps its default.
    ///
    /// # Errors
    /// [`InvalidSetting`] for the first value that cannot be used.
    pub fn from_settings(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let mut config = Self::default();
        if let Some(writes) = number(&get, "BACKORDER_ALLOCATION_WRITES_RUNNING_MAX")? {
            config.writes_running_max = usize::try_from(writes).unwrap_or(usize::MAX);
        }
        config.override_value_max = number(&get, "BACKORDER_ALLOCATION_OVERRIDE_VALUE_MAX")?
            .map(|value| i64::try_from(value).unwrap_or(i64::MAX));
        let durations = [
            ("BACKORDER_ALLOCATION_WATCH_AGE_SECONDS_MAX", &mut config.watch_age_max),
            ("BACKORDER_ALLOCATION_WATCH_TICK_SECONDS", &mut config.watch_tick),
            ("BACKORDER_ALLOCATION_JOB_TICK_SECONDS", &mut config.job_tick),
            ("BACKORDER_ALLOCATION_HOLD_TICK_SECONDS", &mut config.hold_tick),
            ("BACKORDER_ALLOCATION_RETENTION_SECONDS", &mut config.retention),
        ];
        for (key, setting) in durations {
            if let Some(seconds) = number(&get, key)? {
                *setting = Duration::from_secs(seconds);
            }
        }
        if config.retention < RETENTION_MIN {
            let key = "BACKORDER_ALLOCATION_RETENTION_SECONDS";
            return Err(InvalidSetting {
                key,
                detail: "must be at least 172800, the 48 hours of the contract".to_owned(),
            });
        }
        Ok(config)
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
        assert_eq!(config.hold_tick, Duration::from_secs(30));
    }

    #[test]
    fn a_setting_that_is_no_number_or_breaks_the_contract_is_named() {
        let wrong = |key: &'static str, value: &'static str| {
            Config::from_settings(move |asked| (asked == key).then(|| value.to_owned())).unwrap_err().key
        };
        assert_eq!(wrong("BACKORDER_ALLOCATION_JOB_TICK_SECONDS", "x"), "BACKORDER_ALLOCATION_JOB_TICK_SECONDS");
        let key = "BACKORDER_ALLOCATION_RETENTION_SECONDS";
        assert_eq!(wrong(key, "60"), key);
    }
}
