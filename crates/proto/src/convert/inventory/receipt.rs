//! Receipts on the wire.

use backorder_domain::{
    ids::{ItemId, ReceiptId},
    stock::receipt::{BlindReason, OverReceiptTolerance, ReceivedLine},
};
use jiff::Timestamp;

use super::supply_name;
use crate::{
    convert::{
        Violations,
        decode::{self, resource_name},
        encode,
    },
    inventory::v1 as pb,
};

/// The resource name of a receipt: `receipts/{receipt}`.
#[must_use]
pub fn receipt_name(receipt: &ReceiptId) -> String {
    format!("receipts/{receipt}")
}

/// The id in a receipt's name, `receipts/{receipt}`.
pub fn decode_receipt_name(name: &str, field: &str, violations: &mut Violations) -> Option<ReceiptId> {
    resource_name(name, "receipts", ReceiptId::try_new, field, violations)
}

/// A line of a receipt with the time at which it was written.
#[must_use]
pub fn received_line(item: &ItemId, line: &ReceivedLine, recorded_at: Timestamp) -> pb::ReceivedLine {
    pb::ReceivedLine {
        receipt: receipt_name(&line.key.receipt),
        line: line.key.line,
        item: encode::item_name(item),
        location: encode::location_name(&line.location),
        supply: line.supply.as_ref().map(supply_name).unwrap_or_default(),
        blind_reason: i32::from(line.blind.map(blind_reason).unwrap_or_default()),
        accepted: line.booked.accepted.get(),
        quality_control: line.booked.quality.get(),
        damaged: line.booked.damaged.get(),
        refused: line.refused.get(),
        over_receipt: line.over_receipt.get(),
        quarantined: line.quarantined.get(),
        closed: line.closed.get(),
        left_accepted: line.left.accepted.get(),
        left_quality_control: line.left.quality.get(),
        left_damaged: line.left.damaged.get(),
        in_review: line.in_review.get(),
        document: line.document.clone(),
        batch: line.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
        owner: line.owner.clone(),
        effective_time: Some(encode::timestamp(line.effective_at)),
        record_time: Some(encode::timestamp(recorded_at)),
        version: line.version,
        entered_unit: line.entered.as_ref().map(|entered| entered.unit.clone()).unwrap_or_default(),
        entered_quantity: line.entered.as_ref().map_or(0, |entered| entered.quantity.get()),
        base_units_per_unit: line.entered.as_ref().map_or(0, |entered| entered.base_units_per_unit),
    }
}

const fn blind_reason(reason: BlindReason) -> pb::BlindReason {
    match reason {
        BlindReason::Unknown => pb::BlindReason::UnknownSupply,
        BlindReason::Closed => pb::BlindReason::ClosedSupply,
        BlindReason::Elsewhere => pb::BlindReason::OtherLocation,
    }
}

/// A tolerance that may be absent: `Some(None)` when it is.
pub fn decode_over_receipt_tolerance(
    message: Option<&pb::OverReceiptTolerance>,
    field: &str,
    violations: &mut Violations,
) -> Option<Option<OverReceiptTolerance>> {
    let Some(message) = message else { return Some(None) };
    let percent = u16::try_from(message.percent).ok().filter(|percent| *percent <= OverReceiptTolerance::PERCENT_MAX);
    if percent.is_none() {
        violations.push(format!("{field}.percent"), "must be between 0 and 1000");
    }
    let units = decode::quantity_or_zero(message.units, &format!("{field}.units"), violations);
    Some(Some(OverReceiptTolerance { percent: percent?, units: units? }))
}
