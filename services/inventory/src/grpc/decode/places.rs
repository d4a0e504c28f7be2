//! Locations.

use std::collections::BTreeSet;

use backorder_domain::{calendar::DayCount, time::time_zone};
use backorder_proto::{
    convert::{Violations, decode},
    inventory::v1 as pb,
};

use super::catalog::{DESCRIPTION_BYTES_MAX, masked, pick};
use crate::{
    catalog::{Location, LocationKind},
    use_cases::Change,
};

/// The most days that anything takes.
const DAYS_MAX: DayCount = 366;

/// Fields that a change takes from the request. All of them for a new resource.
pub(super) type Fields = Option<BTreeSet<&'static str>>;

pub(super) fn takes(fields: &Fields, field: &str) -> bool {
    fields.as_ref().is_none_or(|fields| fields.contains(field))
}

/// The location of `CreateLocation`.
pub fn create_location(request: &pb::CreateLocationRequest, violations: &mut Violations) -> Option<Location> {
    let message = decode::required(request.location.as_ref(), "location", violations)?;
    location(message, &None, violations)
}

/// The change of `UpdateLocation`.
pub fn update_location(request: &pb::UpdateLocationRequest, violations: &mut Violations) -> Option<Change<Location>> {
    const FIELDS: [&str; 8] = [
        "display_name",
        "kind",
        "time_zone",
        "rank",
        "calendar",
        "order_cut_off",
        "dock_to_stock_days",
        "handling_days",
    ];
    let message = decode::required(request.location.as_ref(), "location", violations)?;
    let fields = Some(masked(request.update_mask.as_ref(), &FIELDS, violations)?);
    let new = location(message, &fields, violations)?;
    let id = new.id.clone();
    let apply = move |old: &Location| {
        let takes = |field: &str| takes(&fields, field);
        Ok(Location {
            id: old.id.clone(),
            display_name: pick(takes("display_name"), &new.display_name, &old.display_name),
            kind: pick(takes("kind"), &new.kind, &old.kind),
            time_zone: pick(takes("time_zone"), &new.time_zone, &old.time_zone),
            rank: pick(takes("rank"), &new.rank, &old.rank),
            calendar: pick(takes("calendar"), &new.calendar, &old.calendar),
            order_cut_off: pick(takes("order_cut_off"), &new.order_cut_off, &old.order_cut_off),
            dock_to_stock_days: pick(takes("dock_to_stock_days"), &new.dock_to_stock_days, &old.dock_to_stock_days),
            handling_days: pick(takes("handling_days"), &new.handling_days, &old.handling_days),
        })
    };
    Some(Change { id, etag: message.etag.clone(), apply: Box::new(apply) })
}

/// A location. For an update, kind and time zone need only be right when they are among the fields that change.
fn location(message: &pb::Location, fields: &Fields, violations: &mut Violations) -> Option<Location> {
    let id = decode::location_name(&message.name, "location.name", violations);
    let display_name = decode::text(&message.display_name, DESCRIPTION_BYTES_MAX, "location.display_name", violations);
    let kind = if takes(fields, "kind") {
        decode::required_enum::<pb::LocationKind>(message.kind, "location.kind", violations).and_then(kind_of)
    } else {
        Some(LocationKind::Warehouse)
    };
    if takes(fields, "time_zone") {
        known_zone(&message.time_zone, "location.time_zone", violations);
    }
    let calendar = decode::calendar_name_if_set(&message.calendar, "location.calendar", violations);
    let cut_off = message.order_cut_off.as_ref();
    let order_cut_off = decode::time_of_day_if_set(cut_off, "location.order_cut_off", violations);
    let dock_to_stock_days = days(message.dock_to_stock_days, "location.dock_to_stock_days", violations);
    let handling_days = days(message.handling_days, "location.handling_days", violations);
    Some(Location {
        id: id?,
        display_name: display_name?,
        kind: kind?,
        time_zone: message.time_zone.clone(),
        rank: message.rank,
        calendar: calendar?,
        order_cut_off: order_cut_off?,
        dock_to_stock_days: dock_to_stock_days?,
        handling_days: handling_days?,
    })
}

const fn kind_of(kind: pb::LocationKind) -> Option<LocationKind> {
    match kind {
        pb::LocationKind::Unspecified => None,
        pb::LocationKind::Warehouse => Some(LocationKind::Warehouse),
        pb::LocationKind::Store => Some(LocationKind::Store),
        pb::LocationKind::DropShipSupplier => Some(LocationKind::DropShipSupplier),
    }
}

pub(super) fn known_zone(name: &str, field: &str, violations: &mut Violations) {
    if let Err(unknown) = time_zone(name) {
        violations.push(field, unknown.to_string());
    }
}

pub(super) fn days(value: i32, field: &str, violations: &mut Violations) -> Option<DayCount> {
    let made = DayCount::try_from(value).ok().filter(|days| *days <= DAYS_MAX);
    if made.is_none() {
        violations.push(field, format!("must be between 0 and {DAYS_MAX}"));
    }
    made
}
