//! Requests of `ReservationService`.

use std::{collections::BTreeSet, sync::Arc};

use backorder_domain::{
    ids::{BatchId, LineId, LocationId},
    quantity::Quantity,
    stock::{
        allocate::{AllocationChunk, Gain, PassedOver},
        claim::{ClaimKey, Strength},
        post::Told,
        queue::QueueChange,
        reassign::Reassign,
        release::{LineUnits, Release, ReleaseOrder},
        reserve::{ReserveLine, Shortfall},
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
use jiff::Timestamp;

use super::if_set;
use crate::{
    store::listing::WaitingFilter,
    use_cases::stock::{
        ApplyAllocation, PostReservations, ReassignReservation, ReleaseClaims, RepegItems, Reserve, UpdateQueue,
    },
    write::Who,
};

/// Lines in one write at most.
pub const LINES_MAX: usize = 2_000;
const LOCATIONS_MAX: usize = 50;
/// Holds, gains and claims passed over in one chunk of a run at most.
pub(super) const CHUNK_MAX: usize = 1_000;
/// Items pegged anew in one write at most.
const ITEMS_MAX: usize = 100;
pub(super) const TEXT_BYTES_MAX: usize = 200;

/// A part of a line; 0 means the first.
pub fn part_or_first(part: i32, field: &str, violations: &mut Violations) -> Option<i32> {
    if part < 0 {
        violations.push(field, "must not be negative");
        return None;
    }
    Some(part.max(1))
}

/// A part of a line; 0 means all parts.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: one part or all")]
pub fn part_or_all(part: i32, field: &str, violations: &mut Violations) -> Option<Option<i32>> {
    if part < 0 {
        violations.push(field, "must not be negative");
        return None;
    }
    Some((part > 0).then_some(part))
}

/// A batch, which may be absent.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
pub fn batch(text: &str, field: &str, violations: &mut Violations) -> Option<Option<BatchId>> {
    if text.is_empty() {
        return Some(None);
    }
    decode::checked(BatchId::try_new(text), field, violations).map(Some)
}

/// Decodes every element; `None` when one of them is wrong.
pub fn each<M, T>(
    messages: &[M],
    max: usize,
    field: &str,
    violations: &mut Violations,
    mut one: impl FnMut(usize, &M, &mut Violations) -> Option<T>,
) -> Option<Vec<T>> {
    if !decode::count(messages.len(), max, field, violations) {
        return None;
    }
    let decoded: Vec<Option<T>> =
        messages.iter().enumerate().map(|(index, message)| one(index, message, violations)).collect();
    decoded.into_iter().collect()
}

/// The command of `ReserveStock`. `now` is the queue time of lines that name none and of a request without a time.
pub fn reserve(request: &pb::ReserveStockRequest, now: Timestamp, violations: &mut Violations) -> Option<Reserve> {
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let queued_at = effective_at.flatten().unwrap_or(now);
    // Shared by all lines that say nothing of themselves.
    let of_all = wire::decode_characteristics(&request.characteristics, "characteristics", violations).map(Arc::new);
    let of_all = of_all.unwrap_or_default();
    let mut keys = BTreeSet::new();
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, line, violations| {
        let mut decoded = reserve_line(index, line, queued_at, violations)?;
        if decoded.characteristics.is_empty() {
            decoded.characteristics = Arc::clone(&of_all);
        }
        if !keys.insert(decoded.key.clone()) {
            violations.push(path("lines", index, "line"), "must be distinct together with part");
        }
        Some(decoded)
    });
    let who = Who::decode(request.context.as_ref(), violations);
    Some(Reserve { lines: lines?, effective_at: effective_at?, who: who? })
}

fn reserve_line(
    index: usize,
    message: &pb::ReserveLine,
    queued_at: Timestamp,
    violations: &mut Violations,
) -> Option<ReserveLine> {
    let at = |field: &str| path("lines", index, field);
    let line = wire::decode_line(&message.line, &at("line"), violations);
    let part = part_or_first(message.part, &at("part"), violations);
    let item = decode::item_name(&message.item, &at("item"), violations);
    let quantity = decode::quantity(message.quantity, &at("quantity"), violations);
    let candidates = candidates(index, &message.locations, violations);
    let min = decode::quantity_or_zero(message.minimum_per_location, &at("minimum_per_location"), violations);
    let shortfall = shortfall(message.shortfall, &at("shortfall"), violations);
    let strength = wire::decode_strength(message.strength, &at("strength"), violations);
    let expires_at = decode::timestamp_if_set(message.expire_time.as_ref(), &at("expire_time"), violations);
    check_expiry(strength, expires_at, &at("expire_time"), violations);
    let group = decode::text(&message.all_or_nothing_group, TEXT_BYTES_MAX, &at("all_or_nothing_group"), violations);
    let queue_key = decode::text(&message.queue_key, TEXT_BYTES_MAX, &at("queue_key"), violations);
    let queue_time = decode::timestamp_if_set(message.queue_time.as_ref(), &at("queue_time"), violations);
    let requested_date = decode::date_if_set(message.requested_date.as_ref(), &at("requested_date"), violations);
    let waiting_limit = match message.waiting_limit {
        Some(limit) => decode::quantity_or_zero(limit, &at("waiting_limit"), violations).map(Some),
        None => Some(None),
    };
    let take_at_most = match message.take_at_most {
        Some(most) => decode::quantity_or_zero(most, &at("take_at_most"), violations).map(Some),
        None => Some(None),
    };
    let takes_over = if message.takes_over_line.is_empty() {
        Some(None)
    } else {
        wire::decode_line(&message.takes_over_line, &at("takes_over_line"), violations).map(Some)
    };
    let batch = batch(&message.batch, &at("batch"), violations);
    let wish = wire::decode_wish(message.wish.as_ref(), &at("wish"), violations);
    let characteristics = wire::decode_characteristics(&message.characteristics, &at("characteristics"), violations);
    if message.wish.is_some() && !(message.batch.is_empty() && message.all_or_nothing_group.is_empty()) {
        violations.push(at("wish"), "must not be set with batch or all_or_nothing_group");
    }
    Some(ReserveLine {
        item: item?,
        key: ClaimKey { line: line?, part: part? },
        quantity: quantity?,
        candidates: candidates?,
        split_allowed: message.split_allowed,
        min_per_location: min?.max(ONE),
        shortfall: shortfall?,
        strength: strength?,
        expires_at: expires_at?,
        batch: batch?,
        wish: wish?,
        eligible: message.eligible,
        queue_key: queue_key?,
        queue_time: queue_time?.unwrap_or(queued_at),
        requested_date: requested_date?,
        waiting_limit: waiting_limit?,
        take_at_most: take_at_most?,
        all_or_nothing_group: Some(group?).filter(|group| !group.is_empty()),
        wait_whole: message.wait_whole,
        takes_over: takes_over?,
        characteristics: characteristics?.into(),
    })
}

const ONE: Quantity = match Quantity::try_new(1) {
    Ok(one) => one,
    Err(_) => Quantity::ZERO,
};

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn check_expiry(
    strength: Option<Strength>,
    expires_at: Option<Option<Timestamp>>,
    field: &str,
    violations: &mut Violations,
) {
    let (Some(strength), Some(expires_at)) = (strength, expires_at) else { return };
    match (strength, expires_at) {
        (Strength::Soft, None) => violations.push(field, "must be set for a soft claim"),
        (Strength::Firm | Strength::Hard, Some(_)) => violations.push(field, "must be set for a soft claim only"),
        (Strength::Soft, Some(_)) | (Strength::Firm | Strength::Hard, None) => {}
    }
}

fn candidates(index: usize, names: &[String], violations: &mut Violations) -> Option<Vec<LocationId>> {
    let field = path("lines", index, "locations");
    if names.len() > LOCATIONS_MAX {
        violations.push(field, format!("must have at most {LOCATIONS_MAX} elements"));
        return None;
    }
    let mut seen = BTreeSet::new();
    let decoded: Vec<Option<LocationId>> = names
        .iter()
        .enumerate()
        .map(|(choice, name)| {
            let field = path(&field, choice, "");
            if !seen.insert(name.as_str()) {
                violations.push(field, "must be distinct");
                return None;
            }
            decode::location_name(name, &field, violations)
        })
        .collect();
    decoded.into_iter().collect()
}

fn shortfall(value: i32, field: &str, violations: &mut Violations) -> Option<Shortfall> {
    match decode::required_enum::<pb::Shortfall>(value, field, violations)? {
        pb::Shortfall::Unspecified => None,
        pb::Shortfall::Refuse => Some(Shortfall::Refuse),
        pb::Shortfall::Keep => Some(Shortfall::Keep),
        pb::Shortfall::Backorder => Some(Shortfall::Backorder),
    }
}

/// The command of `PostReservations`.
pub fn post(request: &pb::PostReservationsRequest, violations: &mut Violations) -> Option<PostReservations> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, message, violations| {
        let batch = batch(&message.batch, &path("lines", index, "batch"), violations);
        let owner = decode::text(&message.owner, TEXT_BYTES_MAX, &path("lines", index, "owner"), violations);
        let units = line_units(index, &message.line, message.part, &message.location, message.quantity, violations);
        Some((units?, Told { batch: batch?, owner: owner?, seen: message.seen }))
    });
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(PostReservations { lines: lines?, effective_at: effective_at?, who: who? })
}

