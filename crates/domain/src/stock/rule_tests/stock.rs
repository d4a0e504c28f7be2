//! Counts, receipts, transfers and the like.

use super::*;
use crate::stock::count::Adjustment;
use crate::stock::error::StockError;
use crate::stock::receive::ReturnDisposition;
use crate::stock::state::StockState;
use crate::stock::transfer::Transfer;

#[test]
fn a_count_leaves_damaged_and_doubtful_units_as_they_are() {
    let mut book = book(5, 0);
    book.quarantine(&ctx(2), &at("main"), units(1), false, None).unwrap();
    book.quarantine(&ctx(3), &at("main"), units(2), true, None).unwrap();
    let answer = book.count(&ctx(4), &at("main"), units(3), None).unwrap();
    assert_eq!((answer.found, answer.missing), (units(1), units(0)));
    let position = book.position(&at("main")).unwrap();
    assert_eq!((position.quality_control, position.damaged, position.on_hand()), (units(1), units(2), Some(units(6))));
}

#[test]
fn a_command_that_fails_leaves_no_trace() {
    let mut book = book(5, 0);
    let refused = book.quarantine(&ctx(2), &at("main"), units(6), true, None);
    let short = StockError::InsufficientStock {
        location: at("main"),
        state: StockState::Available,
        asked: units(6),
        there: units(5),
    };
    assert_eq!(refused, Err(short));
    let (changes, untouched) = (book.into_changes(), super::book(5, 0).into_changes());
    assert_eq!((changes.positions, changes.movements), (untouched.positions, untouched.movements));
}

#[test]
fn a_transfer_is_supply_of_the_destination_until_it_is_received() {
    let mut book = book(6, 0);
    book.reserve(&ctx(2), &ReserveLine { candidates: vec![at("store")], ..wants("a", 3) }).unwrap();
    let transfer = Transfer {
        supply: supply("t"),
        from: at("main"),
        to: at("store"),
        quantity: units(4),
        expected_date: date(2026, 3, 4),
        batch: None,
    };
    assert_eq!(book.send_transfer(&ctx(3), &transfer).unwrap(), [part_1("a")]);
    let store = book.position(&at("store")).unwrap();
    assert_eq!((store.in_transit, store.on_hand()), (units(4), Some(units(0))));
    assert_eq!(pegs(&book, "a"), [("t".to_owned(), 3)]);
    let arrived = Receipt { supply: Some(supply("t")), closes_supply: true, ..receipt("store", 3) };
    let answer = book.receive(&ctx(4), &arrived).unwrap();
    assert_eq!((answer.closed, stock_at(&book, "store")), (units(1), (0, 0, 3)));
    assert_eq!(book.position(&at("store")).unwrap().in_transit, Quantity::ZERO);
    assert_eq!(book.movements().last().unwrap().to.state, StockState::External);
    assert_books_right(&book);
}

#[test]
fn a_transfer_under_way_is_received_not_cancelled() {
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
    assert_eq!(book.cancel_supply(&ctx(3), &supply("t"), None), Err(StockError::TransferUnderWay(supply("t"))));
}

#[test]
fn every_way_to_more_free_stock_serves_the_queue_first() {
    let prepared = || {
        let mut book = book(4, 0);
        book.quarantine(&ctx(2), &at("main"), units(2), false, None).unwrap();
        book.reserve(&ctx(3), &wants("reserved", 2)).unwrap();
        book.reserve(&ctx(4), &wants("waiting", 1)).unwrap();
        book
    };
    type Way = fn(&mut ItemBook) -> Result<(), StockError>;
    let ways: [Way; 5] = [
        |book| book.receive(&ctx(5), &receipt("main", 1)).map(|_| ()),
        |book| book.count(&ctx(5), &at("main"), units(3), None).map(|_| ()),
        |book| book.release_quarantine(&ctx(5), &at("main"), units(1), None),
        |book| book.receive_return(&ctx(5), &at("main"), units(1), ReturnDisposition::Restock, (None, "")),
        |book| {
            let found = Adjustment::Add(units(1));
            book.adjust(&ctx(5), &at("main"), StockState::Available, found, None, "").map(|_| ())
        },
    ];
    for way in ways {
        let mut book = prepared();
        way(&mut book).unwrap();
        assert_eq!(stock_at(&book, "main"), (0, 2, 1));
        assert_books_right(&book);
    }
}
