//! Requests of `ReleaseService`.

use std::collections::BTreeSet;

use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

use super::order::{amounts, line_of};
use crate::{
    store::recalls::{PENDING, REFUSED, RETURNED},
    use_cases::release::{AnswerRecall, RecallRelease, ReleaseLines, Short, ShortPick},
    write::Who,
};

/// Lines in one call at most.
const LINES_MAX: usize = 2_000;

/// What is handed over.
pub fn release_lines(r: &pb::ReleaseLinesRequest, violations: &mut Violations) -> Option<ReleaseLines> {
    let lines = some_lines(&r.lines, violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(ReleaseLines { lines: lines?, who: who? })
}

/// What is asked back.
pub fn recall_release(r: &pb::RecallReleaseRequest, violations: &mut Violations) -> Option<RecallRelease> {
    let lines = some_lines(&r.lines, violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(RecallRelease { lines: lines?, cancels: r.cancels, who: who? })
}

fn some_lines(
    lines: &[pb::LineQuantity],
    violations: &mut Violations,
) -> Option<Vec<crate::use_cases::orders::LineAmount>> {
    if decode::count(lines.len(), LINES_MAX, "lines", violations) { amounts(lines, violations) } else { None }
}

/// An answer of the warehouse.
pub fn answer_recall(r: &pb::AnswerRecallRequest, violations: &mut Violations) -> Option<AnswerRecall> {
    let recall = id_of(&r.name, "recalls", violations);
    let returned = decode::quantity_or_zero(r.returned, "returned", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(AnswerRecall { recall: recall?, returned: returned?, who: who? })
}

/// The id in a name of a resource that is made here.
pub fn id_of(name: &str, collection: &str, violations: &mut Violations) -> Option<String> {
    let id = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    let id = id.filter(|id| !id.is_empty() && id.len() <= 200 && !id.contains('/'));
    if id.is_none() {
        violations.push("name", format!("must have the form {collection}/{{id}}"));
    }
    id.map(str::to_owned)
}

/// What was not found.
pub fn short_pick(r: &pb::ReportShortPickRequest, violations: &mut Violations) -> Option<ShortPick> {
    if !decode::count(r.lines.len(), LINES_MAX, "lines", violations) {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::with_capacity(r.lines.len());
    for (index, line) in r.lines.iter().enumerate() {
        let at = |field: &str| decode::path("lines", index, field);
        let name = line_of(&line.name, &at("name"), violations);
        let quantity = decode::quantity(line.quantity, &at("quantity"), violations);
        let Some(((order, number), quantity)) = name.zip(quantity) else { continue };
        if !seen.insert((order.clone(), number)) {
            violations.push(at("name"), "must not be named twice");
        }
        lines.push(Short { order, line: number, quantity, is_damaged: line.damaged });
    }
    let report_time = decode::timestamp_if_set(r.report_time.as_ref(), "report_time", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(ShortPick { lines, report_time: report_time?, who: who? })
}

/// The state of the recalls that are listed; none means all.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: one state or all")]
pub fn recall_state(r: &pb::ListRecallsRequest, violations: &mut Violations) -> Option<Option<&'static str>> {
    let state = decode::known_enum::<pb::RecallState>(r.state, "state", violations)?;
    Some(match state {
        pb::RecallState::Unspecified => None,
        pb::RecallState::Pending => Some(PENDING),
        pb::RecallState::Returned => Some(RETURNED),
        pb::RecallState::Refused => Some(REFUSED),
    })
}
