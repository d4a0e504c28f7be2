//! Locations, working calendars and lanes.

use backorder_proto::{convert::encode, inventory::v1 as pb};
use jiff::civil::Weekday;

use crate::catalog::{Calendar, Lane, Location, LocationKind, Stored};

/// A location as the contract shows it.
#[must_use]
pub fn location_message(stored: &Stored<Location>) -> pb::Location {
    let location = &stored.value;
    let kind = match location.kind {
        LocationKind::Warehouse => pb::LocationKind::Warehouse,
        LocationKind::Store => pb::LocationKind::Store,
        LocationKind::DropShipSupplier => pb::LocationKind::DropShipSupplier,
    };
    pb::Location {
        name: encode::location_name(&location.id),
        display_name: location.display_name.clone(),
        kind: i32::from(kind),
        time_zone: location.time_zone.clone(),
        rank: location.rank,
        create_time: Some(encode::timestamp(stored.created_at)),
        update_time: Some(encode::timestamp(stored.updated_at)),
        etag: stored.version.to_string(),
        calendar: location.calendar.as_ref().map(encode::calendar_name).unwrap_or_default(),
        order_cut_off: location.order_cut_off.map(encode::time_of_day),
        dock_to_stock_days: i32::from(location.dock_to_stock_days),
        handling_days: i32::from(location.handling_days),
    }
}

/// A working calendar as the contract shows it.
#[must_use]
pub fn calendar_message(stored: &Stored<Calendar>) -> pb::WorkingCalendar {
    let Calendar { id, display_name, days } = &stored.value;
    let week = Weekday::Monday.cycle_forward().take(7).filter(|weekday| days.week().has(*weekday));
    pb::WorkingCalendar {
        name: encode::calendar_name(id),
        display_name: display_name.clone(),
        // Both number the days of the week from Monday, 1, to Sunday, 7.
        working_days: week.map(|weekday| i32::from(weekday.to_monday_one_offset())).collect(),
        holidays: days.holidays().map(encode::date).collect(),
        extra_working_days: days.extra_days().map(encode::date).collect(),
        create_time: Some(encode::timestamp(stored.created_at)),
        update_time: Some(encode::timestamp(stored.updated_at)),
        etag: stored.version.to_string(),
    }
}

/// A lane as the contract shows it.
#[must_use]
pub fn lane_message(stored: &Stored<Lane>) -> pb::Lane {
    let lane = &stored.value;
    pb::Lane {
        name: encode::lane_name(&lane.id),
        location: encode::location_name(&lane.location),
        destination_zone: lane.destination_zone.clone(),
        service: lane.service.clone(),
        destination_time_zone: lane.destination_time_zone.clone(),
        transit_days: i32::from(lane.transit_days),
        calendar: lane.calendar.as_ref().map(encode::calendar_name).unwrap_or_default(),
        pickup_time: Some(encode::time_of_day(lane.pickup_time)),
        create_time: Some(encode::timestamp(stored.created_at)),
        update_time: Some(encode::timestamp(stored.updated_at)),
        etag: stored.version.to_string(),
    }
}
