//! Time as the rules see it: an instant comes in from a clock that the caller owns, a date is a civil date in a zone.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Tells the business time. Implementations yield whole microseconds, which every database keeps exactly.
///
/// Leases, timeouts and backoff do not use it: they use the monotonic clock.
pub trait Clock: Send + Sync {
    /// The present instant, in whole microseconds.
    fn now(&self) -> Timestamp;
}

/// The name of a time zone that the time zone database does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time zone {0:?} is not in the IANA time zone database")]
pub struct UnknownTimeZone(pub String);

/// Looks up a time zone by its IANA name, for example `Europe/London`.
///
/// # Errors
/// [`UnknownTimeZone`] when the database compiled into the program has no such zone.
pub fn time_zone(name: &str) -> Result<TimeZone, UnknownTimeZone> {
    TimeZone::get(name).map_err(|_| UnknownTimeZone(name.to_owned()))
}

/// The civil date of an instant in a zone.
#[must_use]
pub fn civil_date_in(instant: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant).date()
}

/// The day as a number: days since 1970-01-01, for what compares and adds days a million times.
#[must_use]
pub fn day_number(date: Date) -> i32 {
    // A civil date is at most 4 million days away from then.
    i32::try_from(date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24).unwrap_or(i32::MAX)
}

/// The instant cut to whole microseconds.
#[must_use]
pub fn whole_microseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn the_same_instant_is_another_date_in_another_zone() {
        let instant: Timestamp = "2026-03-01T23:30:00Z".parse().unwrap();
        let date = |zone: &str| civil_date_in(instant, &time_zone(zone).unwrap()).to_string();
        assert_eq!(date("Europe/London"), "2026-03-01");
        assert_eq!(date("Asia/Tokyo"), "2026-03-02");
    }

    #[test]
    fn an_unknown_zone_is_named() {
        assert_eq!(time_zone("Mars/Base").unwrap_err(), UnknownTimeZone("Mars/Base".to_owned()));
    }
}
