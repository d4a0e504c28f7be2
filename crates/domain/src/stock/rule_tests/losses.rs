//! Who loses when units are gone: counts, damage, doubt and loss.

use super::*;
use crate::ids::BatchId;
use crate::stock::count::Adjustment;
use crate::stock::error::StockError;
use crate::stock::loss::TakenAway;
use crate::stock::state::StockState;

fn taken(name: &str, quantity: i64) -> TakenAway {
    TakenAway { key: part_1(name), quantity: units(quantity) }
}

/// 3 units each are reserved for `first`, `middle` and `last` in the queue; 1 is free.
fn reserved_by_three() -> ItemBook {
    let mut book = book(10, 0);
    for (name, key) in [("first", "1"), ("last", "9"), ("middle", "5")] {
        book.reserve(&ctx(2), &ReserveLine { queue_key: key.to_owned(), ..wants(name, 3) }).unwrap();
    }
    book
}

#[test]
fn a_count_takes_reservations_away_from_the_end_of_the_queue() {
    let mut book = reserved_by_three();
    let answer = book.count(&ctx(3), &at("main"), units(4), None).unwrap();
    assert_eq!(answer.taken_away, [taken("last", 3), taken("middle", 2)]);
    assert_eq!((numbers(&book, "middle"), claim(&book, "middle").queue_key.as_str()), ((1, 2), "5"));
    assert_eq!(stock_at(&book, "main"), (0, 4, 0));
    assert_books_right(&book);
}

#[test]
fn a_count_takes_free_units_before_held_ones_before_reserved_ones() {
    let mut book = book(3, 0);
    book.reserve(&ctx(2), &wants("a", 3)).unwrap();
    book.reserve(&ctx(3), &wants("b", 2)).unwrap();
    book.receive(&ctx(4), &receipt("main", 4)).unwrap();
    assert_eq!(stock_at(&book, "main"), (2, 3, 2));
    assert_eq!(book.count(&ctx(5), &at("main"), units(4), None).unwrap().taken_away, []);
    assert_eq!(stock_at(&book, "main"), (0, 3, 1));
    assert_books_right(&book);
}

#[test]
fn damage_takes_reserved_units_when_too_few_are_free() {
    let mut book = reserved_by_three();
    let taken_away = book.quarantine(&ctx(3), &at("main"), units(5), true, None).unwrap();
    assert_eq!(taken_away, [taken("last", 3), taken("middle", 1)]);
    let position = book.position(&at("main")).unwrap();
    assert_eq!((position.damaged, position.reserved, position.on_hand()), (units(5), units(5), Some(units(10))));
    assert_eq!((numbers(&book, "first"), numbers(&book, "middle")), ((3, 0), (2, 1)));
    assert_books_right(&book);
}

#[test]
fn units_in_doubt_leave_their_claims_until_they_are_released() {
    let mut book = reserved_by_three();
    let taken_away = book.quarantine(&ctx(3), &at("main"), units(2), false, None).unwrap();
    assert_eq!((taken_away, stock_at(&book, "main")), (vec![taken("last", 1)], (0, 8, 0)));
    book.release_quarantine(&ctx(4), &at("main"), units(2), None).unwrap();
    assert_eq!(stock_at(&book, "main"), (1, 8, 1), "what the victim waits for is held for the queue");
    assert_books_right(&book);
}

#[test]
fn a_loss_by_adjustment_takes_reserved_units_and_leaves_the_stock() {
    let mut book = reserved_by_three();
    let lost = Adjustment::Remove(units(4));
    let taken_away = book.adjust(&ctx(3), &at("main"), StockState::Available, lost, None, "").unwrap();
    assert_eq!((taken_away, stock_at(&book, "main")), (vec![taken("last", 3)], (0, 6, 0)));
    assert_books_right(&book);
}

#[test]
fn who_loses_is_pegged_to_supply_that_is_free() {
    let mut book = reserved_by_three();
    book.create_supply(&ctx(3), &purchase("po", 2, date(2026, 3, 5))).unwrap();
    book.quarantine(&ctx(4), &at("main"), units(4), true, None).unwrap();
    assert_eq!((pegs(&book, "last"), claim(&book, "last").unpegged()), (vec![("po".to_owned(), 2)], units(1)));
    assert_books_right(&book);
}

#[test]
fn who_loses_is_served_elsewhere_when_units_are_free_there() {
    let mut book = book(2, 4);
    let both = vec![at("main"), at("store")];
    book.reserve(&ctx(2), &ReserveLine { candidates: both, split_allowed: true, ..wants("a", 2) }).unwrap();
    book.quarantine(&ctx(3), &at("main"), units(2), true, None).unwrap();
    assert_eq!((numbers(&book, "a"), stock_at(&book, "store")), ((0, 2), (2, 0, 2)));
    assert_books_right(&book);
}

#[test]
fn claims_that_are_bound_to_another_batch_lose_last() {
    let mut book = book(0, 0);
    let batch = |name: &str| BatchId::try_new(name).unwrap();
    for (number, of) in [(11, "good"), (12, "other")] {
        book.receive(&ctx(number), &Receipt { batch: Some(batch(of)), ..receipt("main", 3) }).unwrap();
    }
    for (name, key, of) in [("early", "1", "good"), ("late", "9", "other")] {
        let line = ReserveLine { queue_key: key.to_owned(), strength: Strength::Hard, ..wants(name, 3) };
        book.reserve(&ctx(2), &ReserveLine { batch: Some(batch(of)), ..line }).unwrap();
    }
    let refused = book.quarantine(&ctx(3), &at("main"), units(4), true, Some(&batch("good")));
    assert!(matches!(refused, Err(StockError::InsufficientStock { .. })), "{refused:?}");
    let taken_away = book.quarantine(&ctx(4), &at("main"), units(2), true, Some(&batch("good"))).unwrap();
    assert_eq!(taken_away, [taken("early", 2)]);
    assert_books_right(&book);
}

#[test]
fn more_than_is_there_cannot_be_lost() {
    let mut book = reserved_by_three();
    let refused = book.quarantine(&ctx(3), &at("main"), units(11), true, None);
    let (state, asked, there) = (StockState::Available, units(11), units(10));
    assert_eq!(refused, Err(StockError::InsufficientStock { location: at("main"), state, asked, there }));
    assert_eq!(numbers(&book, "last"), (3, 0));
}
