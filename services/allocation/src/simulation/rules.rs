//! By which policy lines are decided about, and which lines.
//!
//! A run goes by an allocation policy, whatever it was asked for: the short form of rules becomes one here. Nothing else
//! maps a line to its strategy and its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use backorder_domain::{
    allocation::{
        filter::Attribute,
        policy::{AllocationPolicy, Strategy},
        run,
    },
    ids::{ItemId, LocationId},
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        allocation::{allocation_policy_of, sequence_of, strategy_of},
        decode,
    },
};

use super::{
    live::LineFacts,
    policy::{PolicyName, unknown_reads},
};

/// Items or locations in a scope at most.
const NAMES_MAX: usize = 1_000;
/// Tiers or channels in a scope, and tiers with a strategy, at most.
const GROUPS_MAX: usize = 100;
/// Bytes of a tier or channel at most, as for orders.
const GROUP_BYTES_MAX: usize = 50;

/// The rules of a run.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The policy.
    pub policy: Arc<AllocationPolicy>,
    /// The policy that is run after an exception.
    pub fallback: Option<Arc<AllocationPolicy>>,
}

impl Default for Rules {
    /// Every line keeps what it has and betters it where it can, in the order of the queue.
    ///
    /// Improve and not Redistribute: it serves in the same order, and does not move what a line was confirmed for a better
    /// fit with its wishes when that would make it later.
    fn default() -> Self {
        Self::new(AllocationPolicy::by_tier(Strategy::Improve, &BTreeMap::new(), None))
    }
}

impl Rules {
    /// The rules of a policy without a fallback.
    #[must_use]
    pub fn new(policy: AllocationPolicy) -> Self {
        Self { policy: Arc::new(policy), fallback: None }
    }

    /// Both policies: the first one, and its fallback.
    pub fn policies(&self) -> impl Iterator<Item = &AllocationPolicy> {
        std::iter::once(&*self.policy).chain(self.fallback.as_deref())
    }

    /// Everything that they read of a line.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<Attribute> {
        self.policies().flat_map(|policy| policy.reads().into_iter().map(|(_, attribute)| attribute)).collect()
    }

    /// Whether an exception in one item changes what becomes of others.
    #[must_use]
    pub fn exceptions_reach_others(&self) -> bool {
        // A fallback that is named is there.
        self.policy.exceptions_reach_others()
    }
}

/// Rules as they were asked for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// None are named: the policy in force decides.
    InForce,
    /// A policy, or a version of one.
    Policy(PolicyName),
    /// Rules that are given in full.
    Given(Box<AllocationPolicy>),
}

impl Asked {
    /// The rules of a message.
    pub fn decode(rules: Option<&pb::RunRules>, violations: &mut Violations) -> Option<Self> {
        let Some(rules) = rules else { return Some(Self::InForce) };
        let is_short = rules.default_strategy != 0 || !rules.tier_strategies.is_empty() || rules.sequence.is_some();
        let named = [is_short, !rules.policy.is_empty(), rules.policy_draft.is_some()];
        if named.into_iter().filter(|is_named| *is_named).count() > 1 {
            violations.push("rules", "must name one of: policy, policy_draft, strategies and sequence");
            return None;
        }
        if !rules.policy.is_empty() {
            return PolicyName::decode(&rules.policy, "rules.policy", violations).map(Self::Policy);
        }
        if let Some(draft) = &rules.policy_draft {
            const FIELD: &str = "rules.policy_draft";
            let policy = allocation_policy_of(draft, true, FIELD, violations)?;
            return unknown_reads(&policy, FIELD, violations).then(|| Self::Given(Box::new(policy)));
        }
        if is_short {
            return by_tier(rules, violations).map(|policy| Self::Given(Box::new(policy)));
        }
        Some(Self::InForce)
    }
}

