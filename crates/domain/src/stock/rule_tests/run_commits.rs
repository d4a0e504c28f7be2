//! Committing what a run decided: reductions, gains, and what is skipped.

use super::*;
use crate::stock::allocate::{GainOutcome, PassedOver};
use crate::stock::commit_run::{ReductionOutcome, RunDecision, RunUnits};
use crate::stock::wish::Wish;

/// `holder` has all 5 units of `main`; `first` and `second` wait for 4 and 3, with 2 more at `store`.
fn scarce_book() -> ItemBook {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &wants("holder", 5)).unwrap();
    book.reserve(&ctx(3), &ReserveLine { queue_key: "1".to_owned(), ..wants("first", 4) }).unwrap();
    let anywhere = vec![at("main"), at("store")];
    book.reserve(&ctx(4), &ReserveLine { candidates: anywhere, split_allowed: true, ..wants("second", 3) }).unwrap();
    book
}

fn units_of(book: &ItemBook, name: &str, location: &str, quantity: i64) -> RunUnits {
    let expected_version = claim(book, name).version;
    RunUnits { key: part_1(name), expected_version, location: at(location), quantity: units(quantity) }
}

fn moves(book: &ItemBook, from: (&str, i64), to: &[(&str, i64)]) -> RunDecision {
    RunDecision {
        reductions: vec![units_of(book, from.0, "main", from.1)],
        gains: to.iter().map(|(name, quantity)| units_of(book, name, "main", *quantity)).collect(),
        ..RunDecision::default()
    }
}

#[test]
fn units_that_change_hands_stay_reserved_and_the_giver_waits_for_them() {
    let mut book = scarce_book();
    let moved = book.movements().len();
    let decision = moves(&book, ("holder", 3), &[("second", 3)]);
    let answer = book.commit_run(&ctx(5), &decision).unwrap();
    assert_eq!((answer.reductions, answer.gains), (vec![ReductionOutcome::Applied], vec![GainOutcome::Applied]));
    assert_eq!((numbers(&book, "holder"), numbers(&book, "second")), ((2, 3), (3, 0)));
    assert_eq!((stock_at(&book, "main"), book.movements().len()), ((0, 5, 0), moved));
    assert_books_right(&book);
}

#[test]
fn what_nobody_got_is_held_for_the_queue() {
    let mut book = scarce_book();
    let decision = moves(&book, ("holder", 5), &[("second", 3)]);
    book.commit_run(&ctx(5), &decision).unwrap();
    assert_eq!(stock_at(&book, "main"), (0, 3, 2));
    let mut book = scarce_book();
    let mut decision = moves(&book, ("holder", 5), &[("second", 3)]);
    let passed = |name| PassedOver { key: part_1(name), expected_version: claim(&book, name).version };
    decision.passed_over = vec![passed("holder"), passed("first")];
    book.commit_run(&ctx(5), &decision).unwrap();
    assert_eq!(stock_at(&book, "main"), (2, 3, 0), "those who are passed over wait for nothing");
    assert_books_right(&book);
}

#[test]
fn a_claim_may_lose_at_one_place_and_gain_at_another() {
    let mut book = scarce_book();
    book.receive(&ctx(5), &receipt("store", 9)).unwrap();
    let decision = RunDecision {
        reductions: vec![units_of(&book, "holder", "main", 3)],
        gains: vec![units_of(&book, "second", "store", 1), units_of(&book, "second", "main", 2)],
        ..RunDecision::default()
    };
    let answer = book.commit_run(&ctx(6), &decision).unwrap();
    assert_eq!(answer.gains, [GainOutcome::Applied, GainOutcome::Applied]);
    assert_eq!(numbers(&book, "second"), (3, 0));
    assert_eq!(stock_at(&book, "main"), (0, 4, 1), "one of what was given is held for those who wait");
    assert_books_right(&book);
}

