//! Requests of `ShipmentService`, and what a shipment call says of the shipment.

use backorder_domain::ids::BatchId;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};
use backorder_storage::columns;

use super::{order::line_of, release::id_of};
use crate::{
    order::picked::Picked,
    store::shipped_batches::{LeftFilter, LeftTime},
    use_cases::shipments::{Arrived, ConfirmDelivery},
    write::Who,
};

/// Lines of one shipment that did not all arrive in order, at most.
const LINES_MAX: usize = 2_000;
const TEXT_BYTES_MAX: usize = 100;
/// As long as an owner of stock may be.
const OWNER_BYTES_MAX: usize = 200;

/// A shipment's id.
pub fn get(r: &pb::GetShipmentRequest, violations: &mut Violations) -> Option<String> {
    id_of(&r.name, "shipments", violations)
}

/// The order of which shipments are listed; empty means all.
pub fn list(r: &pb::ListShipmentsRequest, violations: &mut Violations) -> Option<String> {
    if r.order.is_empty() {
        return Some(String::new());
    }
    decode::order_name(&r.order, "order", violations).map(|order| order.into_string())
}

/// Which units of named batches and owners are listed.
pub fn left_filter(r: &pb::ListShippedBatchesRequest, violations: &mut Violations) -> Option<LeftFilter> {
    let item = if r.item.is_empty() {
        Some(String::new())
    } else {
        decode::item_name(&r.item, "item", violations).map(|item| item.into_string())
    };
    let batch = batch_or_none(&r.batch, "batch", violations);
    let owner = decode::text(&r.owner, OWNER_BYTES_MAX, "owner", violations);
    let time = left_time(r.from_time.as_ref(), r.until_time.as_ref(), violations);
    Some(LeftFilter { item: item?, batch: batch?, owner: owner?, consigned_only: r.consigned_only, time: time? })
}

/// A time in which units left.
pub fn left_time(
    from: Option<&prost_types::Timestamp>,
    until: Option<&prost_types::Timestamp>,
    violations: &mut Violations,
) -> Option<LeftTime> {
    let from = decode::timestamp_if_set(from, "from_time", violations)?.map(columns::micros);
    let until = decode::timestamp_if_set(until, "until_time", violations)?.map(columns::micros);
    Some(LeftTime { from, until })
}

/// The place of units in their list: when they left, in which shipment, and the ordinal.
#[must_use]
pub fn left_place(key: &str) -> Option<(i64, &str, i32)> {
    let (time, rest) = key.split_once(' ')?;
    let (shipment, ordinal) = rest.rsplit_once(' ')?;
    Some((time.parse().ok()?, shipment, ordinal.parse().ok()?))
}

/// A batch, or none.
pub fn batch_or_none(batch: &str, field: &str, violations: &mut Violations) -> Option<String> {
    if batch.is_empty() {
        return Some(String::new());
    }
    decode::checked(BatchId::try_new(batch), field, violations).map(|batch| batch.to_string())
}

/// What somebody saw that units are of.
pub fn picked(units: &pb::PickedUnits, at: &dyn Fn(&str) -> String, violations: &mut Violations) -> Option<Picked> {
    let batch = batch_or_none(&units.batch, &at("batch"), violations);
    let owner = decode::text(&units.owner, OWNER_BYTES_MAX, &at("owner"), violations);
    let quantity = decode::quantity(units.quantity, &at("quantity"), violations);
    if units.batch.is_empty() && units.owner.is_empty() {
        violations.push(at("batch"), "must be set, or owner");
        return None;
    }
    Some(Picked { batch: batch?, owner: owner?, quantity: quantity? })
}

/// How goods go. What is kept is what was asked, so the message itself goes on.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
pub fn details(
    details: Option<&pb::ShipmentDetails>,
    violations: &mut Violations,
) -> Option<Option<pb::ShipmentDetails>> {
    let Some(given) = details else { return Some(None) };
    let mut are_right = true;
    for (field, text) in [
        ("details.carrier", &given.carrier),
        ("details.service", &given.service),
        ("details.tracking_number", &given.tracking_number),
    ] {
        are_right &= decode::text(text, TEXT_BYTES_MAX, field, violations).is_some();
    }
    if let Some(cost) = &given.freight_cost {
        let money = decode::money(Some(cost), "details.freight_cost", violations);
        are_right &= money.is_some();
        if money.is_some_and(|money| money.nanos < 0) {
            violations.push("details.freight_cost", "must not be negative");
        }
    }
    are_right.then(|| Some(given.clone()))
}

/// What arrived.
pub fn confirm_delivery(r: &pb::ConfirmDeliveryRequest, violations: &mut Violations) -> Option<ConfirmDelivery> {
    let shipment = id_of(&r.name, "shipments", violations);
    let delivery_time = decode::timestamp_if_set(r.delivery_time.as_ref(), "delivery_time", violations);
    let documents = decode::known_enum::<pb::DocumentState>(r.documents, "documents", violations);
    if r.lines.len() > LINES_MAX {
        violations.push("lines", format!("must have at most {LINES_MAX} elements"));
        return None;
    }
    let lines: Vec<Option<Arrived>> =
        r.lines.iter().enumerate().map(|(index, line)| arrived(index, line, violations)).collect();
    let lines: Option<Vec<Arrived>> = lines.into_iter().collect();
    let who = Who::decode(r.context.as_ref(), violations);
    Some(ConfirmDelivery {
        shipment: shipment?,
        delivery_time: delivery_time?,
        documents: documents?,
        lines: lines?,
        who: who?,
    })
}

fn arrived(index: usize, line: &pb::DeliveredLine, violations: &mut Violations) -> Option<Arrived> {
    let at = |field: &str| decode::path("lines", index, field);
    let name = line_of(&line.line, &at("line"), violations);
    let location = if line.location.is_empty() {
        Some(String::new())
    } else {
        decode::location_name(&line.location, &at("location"), violations).map(|location| location.into_string())
    };
    let accepted = decode::quantity_or_zero(line.accepted, &at("accepted"), violations);
    let damaged = decode::quantity_or_zero(line.damaged, &at("damaged"), violations);
    let refused = decode::quantity_or_zero(line.refused, &at("refused"), violations);
    let (order, number) = name?;
    Some(Arrived {
        order,
        line: number,
        location: location?,
        accepted: accepted?,
        damaged: damaged?,
        refused: refused?,
    })
}
