//! What a claim asks of its units: it gets bound units that fit, in its turn, and waits for others.

use std::collections::BTreeSet;

use jiff::{ToSpan as _, civil::Date};

use super::batches::{assert_batches_right, batch, of_batch};
use super::warehouse::of_line;
use super::*;
use crate::stock::allocate::{AllocationChunk, Gain, GainOutcome};
use crate::stock::batch::BatchInfo;
use crate::stock::books::StockBooks;
use crate::stock::error::StockError;
use crate::stock::ship_set::{SetCover, ShipSet};
use crate::stock::wish::Wish;

fn asks(name: &str, quantity: i64, of: &str, shelf_life_days: u16) -> ReserveLine {
    let wish = Wish { batch: (!of.is_empty()).then(|| batch(of)), shelf_life_days };
    ReserveLine { wish, ..wants(name, quantity) }
}

fn bound(book: &ItemBook, name: &str) -> Vec<(String, i64)> {
    let reservations = &book.claim(&part_1(name)).unwrap().reservations;
    let said = reservations.iter().map(|r| (r.batch.as_ref().map(ToString::to_string), r.quantity.get()));
    said.map(|(batch, quantity)| (batch.unwrap_or_default(), quantity)).collect()
}

/// Decides about the line of a claim that asks something of its units.
fn cover(book: ItemBook, number: u32, name: &str) -> (ItemBook, SetCover) {
    let item = book.item().clone();
    let mut books = StockBooks::default();
    books.insert(book);
    let lines = vec![(item.clone(), part_1(name).line)];
    let set = ShipSet { lines, days: 0, keep_held: BTreeSet::new(), keeps_part: true };
    let cover = books.cover_set(&ctx(number), &set).unwrap();
    (books.get(&item).unwrap().clone(), cover)
}

fn days(days: i32) -> Option<Date> {
    Some(today().checked_add(days.days()).unwrap())
}

#[test]
fn a_shelf_life_counts_from_the_later_of_today_and_the_requested_day() {
    let wish = Wish { batch: None, shelf_life_days: 10 };
    let (today, later) = (date(2026, 3, 1), date(2026, 3, 5));
    assert_eq!(wish.earliest_best_before(today, Some(later)), Some(date(2026, 3, 15)));
    assert_eq!(wish.earliest_best_before(later, Some(today)), Some(date(2026, 3, 15)));
    assert_eq!(wish.earliest_best_before(today, None), Some(date(2026, 3, 11)));
    assert_eq!(Wish::default().earliest_best_before(today, None), None);
}

#[test]
fn what_fits_is_bound_what_expires_first_first_and_the_rest_waits() {
    let mut book = book(4, 0);
    let (soon, late) = (days(20), days(60));
    book.receive(&ctx(2), &of_batch("short", 2, days(5))).unwrap();
    book.receive(&ctx(3), &of_batch("late", 2, late)).unwrap();
    book.receive(&ctx(4), &of_batch("soon", 1, soon)).unwrap();

    let line = ReserveLine { requested_date: None, ..asks("a", 4, "", 20) };
    let outcome = book.reserve(&ctx(5), &line).unwrap();

    assert_eq!(bound(&book, "a"), [("late".to_owned(), 2), ("soon".to_owned(), 1)]);
    assert_eq!((outcome.waiting, outcome.refused), (units(1), units(0)));
    assert_eq!(book.position(&at("main")).unwrap().available, units(6), "no more is put aside");
    assert_books_right(&book);
    assert_batches_right(&book);
}

#[test]
fn a_claim_that_asks_takes_in_its_turn_what_fits_and_runs_pass_over_it() {
    let mut book = book(0, 0);
    book.reserve(&ctx(2), &wants("first", 1)).unwrap();
    book.reserve(&ctx(3), &asks("a", 2, "red", 0)).unwrap();
    book.receive(&ctx(4), &of_batch("blue", 2, None)).unwrap();
    book.receive(&ctx(5), &of_batch("red", 2, None)).unwrap();
    assert_eq!(book.position(&at("main")).unwrap().held, units(3), "a run decides first");
    let gain = Gain { key: part_1("a"), expected_version: claim(&book, "a").version, quantity: units(1) };
    let chunk = AllocationChunk {
        location: at("main"),
        holds: book.holds().map(|hold| hold.id.clone()).collect(),
        gains: vec![gain],
        passed_over: Vec::new(),
        final_chunk: false,
    };
    let answer = book.apply_allocation(&ctx(50), &chunk).unwrap();
    assert_eq!(answer.outcomes, [(part_1("a"), GainOutcome::NotWaiting)]);

    let (book, cover) = cover(book, 6, "a");

    assert_eq!((cover, bound(&book, "a")), (SetCover::Complete, vec![("red".to_owned(), 2)]));
    assert!(book.claim(&part_1("first")).unwrap().reserved.is_zero(), "one blue one is left for it");
    assert_batches_right(&book);
}

#[test]
fn what_waits_for_a_batch_is_pegged_to_nothing() {
    let mut book = book(0, 0);
    book.reserve(&ctx(2), &asks("a", 2, "red", 0)).unwrap();
    book.reserve(&ctx(3), &asks("b", 2, "", 30)).unwrap();
    book.create_supply(&ctx(4), &purchase("po", 5, date(2026, 3, 9))).unwrap();
    let pegged = |name| book.claim(&part_1(name)).unwrap().pegged;
    assert_eq!((pegged("a"), pegged("b")), (units(0), units(2)), "new supply is expected to be fresh");
    assert_books_right(&book);
}

