//! Requests of `FulfilmentFeedService`.

use std::collections::BTreeSet;

use backorder_domain::order::carrier::{CarrierEvent, CarrierStatus};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::{DocumentRef, WriteContext},
    convert::{Violations, decode},
};
use backorder_service_kit::idempotency::command_hash;
use backorder_storage::documents::DocumentKey;
use prost::Message;

use super::{order::line_of, shipment::details};
use crate::{
    order::picked::Picked,
    store::warehouse_orders::Filter,
    use_cases::feeds::{Acknowledge, ConfirmShipment, Confirmed, Document, ReportCarrierStatus, Reported, What},
    write::{Who, WriteRequest},
};

/// Lines in one confirmation at most.
const LINES_MAX: usize = 2_000;
/// Events in one report, and orders in one acknowledgement, at most.
const EVENTS_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 100;
const REFERENCE_BYTES_MAX: usize = 200;
const NOTE_BYTES_MAX: usize = 1_000;

/// The document of a request. Who sends it and why is no part of its content.
fn document<R: WriteRequest + Message>(
    request: &R,
    kind: &str,
    document: Option<&DocumentRef>,
    context: impl FnOnce(&mut R) -> &mut Option<WriteContext>,
    violations: &mut Violations,
) -> Option<Document> {
    let named = decode::required(document, "document", violations)?;
    let sender = decode::required_text(&named.sender, NAME_BYTES_MAX, "document.sender", violations);
    let number = decode::required_text(&named.number, NAME_BYTES_MAX, "document.number", violations);
    let hash = command_hash(request, |request| {
        request.clear_request_id();
        *context(request) = None;
    });
    Some(Document { key: DocumentKey { sender: sender?, kind: kind.to_owned(), number: number? }, hash })
}

fn place(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1)
}

/// Which orders to warehouses are listed.
pub fn list(r: &pb::ListWarehouseOrdersRequest, violations: &mut Violations) -> Option<Filter> {
    let location = if r.location.is_empty() {
        Some(String::new())
    } else {
        decode::location_name(&r.location, "location", violations).map(|location| location.into_string())
    };
    Some(Filter { location: location?, with_acknowledged: r.with_acknowledged })
}

/// Orders that a warehouse has taken over.
pub fn acknowledge(r: &pb::AcknowledgeWarehouseOrdersRequest, violations: &mut Violations) -> Option<Acknowledge> {
    if !decode::count(r.names.len(), EVENTS_MAX, "names", violations) {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut ids = Vec::with_capacity(r.names.len());
    for (index, name) in r.names.iter().enumerate() {
        let field = format!("names[{index}]");
        match id_in(name, "warehouseOrders") {
            Some(id) if seen.insert(id) => ids.push(id.to_owned()),
            Some(_) => violations.push(field, "must not be named twice"),
            None => violations.push(field, "must have the form warehouseOrders/{warehouse_order}"),
        }
    }
    let reference = decode::text(&r.reference, REFERENCE_BYTES_MAX, "reference", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    who.and(Some(Acknowledge { ids, reference: reference? }))
}

fn id_in<'n>(name: &'n str, collection: &str) -> Option<&'n str> {
    let id = name.strip_prefix(collection)?.strip_prefix('/')?;
    (!id.is_empty() && id.len() <= REFERENCE_BYTES_MAX && !id.contains('/')).then_some(id)
}

