//! The hours of a business day, in the company's zone.

use backorder_domain::time::whole_microseconds;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// Receipts and news from suppliers come in at this hour.
const MORNING_HOUR: i8 = 5;
/// What is reserved ships, and the buyer orders, at this hour.
const EVENING_HOUR: i8 = 22;

/// The instant of the morning of a day.
#[must_use]
pub fn morning(day: Date, zone: &TimeZone) -> Timestamp {
    instant(day.at(MORNING_HOUR, 0, 0, 0), zone)
}

/// The instant of the evening of a day.
#[must_use]
pub fn evening(day: Date, zone: &TimeZone) -> Timestamp {
    instant(day.at(EVENING_HOUR, 0, 0, 0), zone)
}

fn instant(local: DateTime, zone: &TimeZone) -> Timestamp {
    let known = zone.to_ambiguous_timestamp(local).compatible();
    whole_microseconds(known.unwrap_or(Timestamp::UNIX_EPOCH))
}