#[test]
fn held_and_free_units_cover_what_was_not_given() {
    let mut book = scarce_book();
    book.receive(&ctx(5), &receipt("main", 4)).unwrap();
    let decision = moves(&book, ("holder", 1), &[("first", 4)]);
    let answer = book.commit_run(&ctx(6), &decision).unwrap();
    assert_eq!(answer.gains, [GainOutcome::Applied]);
    assert_eq!((stock_at(&book, "main"), numbers(&book, "first")), ((0, 8, 1), (4, 0)));
    assert_books_right(&book);
}

#[test]
fn what_changed_since_is_never_overwritten() {
    let mut book = scarce_book();
    let mut decision = moves(&book, ("holder", 3), &[("second", 3)]);
    decision.reductions[0].expected_version -= 1;
    let answer = book.commit_run(&ctx(5), &decision).unwrap();
    assert_eq!((answer.reductions, answer.gains), (vec![ReductionOutcome::Stale], vec![GainOutcome::NoCover]));
    assert_eq!((numbers(&book, "holder"), numbers(&book, "second")), ((5, 0), (0, 3)));
}

#[test]
fn the_same_decision_again_changes_nothing() {
    let mut book = scarce_book();
    let decision = moves(&book, ("holder", 3), &[("second", 3)]);
    book.commit_run(&ctx(5), &decision).unwrap();
    let before = (numbers(&book, "holder"), numbers(&book, "second"), stock_at(&book, "main"));
    let answer = book.commit_run(&ctx(6), &decision).unwrap();
    assert_eq!((answer.reductions, answer.gains), (vec![ReductionOutcome::Stale], vec![GainOutcome::Stale]));
    assert_eq!((numbers(&book, "holder"), numbers(&book, "second"), stock_at(&book, "main")), before);
}

#[test]
fn units_in_the_warehouse_s_hands_are_not_taken() {
    let mut book = scarce_book();
    let handed = crate::stock::release::LineUnits {
        line: line("holder"),
        part: None,
        location: Some(at("main")),
        quantity: units(4),
    };
    book.release_to_warehouse(&ctx(5), &handed).unwrap();
    let decision = moves(&book, ("holder", 2), &[]);
    let answer = book.commit_run(&ctx(6), &decision).unwrap();
    assert_eq!(answer.reductions, [ReductionOutcome::NotReserved]);
    let decision = moves(&book, ("holder", 1), &[("second", 1)]);
    let answer = book.commit_run(&ctx(7), &decision).unwrap();
    assert_eq!(answer.reductions, [ReductionOutcome::Applied]);
    assert_books_right(&book);
}

#[test]
fn claims_that_are_not_for_runs_neither_give_nor_get() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &soft("cart", 2)).unwrap();
    book.reserve(&ctx(3), &wants("holder", 3)).unwrap();
    let wish = Wish { batch: None, shelf_life_days: 10 };
    book.reserve(&ctx(4), &ReserveLine { wish, ..wants("fresh", 2) }).unwrap();
    let decision = RunDecision {
        reductions: vec![units_of(&book, "cart", "main", 1), units_of(&book, "holder", "main", 2)],
        gains: vec![units_of(&book, "fresh", "main", 2)],
        ..RunDecision::default()
    };
    let answer = book.commit_run(&ctx(5), &decision).unwrap();
    assert_eq!(answer.reductions, [ReductionOutcome::NotForRuns, ReductionOutcome::Applied]);
    assert_eq!(answer.gains, [GainOutcome::NotWaiting]);
    assert_books_right(&book);
}

#[test]
fn pegs_are_settled_with_the_last_decision_about_the_item() {
    let mut book = scarce_book();
    book.create_supply(&ctx(5), &purchase("po", 3, date(2026, 3, 9))).unwrap();
    let versions = |book: &ItemBook| (claim(book, "holder").version, claim(book, "second").version);
    let before = versions(&book);
    let first = RunDecision { more_follow: true, ..moves(&book, ("holder", 3), &[]) };
    book.commit_run(&ctx(6), &first).unwrap();
    assert_eq!(versions(&book), (before.0 + 1, before.1), "only the claim that is named changed");
    let last = moves(&book, ("holder", 1), &[("second", 3)]);
    assert_eq!(book.commit_run(&ctx(7), &last).unwrap().gains, [GainOutcome::Applied]);
    assert_books_right(&book);
}
