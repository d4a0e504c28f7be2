//! From the day on which something is there to the days on which it ships and arrives: working calendars, the ship
//! schedule of a location, and lanes to destination zones.
//!
//! Everything counts civil dates, each in a stated zone, and never hours: a ship date is read where the location is, a
//! delivery date where the goods go. Source: domain notes, 2.12.
//!
//! Local times follow RFC 5545, 3.3.5. One that a summer-time night skips is read with the offset before the change, so
//! that 02:30 of that night is the instant that the clocks then call 03:30; one that the night has twice is its first.

mod lane;
mod schedule;
mod working;

pub use lane::{Lane, PICKUP_TIME_DEFAULT};
pub use schedule::{DayCount, ShipDay, ShipSchedule};
pub use working::{CALENDAR_DAYS_MAX, CalendarError, Week, WorkingCalendar};

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// The instant of a local time; see the module for nights that skip it or have it twice. `None` outside the range of
/// instants, in years that no calendar is kept for.
fn instant_of(date: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_zoned_datetime(date.to_datetime(time)).compatible().ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod property_tests;
