//! Requests of `DropShipStockService`.

use std::collections::BTreeSet;

use backorder_domain::units::UnitUse;
use backorder_proto::{
    convert::{
        Violations,
        decode::{self, path},
    },
    inventory::v1 as pb,
};
use jiff::SignedDuration;

use super::{if_set, named_unit, reservation::each};
use crate::{
    store::drop_ship::Filter,
    use_cases::drop_ship::{ReportStock, ReportedLine},
    write::Who,
};

/// Lines in one report at most.
const LINES_MAX: usize = 1_000;
const TEXT_BYTES_MAX: usize = 200;
/// For how long a report holds that does not say.
const VALID_HOURS_DEFAULT: i32 = 24;
/// A year.
const VALID_HOURS_MAX: i32 = 8_760;

/// The command of `ReportDropShipStock`.
pub fn report(request: &pb::ReportDropShipStockRequest, violations: &mut Violations) -> Option<ReportStock> {
    let supplier = decode::required_text(&request.supplier, TEXT_BYTES_MAX, "supplier", violations);
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, line, violations| {
        let item = decode::item_name(&line.item, &path("lines", index, "item"), violations);
        let quantity = decode::quantity_or_zero(line.quantity, &path("lines", index, "quantity"), violations);
        let unit = named_unit(&line.unit, &path("lines", index, "unit"), UnitUse::Handle, violations);
        Some(ReportedLine { item: item?, quantity: quantity?, unit: unit? })
    });
    let mut seen = BTreeSet::new();
    for (index, line) in lines.iter().flatten().enumerate() {
        if !seen.insert(line.item.clone()) {
            violations.push(path("lines", index, "item"), "must not be named twice");
        }
    }
    let as_of = decode::timestamp_if_set(request.as_of_time.as_ref(), "as_of_time", violations);
    let hours = if request.valid_hours == 0 { VALID_HOURS_DEFAULT } else { request.valid_hours };
    if !(1..=VALID_HOURS_MAX).contains(&hours) {
        violations.push("valid_hours", format!("must be between 1 and {VALID_HOURS_MAX}"));
    }
    let who = Who::decode(request.context.as_ref(), violations);
    Some(ReportStock {
        supplier: supplier?,
        lines: lines?,
        as_of: as_of?,
        valid_for: SignedDuration::from_hours(hours.into()),
        who: who?,
    })
}

/// The filter of `ListDropShipStock`.
pub fn list(request: &pb::ListDropShipStockRequest, violations: &mut Violations) -> Option<Filter> {
    let item = if_set(&request.item, |name| decode::item_name(name, "item", violations));
    let supplier = decode::text(&request.supplier, TEXT_BYTES_MAX, "supplier", violations);
    Some(Filter { item: item?, supplier: supplier?, stale_only: request.stale_only })
}
