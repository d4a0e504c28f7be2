//! Working calendars and lanes: what promise dates are counted by.

use backorder_domain::{
    calendar::{DayCount, WorkingCalendar},
    ids::{CalendarId, LaneId, LocationId},
};
use jiff::civil::Time;

/// A working calendar under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// What people call it.
    pub display_name: String,
    /// The days that count.
    pub days: WorkingCalendar,
}

/// How long the goods travel from a location to a destination zone by one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its id.
    pub id: LaneId,
    /// Where the goods leave.
    pub location: LocationId,
    /// The zone to which they go, as orders name it.
    pub destination_zone: String,
    /// The carrier's service; empty is the usual one.
    pub service: String,
    /// The IANA name of the zone in which delivery dates are read; known to the time zone database.
    pub destination_time_zone: String,
    /// Days of the calendar from departure to delivery.
    pub transit_days: DayCount,
    /// The days on which the carrier travels and delivers; `None` means every day.
    pub calendar: Option<CalendarId>,
    /// The local time at the location at which the carrier takes the goods, to the minute.
    pub pickup_time: Time,
}
