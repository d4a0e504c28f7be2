//! What arrives: in which condition, more or less than ordered, and under which supply.

use super::*;
use crate::stock::error::StockError;
use crate::stock::receipt::{BlindReason, Booked};
use crate::stock::review::Resolution;
use crate::stock::state::StockState;
use crate::stock::supply::{SupplyState, SupplyUpdate};
use crate::stock::transfer::Transfer;

fn from_supply(name: &str, accepted: i64) -> Receipt {
    Receipt { supply: Some(supply(name)), ..receipt("main", accepted) }
}

/// 4 units are expected soon and 9 late.
fn expecting() -> ItemBook {
    let mut book = book(0, 0);
    book.create_supply(&ctx(1), &purchase("soon", 4, date(2026, 3, 5))).unwrap();
    book.create_supply(&ctx(1), &purchase("late", 9, date(2026, 3, 20))).unwrap();
    book
}

/// Units in quality control, and damaged ones.
fn apart(book: &ItemBook) -> (i64, i64) {
    let position = book.position(&at("main")).unwrap();
    (position.quality_control.get(), position.damaged.get())
}

#[test]
fn a_receipt_books_each_unit_in_its_condition() {
    let mut book = expecting();
    let mixed = Receipt { damaged: units(1), quality_hold: units(1), refused: units(1), ..from_supply("soon", 1) };
    let answer = book.receive(&ctx(2), &mixed).unwrap();
    assert_eq!((stock_at(&book, "main"), apart(&book)), ((1, 0, 0), (1, 1)));
    assert_eq!(answer.still_open, units(1), "what was refused is still expected");
    let line = book.received_line(&received(2)).unwrap();
    assert_eq!(
        (line.booked, line.refused),
        (Booked { accepted: units(1), quality: units(1), damaged: units(1) }, units(1))
    );
    assert_books_right(&book);
}

#[test]
fn a_receipt_of_refused_units_alone_books_nothing_and_is_kept() {
    let mut book = expecting();
    book.receive(&ctx(2), &Receipt { refused: units(4), ..from_supply("soon", 0) }).unwrap();
    assert_eq!((book.movements().len(), book.supply(&supply("soon")).unwrap().open()), (0, units(4)));
    assert_eq!(book.received_line(&received(2)).unwrap().refused, units(4));
    assert_books_right(&book);
}

#[test]
fn more_than_ordered_is_booked_within_the_tolerance() {
    let mut book = expecting();
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    let answer = book.receive(&ctx(3), &from_supply("soon", 7)).unwrap();
    assert_eq!((answer.over_receipt, answer.quarantined), (units(3), units(0)));
    let soon = book.supply(&supply("soon")).unwrap();
    assert_eq!((soon.received, soon.open(), soon.state()), (units(7), units(0), SupplyState::Received));
    assert_eq!(stock_at(&book, "main"), (1, 0, 6));
    assert_books_right(&book);
}

#[test]
fn good_units_beyond_the_tolerance_wait_in_quality_control() {
    let mut book = expecting();
    let answer = book.receive(&ctx(2), &Receipt { damaged: units(1), ..from_supply("soon", 8) }).unwrap();
    assert_eq!((answer.over_receipt, answer.quarantined), (units(5), units(2)));
    assert_eq!((stock_at(&book, "main"), apart(&book)), ((6, 0, 0), (2, 1)));
    book.release_quarantine(&ctx(3), &at("main"), units(2), None).unwrap();
    assert_eq!(stock_at(&book, "main"), (8, 0, 0));
    assert_books_right(&book);
}

#[test]
fn the_tolerance_of_a_supply_goes_before_the_general_one() {
    let mut book = expecting();
    let strict = OverReceiptTolerance { percent: 25, units: units(0) };
    let update = SupplyUpdate { over_receipt: Some(Some(strict)), ..SupplyUpdate::default() };
    book.update_supply(&ctx(2), &supply("soon"), &update).unwrap();
    assert_eq!(book.receive(&ctx(3), &from_supply("soon", 7)).unwrap().quarantined, units(2));
}