#[test]
fn units_of_others_are_given_only_where_they_fit() {
    let mut book = book(2, 0);
    book.receive(&ctx(2), &of_batch("red", 1, None)).unwrap();
    book.reserve(&ctx(3), &wants("giver", 3)).unwrap();
    book.reserve(&ctx(4), &asks("a", 2, "red", 0)).unwrap();
    let version = |book: &ItemBook, name| book.claim(&part_1(name)).unwrap().version;
    let give = |book: &ItemBook, quantity| crate::stock::reassign::Reassign {
        from: part_1("giver"),
        from_version: version(book, "giver"),
        to: part_1("a"),
        to_version: version(book, "a"),
        location: at("main"),
        quantity: units(quantity),
    };
    let two = give(&book, 2);
    let refused = book.reassign(&ctx(5), &two);
    assert!(matches!(refused, Err(StockError::InsufficientBatch { .. })), "one red one is there: {refused:?}");
    let one = give(&book, 1);
    book.reassign(&ctx(6), &one).unwrap();
    assert_eq!(bound(&book, "a"), [("red".to_owned(), 1)]);
    assert_books_right(&book);
    assert_batches_right(&book);
}

#[test]
fn who_loses_units_that_fit_is_decided_about_where_others_fit() {
    let mut book = book(0, 0);
    let last = days(30);
    book.receive(&ctx(2), &of_batch("one", 2, last)).unwrap();
    let line = ReserveLine { requested_date: None, ..asks("a", 2, "", 30) };
    book.reserve(&ctx(3), &line).unwrap();
    book.receive(&ctx(4), &of_batch("two", 3, days(60))).unwrap();
    assert_eq!(book.position(&at("main")).unwrap().available, units(3));

    book.quarantine(&ctx(5), &at("main"), units(2), false, Some(&batch("one"))).unwrap();

    assert_eq!(book.position(&at("main")).unwrap().held, units(2), "put aside, so that somebody decides");
    let (book, _) = cover(book, 6, "a");
    assert_eq!(bound(&book, "a"), [("two".to_owned(), 2)]);
    assert_batches_right(&book);
}

#[test]
fn units_that_come_back_from_the_warehouse_are_looked_at_again() {
    let mut book = book(0, 0);
    book.receive(&ctx(2), &of_batch("one", 3, days(60))).unwrap();
    book.reserve(&ctx(3), &asks("a", 3, "", 30)).unwrap();
    let moved = book.release_to_warehouse(&ctx(4), &of_line("a", 3)).unwrap();
    let moved: Vec<_> = moved.into_iter().map(|units| (units.batch, units.quantity)).collect();
    assert_eq!(moved, [(Some(batch("one")), units(3))], "what is bound is named");
    book.give_up_unfit(&ctx(5), &part_1("a")).unwrap();
    assert_eq!(claim(&book, "a").fits_until, None, "nobody looks at what the warehouse has");

    book.recall_from_warehouse(&ctx(6), &of_line("a", 1)).unwrap();

    assert_eq!(claim(&book, "a").fits_until, days(30));
    assert_books_right(&book);
    assert_batches_right(&book);
}

#[test]
fn what_leaves_fits_by_its_batch_and_the_day_on_which_it_leaves() {
    let mut book = book(0, 0);
    book.receive(&ctx(2), &of_batch("one", 3, days(60))).unwrap();
    book.reserve(&ctx(3), &ReserveLine { requested_date: None, ..asks("a", 1, "", 30) }).unwrap();
    book.reserve(&ctx(4), &asks("b", 1, "one", 0)).unwrap();
    book.reserve(&ctx(5), &wants("c", 1)).unwrap();
    let fits = |name, of: &str, day: i32| {
        let of = (!of.is_empty()).then(|| batch(of));
        book.fits(&part_1(name), of.as_ref(), days(day).unwrap()).unwrap()
    };
    assert_eq!([fits("a", "one", 30), fits("a", "one", 31), fits("a", "", 0)], [true, false, false]);
    assert_eq!([fits("b", "one", 99), fits("b", "two", 0)], [true, false]);
    assert_eq!([fits("c", "two", 99), fits("c", "", 99)], [true, true]);
}

#[test]
fn units_that_do_not_fit_any_more_are_given_up_and_others_may_have_them() {
    let mut book = book(0, 0);
    book.receive(&ctx(2), &of_batch("one", 2, days(60))).unwrap();
    book.reserve(&ctx(3), &asks("a", 2, "", 30)).unwrap();
    assert_eq!(claim(&book, "a").fits_until, days(30));
    assert_eq!(book.give_up_unfit(&ctx(4), &part_1("a")).unwrap(), units(0), "they fit");
    book.create_supply(&ctx(40), &purchase("po", 5, date(2026, 3, 9))).unwrap();
    let relabelled = BatchInfo { batch: batch("one"), best_before: days(29), supplier_lot: String::new(), version: 1 };
    book.put_batch(&ctx(5), relabelled).unwrap();

    assert_eq!(book.give_up_unfit(&ctx(6), &part_1("a")).unwrap(), units(2));

    assert_eq!((numbers(&book, "a"), claim(&book, "a").fits_until), ((0, 2), None));
    assert_eq!(claim(&book, "a").pegged, units(2), "and are expected of the next supply");
    let position = book.position(&at("main")).unwrap();
    assert_eq!((position.reserved, position.held, position.quality_control), (units(0), units(2), units(0)));
    let (book, _) = cover(book, 7, "a");
    assert_eq!(numbers(&book, "a"), (0, 2), "they still do not fit");
    assert_books_right(&book);
    assert_batches_right(&book);
}
