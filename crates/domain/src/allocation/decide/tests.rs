//! Policies over small backlogs: who is claimed, what stops, who takes over.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;
use crate::allocation::{
    filter::{Attribute, Facts, facts::Column},
    policy::{ExceptionBehaviour, Lines, PolicyDraft, ScopeDraft, SegmentDraft, SortBy, SortKey},
    run::{Confirmation, Constraint, ExceptionKind, NO_GROUP, NO_SHARE, NOT_LENDING, NoLimits, Requirement, Terms},
};

/// A line: tier, item, units wanted for today, units confirmed for today.
type Line = (&'static str, u32, i64, i64);

/// Lines of items whose place has the number of the item.
fn backlog(lines: &[Line], supplies: &[(u32, i32, i64)]) -> Backlog {
    let mut demand = Demand { terms: vec![Terms::default()], ..Demand::default() };
    for (_, item, quantity, confirmed) in lines {
        let begin = u32::try_from(demand.confirmed.len()).unwrap();
        if *confirmed > 0 {
            demand.confirmed.push(Confirmation { day: Day(0), place: *item, quantity: *confirmed });
        }
        let place = u32::try_from(demand.places.len()).unwrap();
        demand.places.push(*item);
        demand.requirements.push(Requirement {
            quantity: *quantity,
            requested: Day(0),
            latest: Day::MAX,
            strategy: crate::allocation::run::Strategy::Lose,
            terms: 0,
            places: (place, place + 1),
            own_places: 1,
            confirmed: (begin, u32::try_from(demand.confirmed.len()).unwrap()),
            group: NO_GROUP,
            set: NO_SET,
            share: NO_SHARE,
            lends_days: NOT_LENDING,
        });
    }
    let supply =
        |(place, day, quantity): &(u32, i32, i64)| Supply { place: *place, day: Day(*day), quantity: *quantity };
    Backlog { demand, supplies: supplies.iter().map(supply).collect(), places: 3, outside: Vec::new(), today: Day(0) }
}

fn segment(name: &str, tier: &str, strategy: Rule, seq: u32) -> SegmentDraft {
    SegmentDraft {
        name: name.to_owned(),
        scope: ScopeDraft { include: format!("customer.tier == {tier:?}"), exclude: String::new() },
        strategy,
        evaluation_seq: seq,
        check_seq: seq,
        sort: vec![SortKey::usual(SortBy::RequestedDate)],
    }
}

fn policy(segments: Vec<SegmentDraft>, behaviour: ExceptionBehaviour, scope: FallbackScope) -> AllocationPolicy {
    AllocationPolicy::try_new(PolicyDraft {
        id: "scarce".to_owned(),
        global: None,
        segments,
        exception_behaviour: behaviour,
        fallback_scope: scope,
        fallback: Some("other".to_owned()),
        promotion_days: None,
        tiers: vec!["A".to_owned(), "B".to_owned(), "C".to_owned()],
        channels: Vec::new(),
    })
    .unwrap()
}

fn arrange(policy: &AllocationPolicy, lines: &[Line]) -> Arrangement {
    let tiers = Column::of_texts(lines.iter().map(|line| Some(line.0)));
    let facts = Facts::try_new(lines.len()).unwrap().with(Attribute::CustomerTier, tiers).unwrap();
    let facts = facts.with(Attribute::LineRequestedDate, Column::Days(vec![0; lines.len()].into())).unwrap();
    let items: Vec<u32> = lines.iter().map(|line| line.1).collect();
    let numbers: Vec<u32> = (0..u32::try_from(lines.len()).unwrap()).collect();
    let created_at = vec![0; lines.len()];
    let lines = Lines {
        facts: &facts,
        items: &items,
        item_count: 3,
        created_at: &created_at,
        queue: &created_at,
        requirements: &numbers,
    };
    policy.arrange(&lines, jiff::civil::date(1970, 1, 1)).unwrap()
}

/// Units that each line is confirmed in the end.
fn units(backlog: &Backlog, decided: &Decided) -> Vec<i64> {
    let many = u32::try_from(backlog.demand.requirements.len()).unwrap();
    let of = |line| decided.plan.confirmed(&backlog.demand, line).iter().map(|part| part.quantity).sum();
    (0..many).map(of).collect()
}

/// A wins, B redistributes, C is skipped; the other policy gives everybody what is left, C first.
fn both(behaviour: ExceptionBehaviour, scope: FallbackScope) -> (AllocationPolicy, AllocationPolicy) {
    let first = vec![
        segment("first", "A", Rule::Win, 1),
        segment("rest", "B", Rule::Redistribute, 2),
        segment("never", "C", Rule::Skip, 3),
    ];
    let other = vec![
        segment("last", "C", Rule::Redistribute, 1),
        segment("rest", "B", Rule::Redistribute, 2),
        segment("first", "A", Rule::Redistribute, 3),
    ];
    let plain = ExceptionBehaviour::StopFailedCombinations;
    (policy(first, behaviour, scope), policy(other, plain, FallbackScope::FailedCombinations))
}

/// Item 0 fails: its winner wants more than there is. Item 1 does not.
const FAILING: &[Line] = &[("A", 0, 9, 0), ("B", 0, 4, 3), ("C", 0, 3, 2), ("A", 1, 4, 0), ("B", 1, 4, 2)];
const SCARCE: &[(u32, i32, i64)] = &[(0, 0, 8), (1, 0, 5)];

fn run_both(behaviour: ExceptionBehaviour, scope: FallbackScope, with_fallback: bool) -> (Vec<i64>, Decided) {
    let (first, other) = both(behaviour, scope);
    let (first_order, other_order) = (arrange(&first, FAILING), arrange(&other, FAILING));
    let backlog = backlog(FAILING, SCARCE);
    let fallback = with_fallback.then_some(Arranged { policy: &other, arrangement: &other_order });
    let first = Arranged { policy: &first, arrangement: &first_order };
    let decided = decide(&backlog, first, fallback, || NoLimits).unwrap();
    (units(&backlog, &decided), decided)
}

#[test]
fn a_skipped_line_keeps_what_it_has_and_takes_it_from_the_others() {
    let lines = [("A", 0, 4, 0), ("B", 0, 4, 3), ("C", 0, 3, 2)];
    let (first, _) = both(ExceptionBehaviour::StopFailedCombinations, FallbackScope::FailedCombinations);
    let arrangement = arrange(&first, &lines);
    let backlog = backlog(&lines, &[(0, 0, 7)]);
    let decided = decide(&backlog, Arranged { policy: &first, arrangement: &arrangement }, None, || NoLimits).unwrap();
    assert_eq!(units(&backlog, &decided), [4, 1, 2]);
    assert_eq!(decided.plan.outcomes[2].reason, Reason::NotInRun);
}

#[test]
fn a_failed_combination_stays_as_it_was_and_the_others_are_decided() {
    let failed = FallbackScope::FailedCombinations;
    let (units, decided) = run_both(ExceptionBehaviour::StopFailedCombinations, failed, false);
    assert_eq!(units, [0, 3, 2, 4, 1]);
    let exception = PoolException { requirement: 0, kind: ExceptionKind::Win, missing: 3, binding: Constraint::Supply };
    assert_eq!(decided.exceptions, [exception]);
}

#[test]
fn the_fallback_decides_about_failed_combinations_only() {
    let failed = FallbackScope::FailedCombinations;
    let (units, decided) = run_both(ExceptionBehaviour::StopFailedCombinations, failed, true);
    // C first, then B, then A in item 0; item 1 as the first policy decided.
    assert_eq!(units, [1, 4, 3, 4, 1]);
    assert_eq!(decided.by_fallback, [true, true, true, false, false]);
}

#[test]
fn an_unrestricted_fallback_decides_about_everything_on_top_of_the_first() {
    let (units, decided) = run_both(ExceptionBehaviour::StopFailedCombinations, FallbackScope::Unrestricted, true);
    assert_eq!(units, [1, 4, 3, 1, 4]);
    assert!(decided.by_fallback.iter().all(|by_fallback| *by_fallback));
}

#[test]
fn a_run_that_stops_completely_leaves_everything_to_the_fallback() {
    let (units, decided) = run_both(ExceptionBehaviour::StopCompletely, FallbackScope::Unrestricted, false);
    assert_eq!(units, [0, 3, 2, 0, 2], "as before");
    assert_eq!(decided.plan.outcomes[3].reason, Reason::Discarded);
    let (units, _) = run_both(ExceptionBehaviour::StopCompletely, FallbackScope::Unrestricted, true);
    assert_eq!(units, [1, 4, 3, 1, 4]);
}

#[test]
fn items_of_one_ship_set_are_decided_about_together() {
    let lines = [("B", 0, 2, 0), ("B", 1, 2, 0), ("A", 1, 4, 0)];
    let (first, _) = both(ExceptionBehaviour::StopFailedCombinations, FallbackScope::FailedCombinations);
    let arrangement = arrange(&first, &lines);
    let mut backlog = backlog(&lines, &[(0, 0, 2), (1, 0, 5)]);
    for line in 0..2 {
        backlog.demand.requirements[line].set = 7;
    }
    let arranged = Arranged { policy: &first, arrangement: &arrangement };
    let decided = decide(&backlog, arranged, None, || NoLimits).unwrap();
    // A comes first and leaves one of item 1, so the set of B gets nothing.
    assert_eq!(units(&backlog, &decided), [0, 0, 4]);
}

#[test]
fn what_the_fallback_changes_is_told_against_what_was_before_the_run() {
    let failed = FallbackScope::FailedCombinations;
    let (_, decided) = run_both(ExceptionBehaviour::StopFailedCombinations, failed, true);
    let reasons: Vec<Reason> = decided.plan.outcomes.iter().map(|outcome| outcome.reason).collect();
    use Reason::{Improved, Worsened};
    assert_eq!(reasons, [Improved, Improved, Improved, Improved, Worsened]);
}
