//! By which strategy and in which order lines are decided about, and which lines.
//!
//! This is the one place that maps a line to its strategy and its place: a policy with segments replaces [`Rules`].

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use backorder_domain::{
    allocation::{run::Strategy, sequence::ServingSequence},
    ids::{ItemId, LocationId},
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, allocation::sequence_of, decode},
};

use super::live::{LineFacts, LiveClaim};

/// Items or locations in a scope at most.
const NAMES_MAX: usize = 1_000;
/// Tiers or channels in a scope, and tiers with a strategy, at most.
const GROUPS_MAX: usize = 100;
/// Bytes of a tier or channel at most, as for orders.
const GROUP_BYTES_MAX: usize = 50;

/// What a line may gain and lose; `None` leaves it out.
pub type OfLine = Option<Strategy>;

/// The rules of a run.
#[derive(Debug, Clone)]
pub struct Rules {
    default: OfLine,
    of_tiers: BTreeMap<String, OfLine>,
    /// The order within a strategy; `None` is the order of inventory's queue.
    sequence: Option<ServingSequence>,
}

impl Default for Rules {
    /// Every line keeps what it has and betters it where it can, in the order of the queue.
    ///
    /// Improve and not Redistribute: it serves in the same order, and does not move what a line was confirmed for a better
    /// fit with its wishes when that would make it later.
    fn default() -> Self {
        Self { default: Some(Strategy::Improve), of_tiers: BTreeMap::new(), sequence: None }
    }
}

impl Rules {
    /// The strategy of a tier's lines.
    #[must_use]
    pub fn strategy_of(&self, tier: &str) -> OfLine {
        self.of_tiers.get(tier).copied().unwrap_or(self.default)
    }

    /// The place of a claim among those of its strategy: a bytewise smaller key comes first.
    #[must_use]
    pub fn queue_key<'c>(&self, claim: &'c LiveClaim, facts: &LineFacts) -> Cow<'c, str> {
        match &self.sequence {
            Some(sequence) => Cow::Owned(facts.queue_key(sequence, claim.queue_time)),
            None => Cow::Borrowed(&claim.queue_key),
        }
    }

    /// The rules of a message; missing ones are the default.
    pub fn decode(rules: Option<&pb::RunRules>, violations: &mut Violations) -> Option<Self> {
        let Some(rules) = rules else { return Some(Self::default()) };
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
            if of_tiers.insert(tier, strategy_of_message(strategy?)).is_some() {
                violations.push(field("tier"), "must not be named twice");
            }
        }
        let sequence = match &rules.sequence {
            None => None,
            Some(sequence) => Some(sequence_of(sequence, "rules.sequence", violations)?),
        };
        Some(Self { default: strategy_of_message(default?), of_tiers, sequence })
    }
}

/// Unspecified is the default one.
fn strategy_of_message(strategy: pb::RunStrategy) -> OfLine {
    match strategy {
        pb::RunStrategy::Win => Some(Strategy::Win),
        pb::RunStrategy::Gain => Some(Strategy::Gain),
        pb::RunStrategy::Unspecified | pb::RunStrategy::Improve => Some(Strategy::Improve),
        pb::RunStrategy::Redistribute => Some(Strategy::Redistribute),
        pb::RunStrategy::Fill => Some(Strategy::Fill),
        pb::RunStrategy::Lose => Some(Strategy::Lose),
        pb::RunStrategy::Skip => None,
    }
}

/// A strategy on the wire.
#[must_use]
pub const fn strategy_message(strategy: Strategy) -> pb::RunStrategy {
    match strategy {
        Strategy::Win => pb::RunStrategy::Win,
        Strategy::Gain => pb::RunStrategy::Gain,
        Strategy::Improve => pb::RunStrategy::Improve,
        Strategy::Redistribute => pb::RunStrategy::Redistribute,
        Strategy::Fill => pb::RunStrategy::Fill,
        Strategy::Lose => pb::RunStrategy::Lose,
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
