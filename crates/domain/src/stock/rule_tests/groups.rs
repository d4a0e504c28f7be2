//! Groups of demand: what is consumed when units enter a claim, and what is given back.

use super::*;
use crate::allocation::group::protection::OutsideProtection;
use crate::stock::allocate::{AllocationChunk, Gain, GainOutcome};
use crate::stock::error::StockError;
use crate::stock::groups::{
    Bucket, Characteristics, GroupLimit, ItemGroups, LocationProtections, ProtectionGroup, QuotaGroup, QuotaPeriod,
    QuotaRules,
};
use crate::stock::reassign::Reassign;
use crate::stock::release::{Release, ReleaseOrder};
use crate::stock::reserve::Refusal;

fn values(tier: &str) -> Vec<String> {
    vec![tier.to_owned()]
}

fn of(tier: &str, line: ReserveLine) -> ReserveLine {
    let characteristics = Characteristics::from([("tier".to_owned(), tier.to_owned())]);
    ReserveLine { characteristics: characteristics.into(), ..line }
}

/// What GOLD may take in each of two weeks, with what the first leaves over for the second.
fn weekly(maximum: i64) -> ItemGroups {
    let week =
        |from, until| QuotaPeriod { from: date(2026, 3, from), until: date(2026, 3, until), maximum: units(maximum) };
    let group = QuotaGroup { values: values("GOLD"), periods: vec![week(1, 8), week(8, 15)] };
    let plans = vec![QuotaRules { groups: vec![group], backward_periods: 1, forward_periods: 0 }];
    ItemGroups { levels: vec!["tier".to_owned()], plans, ..ItemGroups::default() }
}

/// What is kept at `main`.
fn kept(groups: &[(&str, u32, u32, i64)]) -> ItemGroups {
    let group = |&(tier, core, priority, protected): &(&str, u32, u32, i64)| ProtectionGroup {
        values: values(tier),
        core,
        priority,
        protected: units(protected),
    };
    let groups = groups.iter().map(group).collect();
    let there = LocationProtections { location: at("main"), outside: OutsideProtection::AllProtections, groups };
    ItemGroups { levels: vec!["tier".to_owned()], protections: vec![there], ..ItemGroups::default() }
}

fn grouped(main: i64, store: i64, rules: &ItemGroups) -> ItemBook {
    let mut book = book(main, store);
    book.put_groups(&ctx(2), rules, Some(0)).unwrap();
    book
}

/// Consumed of the first and the second week.
fn weeks(book: &ItemBook) -> [i64; 2] {
    let of_week = |day| Bucket::of_quota(0, date(2026, 3, day), &values("GOLD"));
    [1, 8].map(|day| book.consumed_of_groups().get(&of_week(day)).copied().unwrap_or_default().get())
}

fn give_back(book: &mut ItemBook, name: &str, quantity: i64) {
    let quantity = Some(units(quantity));
    let release = Release { line: line(name), part: None, quantity, order: ReleaseOrder::ReservedFirst };
    book.release(&ctx(20), &release).unwrap();
}

#[test]
fn rules_are_refused_on_a_version_that_nobody_has_and_count_their_writes() {
    let mut book = grouped(5, 0, &weekly(3));
    assert_eq!(book.groups_version(), 1);
    let late = book.put_groups(&ctx(3), &weekly(9), Some(0)).unwrap_err();
    assert!(matches!(late, StockError::VersionMismatch { expected: 0, actual: 1, .. }));
    assert_eq!(book.group_rules(), Some(&weekly(3)));
    assert_eq!(book.put_groups(&ctx(3), &weekly(9), None), Ok(2));
}

#[test]
fn positions_count_as_changed_when_groups_are_set() {
    let mut book = book(5, 0);
    let before = book.position(&at("main")).unwrap().version;
    book.put_groups(&ctx(2), &weekly(3), None).unwrap();
    assert_eq!(book.position(&at("main")).unwrap().version, before + 1);
    assert_eq!(book.position(&at("store")).unwrap().version, 0, "what has no row gets none");
}

#[test]
fn what_was_taken_last_is_given_back_first() {
    let mut book = grouped(20, 0, &weekly(3));
    book.reserve(&ctx(3), &of("GOLD", wants("a", 5))).unwrap();
    assert_eq!((numbers(&book, "a"), weeks(&book)), ((3, 2), [3, 0]));
    give_back(&mut book, "a", 1);
    assert_eq!((numbers(&book, "a"), weeks(&book)), ((2, 2), [2, 0]));
    assert_eq!(stock_at(&book, "main"), (17, 2, 1), "the unit is held for who waits and may take it");
    assert_books_right(&book);
}