/// The policy of the short form.
fn by_tier(rules: &pb::RunRules, violations: &mut Violations) -> Option<AllocationPolicy> {
    let default = decode::known_enum(rules.default_strategy, "rules.default_strategy", violations);
    if rules.tier_strategies.len() > GROUPS_MAX {
        violations.push("rules.tier_strategies", format!("must have at most {GROUPS_MAX} elements"));
        return None;
    }
    let mut of_tiers = BTreeMap::new();
    for (index, one) in rules.tier_strategies.iter().enumerate() {
        let field = |name| decode::path("rules.tier_strategies", index, name);
        let strategy = decode::required_enum(one.strategy, &field("strategy"), violations);
        let tier = decode::text(&one.tier, GROUP_BYTES_MAX, &field("tier"), violations)?;
        if of_tiers.insert(tier, strategy_of(strategy?)).is_some() {
            violations.push(field("tier"), "must not be named twice");
        }
    }
    let sequence = match &rules.sequence {
        None => None,
        Some(sequence) => Some(sequence_of(sequence, "rules.sequence", violations)?),
    };
    Some(AllocationPolicy::by_tier(strategy_of(default?), &of_tiers, sequence.as_ref()))
}

/// A strategy on the wire.
#[must_use]
pub const fn strategy_message(strategy: run::Strategy) -> pb::RunStrategy {
    match strategy {
        run::Strategy::Win => pb::RunStrategy::Win,
        run::Strategy::Gain => pb::RunStrategy::Gain,
        run::Strategy::Improve => pb::RunStrategy::Improve,
        run::Strategy::Redistribute => pb::RunStrategy::Redistribute,
        run::Strategy::Fill => pb::RunStrategy::Fill,
        run::Strategy::Lose => pb::RunStrategy::Lose,
    }
}

/// Which lines are in a run. Empty sets do not matter.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Ids of items.
    pub items: BTreeSet<ItemId>,
    /// Ids of locations.
    pub locations: BTreeSet<LocationId>,
    tiers: BTreeSet<String>,
    channels: BTreeSet<String>,
}

impl Scope {
    /// The scope of a message; a missing one is everything.
    pub fn decode(scope: Option<&pb::RunScope>, violations: &mut Violations) -> Option<Self> {
        let Some(scope) = scope else { return Some(Self::default()) };
        let items = each(&scope.items, "scope.items", NAMES_MAX, violations, decode::item_name);
        let locations = each(&scope.locations, "scope.locations", NAMES_MAX, violations, decode::location_name);
        let group = |text: &str, field: &str, violations: &mut Violations| {
            decode::text(text, GROUP_BYTES_MAX, field, violations)
        };
        let tiers = each(&scope.tiers, "scope.tiers", GROUPS_MAX, violations, group);
        let channels = each(&scope.channels, "scope.channels", GROUPS_MAX, violations, group);
        Some(Self { items: items?, locations: locations?, tiers: tiers?, channels: channels? })
    }

    /// Whether a line is in the scope, which one of the locations may serve.
    #[must_use]
    pub fn has<'l>(&self, facts: &LineFacts, mut locations: impl Iterator<Item = &'l LocationId>) -> bool {
        (self.tiers.is_empty() || self.tiers.contains(&*facts.tier))
            && (self.channels.is_empty() || self.channels.contains(&*facts.channel))
            && (self.locations.is_empty() || locations.any(|location| self.locations.contains(location)))
    }
}

fn each<T: Ord>(
    texts: &[String],
    field: &str,
    max: usize,
    violations: &mut Violations,
    one: impl Fn(&str, &str, &mut Violations) -> Option<T>,
) -> Option<BTreeSet<T>> {
    if texts.len() > max {
        violations.push(field, format!("must have at most {max} elements"));
        return None;
    }
    let decoded = texts.iter().enumerate();
    let decoded: Vec<Option<T>> =
        decoded.map(|(index, text)| one(text, &decode::path(field, index, ""), violations)).collect();
    decoded.into_iter().collect()
}
