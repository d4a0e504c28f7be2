//! Requests about receipts: `ReceiveStock`, and those of `ReceiptService`.

use std::collections::BTreeMap;

use backorder_domain::{
    quantity::Quantity,
    stock::{
        receipt::{Booked, OverReceiptTolerance},
        receive::Receipt,
        review::Resolution,
    },
    units::UnitUse,
};
use backorder_proto::{
    convert::{
        Violations,
        decode::{self, path},
        inventory as wire,
    },
    inventory::v1 as pb,
};

use super::{
    if_set, named_unit,
    reservation::{batch, each, part_or_first},
};
use crate::{
    store::receipts::ReceiptFilter,
    use_cases::stock::{Receive, ReceiveLine, ResolveBlindReceipt, ReverseReceipt},
    write::Who,
};

/// Lines in one write at most.
const LINES_MAX: usize = 1_000;
const TEXT_BYTES_MAX: usize = 200;

/// The command of `ReceiveStock`. `tolerance` is that of supplies without one of their own.
pub fn receive(
    request: &pb::ReceiveStockRequest,
    tolerance: OverReceiptTolerance,
    violations: &mut Violations,
) -> Option<Receive> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, line, violations| {
        receipt(index, line, tolerance, violations)
    });
    let document = decode::text(&request.document, TEXT_BYTES_MAX, "document", violations);
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(Receive { lines: lines?, document: document?, effective_at: effective_at?, who: who? })
}

fn receipt(
    index: usize,
    message: &pb::ReceiptLine,
    tolerance: OverReceiptTolerance,
    violations: &mut Violations,
) -> Option<ReceiveLine> {
    let at = |field: &str| path("lines", index, field);
    let item = decode::item_name(&message.item, &at("item"), violations);
    let location = decode::location_name(&message.location, &at("location"), violations);
    let supply = if_set(&message.supply, |name| wire::decode_supply_name(name, &at("supply"), violations));
    let accepted = decode::quantity_or_zero(message.accepted, &at("accepted"), violations);
    let damaged = decode::quantity_or_zero(message.damaged, &at("damaged"), violations);
    let quality_hold = decode::quantity_or_zero(message.quality_hold, &at("quality_hold"), violations);
    let refused = decode::quantity_or_zero(message.refused, &at("refused"), violations);
    check_total([accepted, damaged, quality_hold, refused], index, violations);
    check_rest(message, index, violations);
    let rest_expected = decode::date_if_set(message.rest_expected_date.as_ref(), &at("rest_expected_date"), violations);
    let batch = batch(&message.batch, &at("batch"), violations);
    let best_before = decode::date_if_set(message.best_before.as_ref(), &at("best_before"), violations);
    if message.best_before.is_some() && message.batch.is_empty() {
        violations.push(at("best_before"), "must be set only with a batch");
    }
    let owner = decode::text(&message.owner, TEXT_BYTES_MAX, &at("owner"), violations);
    let unit = named_unit(&message.unit, &at("unit"), UnitUse::Buy, violations);
    let receipt = Receipt {
        number: i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1),
        location: location?,
        supply: supply?,
        accepted: accepted?,
        damaged: damaged?,
        quality_hold: quality_hold?,
        refused: refused?,
        batch: batch?,
        best_before: best_before?,
        owner: owner?,
        closes_supply: message.closes_supply,
        rest_expected: rest_expected?,
        tolerance,
        entered: None,
    };
    Some(ReceiveLine { item: item?, receipt, unit: unit? })
}

fn check_total(parts: [Option<Quantity>; 4], index: usize, violations: &mut Violations) {
    let Some(parts) = parts.into_iter().collect::<Option<Vec<_>>>() else { return };
    let total = Quantity::checked_sum(parts).filter(|total| *total <= Quantity::COMMAND_MAX);
    match total {
        Some(total) if total.is_zero() => {
            let text = "must have at least 1 unit accepted, damaged, on quality hold or refused";
            violations.push(path("lines", index, ""), text);
        }
        Some(_) => {}
        None => violations.push(path("lines", index, ""), format!("must have at most {} units", Quantity::COMMAND_MAX)),
    }
}

/// What a line says about the rest of its supply must fit.
fn check_rest(message: &pb::ReceiptLine, index: usize, violations: &mut Violations) {
    let at = |field: &str| path("lines", index, field);
    if message.closes_supply && message.supply.is_empty() {
        violations.push(at("closes_supply"), "must not be set without a supply");
    }
    if message.rest_expected_date.is_some() && (message.supply.is_empty() || message.closes_supply) {
        violations.push(at("rest_expected_date"), "must be set only with a supply that stays open");
    }
}

