//! Dated supply and pegs.

use super::*;
use crate::stock::error::StockError;
use crate::stock::supply::{ShipmentAdvice, SupplyUpdate};

fn waiting_with_supply() -> ItemBook {
    let mut book = book(0, 0);
    book.create_supply(&ctx(1), &purchase("late", 9, date(2026, 3, 20))).unwrap();
    book.create_supply(&ctx(1), &purchase("soon", 4, date(2026, 3, 5))).unwrap();
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    book
}

fn peg(name: &str, quantity: i64) -> (String, i64) {
    (name.to_owned(), quantity)
}

#[test]
fn what_waits_is_pegged_to_the_earliest_free_supply() {
    let book = waiting_with_supply();
    assert_eq!(pegs(&book, "a"), [peg("soon", 4), peg("late", 2)]);
    assert_books_right(&book);
}

#[test]
fn a_new_line_takes_no_peg_from_one_that_waits() {
    let mut book = waiting_with_supply();
    book.reserve(&ctx(3), &ReserveLine { queue_key: "1".to_owned(), ..wants("important", 3) }).unwrap();
    assert_eq!(pegs(&book, "important"), [peg("late", 3)]);
    assert_eq!(pegs(&book, "a"), [peg("soon", 4), peg("late", 2)]);
}

#[test]
fn pegging_anew_follows_the_queue() {
    let mut book = waiting_with_supply();
    book.reserve(&ctx(3), &ReserveLine { queue_key: "1".to_owned(), ..wants("important", 3) }).unwrap();
    assert_eq!(book.repeg(&ctx(4)).unwrap(), [part_1("important"), part_1("a")]);
    assert_eq!(
        (pegs(&book, "important"), pegs(&book, "a")),
        (vec![peg("soon", 3)], vec![peg("soon", 1), peg("late", 5)])
    );
    assert_eq!(book.repeg(&ctx(5)).unwrap(), []);
}

#[test]
fn supply_that_is_past_due_is_pegged_to_nobody() {
    let mut book = book(0, 0);
    book.create_supply(&ctx(1), &purchase("overdue", 9, date(2026, 2, 28))).unwrap();
    book.create_supply(&ctx(1), &purchase("today", 2, today())).unwrap();
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    assert_eq!(pegs(&book, "a"), [peg("today", 2)]);
}

#[test]
fn a_line_whose_supply_moved_counts_as_changed_though_it_keeps_its_pegs() {
    let mut book = waiting_with_supply();
    let version = claim(&book, "a").version;
    let update = SupplyUpdate { expected_date: Some(Some(date(2026, 3, 25))), ..SupplyUpdate::default() };
    assert_eq!(book.update_supply(&ctx(3), &supply("late"), &update).unwrap(), [part_1("a")]);
    assert_eq!((pegs(&book, "a"), claim(&book, "a").version), (vec![peg("soon", 4), peg("late", 2)], version + 1));
    let late = book.supply(&supply("late")).unwrap();
    assert_eq!(late.agreed_date, Some(date(2026, 3, 20)));
}

#[test]
fn supply_that_is_cancelled_or_ordered_less_gives_its_pegs_up() {
    let mut book = waiting_with_supply();
    book.cancel_supply(&ctx(3), &supply("soon"), Some(units(3))).unwrap();
    assert_eq!(pegs(&book, "a"), [peg("soon", 1), peg("late", 5)]);
    let less = SupplyUpdate { ordered: Some(units(2)), ..SupplyUpdate::default() };
    book.update_supply(&ctx(4), &supply("late"), &less).unwrap();
    assert_eq!((pegs(&book, "a"), claim(&book, "a").unpegged()), (vec![peg("soon", 1), peg("late", 2)], units(3)));
    assert_books_right(&book);
}

#[test]
fn an_import_done_again_changes_nothing_and_another_supply_of_the_same_id_is_refused() {
    let mut book = waiting_with_supply();
    let before = book.supply(&supply("soon")).unwrap().clone();
    book.create_supply(&ctx(3), &purchase("soon", 4, date(2026, 3, 30))).unwrap();
    assert_eq!(book.supply(&supply("soon")), Some(&before));
    let other = purchase("soon", 5, date(2026, 3, 5));
    assert_eq!(book.create_supply(&ctx(4), &other), Err(StockError::SupplyExists(supply("soon"))));
}

#[test]
fn a_shipment_notice_moves_units_and_a_short_one_gives_them_back() {
    let mut book = waiting_with_supply();
    let advice = ShipmentAdvice {
        supply: supply("late"),
        notice: supply("notice"),
        quantity: units(5),
        expected_date: date(2026, 3, 3),
        reference: String::new(),
        entered: None,
    };
    book.advise_shipment(&ctx(3), &advice).unwrap();
    assert_eq!(pegs(&book, "a"), [peg("notice", 5), peg("soon", 1)]);
    let short = Receipt { supply: Some(supply("notice")), closes_supply: true, ..receipt("main", 3) };
    book.receive(&ctx(4), &short).unwrap();
    let late = book.supply(&supply("late")).unwrap();
    assert_eq!((late.open(), late.advised), (units(6), units(3)));
    assert_books_right(&book);
}

#[test]
fn units_that_are_held_for_a_line_need_no_later_supply() {
    let mut book = waiting_with_supply();
    book.receive(&ctx(3), &Receipt { supply: Some(supply("soon")), ..receipt("main", 4) }).unwrap();
    assert_eq!((numbers(&book, "a"), pegs(&book, "a")), ((0, 6), vec![peg("late", 2)]));
}
