//! Requests about ship sets, what runs decided, assignments by hand, and how serving would go.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::ItemId,
    stock::{
        assign::{Assignment, Taken},
        commit_run::{RunDecision, RunUnits},
    },
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
    if_set,
    reservation::{CHUNK_MAX, LINES_MAX, TEXT_BYTES_MAX, claim_key, each, passed_over, up_to},
};
use crate::{
    use_cases::stock::{AssignByHand, CommitRun, CoverSets, PreviewServing, SetToCover},
    write::Who,
};

/// Lines of one item in a preview at most.
const PREVIEW_LINES_MAX: usize = 20_000;
/// Sets in one write at most.
const SETS_MAX: usize = 100;
const SET_DAYS_MAX: u16 = 365;

/// The command of `CommitRun`.
pub fn commit_run(request: &pb::CommitRunRequest, violations: &mut Violations) -> Option<CommitRun> {
    let run = decode::required_text(&request.run, TEXT_BYTES_MAX, "run", violations);
    let item = decode::item_name(&request.item, "item", violations);
    let reductions = run_units(&request.reductions, "reductions", violations);
    let gains = run_units(&request.gains, "gains", violations);
    let passed_over = passed_over(&request.passed_over, violations);
    let who = Who::decode(request.context.as_ref(), violations);
    let more_follow = request.more_follow;
    let decision = RunDecision { reductions: reductions?, gains: gains?, passed_over: passed_over?, more_follow };
    if decision == (RunDecision { more_follow, ..RunDecision::default() }) {
        violations.push("gains", "must not be empty where nothing is reduced or passed over");
        return None;
    }
    Some(CommitRun { run: run?, item: item?, decision, who: who? })
}

fn run_units(units: &[pb::RunUnits], list: &str, violations: &mut Violations) -> Option<Vec<RunUnits>> {
    up_to(units, CHUNK_MAX, list, violations, |index, one, violations| {
        let at = |field: &str| path(list, index, field);
        let key = claim_key(&one.line, one.part, &at, violations);
        let location = decode::location_name(&one.location, &at("location"), violations);
        let quantity = decode::quantity(one.quantity, &at("quantity"), violations);
        Some(RunUnits { key: key?, expected_version: one.expected_version, location: location?, quantity: quantity? })
    })
}

/// The command of `CoverSets`.
pub fn cover_sets(request: &pb::CoverSetsRequest, violations: &mut Violations) -> Option<CoverSets> {
    if request.sets.is_empty() {
        violations.push("sets", "must not be empty");
    }
    let sets = sets(&request.sets, violations);
    let keep_held = keep_held(&request.keep_held_items, violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(CoverSets { sets: sets?, keep_held: keep_held?, who: who? })
}

/// The command of `AssignByHand`.
pub fn assign_by_hand(request: &pb::AssignByHandRequest, violations: &mut Violations) -> Option<AssignByHand> {
    let assignment = assignment(request, "", violations);
    let who = Who::decode_with_reason(request.context.as_ref(), violations);
    Some(AssignByHand { assignment: assignment?, who: who? })
}

/// The command of `PreviewServing`.
pub fn preview_serving(request: &pb::PreviewServingRequest, violations: &mut Violations) -> Option<PreviewServing> {
    let item = decode::item_name(&request.item, "item", violations);
    let lines = up_to(&request.lines, PREVIEW_LINES_MAX, "lines", violations, |index, line, violations| {
        wire::decode_line(line, &path("lines", index, ""), violations)
    });
    let sets = sets(&request.sets, violations);
    let keep_held = keep_held(&request.keep_held_items, violations);
    let location = if_set(&request.location, |name| decode::location_name(name, "location", violations));
    let assignment = match &request.assignment {
        Some(message) => assignment(message, "assignment.", violations).map(Some),
        None => Some(None),
    };
    Some(PreviewServing {
        item: item?,
        lines: lines?,
        assignment: assignment?,
        sets: sets?,
        keep_held: keep_held?,
        location: location?,
        who: Who::default(),
    })
}

fn sets(messages: &[pb::SetToCover], violations: &mut Violations) -> Option<Vec<SetToCover>> {
    let mut seen = BTreeSet::new();
    let sets = up_to(messages, SETS_MAX, "sets", violations, |index, message, violations| {
        let at = |field: &str| path("sets", index, field);
        let lines = each(&message.lines, LINES_MAX, &at("lines"), violations, |number, line, violations| {
            let field = format!("{}[{number}]", at("lines"));
            if !seen.insert(line.clone()) {
                violations.push(&field, "must be named once");
            }
            wire::decode_line(line, &field, violations)
        });
        let days = u16::try_from(message.days).ok().filter(|days| *days <= SET_DAYS_MAX);
        if days.is_none() {
            violations.push(at("days"), format!("must be between 0 and {SET_DAYS_MAX}"));
        }
        Some(SetToCover { lines: lines?, days: days?, keeps_part: message.keeps_part })
    });
    if seen.len() > LINES_MAX {
        violations.push("sets", format!("must have at most {LINES_MAX} lines in all"));
    }
    sets
}

fn keep_held(names: &[String], violations: &mut Violations) -> Option<BTreeSet<ItemId>> {
    if names.len() > LINES_MAX {
        violations.push("keep_held_items", format!("must have at most {LINES_MAX} elements"));
        return None;
    }
    let items = names.iter().enumerate();
    items.map(|(index, name)| decode::item_name(name, &format!("keep_held_items[{index}]"), violations)).collect()
}

/// An assignment, whose fields stand below `prefix`.
fn assignment(request: &pb::AssignByHandRequest, prefix: &str, violations: &mut Violations) -> Option<Assignment> {
    let at = |field: &str| format!("{prefix}{field}");
    let to = claim_key(&request.to_line, request.to_part, &|field| at(&format!("to_{field}")), violations);
    let location = decode::location_name(&request.location, &at("location"), violations);
    let from_free = decode::quantity_or_zero(request.from_free, &at("from_free"), violations);
    let version = |version: i64| (version > 0).then_some(version);
    let mut seen = BTreeSet::new();
    let taken = up_to(&request.taken, CHUNK_MAX, &at("taken"), violations, |index, message, violations| {
        let at = |field: &str| path(&at("taken"), index, field);
        let from = claim_key(&message.line, message.part, &at, violations);
        let quantity = decode::quantity(message.quantity, &at("quantity"), violations);
        if !seen.insert((message.line.clone(), message.part)) {
            violations.push(at("line"), "must be distinct together with part");
        }
        Some(Taken { from: from?, version: version(message.version), quantity: quantity? })
    });
    if request.from_free == 0 && request.taken.is_empty() {
        violations.push(at("from_free"), "must be set unless something is taken from others");
    }
    Some(Assignment {
        to: to?,
        version: version(request.to_version),
        location: location?,
        from_free: from_free?,
        taken: taken?,
    })
}