/// The filter of `ListReceipts`.
pub fn list(request: &pb::ListReceiptsRequest, violations: &mut Violations) -> Option<ReceiptFilter> {
    let item = if_set(&request.item, |name| decode::item_name(name, "item", violations));
    let location = if_set(&request.location, |name| decode::location_name(name, "location", violations));
    let supply = if_set(&request.supply, |name| wire::decode_supply_name(name, "supply", violations));
    let receipt = if_set(&request.receipt, |name| wire::decode_receipt_name(name, "receipt", violations));
    let document = decode::text(&request.document, TEXT_BYTES_MAX, "document", violations);
    Some(ReceiptFilter {
        item: item?,
        location: location?,
        supply: supply?,
        document: Some(document?).filter(|document| !document.is_empty()),
        receipt: receipt?,
        in_review_only: request.in_review_only,
    })
}

/// The command of `ReverseReceipt`.
pub fn reverse(request: &pb::ReverseReceiptRequest, violations: &mut Violations) -> Option<ReverseReceipt> {
    let receipt = wire::decode_receipt_name(&request.receipt, "receipt", violations);
    let mut lines = BTreeMap::new();
    if request.lines.len() > LINES_MAX {
        violations.push("lines", format!("must have at most {LINES_MAX} elements"));
    }
    for (index, line) in request.lines.iter().take(LINES_MAX).enumerate() {
        let parts = reversal_parts(index, line, violations);
        if line.line < 1 {
            violations.push(path("lines", index, "line"), "must be at least 1");
        } else if lines.insert(line.line, parts.flatten()).is_some() {
            violations.push(path("lines", index, "line"), "must be distinct");
        }
    }
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode_with_reason(request.context.as_ref(), violations);
    let reopens_supply = request.reopens_supply;
    Some(ReverseReceipt { receipt: receipt?, lines, reopens_supply, effective_at: effective_at?, who: who? })
}

/// The units of a line to reverse; all zero means all that are left.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: named or all")]
fn reversal_parts(index: usize, line: &pb::ReversalLine, violations: &mut Violations) -> Option<Option<Booked>> {
    let at = |field: &str| path("lines", index, field);
    let accepted = decode::quantity_or_zero(line.accepted, &at("accepted"), violations);
    let quality = decode::quantity_or_zero(line.quality_control, &at("quality_control"), violations);
    let damaged = decode::quantity_or_zero(line.damaged, &at("damaged"), violations);
    let parts = Booked { accepted: accepted?, quality: quality?, damaged: damaged? };
    Some(Some(parts).filter(|parts| *parts != Booked::default()))
}

/// The command of `ResolveBlindReceipt`.
pub fn resolve(request: &pb::ResolveBlindReceiptRequest, violations: &mut Violations) -> Option<ResolveBlindReceipt> {
    let receipt = wire::decode_receipt_name(&request.receipt, "receipt", violations);
    let line = part_or_first(request.line, "line", violations);
    let quantity = decode::quantity_or_zero(request.quantity, "quantity", violations);
    let resolution = resolution(request, violations);
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(ResolveBlindReceipt {
        receipt: receipt?,
        line: line?,
        quantity: Some(quantity?).filter(|quantity| !quantity.is_zero()),
        resolution: resolution?,
        effective_at: effective_at?,
        who: who?,
    })
}

fn resolution(request: &pb::ResolveBlindReceiptRequest, violations: &mut Violations) -> Option<Resolution> {
    let resolution = decode::required_enum::<pb::BlindResolution>(request.resolution, "resolution", violations);
    let is_attached = resolution == Some(pb::BlindResolution::Attach);
    if !request.supply.is_empty() && resolution.is_some() && !is_attached {
        violations.push("supply", "must be set only to attach");
        return None;
    }
    match resolution? {
        pb::BlindResolution::Unspecified => None,
        pb::BlindResolution::Accept => Some(Resolution::Accept),
        pb::BlindResolution::Attach => {
            wire::decode_supply_name(&request.supply, "supply", violations).map(Resolution::Attach)
        }
        pb::BlindResolution::Scrap => Some(Resolution::Scrap),
        pb::BlindResolution::ReturnToSupplier => Some(Resolution::ReturnToSupplier),
    }
}
