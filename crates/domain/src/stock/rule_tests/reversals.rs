//! Receipts that are taken back, and who loses by it.

use super::*;
use crate::stock::error::StockError;
use crate::stock::loss::TakenAway;
use crate::stock::receipt::Booked;
use crate::stock::reversal::Reversal;
use crate::stock::review::Resolution;
use crate::stock::state::StockState;
use crate::stock::supply::SupplyState;
use crate::stock::transfer::Transfer;

fn whole(number: u32) -> Reversal {
    Reversal { key: received(number), parts: None, reopens_supply: true }
}

fn part(number: u32, accepted: i64) -> Reversal {
    Reversal { parts: Some(Booked { accepted: units(accepted), ..Booked::default() }), ..whole(number) }
}

/// 6 units came from `po`, of which 10 were ordered: 1 damaged, 1 in doubt, 4 good.
fn arrived() -> ItemBook {
    let mut book = book(0, 0);
    book.create_supply(&ctx(1), &purchase("po", 10, date(2026, 3, 5))).unwrap();
    let mixed = Receipt { damaged: units(1), quality_hold: units(1), ..receipt("main", 4) };
    book.receive(&ctx(2), &Receipt { supply: Some(supply("po")), ..mixed }).unwrap();
    book
}

fn supply_numbers(book: &ItemBook, name: &str) -> (i64, i64, i64) {
    let supply = book.supply(&supply(name)).unwrap();
    (supply.open().get(), supply.received.get(), supply.cancelled.get())
}

#[test]
fn a_reversal_takes_every_unit_out_of_its_state_and_opens_the_supply_again() {
    let mut book = arrived();
    let answer = book.reverse_receipt(&ctx(3), &whole(2)).unwrap();
    assert_eq!((answer.reversed.total().unwrap(), answer.reopened), (units(6), units(6)));
    assert_eq!(book.position(&at("main")).unwrap().on_hand(), Some(units(0)));
    assert_eq!(supply_numbers(&book, "po"), (10, 0, 0));
    assert_books_right(&book);
}

#[test]
fn a_reversal_that_does_not_reopen_says_that_the_units_will_not_come() {
    let mut book = arrived();
    book.reverse_receipt(&ctx(3), &Reversal { reopens_supply: false, ..whole(2) }).unwrap();
    assert_eq!(supply_numbers(&book, "po"), (4, 0, 6));
    assert_books_right(&book);
}

#[test]
fn a_reversal_takes_reservations_from_the_end_of_the_queue_and_pegs_them_to_what_is_open_again() {
    let mut book = arrived();
    for (name, key) in [("early", "1"), ("late", "2")] {
        book.reserve(&ctx(3), &ReserveLine { queue_key: key.to_owned(), ..wants(name, 2) }).unwrap();
    }
    let answer = book.reverse_receipt(&ctx(4), &part(2, 3)).unwrap();
    let taken = |name: &str, quantity| TakenAway { key: part_1(name), quantity: units(quantity) };
    assert_eq!(answer.taken_away, [taken("late", 2), taken("early", 1)]);
    assert_eq!((pegs(&book, "early"), pegs(&book, "late")), (vec![("po".to_owned(), 1)], vec![("po".to_owned(), 2)]));
    assert_books_right(&book);
}

#[test]
fn no_more_is_reversed_than_was_received() {
    let mut book = arrived();
    book.reverse_receipt(&ctx(3), &part(2, 3)).unwrap();
    let beyond = |asked, left| StockError::BeyondReceipt { line: received(2), asked: units(asked), left: units(left) };
    assert_eq!(book.reverse_receipt(&ctx(4), &part(2, 2)), Err(beyond(2, 3)));
    book.reverse_receipt(&ctx(5), &whole(2)).unwrap();
    assert_eq!(book.reverse_receipt(&ctx(6), &whole(2)), Err(beyond(0, 0)));
    assert_eq!(book.reverse_receipt(&ctx(7), &whole(9)), Err(StockError::ReceiptNotFound(received(9))));
    assert_eq!(supply_numbers(&book, "po"), (10, 0, 0));
}

