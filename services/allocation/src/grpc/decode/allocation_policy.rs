//! Requests of `AllocationPolicyService`.

use backorder_domain::allocation::policy::{ExceptionBehaviour, FallbackScope};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        allocation::{allocation_policy_id, allocation_policy_of},
        decode,
    },
};
use jiff::Timestamp;

use crate::{
    simulation::policy::{PolicyName, unknown_reads},
    use_cases::allocation_policies::{PutPolicy, RetirePolicy, UsePolicy},
    write::Who,
};

/// Bytes of an etag at most.
const ETAG_BYTES_MAX: usize = 20;

/// What is read, and of which time.
pub fn get(r: &pb::GetAllocationPolicyRequest, violations: &mut Violations) -> Option<(PolicyName, Option<Timestamp>)> {
    let name = PolicyName::decode(&r.name, "name", violations);
    let as_of = decode::timestamp_if_set(r.as_of.as_ref(), "as_of", violations);
    if r.as_of.is_some() && name.as_ref().is_some_and(|name| name.version.is_some()) {
        violations.push("as_of", "must be left out when a version is named");
    }
    name.zip(as_of)
}

/// A place in a list of versions or decisions.
pub fn number(key: &str) -> Option<i64> {
    key.parse().ok()
}

/// What is written.
pub fn put(r: &pb::PutAllocationPolicyRequest, violations: &mut Violations) -> Option<PutPolicy> {
    let policy = decode::required(r.policy.as_ref(), "policy", violations);
    let checked = policy.and_then(|policy| allocation_policy_of(policy, false, "policy", violations));
    let known = checked.as_ref().is_some_and(|policy| unknown_reads(policy, "policy", violations));
    let effective = decode::timestamp_if_set(r.effective_time.as_ref(), "effective_time", violations);
    let etag = decode::text(&r.etag, ETAG_BYTES_MAX, "etag", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    let checked = checked.filter(|_| known)?;
    let mut message = policy?.clone();
    message.set_exception_behaviour(match checked.exception_behaviour() {
        ExceptionBehaviour::StopCompletely => pb::ExceptionBehaviour::StopCompletely,
        ExceptionBehaviour::StopFailedCombinations => pb::ExceptionBehaviour::StopFailedCombinations,
    });
    message.set_fallback_scope(match checked.fallback_scope() {
        FallbackScope::FailedCombinations => pb::FallbackScope::FailedCombinations,
        FallbackScope::Unrestricted => pb::FallbackScope::Unrestricted,
    });
    Some(PutPolicy {
        id: checked.id().clone(),
        fallback: checked.fallback().cloned(),
        policy: message,
        effective: effective?,
        etag: etag?,
        validate_only: r.validate_only,
        who: who?,
    })
}

/// What is ended.
pub fn retire(r: &pb::RetireAllocationPolicyRequest, violations: &mut Violations) -> Option<RetirePolicy> {
    let id = allocation_policy_id(&r.name, "name", violations);
    let effective = decode::timestamp_if_set(r.effective_time.as_ref(), "effective_time", violations);
    let etag = decode::text(&r.etag, ETAG_BYTES_MAX, "etag", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(RetirePolicy { id: id?, effective: effective?, etag: etag?, who: who? })
}

/// What is to be in force.
pub fn in_force(r: &pb::UseAllocationPolicyRequest, violations: &mut Violations) -> Option<UsePolicy> {
    let policy = match r.policy.as_str() {
        "" => Some(None),
        name => allocation_policy_id(name, "policy", violations).map(Some),
    };
    let effective = decode::timestamp_if_set(r.effective_time.as_ref(), "effective_time", violations);
    let etag = decode::text(&r.etag, ETAG_BYTES_MAX, "etag", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(UsePolicy { policy: policy?, effective: effective?, etag: etag?, who: who? })
}
