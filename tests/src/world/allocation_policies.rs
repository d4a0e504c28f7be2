//! Policies of allocation runs.

use backorder_proto::allocation::v1::{
    AllocationPolicy, AllocationPolicyVersion, PutAllocationPolicyRequest, RunRules, RunStrategy, Segment, SegmentSort,
    SegmentSortKey,
};
use tonic::Status;

use crate::world::{World, because, request_id};

/// A segment that stands at this place of its policy, sorted by tier and time in the queue.
pub fn segment(place: i32, name: &str, strategy: RunStrategy, include: &str) -> Segment {
    let key = |key: SegmentSortKey| SegmentSort { key: key.into(), ..SegmentSort::default() };
    Segment {
        name: name.to_owned(),
        include: include.to_owned(),
        strategy: strategy.into(),
        evaluation_seq: place,
        check_seq: place,
        sort: vec![key(SegmentSortKey::Tier), key(SegmentSortKey::OrderTime)],
        ..Segment::default()
    }
}

impl World {
    /// The name of a policy of this story.
    pub fn allocation_policy_name(&self, policy: &str) -> String {
        format!("allocationPolicies/{}", self.id(policy))
    }

    /// A policy of segments, with the tiers in this order.
    pub fn allocation_policy(&self, policy: &str, tiers: &[&str], segments: Vec<Segment>) -> AllocationPolicy {
        AllocationPolicy {
            name: self.allocation_policy_name(policy),
            segments,
            tiers: tiers.iter().map(|tier| (*tier).to_owned()).collect(),
            ..AllocationPolicy::default()
        }
    }

    /// Writes a version of a policy.
    pub async fn put_policy(&self, policy: AllocationPolicy) -> Result<AllocationPolicyVersion, Status> {
        let request = PutAllocationPolicyRequest {
            request_id: request_id(),
            policy: Some(policy),
            context: because("planning"),
            ..PutAllocationPolicyRequest::default()
        };
        Ok(self.allocation.allocation_policies.clone().put_allocation_policy(request).await?.into_inner())
    }
}

/// Rules that name a policy, or a version of one.
pub fn by_policy(name: &str) -> Option<RunRules> {
    Some(RunRules { policy: name.to_owned(), ..RunRules::default() })
}

/// Rules that try a policy.
pub fn by_draft(policy: AllocationPolicy) -> Option<RunRules> {
    Some(RunRules { policy_draft: Some(policy), ..RunRules::default() })
}
