//! Requests of `WarehouseFeedService`.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::LocationId,
    stock::{receipt::OverReceiptTolerance, state::StockState},
    units::UnitUse,
};
use backorder_proto::{
    common::v1::{DocumentRef, WriteContext},
    convert::{
        Violations,
        decode::{self, path},
        inventory as wire,
    },
    inventory::v1 as pb,
};
use backorder_service_kit::idempotency::command_hash;
use backorder_storage::documents::DocumentKey;
use prost::Message;

use super::{
    if_set, named_unit, receipt as receipts,
    reservation::{batch, each},
};
use crate::{
    store::differences::{BOOKED, OPEN, SUPERSEDED},
    use_cases::feeds::{
        AdjustedLine, AdviseAdjustment, AdviseReceipt, BookDifferences, Compare, ComparedLine, Document,
    },
    write::{Who, WriteRequest},
};

/// Lines in one document at most, but for comparisons.
const LINES_MAX: usize = 1_000;
/// Lines in one comparison at most.
const COMPARED_MAX: usize = 5_000;
/// Differences in one booking at most.
const BOOKED_MAX: usize = 1_000;
const SENDER_BYTES_MAX: usize = 100;
const REASON_BYTES_MAX: usize = 100;

/// The document of a request. Who sends it and why is no part of its content.
fn document<R: WriteRequest + Message>(
    request: &R,
    kind: &str,
    document: Option<&DocumentRef>,
    clear_context: impl FnOnce(&mut R) -> &mut Option<WriteContext>,
    violations: &mut Violations,
) -> Option<Document> {
    let named = decode::required(document, "document", violations)?;
    let sender = decode::required_text(&named.sender, SENDER_BYTES_MAX, "document.sender", violations);
    let number = decode::required_text(&named.number, SENDER_BYTES_MAX, "document.number", violations);
    let hash = command_hash(request, |request| {
        request.clear_request_id();
        *clear_context(request) = None;
    });
    Some(Document { key: DocumentKey { sender: sender?, kind: kind.to_owned(), number: number? }, hash })
}

fn place(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1)
}

/// The command of `AdviseReceipt`. `tolerance` is that of supplies without one of their own.
pub fn receipt(
    request: &pb::AdviseReceiptRequest,
    tolerance: OverReceiptTolerance,
    violations: &mut Violations,
) -> Option<AdviseReceipt> {
    let document = document(request, "receipt", request.document.as_ref(), |r| &mut r.context, violations);
    let received = pb::ReceiveStockRequest {
        lines: request.lines.clone(),
        document: request.document.as_ref().map(|document| document.number.clone()).unwrap_or_default(),
        effective_time: request.effective_time,
        context: request.context.clone(),
        ..pb::ReceiveStockRequest::default()
    };
    let receipt = receipts::receive(&received, tolerance, violations);
    Some(AdviseReceipt { document: document?, receipt: receipt?, refused: Vec::new() })
}

/// The command of `AdviseAdjustment`.
pub fn adjustment(request: &pb::AdviseAdjustmentRequest, violations: &mut Violations) -> Option<AdviseAdjustment> {
    let document = document(request, "adjustment", request.document.as_ref(), |r| &mut r.context, violations);
    let lines = each(&request.lines, LINES_MAX, "lines", violations, adjusted);
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(AdviseAdjustment {
        document: document?,
        lines: lines?,
        refused: Vec::new(),
        effective_at: effective_at?,
        who: who?,
    })
}

fn adjusted(index: usize, line: &pb::AdjustmentLine, violations: &mut Violations) -> Option<AdjustedLine> {
    let at = |field: &str| path("lines", index, field);
    let item = decode::item_name(&line.item, &at("item"), violations);
    let location = decode::location_name(&line.location, &at("location"), violations);
    let from = wire::decode_stock_state(line.from_state, &at("from_state"), violations);
    let to = wire::decode_stock_state(line.to_state, &at("to_state"), violations);
    let quantity = decode::quantity(line.quantity, &at("quantity"), violations);
    let unit = named_unit(&line.unit, &at("unit"), UnitUse::Handle, violations);
    let reason_code = decode::required_text(&line.reason_code, REASON_BYTES_MAX, &at("reason_code"), violations);
    let batch = batch(&line.batch, &at("batch"), violations);
    let (from, to) = from.zip(to)?;
    if !AdjustedLine::is_allowed(from, to) {
        violations.push(at("to_state"), format!("must not be {to}: no adjustment leads there from {from}"));
        return None;
    }
    Some(AdjustedLine {
        number: place(index),
        item: item?,
        location: location?,
        from,
        to,
        quantity: quantity?,
        unit: unit?,
        reason_code: reason_code?,
        batch: batch?,
    })
}

