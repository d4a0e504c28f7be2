//! Requests of `PolicyService`.

use std::collections::BTreeSet;

use backorder_domain::ids::PolicyId;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        allocation::{policy_of, sequence_of},
        decode::{self, path},
    },
};
use prost_types::FieldMask;

use crate::{
    use_cases::policies::{DeletePolicy, NewPolicy, PolicyUpdate, SequenceUpdate, Subject},
    write::Who,
};

const CHANNEL_BYTES_MAX: usize = 50;
const TIER_BYTES_MAX: usize = 50;

/// The fields of a policy that can be changed.
const POLICY_FIELDS: [&str; 22] = [
    "item",
    "category",
    "channel",
    "location",
    "customer_tier",
    "allowed",
    "waiting_limit",
    "acceptable_wait_days",
    "wait_day_type",
    "wait_start",
    "after_wait",
    "ask_days_before",
    "answer_days",
    "after_silence",
    "wait_near_days",
    "promise_rule",
    "split_allowed",
    "minimum_per_location",
    "ship_set_days",
    "locations",
    "effective_from",
    "effective_to",
];

/// A policy's id.
pub fn name(name: &str, field: &str, violations: &mut Violations) -> Option<PolicyId> {
    decode::resource_name(name, "policies", PolicyId::try_new, field, violations)
}

/// A policy to create.
pub fn create(request: &pb::CreateBackorderPolicyRequest, violations: &mut Violations) -> Option<NewPolicy> {
    let message = decode::required(request.policy.as_ref(), "policy", violations);
    let policy = message.and_then(|message| policy_of(message, "policy", violations));
    let who = Who::decode(request.context.as_ref(), violations);
    Some(NewPolicy { policy: policy?, who: who? })
}

/// What changes of a policy. Only the named fields are looked at.
pub fn update(request: &pb::UpdateBackorderPolicyRequest, violations: &mut Violations) -> Option<PolicyUpdate> {
    let who = Who::decode(request.context.as_ref(), violations);
    let fields = masked(request.update_mask.as_ref(), &POLICY_FIELDS, violations);
    let message = decode::required(request.policy.as_ref(), "policy", violations)?.clone();
    let fields = fields?;
    let mut named = pb::BackorderPolicy { name: message.name.clone(), ..pb::BackorderPolicy::default() };
    put_fields(&mut named, &message, &fields);
    let id = policy_of(&named, "policy", violations)?.id;
    let etag = message.etag.clone();
    let put = move |policy: &mut pb::BackorderPolicy| put_fields(policy, &message, &fields);
    Some(PolicyUpdate { id, etag, put: Box::new(put), who: who? })
}

fn put_fields(policy: &mut pb::BackorderPolicy, new: &pb::BackorderPolicy, fields: &BTreeSet<&'static str>) {
    for field in fields {
        match *field {
            "item" => policy.item.clone_from(&new.item),
            "category" => policy.category.clone_from(&new.category),
            "channel" => policy.channel.clone_from(&new.channel),
            "location" => policy.location.clone_from(&new.location),
            "customer_tier" => policy.customer_tier.clone_from(&new.customer_tier),
            "allowed" => policy.allowed = new.allowed,
            "waiting_limit" => policy.waiting_limit = new.waiting_limit,
            "acceptable_wait_days" => policy.acceptable_wait_days = new.acceptable_wait_days,
            "wait_day_type" => policy.wait_day_type = new.wait_day_type,
            "wait_start" => policy.wait_start = new.wait_start,
            "after_wait" => policy.after_wait = new.after_wait,
            "ask_days_before" => policy.ask_days_before = new.ask_days_before,
            "answer_days" => policy.answer_days = new.answer_days,
            "after_silence" => policy.after_silence = new.after_silence,
            "wait_near_days" => policy.wait_near_days = new.wait_near_days,
            "promise_rule" => policy.promise_rule = new.promise_rule,
            "split_allowed" => policy.split_allowed = new.split_allowed,
            "minimum_per_location" => policy.minimum_per_location = new.minimum_per_location,
            "ship_set_days" => policy.ship_set_days = new.ship_set_days,
            "locations" => policy.locations.clone_from(&new.locations),
            "effective_from" => policy.effective_from = new.effective_from,
            "effective_to" => policy.effective_to = new.effective_to,
            // The mask was checked against the list of fields.
            _ => {}
        }
    }
}

