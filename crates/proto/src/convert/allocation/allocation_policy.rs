//! Allocation policies from the wire.

use backorder_domain::{
    allocation::{
        filter::Attribute,
        policy::{
            AllocationPolicy, Direction, ExceptionBehaviour, FallbackScope, PolicyDraft, SEGMENTS_MAX, ScopeDraft,
            SegmentDraft, SortBy, SortKey, Strategy,
        },
    },
    ids::PolicyId,
};
use prost::Message as _;

use crate::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

/// The collection of allocation policies.
pub const ALLOCATION_POLICIES: &str = "allocationPolicies";
/// The largest policy on the wire in bytes.
pub const ALLOCATION_POLICY_BYTES_MAX: usize = 100_000;
/// The id of a draft that has none.
const DRAFT: &str = "draft";

/// The resource name of an allocation policy: `allocationPolicies/{policy}`.
#[must_use]
pub fn allocation_policy_name(policy: &str) -> String {
    format!("{ALLOCATION_POLICIES}/{policy}")
}

/// The id in the name of an allocation policy.
pub fn allocation_policy_id(name: &str, field: &str, violations: &mut Violations) -> Option<PolicyId> {
    decode::resource_name(name, ALLOCATION_POLICIES, PolicyId::try_new, field, violations)
}

/// A policy from the wire, its fields under `field`, with everything that is wrong with it. A draft need not have a name.
pub fn allocation_policy_of(
    policy: &pb::AllocationPolicy,
    is_draft: bool,
    field: &str,
    violations: &mut Violations,
) -> Option<AllocationPolicy> {
    if policy.encoded_len() > ALLOCATION_POLICY_BYTES_MAX {
        violations.push(field, format!("must be at most {ALLOCATION_POLICY_BYTES_MAX} bytes"));
        return None;
    }
    let at = |name: &str| format!("{field}.{name}");
    let mut wrong = Violations::new();
    let id = match policy.name.as_str() {
        "" if is_draft => PolicyId::try_new(DRAFT).ok(),
        name => allocation_policy_id(name, &at("name"), &mut wrong),
    };
    let fallback = match policy.fallback.as_str() {
        "" => None,
        name => allocation_policy_id(name, &at("fallback"), &mut wrong),
    };
    let behaviour = decode::known_enum(policy.exception_behaviour, &at("exception_behaviour"), &mut wrong);
    let behaviour = behaviour_of(behaviour.unwrap_or_default());
    let scope = decode::known_enum(policy.fallback_scope, &at("fallback_scope"), &mut wrong);
    let promotion_days = policy.promotion_days.map(|days| whole(days, &at("promotion_days"), &mut wrong));
    // More segments than there may be are refused below, and not looked at.
    let segments = policy.segments.iter().take(SEGMENTS_MAX + 1).enumerate();
    let segments =
        segments.map(|(index, segment)| segment_of(segment, &decode::path(&at("segments"), index, ""), &mut wrong));
    let segments = segments.collect();
    let draft = PolicyDraft {
        id: id.map_or_else(|| DRAFT.to_owned(), PolicyId::into_string),
        global: policy.global.as_ref().map(|global| scope_of(&global.include, &global.exclude)),
        segments,
        exception_behaviour: behaviour,
        fallback_scope: fallback_scope_of(scope.unwrap_or_default(), behaviour),
        fallback: fallback.map(PolicyId::into_string),
        promotion_days,
        tiers: policy.tiers.clone(),
        channels: policy.channels.clone(),
    };
    let checked = AllocationPolicy::try_new(draft);
    let is_wrong = !wrong.is_empty();
    wrong.into_list().into_iter().for_each(|one| violations.push(one.field, one.description));
    match checked {
        Ok(policy) => (!is_wrong).then_some(policy),
        Err(invalid) => {
            invalid.0.into_iter().for_each(|fault| violations.push(at(&fault.field), fault.problem.to_string()));
            None
        }
    }
}

fn scope_of(include: &str, exclude: &str) -> ScopeDraft {
    ScopeDraft { include: include.to_owned(), exclude: exclude.to_owned() }
}

