//! Schedules of allocation runs: put, read, deleted, and the runs that they start.

mod delete;
mod put;
mod read;
mod start;

pub use delete::DeleteRunSchedule;
pub use put::PutRunSchedule;

use std::collections::BTreeSet;

use backorder_domain::{allocation::run_times::RunTimes, calendar::Week, time::time_zone};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode, encode},
    inventory::v1::Weekday as Message,
};
use backorder_storage::{StorageError, columns};
use jiff::civil::Weekday;
use prost::Message as _;

use crate::{
    error::{Error, Kind},
    store::entity::run_schedule,
};

/// The table, in errors.
const TABLE: &str = "run_schedule";

/// The resource name of a schedule.
pub(crate) fn name(id: &str) -> String {
    format!("runSchedules/{id}")
}

/// No schedule has this id.
fn no_schedule(id: &str) -> Error {
    Error::missing(Kind::RunSchedule, name(id))
}

/// At which moments a schedule starts runs. Fields are named as they are in the message.
pub fn times_of(schedule: &pb::RunSchedule, violations: &mut Violations) -> Option<RunTimes> {
    let time = decode::time_of_day_if_set(schedule.time.as_ref(), "time", violations);
    if time == Some(None) {
        violations.push("time", "must be set");
    }
    let week = week_of(&schedule.weekdays, violations);
    let zone = time_zone(&schedule.time_zone).ok();
    if zone.is_none() {
        violations.push("time_zone", "must be the name of a time zone, such as Europe/London");
    }
    let until = decode::date_if_set(schedule.until.as_ref(), "until", violations);
    Some(RunTimes { week: week?, time: time??, zone: zone?, until: until? })
}

fn week_of(weekdays: &[i32], violations: &mut Violations) -> Option<Week> {
    let mut days = BTreeSet::new();
    for (index, number) in weekdays.iter().enumerate() {
        let field = decode::path("weekdays", index, "");
        let day = match decode::required_enum(*number, &field, violations)? {
            Message::Unspecified | Message::Monday => Weekday::Monday,
            Message::Tuesday => Weekday::Tuesday,
            Message::Wednesday => Weekday::Wednesday,
            Message::Thursday => Weekday::Thursday,
            Message::Friday => Weekday::Friday,
            Message::Saturday => Weekday::Saturday,
            Message::Sunday => Weekday::Sunday,
        };
        if !days.insert(day.to_monday_zero_offset()) {
            violations.push(field, "must not be named twice");
            return None;
        }
    }
    let days = days.into_iter().filter_map(|day| Weekday::from_monday_zero_offset(day).ok());
    Some(Week::try_of(days).unwrap_or(Week::EVERY_DAY))
}

/// A schedule as it was put.
fn content_of(row: &run_schedule::Model) -> Result<pb::RunSchedule, StorageError> {
    pb::RunSchedule::decode(row.content.as_slice())
        .map_err(|error| StorageError::InvalidRow { table: TABLE, detail: error.to_string() })
}

/// A schedule as it is told.
fn message(row: &run_schedule::Model) -> Result<pb::RunSchedule, StorageError> {
    let instant = |micros| columns::optional_instant(micros, TABLE).map(|at| at.map(encode::timestamp));
    let last_run = if row.last_run_id.is_empty() { String::new() } else { format!("runs/{}", row.last_run_id) };
    Ok(pb::RunSchedule {
        etag: row.version.to_string(),
        next_time: instant(row.next_at)?,
        last_run,
        last_due_time: instant(row.last_due_at)?,
        ..content_of(row)?
    })
}
