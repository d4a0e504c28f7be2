//! Requests of `StockService`.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId, SupplyId},
    stock::{batch::BatchInfo, count::Adjustment, receive::ReturnDisposition, state::StockState, transfer::Transfer},
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
use jiff::Timestamp;

use super::{
    if_set, named_unit,
    reservation::{batch, each},
};
use crate::{
    use_cases::stock::{
        Adjust, Count, CountLine, NamedUnit, PutBatches, Quarantine, ReceiveReturn, ReleaseQuarantine, ReturnLine,
        Ship, TransferStock,
    },
    write::Who,
};

/// Lines in one write at most.
const LINES_MAX: usize = 1_000;
const TEXT_BYTES_MAX: usize = 200;

/// The fields that commands about one item at one location have in common.
struct Pair {
    item: ItemId,
    location: LocationId,
    /// The unit of the quantity.
    unit: NamedUnit,
    batch: Option<BatchId>,
    effective_at: Option<Timestamp>,
}

macro_rules! pair {
    ($request:expr, $violations:expr) => {{
        let item = decode::item_name(&$request.item, "item", $violations);
        let location = decode::location_name(&$request.location, "location", $violations);
        let unit = named_unit(&$request.unit, "unit", UnitUse::Handle, $violations);
        let batch = batch(&$request.batch, "batch", $violations);
        let effective_at = decode::timestamp_if_set($request.effective_time.as_ref(), "effective_time", $violations);
        (|| Some(Pair { item: item?, location: location?, unit: unit?, batch: batch?, effective_at: effective_at? }))()
    }};
}

/// The command of `AdjustStock`.
pub fn adjust(request: &pb::AdjustStockRequest, violations: &mut Violations) -> Option<Adjust> {
    let pair = pair!(request, violations);
    let state = adjustable_state(request.state, "state", violations);
    let quantity = match request.delta {
        0 => {
            violations.push("delta", "must not be 0");
            None
        }
        delta => decode::quantity(delta.checked_abs().unwrap_or(i64::MAX), "delta", violations),
    };
    let owner = decode::text(&request.owner, TEXT_BYTES_MAX, "owner", violations);
    let who = Who::decode_with_reason(request.context.as_ref(), violations);
    let Pair { item, location, unit, batch, effective_at } = pair?;
    let quantity = quantity?;
    let adjustment = if request.delta > 0 { Adjustment::Add(quantity) } else { Adjustment::Remove(quantity) };
    Some(Adjust { item, location, state: state?, adjustment, unit, batch, owner: owner?, effective_at, who: who? })
}

/// A state in which units may be adjusted and counted.
fn adjustable_state(state: i32, field: &str, violations: &mut Violations) -> Option<StockState> {
    let state = wire::decode_stock_state(state, field, violations)?;
    if matches!(state, StockState::Available | StockState::QualityControl | StockState::Damaged) {
        return Some(state);
    }
    violations.push(field, "must be AVAILABLE, QUALITY_CONTROL or DAMAGED");
    None
}

/// The command of `CountStock`.
pub fn count(request: &pb::CountStockRequest, violations: &mut Violations) -> Option<Count> {
    let mut places = BTreeSet::new();
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, line, violations| {
        let at = |field: &str| path("lines", index, field);
        let item = decode::item_name(&line.item, &at("item"), violations);
        let location = decode::location_name(&line.location, &at("location"), violations);
        let state = match line.state {
            0 => Some(StockState::Available),
            state => adjustable_state(state, &at("state"), violations),
        };
        if !places.insert((line.item.clone(), line.location.clone(), state)) {
            violations.push(at("item"), "must be distinct together with location and state");
        }
        let counted = decode::quantity_or_zero(line.counted, &at("counted"), violations);
        let batch = batch(&line.batch, &at("batch"), violations);
        let unit = named_unit(&line.unit, &at("unit"), UnitUse::Handle, violations);
        Some(CountLine {
            item: item?,
            location: location?,
            state: state?,
            counted: counted?,
            unit: unit?,
            batch: batch?,
        })
    });
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(Count { lines: lines?, effective_at: effective_at?, who: who? })
}

/// The command of `PutBatches`.
pub fn put_batches(request: &pb::PutBatchesRequest, violations: &mut Violations) -> Option<PutBatches> {
    let mut seen = BTreeSet::new();
    let batches = each(&request.batches, LINES_MAX, "batches", violations, |index, message, violations| {
        let at = |field: &str| path("batches", index, field);
        let item = decode::item_name(&message.item, &at("item"), violations);
        let batch = decode::checked(BatchId::try_new(message.batch.as_str()), &at("batch"), violations);
        let best_before = decode::date_if_set(message.best_before.as_ref(), &at("best_before"), violations);
        let supplier_lot = decode::text(&message.supplier_lot, TEXT_BYTES_MAX, &at("supplier_lot"), violations);
        if !seen.insert((message.item.clone(), message.batch.clone())) {
            violations.push(at("batch"), "must be distinct together with item");
        }
        let info = BatchInfo { batch: batch?, best_before: best_before?, supplier_lot: supplier_lot?, version: 0 };
        Some((item?, info))
    });
    let who = Who::decode(request.context.as_ref(), violations);
    Some(PutBatches { batches: batches?, who: who? })
}