/// What a warehouse did.
pub fn confirm_shipment(r: &pb::ConfirmShipmentRequest, violations: &mut Violations) -> Option<ConfirmShipment> {
    let document = document(r, "shipment", r.document.as_ref(), |r| &mut r.context, violations);
    let location = decode::location_name(&r.location, "location", violations);
    let lines = confirmed_lines(&r.lines, violations);
    let ship_time = decode::timestamp_if_set(r.ship_time.as_ref(), "ship_time", violations);
    let reference = decode::text(&r.reference, REFERENCE_BYTES_MAX, "reference", violations);
    let details = details(r.details.as_ref(), violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(ConfirmShipment {
        document: document?,
        location: location?.into_string(),
        lines: lines?,
        ship_time: ship_time?,
        reference: reference?,
        details: details?,
        who: who?,
    })
}

fn confirmed_lines(lines: &[pb::ConfirmedLine], violations: &mut Violations) -> Option<Vec<Confirmed>> {
    if !decode::count(lines.len(), LINES_MAX, "lines", violations) {
        return None;
    }
    if lines.iter().map(|line| 1 + line.picked.len()).sum::<usize>() > LINES_MAX {
        violations.push("lines", format!("must have at most {LINES_MAX} elements with what was picked"));
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut confirmed = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let at = |field: &str| decode::path("lines", index, field);
        let name = line_of(&line.line, &at("line"), violations);
        let shipped = decode::quantity_or_zero(line.shipped, &at("shipped"), violations);
        let not_found = decode::quantity_or_zero(line.not_found, &at("not_found"), violations);
        let damaged = decode::quantity_or_zero(line.damaged, &at("damaged"), violations);
        let picked = picked_units(index, line, violations);
        let parts = (|| Some(([shipped?, not_found?, damaged?], picked?)))();
        let Some(((order, number), ([shipped, not_found, damaged], picked))) = name.zip(parts) else { continue };
        if [shipped, not_found, damaged].iter().all(|part| part.is_zero()) {
            violations.push(at("shipped"), "must be at least 1, or not_found or damaged");
        }
        if !seen.insert((order.clone(), number)) {
            violations.push(at("line"), "must not be named twice");
        }
        confirmed.push(Confirmed { number: place(index), order, line: number, shipped, not_found, damaged, picked });
    }
    Some(confirmed)
}

/// Of what the units of a line were that left: at most what left.
fn picked_units(index: usize, line: &pb::ConfirmedLine, violations: &mut Violations) -> Option<Vec<Picked>> {
    let decoded = line.picked.iter().enumerate().map(|(number, picked)| {
        let at = |field: &str| decode::path(&decode::path("lines", index, "picked"), number, field);
        super::shipment::picked(picked, &at, violations)
    });
    let decoded: Vec<_> = decoded.collect();
    let picked: Vec<Picked> = decoded.into_iter().collect::<Option<_>>()?;
    let all = picked.iter().map(|picked| picked.quantity.get()).fold(0, i64::saturating_add);
    if !picked.is_empty() && all > line.shipped {
        violations.push(decode::path("lines", index, "picked"), "must add up to at most shipped");
        return None;
    }
    Some(picked)
}

/// What a carrier reports.
pub fn carrier_status(r: &pb::ReportCarrierStatusRequest, violations: &mut Violations) -> Option<ReportCarrierStatus> {
    let document = document(r, "carrier status", r.document.as_ref(), |r| &mut r.context, violations);
    if !decode::count(r.events.len(), EVENTS_MAX, "events", violations) {
        return None;
    }
    let events: Vec<Option<Reported>> =
        r.events.iter().enumerate().map(|(index, event)| reported(index, event, violations)).collect();
    let events: Option<Vec<Reported>> = events.into_iter().collect();
    let who = Who::decode(r.context.as_ref(), violations);
    Some(ReportCarrierStatus { document: document?, events: events?, who: who? })
}

fn reported(index: usize, event: &pb::ReportedEvent, violations: &mut Violations) -> Option<Reported> {
    let at = |field: &str| decode::path("events", index, field);
    let what = match (event.shipment.as_str(), event.tracking_number.as_str()) {
        ("", "") => {
            violations.push(at("shipment"), "must be set, or tracking_number");
            None
        }
        ("", _) => {
            decode::text(&event.tracking_number, NAME_BYTES_MAX, &at("tracking_number"), violations).map(What::Tracked)
        }
        (name, "") => {
            let id = id_in(name, "shipments");
            if id.is_none() {
                violations.push(at("shipment"), "must have the form shipments/{shipment}");
            }
            id.map(|id| What::Shipment(id.to_owned()))
        }
        _ => {
            violations.push(at("tracking_number"), "must be empty where shipment is set");
            None
        }
    };
    let status = decode::required_enum::<pb::CarrierStatus>(event.status, &at("status"), violations);
    let status = status.and_then(status_of);
    let happened = decode::timestamp(event.event_time.as_ref(), &at("event_time"), violations);
    let expected_field = at("expected_delivery_time");
    let expected = decode::timestamp_if_set(event.expected_delivery_time.as_ref(), &expected_field, violations);
    if status == Some(CarrierStatus::Estimated) && expected == Some(None) {
        violations.push(expected_field, "must be set with ESTIMATED");
    }
    let note = decode::text(&event.note, NOTE_BYTES_MAX, &at("note"), violations);
    let event = CarrierEvent { status: status?, at: happened?, expected: expected? };
    Some(Reported { number: place(index), what: what?, event, note: note? })
}

const fn status_of(status: pb::CarrierStatus) -> Option<CarrierStatus> {
    match status {
        pb::CarrierStatus::Unspecified => None,
        pb::CarrierStatus::PickedUp => Some(CarrierStatus::PickedUp),
        pb::CarrierStatus::InTransit => Some(CarrierStatus::InTransit),
        pb::CarrierStatus::Estimated => Some(CarrierStatus::Estimated),
        pb::CarrierStatus::Exception => Some(CarrierStatus::Exception),
        pb::CarrierStatus::Delivered => Some(CarrierStatus::Delivered),
    }
}

/// The shipment of which events are listed.
pub fn shipment_events(r: &pb::ListCarrierEventsRequest, violations: &mut Violations) -> Option<String> {
    let id = id_in(&r.shipment, "shipments");
    if id.is_none() {
        violations.push("shipment", "must have the form shipments/{shipment}");
    }
    id.map(str::to_owned)
}
