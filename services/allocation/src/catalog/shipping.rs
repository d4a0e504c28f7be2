//! The copies of working calendars and lanes.

use std::sync::Arc;

use backorder_domain::{
    calendar::{DayCount, Lane, PICKUP_TIME_DEFAULT, Week, WorkingCalendar},
    time::time_zone,
};
use backorder_proto::{
    convert::{Violations, decode},
    inventory::v1 as pb,
};
use backorder_storage::{StorageError, columns};
use jiff::civil::{Date, Time, Weekday};

use crate::store::entity::{calendar_copy, lane_copy};

/// The copy of a working calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarCopy {
    /// The calendar's id.
    pub id: String,
    /// The days that count.
    pub days: Arc<WorkingCalendar>,
    /// The version of the calendar.
    pub version: i64,
}

impl CalendarCopy {
    /// The copy of a calendar; `None` when it has no name or makes no calendar.
    #[must_use]
    pub fn of_message(calendar: &pb::WorkingCalendar) -> Option<Self> {
        let weekdays = calendar.working_days.iter().filter_map(|day| {
            // Both number the days of the week from Monday, 1, to Sunday, 7.
            Weekday::from_monday_one_offset(i8::try_from(*day).ok()?).ok()
        });
        let dates = |messages: &[backorder_proto::common::v1::Date]| {
            let decoded = messages.iter().map(|date| decode::date(Some(date), "", &mut Violations::new()));
            decoded.collect::<Option<Vec<Date>>>()
        };
        let (holidays, extra_days) = (dates(&calendar.holidays)?, dates(&calendar.extra_working_days)?);
        let days = WorkingCalendar::try_new(Week::try_of(weekdays)?, holidays, extra_days).ok()?;
        Some(Self {
            id: calendar.name.strip_prefix("calendars/")?.to_owned(),
            days: Arc::new(days),
            version: calendar.etag.parse().unwrap_or_default(),
        })
    }
}

/// The copy of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneCopy {
    /// The lane's id.
    pub id: String,
    /// From where, whither and by which service.
    pub way: Way,
    /// The IANA name of the zone in which delivery dates are read.
    pub time_zone: String,
    /// Days of the calendar from departure to delivery.
    pub transit_days: DayCount,
    /// The id of the carrier's calendar; `None` means every day.
    pub calendar: Option<String>,
    /// The local time at the location at which the carrier takes the goods.
    pub pickup_time: Time,
    /// The version of the lane.
    pub version: i64,
}

/// From where, whither and by which service. There is at most one lane of each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Way {
    /// The location's id.
    pub location: String,
    /// The zone, as orders name it.
    pub destination_zone: String,
    /// The carrier's service; empty is the usual one.
    pub service: String,
}

impl LaneCopy {
    /// The copy of a lane; `None` when its names, its days or its zone are not known.
    #[must_use]
    pub fn of_message(lane: &pb::Lane) -> Option<Self> {
        time_zone(&lane.destination_time_zone).ok()?;
        let pickup = decode::time_of_day_if_set(lane.pickup_time.as_ref(), "", &mut Violations::new())?;
        Some(Self {
            id: lane.name.strip_prefix("lanes/")?.to_owned(),
            way: Way {
                location: lane.location.strip_prefix("locations/")?.to_owned(),
                destination_zone: lane.destination_zone.clone(),
                service: lane.service.clone(),
            },
            time_zone: lane.destination_time_zone.clone(),
            transit_days: DayCount::try_from(lane.transit_days).ok()?,
            calendar: lane.calendar.strip_prefix("calendars/").map(str::to_owned),
            pickup_time: pickup.unwrap_or(PICKUP_TIME_DEFAULT),
            version: lane.etag.parse().unwrap_or_default(),
        })
    }

    /// The lane as the rules know it, over its calendar. `None` when the database of zones has lost its zone.
    #[must_use]
    pub fn over(&self, calendar: Arc<WorkingCalendar>) -> Option<Lane> {
        Some(Lane {
            calendar,
            transit_days: self.transit_days,
            pickup_time: self.pickup_time,
            destination_zone: time_zone(&self.time_zone).ok()?,
        })
    }
}

