//! Working calendars and lanes.

use std::collections::BTreeSet;

use backorder_domain::{
    calendar::{CALENDAR_DAYS_MAX, DayCount, PICKUP_TIME_DEFAULT, Week, WorkingCalendar},
    ids::CalendarId,
};
use backorder_proto::{
    common::v1 as common,
    convert::{
        Violations,
        decode::{self, path},
    },
    inventory::v1 as pb,
};
use jiff::civil::{Date, Time, Weekday};

use super::{
    catalog::{DESCRIPTION_BYTES_MAX, masked, pick},
    places::{Fields, days, known_zone, takes},
};
use crate::{
    catalog::{Calendar, Lane},
    use_cases::Change,
};

const ZONE_BYTES_MAX: usize = 50;
const SERVICE_BYTES_MAX: usize = 100;
/// The field that is named when the days of a calendar contradict each other.
const EXTRA_DAYS: &str = "working_calendar.extra_working_days";

/// The calendar of `CreateWorkingCalendar`.
pub fn create_calendar(request: &pb::CreateWorkingCalendarRequest, violations: &mut Violations) -> Option<Calendar> {
    let message = decode::required(request.working_calendar.as_ref(), "working_calendar", violations)?;
    let CalendarParts { id, display_name, week, holidays, extra_days } = calendar_parts(message, &None, violations)?;
    let days = WorkingCalendar::try_new(week, holidays, extra_days);
    Some(Calendar { id, display_name, days: decode::checked(days, EXTRA_DAYS, violations)? })
}

/// The change of `UpdateWorkingCalendar`. What the mask leaves out need not be right.
pub fn update_calendar(
    request: &pb::UpdateWorkingCalendarRequest,
    violations: &mut Violations,
) -> Option<Change<Calendar>> {
    const FIELDS: [&str; 4] = ["display_name", "working_days", "holidays", "extra_working_days"];
    let message = decode::required(request.working_calendar.as_ref(), "working_calendar", violations)?;
    let fields = Some(masked(request.update_mask.as_ref(), &FIELDS, violations)?);
    let new = calendar_parts(message, &fields, violations)?;
    let id = new.id.clone();
    let apply = move |old: &Calendar| {
        let takes = |field: &str| takes(&fields, field);
        let days = WorkingCalendar::try_new(
            pick(takes("working_days"), &new.week, &old.days.week()),
            pick(takes("holidays"), &new.holidays, &old.days.holidays().collect()),
            pick(takes("extra_working_days"), &new.extra_days, &old.days.extra_days().collect()),
        );
        let mut violations = Violations::new();
        let days = decode::checked(days, EXTRA_DAYS, &mut violations);
        Ok(Calendar {
            id: old.id.clone(),
            display_name: pick(takes("display_name"), &new.display_name, &old.display_name),
            days: violations.finish_with(days)?,
        })
    };
    Some(Change { id, etag: message.etag.clone(), apply: Box::new(apply) })
}

/// A calendar whose parts are right each by itself.
struct CalendarParts {
    id: CalendarId,
    display_name: String,
    week: Week,
    holidays: BTreeSet<Date>,
    extra_days: BTreeSet<Date>,
}

fn calendar_parts(
    message: &pb::WorkingCalendar,
    fields: &Fields,
    violations: &mut Violations,
) -> Option<CalendarParts> {
    let id = decode::calendar_name(&message.name, "working_calendar.name", violations);
    let display_name =
        decode::text(&message.display_name, DESCRIPTION_BYTES_MAX, "working_calendar.display_name", violations);
    let week = if takes(fields, "working_days") {
        week(&message.working_days, "working_calendar.working_days", violations)
    } else {
        Some(Week::EVERY_DAY)
    };
    let holidays = listed_days(&message.holidays, "working_calendar.holidays", violations);
    let extra_days = listed_days(&message.extra_working_days, EXTRA_DAYS, violations);
    Some(CalendarParts {
        id: id?,
        display_name: display_name?,
        week: week?,
        holidays: holidays?,
        extra_days: extra_days?,
    })
}