#[test]
fn a_line_of_a_set_gets_all_within_its_quota_or_nothing_and_is_told_why() {
    let mut book = grouped(20, 0, &weekly(3));
    let whole =
        |line| ReserveLine { all_or_nothing_group: Some("set".to_owned()), shortfall: Shortfall::Refuse, ..line };
    let outcome = book.reserve(&ctx(3), &whole(of("GOLD", wants("a", 4)))).unwrap();
    assert_eq!((outcome.refused.get(), outcome.refusal), (4, Some(Refusal::Limited(GroupLimit::Quota))));
    let outcome = book.reserve(&ctx(4), &whole(of("GOLD", wants("b", 3)))).unwrap();
    assert_eq!((outcome.refused.get(), outcome.limited), (0, None));
    assert_books_right(&book);
}

#[test]
fn a_run_gives_what_a_claim_may_take_wholly_or_not_at_all() {
    let mut book = grouped(0, 0, &weekly(3));
    for name in ["a", "b"] {
        book.reserve(&ctx(3), &of("GOLD", wants(name, 2))).unwrap();
    }
    book.receive(&ctx(4), &receipt("main", 9)).unwrap();
    assert_eq!(stock_at(&book, "main"), (6, 0, 3));
    let gain =
        |name: &str| Gain { key: part_1(name), expected_version: claim(&book, name).version, quantity: units(2) };
    let chunk = AllocationChunk {
        location: at("main"),
        holds: book.holds().map(|hold| hold.id.clone()).collect(),
        gains: vec![gain("a"), gain("b")],
        passed_over: Vec::new(),
        final_chunk: true,
    };
    let answer = book.apply_allocation(&ctx(5), &chunk).unwrap();
    let outcomes: Vec<GainOutcome> = answer.outcomes.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, [GainOutcome::Applied, GainOutcome::Limited]);
    assert_eq!(stock_at(&book, "main"), (6, 2, 1), "what is left of the quota is held for the other");
    assert_books_right(&book);
}

#[test]
fn units_that_a_person_gives_to_another_group_change_the_bucket() {
    let mut book = grouped(5, 0, &weekly(1));
    book.reserve(&ctx(3), &of("STD", wants("giver", 5))).unwrap();
    book.reserve(&ctx(4), &of("GOLD", wants("taker", 3))).unwrap();
    let version = |name: &str| claim(&book, name).version;
    let reassign = Reassign {
        from: part_1("giver"),
        from_version: version("giver"),
        to: part_1("taker"),
        to_version: version("taker"),
        location: at("main"),
        quantity: units(3),
    };
    book.reassign(&ctx(5), &reassign).unwrap();
    assert_eq!((numbers(&book, "taker"), weeks(&book)), ((3, 0), [3, 0]), "beyond the quota");
    assert_books_right(&book);
}

#[test]
fn peers_share_what_is_there_and_who_is_of_no_group_gets_what_is_beyond_all() {
    let rules = kept(&[("A", 1, 1, 6), ("B", 2, 1, 6)]);
    let mut book = grouped(8, 0, &rules);
    let outcome = book.reserve(&ctx(3), &of("A", wants("a", 8))).unwrap();
    assert_eq!((numbers(&book, "a"), outcome.limited), ((4, 4), Some(GroupLimit::Protection)));
    let nobody = book.reserve(&ctx(4), &wants("nobody", 1)).unwrap();
    assert_eq!((nobody.waiting.get(), nobody.limited), (1, Some(GroupLimit::Protection)));
    book.reserve(&ctx(5), &of("B", wants("b", 4))).unwrap();
    // Of the 4 that were left, each group is held what is its share of them.
    assert_eq!((numbers(&book, "b"), stock_at(&book, "main")), ((2, 2), (0, 6, 2)));
    assert_books_right(&book);
}

#[test]
fn what_one_group_takes_elsewhere_lets_nobody_wait_beside_units_that_it_may_take() {
    let mut book = grouped(4, 4, &weekly(5));
    let both = |line| ReserveLine { candidates: vec![at("main"), at("store")], split_allowed: true, ..line };
    book.reserve(&ctx(3), &of("GOLD", both(wants("a", 4)))).unwrap();
    book.reserve(&ctx(4), &of("GOLD", ReserveLine { candidates: vec![at("store")], ..wants("b", 3) })).unwrap();
    assert_eq!((numbers(&book, "b"), stock_at(&book, "store")), ((1, 2), (3, 1, 0)));
    give_back(&mut book, "a", 2);
    assert_eq!(stock_at(&book, "store"), (1, 1, 2), "two that were given back at the one may be taken at the other");
    assert_books_right(&book);
}