impl From<&CalendarCopy> for calendar_copy::Model {
    fn from(calendar: &CalendarCopy) -> Self {
        let text = |days: &mut dyn Iterator<Item = Date>| days.map(columns::date_text).collect::<Vec<_>>().join(" ");
        Self {
            id: calendar.id.clone(),
            working_days: calendar.days.week().bits(),
            holidays: text(&mut calendar.days.holidays()),
            extra_days: text(&mut calendar.days.extra_days()),
            version: calendar.version,
        }
    }
}

impl TryFrom<calendar_copy::Model> for CalendarCopy {
    type Error = StorageError;

    fn try_from(row: calendar_copy::Model) -> Result<Self, StorageError> {
        const TABLE: &str = "calendar_copy";
        let dates =
            |text: &str| text.split_whitespace().map(|day| columns::date(day, TABLE)).collect::<Result<Vec<_>, _>>();
        let (holidays, extra_days) = (dates(&row.holidays)?, dates(&row.extra_days)?);
        let week = Week::try_from_bits(row.working_days);
        let days = week.and_then(|week| WorkingCalendar::try_new(week, holidays, extra_days).ok());
        let days = days.ok_or_else(|| StorageError::InvalidRow {
            table: TABLE,
            detail: format!("{} makes no calendar", row.id),
        })?;
        Ok(Self { id: row.id, days: Arc::new(days), version: row.version })
    }
}

impl From<&LaneCopy> for lane_copy::Model {
    fn from(lane: &LaneCopy) -> Self {
        Self {
            id: lane.id.clone(),
            location_id: lane.way.location.clone(),
            destination_zone: lane.way.destination_zone.clone(),
            service: lane.way.service.clone(),
            time_zone: lane.time_zone.clone(),
            transit_days: i32::from(lane.transit_days),
            calendar_id: lane.calendar.clone(),
            pickup_time: columns::time_text(lane.pickup_time),
            version: lane.version,
        }
    }
}

impl TryFrom<lane_copy::Model> for LaneCopy {
    type Error = StorageError;

    fn try_from(row: lane_copy::Model) -> Result<Self, StorageError> {
        const TABLE: &str = "lane_copy";
        let transit_days = DayCount::try_from(row.transit_days).map_err(|_| StorageError::InvalidRow {
            table: TABLE,
            detail: format!("{} days are no number of days", row.transit_days),
        })?;
        Ok(Self {
            id: row.id,
            way: Way { location: row.location_id, destination_zone: row.destination_zone, service: row.service },
            time_zone: row.time_zone,
            transit_days,
            calendar: row.calendar_id,
            pickup_time: columns::time(&row.pickup_time, TABLE)?,
            version: row.version,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::convert::encode;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn copies_of_calendars_and_lanes_survive_the_store() {
        let message = pb::WorkingCalendar {
            name: "calendars/uk".to_owned(),
            working_days: (1..=5).collect(),
            holidays: vec![encode::date(date(2026, 12, 25)), encode::date(date(2026, 12, 28))],
            extra_working_days: vec![encode::date(date(2026, 12, 19))],
            etag: "4".to_owned(),
            ..pb::WorkingCalendar::default()
        };
        let copy = CalendarCopy::of_message(&message).unwrap();
        assert!(copy.days.works_on(date(2026, 12, 19)) && !copy.days.works_on(date(2026, 12, 25)));
        assert_eq!(CalendarCopy::try_from(calendar_copy::Model::from(&copy)).unwrap(), copy);

        let message = pb::Lane {
            name: "lanes/main-eu".to_owned(),
            location: "locations/main".to_owned(),
            destination_zone: "EU".to_owned(),
            destination_time_zone: "Europe/Berlin".to_owned(),
            transit_days: 2,
            calendar: "calendars/uk".to_owned(),
            etag: "1".to_owned(),
            ..pb::Lane::default()
        };
        let copy = LaneCopy::of_message(&message).unwrap();
        assert_eq!((copy.pickup_time, copy.calendar.as_deref()), (PICKUP_TIME_DEFAULT, Some("uk")));
        assert_eq!(LaneCopy::try_from(lane_copy::Model::from(&copy)).unwrap(), copy);
    }

    #[test]
    fn a_calendar_without_a_working_day_has_no_copy() {
        let named = pb::WorkingCalendar { name: "calendars/never".to_owned(), ..pb::WorkingCalendar::default() };
        assert_eq!(CalendarCopy::of_message(&named), None);
    }
}