/// Units of a line that a command is about.
pub fn line_units(
    index: usize,
    line: &str,
    part: i32,
    location: &str,
    quantity: i64,
    violations: &mut Violations,
) -> Option<LineUnits> {
    let at = |field: &str| path("lines", index, field);
    let line = wire::decode_line(line, &at("line"), violations);
    let part = part_or_all(part, &at("part"), violations);
    let location = if location.is_empty() {
        Some(None)
    } else {
        decode::location_name(location, &at("location"), violations).map(Some)
    };
    let quantity = decode::quantity(quantity, &at("quantity"), violations);
    Some(LineUnits { line: line?, part: part?, location: location?, quantity: quantity? })
}

/// The command of `ReleaseClaims`.
pub fn release(request: &pb::ReleaseClaimsRequest, violations: &mut Violations) -> Option<ReleaseClaims> {
    let lines = each(&request.lines, LINES_MAX, "lines", violations, |index, message, violations| {
        let at = |field: &str| path("lines", index, field);
        let line = wire::decode_line(&message.line, &at("line"), violations);
        let part = part_or_all(message.part, &at("part"), violations);
        let quantity = decode::quantity(message.quantity, &at("quantity"), violations);
        let order = if message.waiting_only { ReleaseOrder::WaitingOnly } else { ReleaseOrder::WaitingFirst };
        Some(Release { line: line?, part: part?, quantity: Some(quantity?), order })
    });
    let effective_at = decode::timestamp_if_set(request.effective_time.as_ref(), "effective_time", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(ReleaseClaims { lines: lines?, effective_at: effective_at?, who: who? })
}

/// The command of `ApplyAllocation`.
pub fn apply_allocation(request: &pb::ApplyAllocationRequest, violations: &mut Violations) -> Option<ApplyAllocation> {
    let run = decode::required_text(&request.run, TEXT_BYTES_MAX, "run", violations);
    let item = decode::item_name(&request.item, "item", violations);
    let location = decode::location_name(&request.location, "location", violations);
    let holds = up_to(&request.holds, CHUNK_MAX, "holds", violations, |index, name, violations| {
        wire::decode_hold_name(name, &path("holds", index, ""), violations)
    });
    let gains = up_to(&request.gains, CHUNK_MAX, "gains", violations, |index, gain, violations| {
        let at = |field: &str| path("gains", index, field);
        let key = claim_key(&gain.line, gain.part, &at, violations);
        let quantity = decode::quantity(gain.quantity, &at("quantity"), violations);
        Some(Gain { key: key?, expected_version: gain.expected_version, quantity: quantity? })
    });
    let passed_over = passed_over(&request.passed_over, violations);
    let who = Who::decode(request.context.as_ref(), violations);
    let chunk = AllocationChunk {
        location: location?,
        holds: holds?,
        gains: gains?,
        passed_over: passed_over?,
        final_chunk: request.final_chunk,
    };
    Some(ApplyAllocation { run: run?, item: item?, chunk, who: who? })
}

/// Claims that a run passes over.
pub(super) fn passed_over(claims: &[pb::PassedOver], violations: &mut Violations) -> Option<Vec<PassedOver>> {
    up_to(claims, CHUNK_MAX, "passed_over", violations, |index, one, violations| {
        let at = |field: &str| path("passed_over", index, field);
        let key = claim_key(&one.line, one.part, &at, violations)?;
        Some(PassedOver { key, expected_version: one.expected_version })
    })
}

/// A line and a part of it, where 0 means the first.
pub(super) fn claim_key(
    line: &str,
    part: i32,
    at: &impl Fn(&str) -> String,
    violations: &mut Violations,
) -> Option<ClaimKey> {
    let line = wire::decode_line(line, &at("line"), violations);
    let part = part_or_first(part, &at("part"), violations);
    Some(ClaimKey { line: line?, part: part? })
}

/// As [`each`], where no element is allowed too.
pub fn up_to<M, T>(
    messages: &[M],
    max: usize,
    field: &str,
    violations: &mut Violations,
    one: impl FnMut(usize, &M, &mut Violations) -> Option<T>,
) -> Option<Vec<T>> {
    if messages.is_empty() { Some(Vec::new()) } else { each(messages, max, field, violations, one) }
}

/// The lines of `BatchGetClaims`.
pub fn claim_lines(request: &pb::BatchGetClaimsRequest, violations: &mut Violations) -> Option<Vec<LineId>> {
    each(&request.lines, CHUNK_MAX, "lines", violations, |index, line, violations| {
        wire::decode_line(line, &path("lines", index, ""), violations)
    })
}

/// What `ListWaitingClaims` lists.
pub fn list_waiting(request: &pb::ListWaitingClaimsRequest, violations: &mut Violations) -> Option<WaitingFilter> {
    let item = decode::item_name(&request.item, "item", violations);
    let location = if_set(&request.location, |name| decode::location_name(name, "location", violations));
    Some(WaitingFilter { item: item?, location: location?, decided_as_sets: request.decided_as_sets })
}

/// The command of `ReassignReservation`.
pub fn reassign(request: &pb::ReassignReservationRequest, violations: &mut Violations) -> Option<ReassignReservation> {
    let from = claim_key(&request.from_line, request.from_part, &|field| format!("from_{field}"), violations);
    let to = claim_key(&request.to_line, request.to_part, &|field| format!("to_{field}"), violations);
    if let (Some(from), Some(to)) = (&from, &to)
        && from == to
    {
        violations.push("to_line", "must be another claim than the giving one");
    }
    let location = decode::location_name(&request.location, "location", violations);
    let quantity = decode::quantity(request.quantity, "quantity", violations);
    let who = Who::decode_with_reason(request.context.as_ref(), violations);
    let reassign = Reassign {
        from: from?,
        from_version: request.from_version,
        to: to?,
        to_version: request.to_version,
        location: location?,
        quantity: quantity?,
    };
    Some(ReassignReservation { reassign, who: who? })
}

/// The command of `UpdateQueue`.
pub fn update_queue(request: &pb::UpdateQueueRequest, violations: &mut Violations) -> Option<UpdateQueue> {
    let mut seen = BTreeSet::new();
    let changes = each(&request.changes, LINES_MAX, "changes", violations, |index, message, violations| {
        let at = |field: &str| path("changes", index, field);
        let line = wire::decode_line(&message.line, &at("line"), violations);
        let part = part_or_all(message.part, &at("part"), violations);
        let queue_key = match &message.queue_key {
            Some(key) => decode::text(key, TEXT_BYTES_MAX, &at("queue_key"), violations).map(Some),
            None => Some(None),
        };
        let queue_time = decode::timestamp_if_set(message.queue_time.as_ref(), &at("queue_time"), violations);
        let changes_place = message.queue_key.is_some() || message.queue_time.is_some();
        if message.eligible.is_none() && message.in_set.is_none() && !changes_place {
            violations.push(at(""), "must change eligible, in_set, queue_key or queue_time");
        }
        if !seen.insert((message.line.clone(), message.part)) {
            violations.push(at("line"), "must be distinct together with part");
        }
        Some(QueueChange {
            line: line?,
            part: part?,
            eligible: message.eligible,
            in_set: message.in_set,
            queue_key: queue_key?,
            queue_time: queue_time?,
        })
    });
    let who = Who::decode(request.context.as_ref(), violations);
    Some(UpdateQueue { changes: changes?, who: who? })
}

/// The command of `RepegItems`.
pub fn repeg_items(request: &pb::RepegItemsRequest, violations: &mut Violations) -> Option<RepegItems> {
    let mut seen = BTreeSet::new();
    let items = each(&request.items, ITEMS_MAX, "items", violations, |index, item, violations| {
        if !seen.insert(item.clone()) {
            violations.push(path("items", index, ""), "must be distinct");
        }
        decode::item_name(item, &path("items", index, ""), violations)
    });
    let who = Who::decode(request.context.as_ref(), violations);
    Some(RepegItems { items: items?, who: who? })
}
