//! Holds and allocation runs.

use super::*;
use crate::stock::allocate::{AllocationChunk, Gain, GainOutcome, PassedOver};
use crate::stock::hold::Hold;
use crate::stock::release::{Release, ReleaseOrder};

/// Two lines wait for 4 and 3 units, then 5 arrive.
fn waiting_book() -> ItemBook {
    let mut book = book(0, 0);
    book.reserve(&ctx(2), &wants("a", 4)).unwrap();
    book.reserve(&ctx(3), &wants("b", 3)).unwrap();
    book.receive(&ctx(4), &receipt("main", 5)).unwrap();
    book
}

fn gain(book: &ItemBook, name: &str, quantity: i64) -> Gain {
    Gain { key: part_1(name), expected_version: claim(book, name).version, quantity: units(quantity) }
}

fn chunk(book: &ItemBook, gains: Vec<Gain>, passed_over: &[&str]) -> AllocationChunk {
    let open = book.holds().filter(|hold| !hold.quantity.is_zero());
    let passed = |name: &&str| PassedOver { key: part_1(name), expected_version: claim(book, name).version };
    AllocationChunk {
        location: at("main"),
        holds: open.map(|hold| hold.id.clone()).collect(),
        gains,
        passed_over: passed_over.iter().map(passed).collect(),
        final_chunk: true,
    }
}

fn outcomes(book: &mut ItemBook, chunk: &AllocationChunk) -> Vec<GainOutcome> {
    let answer = book.apply_allocation(&ctx(5), chunk).unwrap();
    answer.outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[test]
fn an_arrival_is_held_for_the_queue_with_its_cause() {
    let book = waiting_book();
    let held: Vec<(i64, &str)> = book.holds().map(|hold: &Hold| (hold.quantity.get(), hold.cause.as_str())).collect();
    assert_eq!((held, stock_at(&book, "main")), (vec![(5, "cause 4")], (0, 0, 5)));
}

#[test]
fn an_arrival_beyond_what_waits_is_free() {
    let mut book = waiting_book();
    book.receive(&ctx(5), &receipt("main", 9)).unwrap();
    assert_eq!(stock_at(&book, "main"), (7, 0, 7));
}

#[test]
fn a_run_gives_held_units_in_its_own_order() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![gain(&book, "b", 3), gain(&book, "a", 2)], &[]);
    assert_eq!(outcomes(&mut book, &plan), [GainOutcome::Applied, GainOutcome::Applied]);
    assert_eq!((numbers(&book, "a"), numbers(&book, "b")), ((2, 2), (3, 0)));
    assert_eq!(stock_at(&book, "main"), (0, 5, 0));
}

#[test]
fn a_claim_that_changed_since_the_plan_is_skipped_and_its_units_stay_for_the_queue() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![gain(&book, "a", 4)], &[]);
    let release = Release { line: line("a"), part: None, quantity: Some(units(1)), order: ReleaseOrder::WaitingFirst };
    book.release(&ctx(5), &release).unwrap();
    assert_eq!(outcomes(&mut book, &plan), [GainOutcome::Stale]);
    assert_eq!(stock_at(&book, "main"), (0, 0, 5));
    assert_eq!(book.holds().filter(|hold| !hold.quantity.is_zero()).count(), 1);
}

#[test]
fn a_gain_without_cover_is_skipped_whole() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![gain(&book, "a", 4), gain(&book, "b", 2), gain(&book, "b", 1)], &[]);
    assert_eq!(outcomes(&mut book, &plan), [GainOutcome::Applied, GainOutcome::NoCover, GainOutcome::Applied]);
    assert_eq!(numbers(&book, "b"), (1, 2));
}

#[test]
fn a_gain_beyond_what_waits_is_not_clipped() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![gain(&book, "b", 4)], &[]);
    assert_eq!(outcomes(&mut book, &plan), [GainOutcome::NotWaiting]);
    assert_eq!(numbers(&book, "b"), (0, 3));
}

#[test]
fn what_a_run_gives_to_nobody_becomes_free_once_the_waiting_lines_are_passed_over() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![gain(&book, "a", 4)], &["b"]);
    let answer = book.apply_allocation(&ctx(5), &plan).unwrap();
    assert_eq!((answer.left_over, stock_at(&book, "main")), (units(1), (1, 4, 0)));
    assert!(!claim(&book, "b").eligible);
    assert!(book.holds().all(|hold| hold.quantity.is_zero()));
    assert_books_right(&book);
}

#[test]
fn a_line_that_changed_since_the_plan_is_not_passed_over() {
    let mut book = waiting_book();
    let mut plan = chunk(&book, vec![], &["a", "b"]);
    plan.passed_over[1].expected_version -= 1;
    book.apply_allocation(&ctx(5), &plan).unwrap();
    assert_eq!((claim(&book, "a").eligible, claim(&book, "b").eligible), (false, true));
    assert_eq!(stock_at(&book, "main"), (2, 0, 3));
}

#[test]
fn units_that_an_eligible_line_still_waits_for_are_held_anew_at_the_end_of_a_run() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![], &[]);
    outcomes(&mut book, &plan);
    let open: Vec<_> = book.holds().filter(|hold| !hold.quantity.is_zero()).map(|hold| hold.id.clone()).collect();
    assert_eq!((open.len(), stock_at(&book, "main")), (1, (0, 0, 5)));
    assert_ne!(open, plan.holds);
}

#[test]
fn a_chunk_that_is_not_the_last_leaves_the_holds_open() {
    let mut book = waiting_book();
    let plan = AllocationChunk { final_chunk: false, ..chunk(&book, vec![gain(&book, "a", 1)], &[]) };
    outcomes(&mut book, &plan);
    assert_eq!(stock_at(&book, "main"), (0, 1, 4));
    assert_books_right(&book);
}

#[test]
fn a_hold_that_is_closed_holds_nothing_for_a_second_run() {
    let mut book = waiting_book();
    let plan = chunk(&book, vec![], &["a", "b"]);
    outcomes(&mut book, &plan);
    assert_eq!(stock_at(&book, "main"), (5, 0, 0));
    assert_eq!(book.apply_allocation(&ctx(6), &plan).unwrap().left_over, Quantity::ZERO);
}

#[test]
fn held_units_given_to_a_line_that_is_not_eligible_are_replaced_by_free_ones() {
    let mut book = book(0, 0);
    book.reserve(&ctx(1), &ReserveLine { eligible: false, ..wants("by-hand", 1) }).unwrap();
    book.reserve(&ctx(2), &wants("a", 7)).unwrap();
    book.receive(&ctx(3), &receipt("main", 8)).unwrap();
    let plan = AllocationChunk { final_chunk: false, ..chunk(&book, vec![gain(&book, "by-hand", 1)], &[]) };
    assert_eq!(outcomes(&mut book, &plan), [GainOutcome::Applied]);
    assert_eq!(stock_at(&book, "main"), (0, 1, 7));
}
