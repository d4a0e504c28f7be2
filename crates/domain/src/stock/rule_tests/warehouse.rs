//! Units in the warehouse's hands.

use super::*;
use crate::stock::error::StockError;
use crate::stock::release::{LineUnits, Release, ReleaseOrder};
use crate::stock::state::StockState;
use crate::stock::warehouse::Shortage;

pub(super) fn of_line(name: &str, quantity: i64) -> LineUnits {
    LineUnits { line: line(name), part: None, location: None, quantity: units(quantity) }
}

/// AVAILABLE, RESERVED and RELEASED at `main`.
fn stock(book: &ItemBook) -> (i64, i64, i64) {
    let position = book.position(&at("main")).unwrap();
    (position.available.get(), position.reserved.get(), position.released.get())
}

fn claim<'b>(book: &'b ItemBook, name: &str) -> &'b Claim {
    book.claim(&part_1(name)).unwrap()
}

#[test]
fn what_the_warehouse_has_in_hands_stays_reserved_and_nobody_else_gets_it() {
    let mut book = book(10, 0);
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    book.release_to_warehouse(&ctx(3), &of_line("a", 4)).unwrap();
    assert_eq!(stock(&book), (4, 2, 4));
    assert_eq!((claim(&book, "a").reserved, claim(&book, "a").released()), (units(6), units(4)));
    assert!(book.verify().unwrap().is_empty());
    let give_back = Release { line: line("a"), part: None, quantity: None, order: ReleaseOrder::WaitingFirst };
    book.release(&ctx(4), &give_back).unwrap();
    assert_eq!((stock(&book), claim(&book, "a").reserved), ((6, 0, 4), units(4)), "only the others were given back");
}

#[test]
fn no_more_is_handed_over_than_is_reserved_and_nothing_of_a_quote() {
    let mut book = book(10, 0);
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    book.reserve(&ctx(2), &soft("quote", 2)).unwrap();
    book.release_to_warehouse(&ctx(3), &of_line("a", 4)).unwrap();
    let too_many = book.release_to_warehouse(&ctx(4), &of_line("a", 3));
    assert_eq!(
        too_many,
        Err(StockError::InsufficientReservation { claim: part_1("a"), asked: units(3), reserved: units(2) })
    );
    let of_quote = book.release_to_warehouse(&ctx(5), &of_line("quote", 1));
    assert!(matches!(of_quote, Err(StockError::InsufficientReservation { .. })));
    assert_eq!(stock(&book), (2, 4, 4), "a refused command changes nothing");
}

#[test]
fn a_recall_gives_units_back_to_the_line_and_not_to_the_shelf() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &wants("a", 5)).unwrap();
    book.release_to_warehouse(&ctx(3), &of_line("a", 5)).unwrap();
    book.recall_from_warehouse(&ctx(4), &of_line("a", 2)).unwrap();
    assert_eq!((stock(&book), claim(&book, "a").reserved), ((0, 2, 3), units(5)));
    let again = book.recall_from_warehouse(&ctx(5), &of_line("a", 4));
    assert!(matches!(again, Err(StockError::InsufficientReservation { .. })), "only what it has in hands comes back");
}

#[test]
fn what_is_shipped_comes_out_of_the_warehouses_hands_first() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &wants("a", 5)).unwrap();
    book.release_to_warehouse(&ctx(3), &of_line("a", 2)).unwrap();
    book.post(&ctx(4), &of_line("a", 3)).unwrap();
    assert_eq!((stock(&book), claim(&book, "a").posted), ((0, 2, 0), units(3)));
    let states: Vec<_> = book.movements().iter().rev().take(2).map(|m| (m.from.state, m.quantity.get())).collect();
    assert_eq!(states, [(StockState::Reserved, 1), (StockState::Released, 2)]);
    assert!(book.verify().unwrap().is_empty());
}

#[test]
fn a_count_takes_what_the_warehouse_has_in_hands_last() {
    let mut book = book(9, 0);
    book.reserve(&ctx(2), &wants("early", 4)).unwrap();
    book.reserve(&ctx(3), &ReserveLine { queue_time: ctx(9).now, ..wants("late", 4) }).unwrap();
    book.release_to_warehouse(&ctx(4), &of_line("late", 3)).unwrap();
    let answer = book.count(&ctx(5), &at("main"), units(2), None).unwrap();
    let lost: Vec<_> = answer.taken_away.iter().map(|taken| (taken.key.line.as_str(), taken.quantity.get())).collect();
    assert_eq!(lost, [("late", 2), ("early", 4)], "reserved ones from the end of the queue, then released");
    assert_eq!(stock(&book), (0, 0, 2));
    assert_eq!((claim(&book, "late").waiting, claim(&book, "early").waiting), (units(2), units(4)));
    assert!(book.verify().unwrap().is_empty());
}

#[test]
fn a_short_pick_puts_the_line_back_at_its_old_place() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &wants("early", 5)).unwrap();
    let late = ReserveLine { queue_time: ctx(9).now, ..wants("late", 3) };
    book.reserve(&ctx(3), &late).unwrap();
    book.create_supply(&ctx(3), &purchase("po", 4, date(2026, 3, 9))).unwrap();
    assert_eq!(claim(&book, "late").pegged, units(3));
    book.release_to_warehouse(&ctx(4), &of_line("early", 5)).unwrap();
    book.short_pick(&ctx(5), &of_line("early", 2), Shortage::Missing).unwrap();
    book.short_pick(&ctx(6), &of_line("early", 1), Shortage::Damaged).unwrap();
    assert_eq!(stock(&book), (0, 0, 2), "what was not found has left, what is damaged is set apart");
    assert_eq!(book.position(&at("main")).unwrap().damaged, units(1));
    let early = claim(&book, "early");
    assert_eq!((early.waiting, early.pegged, early.queue_time), (units(3), units(1), Timestamp::UNIX_EPOCH));
    book.receive(&ctx(7), &receipt("main", 3)).unwrap();
    assert_eq!(book.position(&at("main")).unwrap().held, units(3), "what arrives is held for the queue");
    assert!(book.verify().unwrap().is_empty());
}