#[test]
fn a_short_receipt_leaves_the_rest_expected_on_its_new_day() {
    let mut book = expecting();
    book.reserve(&ctx(2), &wants("a", 4)).unwrap();
    let rest_expected = Some(date(2026, 3, 9));
    let answer = book.receive(&ctx(3), &Receipt { rest_expected, ..from_supply("soon", 3) }).unwrap();
    assert_eq!((answer.still_open, answer.closed, answer.repegged), (units(1), units(0), vec![part_1("a")]));
    assert_eq!(pegs(&book, "a"), [("soon".to_owned(), 1)]);
    assert_eq!(book.supply(&supply("soon")).unwrap().expected_date, rest_expected);
    assert_books_right(&book);
}

#[test]
fn a_short_receipt_that_closes_its_supply_moves_the_pegs_on() {
    let mut book = expecting();
    book.reserve(&ctx(2), &wants("a", 4)).unwrap();
    let answer = book.receive(&ctx(3), &Receipt { closes_supply: true, ..from_supply("soon", 3) }).unwrap();
    assert_eq!(
        (answer.still_open, answer.closed, pegs(&book, "a")),
        (units(0), units(1), vec![("late".to_owned(), 1)])
    );
    assert_books_right(&book);
}

#[test]
fn units_of_an_unknown_closed_or_distant_supply_are_booked_blind() {
    let mut book = expecting();
    book.receive(&ctx(2), &from_supply("soon", 4)).unwrap();
    let distant = Receipt { supply: Some(supply("late")), ..receipt("store", 2) };
    let blind = [
        (from_supply("soon", 2), BlindReason::Closed),
        (from_supply("nobody-knows", 2), BlindReason::Unknown),
        (distant, BlindReason::Elsewhere),
    ];
    for (number, (receipt, reason)) in (3..).zip(blind) {
        let answer = book.receive(&ctx(number), &Receipt { damaged: units(1), ..receipt }).unwrap();
        assert_eq!(answer.blind, Some(reason));
        let line = book.received_line(&received(number)).unwrap();
        assert_eq!((line.in_review, line.left.damaged), (units(2), units(1)));
    }
    assert_eq!((stock_at(&book, "main"), apart(&book)), ((4, 0, 0), (4, 2)));
    assert_eq!(book.supply(&supply("late")).unwrap().received, Quantity::ZERO);
    assert_books_right(&book);
}

/// 5 units came under a supply that nobody knows, beside 2 in quality control for other reasons.
fn blind() -> ItemBook {
    let mut book = expecting();
    book.receive(&ctx(2), &Receipt { quality_hold: units(2), ..receipt("main", 0) }).unwrap();
    book.receive(&ctx(3), &from_supply("nobody-knows", 5)).unwrap();
    book
}

#[test]
fn units_in_review_leave_quality_control_only_by_a_decision() {
    let mut book = blind();
    let short = |asked| {
        let (location, state) = (at("main"), StockState::QualityControl);
        StockError::InsufficientStock { location, state, asked: units(asked), there: units(2) }
    };
    assert_eq!(book.release_quarantine(&ctx(4), &at("main"), units(3), None), Err(short(3)));
    let scrapped = crate::stock::count::Adjustment::Remove(units(4));
    let refused = book.adjust(&ctx(5), &at("main"), StockState::QualityControl, scrapped, None, "");
    assert_eq!(refused, Err(short(4)));
    book.release_quarantine(&ctx(6), &at("main"), units(2), None).unwrap();
    assert_books_right(&book);
}

#[test]
fn accepted_blind_units_serve_the_queue_first() {
    let mut book = blind();
    book.reserve(&ctx(4), &wants("a", 3)).unwrap();
    let answer = book.resolve_blind_receipt(&ctx(5), &received(3), None, &Resolution::Accept).unwrap();
    assert_eq!((answer.quantity, answer.receipt), (units(5), Some(received(5))));
    assert_eq!((stock_at(&book, "main"), apart(&book)), ((2, 0, 3), (2, 0)));
    assert_books_right(&book);
}