/// The command of `CompareStock`.
pub fn compare(request: &pb::CompareStockRequest, violations: &mut Violations) -> Option<Compare> {
    let document = document(request, "comparison", request.document.as_ref(), |r| &mut r.context, violations);
    let location = decode::location_name(&request.location, "location", violations);
    let lines = if request.lines.is_empty() && request.whole {
        // An empty warehouse.
        Some(Vec::new())
    } else {
        each(&request.lines, COMPARED_MAX, "lines", violations, compared)
    };
    let mut seen = BTreeSet::new();
    for (index, line) in lines.iter().flatten().enumerate() {
        if !seen.insert((line.item.clone(), line.state)) {
            violations.push(path("lines", index, "item"), "must not be named twice in one state");
        }
    }
    let as_of = decode::timestamp_if_set(request.as_of_time.as_ref(), "as_of_time", violations);
    Who::decode(request.context.as_ref(), violations)?;
    Some(Compare { document: document?, location: location?, lines: lines?, is_whole: request.whole, as_of: as_of? })
}

fn compared(index: usize, line: &pb::ComparedLine, violations: &mut Violations) -> Option<ComparedLine> {
    let at = |field: &str| path("lines", index, field);
    let item = decode::item_name(&line.item, &at("item"), violations);
    let state = match decode::known_enum::<pb::StockState>(line.state, &at("state"), violations)? {
        pb::StockState::Unspecified | pb::StockState::Available => Some(StockState::Available),
        pb::StockState::QualityControl => Some(StockState::QualityControl),
        pb::StockState::Damaged => Some(StockState::Damaged),
        pb::StockState::External
        | pb::StockState::Reserved
        | pb::StockState::Released
        | pb::StockState::Held
        | pb::StockState::InTransit => {
            violations.push(at("state"), "must be AVAILABLE, QUALITY_CONTROL or DAMAGED");
            None
        }
    };
    let quantity = decode::quantity_or_zero(line.quantity, &at("quantity"), violations);
    let unit = named_unit(&line.unit, &at("unit"), UnitUse::Handle, violations);
    Some(ComparedLine { number: place(index), item: item?, state: state?, quantity: quantity?, unit: unit? })
}

/// The location and the state of `ListStockDifferences`; none means all.
pub fn list(
    request: &pb::ListStockDifferencesRequest,
    violations: &mut Violations,
) -> Option<(Option<LocationId>, Option<&'static str>)> {
    let location = if_set(&request.location, |name| decode::location_name(name, "location", violations));
    let state = match decode::known_enum::<pb::StockDifferenceState>(request.state, "state", violations)? {
        pb::StockDifferenceState::Unspecified => None,
        pb::StockDifferenceState::Open => Some(OPEN),
        pb::StockDifferenceState::Booked => Some(BOOKED),
        pb::StockDifferenceState::Superseded => Some(SUPERSEDED),
    };
    Some((location?, state))
}

/// The command of `BookStockDifferences`.
pub fn book(request: &pb::BookStockDifferencesRequest, violations: &mut Violations) -> Option<BookDifferences> {
    let ids = each(&request.names, BOOKED_MAX, "names", violations, |index, name, violations| {
        let id = name.strip_prefix("stockDifferences/").filter(|id| !id.is_empty() && !id.contains('/'));
        if id.is_none() {
            violations.push(path("names", index, ""), "must have the form stockDifferences/{difference}");
        }
        id.map(str::to_owned)
    });
    let mut seen = BTreeSet::new();
    for (index, id) in ids.iter().flatten().enumerate() {
        if !seen.insert(id.clone()) {
            violations.push(path("names", index, ""), "must not be named twice");
        }
    }
    let who = Who::decode_with_reason(request.context.as_ref(), violations);
    Some(BookDifferences { ids: ids?, rows: Vec::new(), who: who? })
}