#[test]
fn doubtful_units_that_were_released_since_are_taken_from_what_can_be_sold() {
    let mut book = arrived();
    book.release_quarantine(&ctx(3), &at("main"), units(1), None).unwrap();
    book.reserve(&ctx(4), &wants("a", 5)).unwrap();
    let answer = book.reverse_receipt(&ctx(5), &whole(2)).unwrap();
    assert_eq!(answer.taken_away, [TakenAway { key: part_1("a"), quantity: units(5) }]);
    assert_eq!(book.position(&at("main")).unwrap().on_hand(), Some(units(0)));
    assert_books_right(&book);
}

#[test]
fn units_that_were_shipped_since_cannot_be_taken_back() {
    let mut book = arrived();
    book.ship_free(&ctx(3), &at("main"), units(3), None).unwrap();
    let refused = book.reverse_receipt(&ctx(4), &part(2, 2));
    let (location, state) = (at("main"), StockState::Available);
    assert_eq!(refused, Err(StockError::InsufficientStock { location, state, asked: units(2), there: units(1) }));
    assert_eq!(supply_numbers(&book, "po"), (4, 6, 0));
    assert_books_right(&book);
}

#[test]
fn an_over_receipt_opens_only_what_was_ordered() {
    let mut book = book(0, 0);
    book.create_supply(&ctx(1), &purchase("po", 4, date(2026, 3, 5))).unwrap();
    book.receive(&ctx(2), &Receipt { supply: Some(supply("po")), ..receipt("main", 6) }).unwrap();
    assert_eq!(book.reverse_receipt(&ctx(3), &part(2, 2)).unwrap().reopened, units(0));
    assert_eq!(book.reverse_receipt(&ctx(4), &part(2, 3)).unwrap().reopened, units(3));
    assert_eq!(supply_numbers(&book, "po"), (3, 1, 0));
    assert_books_right(&book);
}

#[test]
fn a_receipt_that_closed_its_supply_reopens_it_wholly_when_all_of_it_is_taken_back() {
    let mut book = book(0, 0);
    book.create_supply(&ctx(1), &purchase("po", 10, date(2026, 3, 5))).unwrap();
    let short = Receipt { supply: Some(supply("po")), closes_supply: true, ..receipt("main", 3) };
    book.receive(&ctx(2), &short).unwrap();
    assert_eq!(book.reverse_receipt(&ctx(3), &part(2, 1)).unwrap().reopened, units(1));
    assert_eq!(book.reverse_receipt(&ctx(4), &whole(2)).unwrap().reopened, units(9));
    assert_eq!(
        (supply_numbers(&book, "po"), book.supply(&supply("po")).unwrap().state()),
        ((10, 0, 0), SupplyState::Open)
    );
    assert_books_right(&book);
}

#[test]
fn a_transfer_that_did_not_arrive_after_all_is_on_its_way_again() {
    let mut book = book(6, 0);
    let transfer = Transfer {
        supply: supply("t"),
        from: at("main"),
        to: at("store"),
        quantity: units(4),
        expected_date: date(2026, 3, 4),
        batch: None,
    };
    book.send_transfer(&ctx(2), &transfer).unwrap();
    book.receive(&ctx(3), &Receipt { supply: Some(supply("t")), ..receipt("store", 5) }).unwrap();
    assert_eq!(book.reverse_receipt(&ctx(4), &whole(3)).unwrap().reopened, units(4));
    let store = book.position(&at("store")).unwrap();
    assert_eq!((store.in_transit, store.on_hand()), (units(4), Some(units(0))));
    assert_books_right(&book);
}

#[test]
fn units_in_review_are_reversed_out_of_quality_control() {
    let mut book = book(0, 0);
    book.receive(&ctx(2), &Receipt { supply: Some(supply("typo")), ..receipt("main", 5) }).unwrap();
    book.resolve_blind_receipt(&ctx(3), &received(2), Some(units(2)), &Resolution::Accept).unwrap();
    book.reverse_receipt(&ctx(4), &whole(2)).unwrap();
    assert_eq!((stock_at(&book, "main"), book.received_line(&received(2)).unwrap().in_review), ((2, 0, 0), units(0)));
    book.reverse_receipt(&ctx(5), &whole(3)).unwrap();
    assert_eq!(
        book.position(&at("main")).unwrap().on_hand(),
        Some(units(0)),
        "what was accepted is a receipt of its own"
    );
    assert_books_right(&book);
}