/// A whole number that is not negative; 0 where it is wrong.
fn whole(number: i32, field: &str, violations: &mut Violations) -> u32 {
    u32::try_from(number).unwrap_or_else(|_| {
        violations.push(field, "must not be negative");
        0
    })
}

fn segment_of(segment: &pb::Segment, field: &str, violations: &mut Violations) -> SegmentDraft {
    let at = |name: &str| format!("{field}.{name}");
    let strategy = decode::required_enum(segment.strategy, &at("strategy"), violations);
    let keys = segment.sort.iter().enumerate();
    let keys = keys.filter_map(|(index, key)| sort_key_of(key, &decode::path(&at("sort"), index, ""), violations));
    let sort = keys.collect();
    SegmentDraft {
        name: segment.name.clone(),
        scope: scope_of(&segment.include, &segment.exclude),
        strategy: strategy_of(strategy.unwrap_or_default()),
        evaluation_seq: whole(segment.evaluation_seq, &at("evaluation_seq"), violations),
        check_seq: whole(segment.check_seq, &at("check_seq"), violations),
        sort,
    }
}

/// What a strategy of the wire means. Unspecified is IMPROVE.
#[must_use]
pub const fn strategy_of(strategy: pb::RunStrategy) -> Strategy {
    match strategy {
        pb::RunStrategy::Win => Strategy::Win,
        pb::RunStrategy::Gain => Strategy::Gain,
        pb::RunStrategy::Unspecified | pb::RunStrategy::Improve => Strategy::Improve,
        pb::RunStrategy::Redistribute => Strategy::Redistribute,
        pb::RunStrategy::Fill => Strategy::Fill,
        pb::RunStrategy::Lose => Strategy::Lose,
        pb::RunStrategy::Skip => Strategy::Skip,
    }
}

const fn behaviour_of(behaviour: pb::ExceptionBehaviour) -> ExceptionBehaviour {
    match behaviour {
        pb::ExceptionBehaviour::StopCompletely => ExceptionBehaviour::StopCompletely,
        pb::ExceptionBehaviour::Unspecified | pb::ExceptionBehaviour::StopFailedCombinations => {
            ExceptionBehaviour::StopFailedCombinations
        }
    }
}

const fn fallback_scope_of(scope: pb::FallbackScope, behaviour: ExceptionBehaviour) -> FallbackScope {
    match (scope, behaviour) {
        (pb::FallbackScope::Unrestricted, _) | (pb::FallbackScope::Unspecified, ExceptionBehaviour::StopCompletely) => {
            FallbackScope::Unrestricted
        }
        (pb::FallbackScope::FailedCombinations, _)
        | (pb::FallbackScope::Unspecified, ExceptionBehaviour::StopFailedCombinations) => {
            FallbackScope::FailedCombinations
        }
    }
}