/// The command of `TransferStock`. `new_id` names the supply where the request does not.
pub fn transfer(
    request: &pb::TransferStockRequest,
    new_id: impl FnOnce() -> SupplyId,
    violations: &mut Violations,
) -> Option<TransferStock> {
    let item = decode::item_name(&request.item, "item", violations);
    let from = decode::location_name(&request.from_location, "from_location", violations);
    let to = decode::location_name(&request.to_location, "to_location", violations);
    if from.is_some() && from == to {
        violations.push("to_location", "must be another location than from_location");
    }
    let quantity = decode::quantity(request.quantity, "quantity", violations);
    let unit = named_unit(&request.unit, "unit", UnitUse::Handle, violations);
    let expected_date = decode::date(request.expected_date.as_ref(), "expected_date", violations);
    let batch = batch(&request.batch, "batch", violations);
    let supply = if request.supply_id.is_empty() {
        Some(new_id())
    } else {
        decode::checked(SupplyId::try_new(request.supply_id.as_str()), "supply_id", violations)
    };
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    let transfer = Transfer {
        supply: supply?,
        from: from?,
        to: to?,
        quantity: quantity?,
        expected_date: expected_date?,
        batch: batch?,
    };
    Some(TransferStock { item: item?, transfer, unit: unit?, effective_at: effective_at?, who: who? })
}

/// The command of `QuarantineStock`.
pub fn quarantine(request: &pb::QuarantineStockRequest, violations: &mut Violations) -> Option<Quarantine> {
    let pair = pair!(request, violations);
    let quantity = decode::quantity(request.quantity, "quantity", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    let Pair { item, location, unit, batch, effective_at } = pair?;
    Some(Quarantine {
        item,
        location,
        quantity: quantity?,
        unit,
        is_damaged: request.damaged,
        batch,
        effective_at,
        who: who?,
    })
}

/// The command of `ReleaseQuarantine`.
pub fn release_quarantine(
    request: &pb::ReleaseQuarantineRequest,
    violations: &mut Violations,
) -> Option<ReleaseQuarantine> {
    let pair = pair!(request, violations);
    let quantity = decode::quantity(request.quantity, "quantity", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    let Pair { item, location, unit, batch, effective_at } = pair?;
    Some(ReleaseQuarantine { item, location, quantity: quantity?, unit, batch, effective_at, who: who? })
}

/// The command of `ShipStock`.
pub fn ship(request: &pb::ShipStockRequest, violations: &mut Violations) -> Option<Ship> {
    let pair = pair!(request, violations);
    let quantity = decode::quantity(request.quantity, "quantity", violations);
    let who = Who::decode_with_reason(request.context.as_ref(), violations);
    let Pair { item, location, unit, batch, effective_at } = pair?;
    Some(Ship { item, location, quantity: quantity?, unit, batch, effective_at, who: who? })
}

/// The command of `ReceiveReturn`.
pub fn receive_return(request: &pb::ReceiveReturnRequest, violations: &mut Violations) -> Option<ReceiveReturn> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, line, violations| {
        let at = |field: &str| path("lines", index, field);
        let item = decode::item_name(&line.item, &at("item"), violations);
        let location = decode::location_name(&line.location, &at("location"), violations);
        let quantity = decode::quantity(line.quantity, &at("quantity"), violations);
        let disposition = disposition(line.disposition, &at("disposition"), violations);
        let demand = if_set(&line.line, |text| wire::decode_line(text, &at("line"), violations));
        let batch = batch(&line.batch, &at("batch"), violations);
        let owner = decode::text(&line.owner, TEXT_BYTES_MAX, &at("owner"), violations);
        let unit = named_unit(&line.unit, &at("unit"), UnitUse::Handle, violations);
        Some(ReturnLine {
            item: item?,
            location: location?,
            quantity: quantity?,
            unit: unit?,
            disposition: disposition?,
            line: demand?,
            batch: batch?,
            owner: owner?,
        })
    });
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(ReceiveReturn { lines: lines?, effective_at: effective_at?, who: who? })
}

fn disposition(value: i32, field: &str, violations: &mut Violations) -> Option<ReturnDisposition> {
    match decode::required_enum::<pb::ReturnDisposition>(value, field, violations)? {
        pb::ReturnDisposition::Unspecified => None,
        pb::ReturnDisposition::Restock => Some(ReturnDisposition::Restock),
        pb::ReturnDisposition::Quarantine => Some(ReturnDisposition::Quarantine),
        pb::ReturnDisposition::Scrap => Some(ReturnDisposition::Scrap),
    }
}