fn week(values: &[i32], field: &str, violations: &mut Violations) -> Option<Week> {
    let mut weekdays = BTreeSet::new();
    let mut complete = true;
    for (index, value) in values.iter().enumerate() {
        let weekday = decode::required_enum::<pb::Weekday>(*value, &path(field, index, ""), violations);
        complete &= weekday.is_some();
        if !weekdays.insert(*value) {
            violations.push(path(field, index, ""), "must be distinct");
            complete = false;
        }
    }
    let offsets = weekdays.iter().filter_map(|value| i8::try_from(*value).ok());
    let week = Week::try_of(offsets.filter_map(|offset| Weekday::from_monday_one_offset(offset).ok()));
    if week.is_none() && complete {
        violations.push(field, "must have at least 1 element: a calendar needs a working day");
    }
    week.filter(|_| complete)
}

fn listed_days(messages: &[common::Date], field: &str, violations: &mut Violations) -> Option<BTreeSet<Date>> {
    if messages.len() > CALENDAR_DAYS_MAX {
        violations.push(field, format!("must have at most {CALENDAR_DAYS_MAX} elements"));
        return None;
    }
    let decoded: Vec<Option<Date>> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| decode::date(Some(message), &path(field, index, ""), violations))
        .collect();
    decoded.into_iter().collect()
}

/// The lane of `CreateLane`.
pub fn create_lane(request: &pb::CreateLaneRequest, violations: &mut Violations) -> Option<Lane> {
    let message = decode::required(request.lane.as_ref(), "lane", violations)?;
    let location = decode::location_name(&message.location, "lane.location", violations);
    let destination_zone =
        decode::required_text(&message.destination_zone, ZONE_BYTES_MAX, "lane.destination_zone", violations);
    let service = decode::text(&message.service, SERVICE_BYTES_MAX, "lane.service", violations);
    let id = decode::lane_name(&message.name, "lane.name", violations);
    let journey = journey(message, &None, violations)?;
    Some(Lane {
        id: id?,
        location: location?,
        destination_zone: destination_zone?,
        service: service?,
        destination_time_zone: journey.destination_time_zone,
        transit_days: journey.transit_days,
        calendar: journey.calendar,
        pickup_time: journey.pickup_time,
    })
}

/// The change of `UpdateLane`.
pub fn update_lane(request: &pb::UpdateLaneRequest, violations: &mut Violations) -> Option<Change<Lane>> {
    const FIELDS: [&str; 4] = ["destination_time_zone", "transit_days", "calendar", "pickup_time"];
    let message = decode::required(request.lane.as_ref(), "lane", violations)?;
    let fields = Some(masked(request.update_mask.as_ref(), &FIELDS, violations)?);
    let id = decode::lane_name(&message.name, "lane.name", violations);
    let new = journey(message, &fields, violations)?;
    let apply = move |old: &Lane| {
        let takes = |field: &str| takes(&fields, field);
        let zone = pick(takes("destination_time_zone"), &new.destination_time_zone, &old.destination_time_zone);
        Ok(Lane {
            destination_time_zone: zone,
            transit_days: pick(takes("transit_days"), &new.transit_days, &old.transit_days),
            calendar: pick(takes("calendar"), &new.calendar, &old.calendar),
            pickup_time: pick(takes("pickup_time"), &new.pickup_time, &old.pickup_time),
            ..old.clone()
        })
    };
    Some(Change { id: id?, etag: message.etag.clone(), apply: Box::new(apply) })
}

/// What can be changed of a lane.
struct Journey {
    destination_time_zone: String,
    transit_days: DayCount,
    calendar: Option<CalendarId>,
    pickup_time: Time,
}

fn journey(message: &pb::Lane, fields: &Fields, violations: &mut Violations) -> Option<Journey> {
    if takes(fields, "destination_time_zone") {
        known_zone(&message.destination_time_zone, "lane.destination_time_zone", violations);
    }
    let transit_days = days(message.transit_days, "lane.transit_days", violations);
    let calendar = decode::calendar_name_if_set(&message.calendar, "lane.calendar", violations);
    let pickup_time = decode::time_of_day_if_set(message.pickup_time.as_ref(), "lane.pickup_time", violations);
    Some(Journey {
        destination_time_zone: message.destination_time_zone.clone(),
        transit_days: transit_days?,
        calendar: calendar?,
        pickup_time: pickup_time?.unwrap_or(PICKUP_TIME_DEFAULT),
    })
}
