//! The short form of a policy: a strategy for each tier, and one order of service for all.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    AllocationPolicy, ExceptionBehaviour, FallbackScope, LineScope, Segment, SortBy, SortKey, Strategy as Rule,
};
use crate::{
    allocation::{
        filter::Filter,
        sequence::{SequenceKey, ServingSequence},
    },
    ids::PolicyId,
};

impl AllocationPolicy {
    /// The policy that gives each tier a strategy and all others the default one; within a strategy lines are served by a
    /// sequence, or in their places of the queue. An item in which an exception occurs stays as it was.
    ///
    /// There is one segment for each strategy, since lines of one strategy are served in one order.
    #[must_use]
    pub fn by_tier(default: Rule, of_tiers: &BTreeMap<String, Rule>, sequence: Option<&ServingSequence>) -> Self {
        let sort = sequence.map_or_else(|| vec![SortKey::usual(SortBy::Queue)], sort_keys);
        let segment = |(strategy, seq): (Rule, u32), include: Option<Filter>| Segment {
            name: strategy.word().to_owned(),
            scope: LineScope { include, exclude: None },
            strategy,
            evaluation_seq: seq,
            check_seq: seq,
            sort: sort.clone(),
        };
        let mut segments = Vec::new();
        for (strategy, seq) in Rule::ALL.into_iter().zip(1..).filter(|(strategy, _)| *strategy != default) {
            let of = |(tier, given): (_, &Rule)| (*given == strategy).then_some(tier);
            let tiers: BTreeSet<&str> =
                of_tiers.iter().map(|(tier, given)| (tier.as_str(), given)).filter_map(of).collect();
            if !tiers.is_empty() {
                segments.push(segment((strategy, seq), Some(Filter::of_tiers(&tiers))));
            }
        }
        segments.push(segment((default, 100), None));
        Self {
            id: PolicyId::from_uuid(Uuid::nil()),
            global: None,
            segments,
            exception_behaviour: ExceptionBehaviour::StopFailedCombinations,
            fallback_scope: FallbackScope::FailedCombinations,
            fallback: None,
            promotion_days: None,
            tiers: sequence.map(|sequence| sequence.tiers().to_vec()).unwrap_or_default(),
            channels: sequence.map(|sequence| sequence.channels().to_vec()).unwrap_or_default(),
        }
    }
}

/// The keys of a sequence; what ties is served as it joined the queue.
fn sort_keys(sequence: &ServingSequence) -> Vec<SortKey> {
    let by = |key: &SequenceKey| match key {
        // Where no name has a place, all have the same.
        SequenceKey::Tier => (!sequence.tiers().is_empty()).then_some(SortBy::Tier),
        SequenceKey::Channel => (!sequence.channels().is_empty()).then_some(SortBy::Channel),
        SequenceKey::RequestedDate => Some(SortBy::RequestedDate),
        SequenceKey::OrderTime => Some(SortBy::OrderTime),
        SequenceKey::Margin => Some(SortBy::Margin),
        SequenceKey::Value => Some(SortBy::Value),
        SequenceKey::Age => Some(SortBy::Age),
    };
    let mut keys: Vec<SortKey> = sequence.keys().iter().filter_map(by).map(SortKey::usual).collect();
    if !keys.iter().any(|key| key.by == SortBy::OrderTime) {
        keys.push(SortKey::usual(SortBy::OrderTime));
    }
    keys
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::{super::Lines, *};
    use crate::allocation::filter::{Attribute, Facts, facts::Column};

    /// The order in which lines of these tiers are served that stand in the queue as they are given, the last one first.
    fn served(policy: &AllocationPolicy, tiers: &[&str]) -> Vec<u32> {
        let many = tiers.len();
        let column = |texts: &[&str]| Column::of_texts(texts.iter().map(|text| Some(*text)));
        let facts = Facts::try_new(many).unwrap().with(Attribute::CustomerTier, column(tiers)).unwrap();
        let facts = facts.with(Attribute::LineRequestedDate, Column::Days(vec![0; many].into())).unwrap();
        let queue: Vec<i64> = (0..i64::try_from(many).unwrap()).rev().collect();
        let requirements: Vec<u32> = (0..u32::try_from(many).unwrap()).collect();
        let (items, created_at) = (vec![0; many], vec![0; many]);
        let lines = Lines {
            facts: &facts,
            items: &items,
            item_count: 1,
            created_at: &created_at,
            queue: &queue,
            requirements: &requirements,
        };
        policy.arrange(&lines, jiff::civil::date(2026, 3, 2)).unwrap().lines_of(0).to_vec()
    }

    #[test]
    fn lines_of_one_strategy_are_served_in_their_places_of_the_queue_whatever_their_tier() {
        let rules = [("GOLD", Rule::Win), ("IRON", Rule::Skip), ("", Rule::Fill), ("TIN", Rule::Improve)];
        let rules = rules.map(|(tier, strategy)| (tier.to_owned(), strategy)).into();
        let policy = AllocationPolicy::by_tier(Rule::Improve, &rules, None);
        assert_eq!(served(&policy, &["TIN", "", "GOLD", "IRON", "else", "GOLD"]), [5, 2, 4, 0, 1]);
    }

    #[test]
    fn a_sequence_orders_the_lines_and_what_ties_is_served_as_it_came() {
        let tiers = vec!["GOLD".to_owned(), "TIN".to_owned()];
        let sequence = ServingSequence::try_new(vec![SequenceKey::Tier], tiers, Vec::new()).unwrap();
        let policy = AllocationPolicy::by_tier(Rule::Improve, &BTreeMap::new(), Some(&sequence));
        assert_eq!(served(&policy, &["", "TIN", "GOLD", "GOLD"]), [2, 3, 1, 0]);
        let unnamed = AllocationPolicy::by_tier(Rule::Improve, &BTreeMap::new(), Some(&ServingSequence::default()));
        assert_eq!(served(&unnamed, &["TIN", "GOLD"]), [0, 1], "no tier is named");
    }

    #[test]
    fn the_filter_of_tiers_says_what_it_does_as_an_expression() {
        let rules = [(r#"a"b\c"#.to_owned(), Rule::Win), ("GOLD".to_owned(), Rule::Win)].into();
        let policy = AllocationPolicy::by_tier(Rule::Improve, &rules, None);
        let filter = policy.segments()[0].scope().include().unwrap();
        assert_eq!(Filter::try_new(filter.source()).unwrap(), *filter);
    }
}