/// A policy to delete.
pub fn delete(request: &pb::DeleteBackorderPolicyRequest, violations: &mut Violations) -> Option<DeletePolicy> {
    let id = name(&request.name, "name", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(DeletePolicy { id: id?, who: who? })
}

/// A line for which is asked which policy decides.
pub fn subject(request: &pb::ResolvePolicyRequest, violations: &mut Violations) -> Option<Subject> {
    let item = decode::item_name(&request.item, "item", violations);
    let channel = decode::text(&request.channel, CHANNEL_BYTES_MAX, "channel", violations);
    let location = match request.location.as_str() {
        "" => Some(None),
        name => decode::location_name(name, "location", violations).map(Some),
    };
    let tier = decode::text(&request.customer_tier, TIER_BYTES_MAX, "customer_tier", violations);
    let date = decode::date_if_set(request.date.as_ref(), "date", violations);
    Some(Subject { item: item?, channel: channel?, location: location?, tier: tier?, date: date? })
}

/// A new serving sequence.
pub fn sequence(request: &pb::UpdateServingSequenceRequest, violations: &mut Violations) -> Option<SequenceUpdate> {
    let message = decode::required(request.sequence.as_ref(), "sequence", violations);
    let sequence = message.and_then(|message| sequence_of(message, "sequence", violations));
    let who = Who::decode(request.context.as_ref(), violations);
    Some(SequenceUpdate { sequence: sequence?, etag: message?.etag.clone(), who: who? })
}

/// The fields of an update mask; all that can be changed when there is none.
fn masked(
    mask: Option<&FieldMask>,
    allowed: &[&'static str],
    violations: &mut Violations,
) -> Option<BTreeSet<&'static str>> {
    let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
        return Some(allowed.iter().copied().collect());
    };
    let mut fields = BTreeSet::new();
    let mut complete = true;
    for (index, wanted) in mask.paths.iter().enumerate() {
        match allowed.iter().find(|field| *field == wanted) {
            Some(field) => {
                fields.insert(*field);
            }
            None => {
                complete = false;
                let field = path("update_mask.paths", index, "");
                violations.push(field, format!("must be one of: {}", allowed.join(", ")));
            }
        }
    }
    complete.then_some(fields)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::common::v1::Date;

    use super::*;

    fn update_of(policy: pb::BackorderPolicy, paths: &[&str]) -> Result<PolicyUpdate, Violations> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let request = pb::UpdateBackorderPolicyRequest {
            policy: Some(policy),
            update_mask: Some(FieldMask { paths }),
            ..pb::UpdateBackorderPolicyRequest::default()
        };
        let mut violations = Violations::new();
        let change = update(&request, &mut violations);
        violations.finish_with(change)
    }

    fn named() -> pb::BackorderPolicy {
        pb::BackorderPolicy { name: "policies/p".to_owned(), ..pb::BackorderPolicy::default() }
    }

    #[test]
    fn every_field_that_can_be_changed_is_put() {
        let new = pb::BackorderPolicy {
            item: "items/i".to_owned(),
            category: "c".to_owned(),
            channel: "web".to_owned(),
            location: "locations/l".to_owned(),
            customer_tier: "GOLD".to_owned(),
            allowed: true,
            waiting_limit: Some(1),
            acceptable_wait_days: Some(2),
            wait_day_type: 2,
            wait_start: 2,
            after_wait: 2,
            promise_rule: Some(pb::PromiseRule { later_days: 1, earlier_days: 2, stable_hours: 3 }),
            split_allowed: true,
            minimum_per_location: 3,
            ship_set_days: 4,
            wait_near_days: Some(5),
            ask_days_before: 6,
            answer_days: 7,
            after_silence: 1,
            locations: vec!["locations/l".to_owned()],
            effective_from: Some(Date { year: 2026, month: 1, day: 1 }),
            effective_to: Some(Date { year: 2026, month: 2, day: 1 }),
            ..named()
        };
        let mut policy = named();
        put_fields(&mut policy, &new, &POLICY_FIELDS.into_iter().collect());
        assert_eq!(policy, new);
    }

    #[test]
    fn only_the_named_fields_are_put_and_looked_at() {
        let wrong = pb::BackorderPolicy { item: "no item".to_owned(), allowed: true, ..named() };
        let change = update_of(wrong, &["allowed"]).unwrap();
        let mut policy = pb::BackorderPolicy { item: "items/i".to_owned(), ..named() };
        (change.put)(&mut policy);
        assert_eq!((policy.item.as_str(), policy.allowed), ("items/i", true));
    }

    #[test]
    fn an_unknown_field_and_a_wrong_value_are_both_named() {
        let unknown = update_of(named(), &["etag"]).err().unwrap();
        assert_eq!(unknown.into_list()[0].field, "update_mask.paths[0]");
        let wrong = pb::BackorderPolicy { waiting_limit: Some(-1), item: "no item".to_owned(), ..named() };
        let wrong = update_of(wrong, &["waiting_limit", "item"]).err().unwrap();
        let fields: Vec<String> = wrong.into_list().into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["policy.item", "policy.waiting_limit"]);
    }
}