fn sort_key_of(key: &pb::SegmentSort, field: &str, violations: &mut Violations) -> Option<SortKey> {
    let at = |name: &str| format!("{field}.{name}");
    let wire = decode::required_enum(key.key, &at("key"), violations);
    let direction = decode::known_enum(key.direction, &at("direction"), violations);
    let wire: pb::SegmentSortKey = wire?;
    if wire != pb::SegmentSortKey::Sequence && !(key.attribute.is_empty() && key.values.is_empty()) {
        violations.push(at("attribute"), "must be empty, and values with it, unless the key is SEQUENCE");
    }
    let by = match wire {
        pb::SegmentSortKey::Tier => SortBy::Tier,
        pb::SegmentSortKey::Channel => SortBy::Channel,
        pb::SegmentSortKey::RequestedDate => SortBy::RequestedDate,
        pb::SegmentSortKey::PromisedDate => SortBy::PromisedDate,
        pb::SegmentSortKey::Age => SortBy::Age,
        pb::SegmentSortKey::Unspecified | pb::SegmentSortKey::OrderTime => SortBy::OrderTime,
        pb::SegmentSortKey::Margin => SortBy::Margin,
        pb::SegmentSortKey::Value => SortBy::Value,
        pb::SegmentSortKey::ValueAtRisk => SortBy::ValueAtRisk,
        pb::SegmentSortKey::CostOfDelay => SortBy::CostOfDelay,
        pb::SegmentSortKey::Queue => SortBy::Queue,
        pb::SegmentSortKey::Sequence => {
            let Some(attribute) = Attribute::named(&key.attribute) else {
                violations.push(at("attribute"), format!("must be one of {}", Attribute::known()));
                return None;
            };
            SortBy::Sequence { attribute, values: key.values.clone() }
        }
    };
    let direction = match direction? {
        pb::SortDirection::Unspecified => by.usual_direction(),
        pb::SortDirection::Ascending => Direction::Ascending,
        pb::SortDirection::Descending => Direction::Descending,
    };
    Some(SortKey { by, direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> pb::Segment {
        pb::Segment { name: "all".to_owned(), strategy: pb::RunStrategy::Improve.into(), ..pb::Segment::default() }
    }

    fn policy(segments: Vec<pb::Segment>) -> pb::AllocationPolicy {
        pb::AllocationPolicy { name: "allocationPolicies/spring".to_owned(), segments, ..Default::default() }
    }

    fn wrong(policy: &pb::AllocationPolicy) -> Vec<(String, String)> {
        let mut violations = Violations::new();
        assert_eq!(allocation_policy_of(policy, false, "policy", &mut violations), None);
        violations.into_list().into_iter().map(|one| (one.field, one.description)).collect()
    }

    #[test]
    fn what_stops_completely_falls_back_for_everything() {
        let behaviour = pb::ExceptionBehaviour::StopCompletely.into();
        let stopping = pb::AllocationPolicy { exception_behaviour: behaviour, ..policy(vec![all()]) };
        let made = allocation_policy_of(&stopping, false, "policy", &mut Violations::new());
        assert_eq!(made.map(|policy| policy.fallback_scope()), Some(FallbackScope::Unrestricted));
        let made = allocation_policy_of(&policy(vec![all()]), false, "policy", &mut Violations::new());
        assert_eq!(made.map(|policy| policy.fallback_scope()), Some(FallbackScope::FailedCombinations));
    }

    #[test]
    fn only_a_draft_may_have_no_name() {
        let unnamed = pb::AllocationPolicy { name: String::new(), ..policy(vec![all()]) };
        assert_eq!(wrong(&unnamed)[0].0, "policy.name");
        assert!(allocation_policy_of(&unnamed, true, "policy", &mut Violations::new()).is_some());
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_field() {
        let key = |key: pb::SegmentSortKey, attribute: &str| pb::SegmentSort {
            key: key.into(),
            attribute: attribute.to_owned(),
            ..Default::default()
        };
        let mut bad = all();
        bad.strategy = 0;
        bad.evaluation_seq = -1;
        bad.include = "customer.tier == 1".to_owned();
        bad.sort = vec![key(pb::SegmentSortKey::Sequence, "item.weight"), key(pb::SegmentSortKey::Tier, "item.id")];
        let told = wrong(&pb::AllocationPolicy { fallback: "spring".to_owned(), ..policy(vec![bad]) });
        let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
        let expected = [
            "policy.fallback",
            "policy.segments[0].strategy",
            "policy.segments[0].sort[0].attribute",
            "policy.segments[0].sort[1].attribute",
            "policy.segments[0].evaluation_seq",
            "policy.segments[0].include",
            "policy.segments[0].sort[0]",
        ];
        assert_eq!(fields, expected);
        assert_eq!(
            told[5].1,
            "1:15: \"==\" takes two values of one kind that can be compared, not a text and a number"
        );
    }

    #[test]
    fn a_huge_policy_is_refused_before_it_is_looked_at() {
        let mut long = all();
        long.include = "x".repeat(ALLOCATION_POLICY_BYTES_MAX);
        assert_eq!(wrong(&policy(vec![long])), [("policy".to_owned(), "must be at most 100000 bytes".to_owned())]);
        let many = wrong(&policy(vec![all(); 101]));
        assert!(many.iter().any(|(field, what)| field == "policy.segments" && what.contains("101 are too many")));
    }
}
