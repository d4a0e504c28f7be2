//! Requests of `WarehouseService`.

use backorder_domain::stock::warehouse::Shortage;
use backorder_proto::{
    common::v1::WriteContext,
    convert::{Violations, decode},
    inventory::v1 as pb,
};

use super::reservation::{LINES_MAX, each, line_units};
use crate::{
    use_cases::stock::{AtWarehouse, HandOver, Recall, ShortPick},
    write::Who,
};

/// The command of `ReleaseToWarehouse`.
pub fn release_to_warehouse(
    request: &pb::ReleaseToWarehouseRequest,
    violations: &mut Violations,
) -> Option<AtWarehouse<HandOver>> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, m, violations| {
        line_units(index, &m.line, m.part, &m.location, m.quantity, violations).map(HandOver)
    });
    at_warehouse(lines, request.effective_time.as_ref(), request.context.as_ref(), violations)
}

/// The command of `RecallFromWarehouse`.
pub fn recall_from_warehouse(
    request: &pb::RecallFromWarehouseRequest,
    violations: &mut Violations,
) -> Option<AtWarehouse<Recall>> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, m, violations| {
        line_units(index, &m.line, m.part, &m.location, m.quantity, violations).map(Recall)
    });
    at_warehouse(lines, request.effective_time.as_ref(), request.context.as_ref(), violations)
}

/// The command of `ReportShortPick`.
pub fn report_short_pick(
    request: &pb::ReportShortPickRequest,
    violations: &mut Violations,
) -> Option<AtWarehouse<ShortPick>> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, m, violations| {
        let units = line_units(index, &m.line, m.part, &m.location, m.quantity, violations)?;
        Some(ShortPick(units, if m.damaged { Shortage::Damaged } else { Shortage::Missing }))
    });
    at_warehouse(lines, request.effective_time.as_ref(), request.context.as_ref(), violations)
}

fn at_warehouse<H>(
    lines: Option<Vec<H>>,
    effective_time: Option<&prost_types::Timestamp>,
    context: Option<&WriteContext>,
    violations: &mut Violations,
) -> Option<AtWarehouse<H>> {
    let effective_at = decode::timestamp_if_set(effective_time, "effective_time", violations);
    let who = Who::decode(context, violations);
    Some(AtWarehouse { lines: lines?, effective_at: effective_at?, who: who? })
}