#[test]
fn attached_blind_units_are_received_from_the_supply() {
    let mut book = blind();
    book.reserve(&ctx(4), &wants("a", 6)).unwrap();
    let attach = |name: &str| Resolution::Attach(supply(name));
    let mut resolve = |number, quantity, name| {
        book.resolve_blind_receipt(&ctx(number), &received(3), Some(units(quantity)), &attach(name)).map(|_| ())
    };
    let conflict = StockError::SupplyQuantityConflict { supply: supply("soon"), asked: units(5), open: units(4) };
    assert_eq!(resolve(5, 5, "soon"), Err(conflict));
    resolve(6, 4, "soon").unwrap();
    assert_eq!(resolve(7, 1, "soon"), Err(StockError::SupplyClosed(supply("soon"))));
    let beyond = StockError::BeyondReceipt { line: received(3), asked: units(2), left: units(1) };
    assert_eq!(resolve(8, 2, "late"), Err(beyond));
    assert_eq!(book.supply(&supply("soon")).unwrap().received, units(4));
    assert_eq!((stock_at(&book, "main"), pegs(&book, "a")), ((0, 0, 4), vec![("late".to_owned(), 2)]));
    assert_books_right(&book);
}

#[test]
fn blind_units_of_a_transfer_that_went_astray_are_attached_where_they_were_awaited() {
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
    let unknown = Receipt { supply: Some(supply("typo")), ..receipt("store", 4) };
    book.receive(&ctx(3), &unknown).unwrap();
    book.resolve_blind_receipt(&ctx(4), &received(3), None, &Resolution::Attach(supply("t"))).unwrap();
    let store = book.position(&at("store")).unwrap();
    assert_eq!((store.available, store.in_transit, store.on_hand()), (units(4), units(0), Some(units(4))));
    assert_books_right(&book);
}

#[test]
fn blind_units_that_are_scrapped_or_sent_back_leave_the_stock() {
    let mut book = blind();
    book.resolve_blind_receipt(&ctx(4), &received(3), Some(units(2)), &Resolution::Scrap).unwrap();
    book.resolve_blind_receipt(&ctx(5), &received(3), None, &Resolution::ReturnToSupplier).unwrap();
    assert_eq!((stock_at(&book, "main"), apart(&book)), ((0, 0, 0), (2, 0)));
    let decided = book.resolve_blind_receipt(&ctx(6), &received(3), None, &Resolution::Scrap);
    let nothing = StockError::BeyondReceipt { line: received(3), asked: units(0), left: units(0) };
    assert_eq!(decided, Err(nothing));
    assert_books_right(&book);
}

#[test]
fn a_count_of_quality_control_takes_units_in_review_last() {
    let mut book = blind();
    book.receive(&ctx(4), &from_supply("nobody-knows", 3)).unwrap();
    let state = StockState::QualityControl;
    let answer = book.count_apart(&ctx(5), &at("main"), state, units(4), None).unwrap();
    assert_eq!((answer.missing, apart(&book)), (units(6), (4, 0)));
    let in_review = |number| book.received_line(&received(number)).unwrap().in_review;
    assert_eq!((in_review(3), in_review(4)), (units(4), units(0)), "of the newest receipt first");
    assert_books_right(&book);
    let found = book.count_apart(&ctx(6), &at("main"), StockState::Damaged, units(2), None).unwrap();
    assert_eq!((found.found, apart(&book)), (units(2), (4, 2)));
    let reserved = book.count_apart(&ctx(7), &at("main"), StockState::Reserved, units(2), None);
    assert_eq!(reserved, Err(StockError::StateNotAdjustable(StockState::Reserved)));
    assert_books_right(&book);
}
