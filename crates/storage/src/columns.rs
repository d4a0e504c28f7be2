//! How values of the domain stand in columns: instants as microseconds since the Unix epoch, civil dates as
//! `YYYY-MM-DD`, times of the day as `HH:MM`. Both databases keep and order these exactly alike.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use crate::StorageError;

/// The column value of an instant: microseconds since the Unix epoch.
#[must_use]
pub fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant of a column value.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a number outside of the range of instants (year -9999 to 9999).
pub fn instant(micros: i64, table: &'static str) -> Result<Timestamp, StorageError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StorageError::InvalidRow { table, detail: format!("{micros} is not an instant in microseconds") })
}

/// The instant of a column value that may be NULL.
///
/// # Errors
/// As [`instant`].
pub fn optional_instant(micros: Option<i64>, table: &'static str) -> Result<Option<Timestamp>, StorageError> {
    micros.map(|value| instant(value, table)).transpose()
}

/// The column value of a civil date, `YYYY-MM-DD`, which orders like the date for the years 0 to 9999.
#[must_use]
pub fn date_text(date: Date) -> String {
    date.to_string()
}

/// The civil date of a column value.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that is not a date.
pub fn date(text: &str, table: &'static str) -> Result<Date, StorageError> {
    text.parse().map_err(|_| StorageError::InvalidRow { table, detail: format!("{text:?} is not a civil date") })
}

/// The civil date of a column value that may be NULL.
///
/// # Errors
/// As [`date`].
pub fn optional_date(text: Option<&str>, table: &'static str) -> Result<Option<Date>, StorageError> {
    text.map(|value| date(value, table)).transpose()
}

/// The column value of a time of the day, `HH:MM`: seconds are not kept.
#[must_use]
pub fn time_text(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// The time of the day of a column value.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that is not a time.
pub fn time(text: &str, table: &'static str) -> Result<Time, StorageError> {
    text.parse().map_err(|_| StorageError::InvalidRow { table, detail: format!("{text:?} is not a time of the day") })
}

/// The time of the day of a column value that may be NULL.
///
/// # Errors
/// As [`time`].
pub fn optional_time(text: Option<&str>, table: &'static str) -> Result<Option<Time>, StorageError> {
    text.map(|value| time(value, table)).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn an_instant_and_a_date_come_back_as_they_went() {
        let now: Timestamp = "2026-11-23T10:15:30.123456Z".parse().unwrap();
        assert_eq!(instant(micros(now), "t").unwrap(), now);
        let day: Date = "2026-02-28".parse().unwrap();
        assert_eq!(date_text(day), "2026-02-28");
        assert_eq!(date(&date_text(day), "t").unwrap(), day);
    }

    #[test]
    fn a_time_of_the_day_comes_back_to_the_minute() {
        let half_past_two = Time::constant(14, 30, 0, 0);
        assert_eq!(time_text(half_past_two), "14:30");
        assert_eq!(time("14:30", "t").unwrap(), half_past_two);
        assert_eq!(optional_time(None, "t").unwrap(), None);
        assert!(time("25:00", "t").is_err());
    }

    #[test]
    fn a_row_that_is_not_a_date_is_named_with_its_table() {
        let error = date("28.02.2026", "order_line").unwrap_err();
        assert_eq!(error.to_string(), "order_line holds an invalid row: \"28.02.2026\" is not a civil date");
    }
}
