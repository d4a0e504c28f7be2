//! Requests of `OverrideService`.

use std::collections::BTreeSet;

use backorder_domain::quantity::Quantity;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

use super::{order::line_of, release::id_of};
use crate::{
    store::overrides::{APPLIED, ENDED, EXPIRED, OverrideFilter, PENDING_APPROVAL, REFUSED},
    use_cases::overrides::{AssignByHand, ChangeQueueTime, DecideOverride, EndOverride, PinConfirmation, Share},
    write::Who,
};

/// Lines that give at most.
const TAKEN_MAX: usize = 100;

/// An override's id.
pub fn id(name: &str, violations: &mut Violations) -> Option<String> {
    id_of(name, "overrides", violations)
}

/// Who gets what from whom.
pub fn assign_by_hand(r: &pb::AssignByHandRequest, violations: &mut Violations) -> Option<AssignByHand> {
    let line = line_of(&r.line, "line", violations);
    let location = decode::location_name(&r.location, "location", violations);
    let quantity = decode::quantity(r.quantity, "quantity", violations);
    let taken = taken(&r.taken, line.as_ref(), violations);
    let given = taken.as_ref().and_then(|taken| Quantity::checked_sum(taken.iter().map(|share| share.quantity)));
    if given.zip(quantity).is_some_and(|(given, quantity)| given > quantity) {
        violations.push("taken", "must not give more than quantity");
    }
    if !r.validate_only && r.etag.is_empty() {
        violations.push("etag", "must be the one of the preview");
    }
    let expires = decode::timestamp_if_set(r.expire_time.as_ref(), "expire_time", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    location?;
    let (order, line) = line?;
    Some(AssignByHand {
        order,
        line,
        location: r.location.clone(),
        quantity: quantity?,
        taken: taken?,
        validate_only: r.validate_only,
        etag: r.etag.clone(),
        expires: expires?,
        who: who?,
    })
}

fn taken(shares: &[pb::LineShare], to: Option<&(String, i32)>, violations: &mut Violations) -> Option<Vec<Share>> {
    if shares.len() > TAKEN_MAX {
        violations.push("taken", format!("must have at most {TAKEN_MAX} elements"));
        return None;
    }
    let mut seen = BTreeSet::new();
    let decoded: Vec<Option<Share>> = shares
        .iter()
        .enumerate()
        .map(|(index, share)| {
            let at = |field: &str| decode::path("taken", index, field);
            let line = line_of(&share.line, &at("line"), violations);
            let quantity = decode::quantity(share.quantity, &at("quantity"), violations);
            let line = line?;
            if to == Some(&line) || !seen.insert(line.clone()) {
                violations.push(at("line"), "must be another line, named once");
                return None;
            }
            Some(Share { order: line.0, line: line.1, quantity: quantity? })
        })
        .collect();
    decoded.into_iter().collect()
}

/// When a line joined the queue.
pub fn change_queue_time(r: &pb::ChangeQueueTimeRequest, violations: &mut Violations) -> Option<ChangeQueueTime> {
    let line = line_of(&r.line, "line", violations);
    let queue_time = decode::timestamp(r.queue_time.as_ref(), "queue_time", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    let (order, line) = line?;
    Some(ChangeQueueTime { order, line, queue_time: queue_time?, who: who? })
}

/// A confirmation to pin.
pub fn pin_confirmation(r: &pb::PinConfirmationRequest, violations: &mut Violations) -> Option<PinConfirmation> {
    let line = line_of(&r.line, "line", violations);
    let expires = decode::timestamp_if_set(r.expire_time.as_ref(), "expire_time", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    let (order, line) = line?;
    Some(PinConfirmation { order, line, expires: expires?, who: who? })
}

/// An override to end.
pub fn end_override(r: &pb::EndOverrideRequest, violations: &mut Violations) -> Option<EndOverride> {
    let id = id(&r.name, violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(EndOverride { id: id?, who: who? })
}

/// A decision of another person.
pub fn decide_override(r: &pb::DecideOverrideRequest, violations: &mut Violations) -> Option<DecideOverride> {
    let id = id(&r.name, violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(DecideOverride { id: id?, approve: r.approve, who: who? })
}

/// Which overrides are listed.
pub fn filter(r: &pb::ListOverridesRequest, violations: &mut Violations) -> Option<OverrideFilter> {
    let order = match r.order.as_str() {
        "" => Some(String::new()),
        name => decode::order_name(name, "order", violations).map(|order| order.into_string()),
    };
    let state = match decode::known_enum::<pb::OverrideState>(r.state, "state", violations)? {
        pb::OverrideState::Unspecified => "",
        pb::OverrideState::PendingApproval => PENDING_APPROVAL,
        pb::OverrideState::Applied => APPLIED,
        pb::OverrideState::Refused => REFUSED,
        pb::OverrideState::Ended => ENDED,
        pb::OverrideState::Expired => EXPIRED,
    };
    Some(OverrideFilter { order: order?, state })
}
