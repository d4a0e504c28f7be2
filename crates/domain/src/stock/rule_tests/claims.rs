//! Reserving, taking over, releasing, expiring, reassigning.

use super::*;
use crate::stock::books::StockBooks;
use crate::stock::error::StockError;
use crate::stock::queue::QueueChange;
use crate::stock::reassign::Reassign;
use crate::stock::release::{LineUnits, Release, ReleaseOrder};
use crate::stock::reserve::Refusal;

fn release(name: &str, quantity: i64) -> Release {
    Release { line: line(name), part: None, quantity: Some(units(quantity)), order: ReleaseOrder::WaitingFirst }
}

#[test]
fn a_new_order_never_takes_what_is_held_for_the_queue() {
    let mut book = book(0, 0);
    book.reserve(&ctx(2), &wants("first", 5)).unwrap();
    book.receive(&ctx(3), &receipt("main", 5)).unwrap();
    let outcome = book.reserve(&ctx(4), &ReserveLine { shortfall: Shortfall::Keep, ..wants("late", 5) }).unwrap();
    assert_eq!((outcome.refused, outcome.refusal), (units(5), Some(Refusal::NotAvailable)));
    assert_eq!(stock_at(&book, "main"), (0, 0, 5));
}

#[test]
fn the_sum_over_locations_is_not_taken_for_one_location() {
    let mut book = book(3, 4);
    let unsplit =
        ReserveLine { candidates: vec![at("main"), at("store")], shortfall: Shortfall::Refuse, ..wants("a", 7) };
    assert_eq!(book.reserve(&ctx(2), &unsplit).unwrap().refused, units(7));
    let split = ReserveLine { split_allowed: true, ..unsplit };
    assert_eq!(book.reserve(&ctx(3), &split).unwrap().reserved, [(at("main"), units(3)), (at("store"), units(4))]);
    assert_books_right(&book);
}

#[test]
fn an_unsplit_line_that_got_a_part_waits_only_where_it_got_it() {
    let mut book = book(2, 3);
    book.reserve(&ctx(2), &ReserveLine { candidates: vec![at("main"), at("store")], ..wants("a", 10) }).unwrap();
    assert_eq!(claim(&book, "a").waits_at(), [at("store")]);
    book.receive(&ctx(3), &receipt("main", 9)).unwrap();
    assert_eq!(stock_at(&book, "main"), (11, 0, 0));
    assert_books_right(&book);
}

#[test]
fn a_line_that_is_not_eligible_waits_whole_beside_free_stock() {
    let mut book = book(9, 0);
    book.reserve(&ctx(2), &ReserveLine { eligible: false, ..wants("on-hold", 4) }).unwrap();
    assert_eq!((numbers(&book, "on-hold"), stock_at(&book, "main")), ((0, 4), (9, 0, 0)));
}

#[test]
fn a_line_that_becomes_eligible_finds_free_stock_held_for_it() {
    let mut book = book(9, 0);
    book.reserve(&ctx(2), &ReserveLine { eligible: false, ..wants("a", 4) }).unwrap();
    let change = QueueChange {
        line: line("a"),
        part: None,
        eligible: Some(true),
        in_set: None,
        queue_key: None,
        queue_time: None,
    };
    book.change_queue(&ctx(3), &change).unwrap();
    assert_eq!(stock_at(&book, "main"), (5, 0, 4));
    assert_books_right(&book);
}

#[test]
fn what_exceeds_the_waiting_limit_is_refused_and_the_rest_waits() {
    let mut book = book(1, 0);
    book.reserve(&ctx(2), &wants("other", 5)).unwrap();
    let outcome = book.reserve(&ctx(3), &ReserveLine { waiting_limit: Some(units(6)), ..wants("a", 5) }).unwrap();
    assert_eq!((outcome.waiting, outcome.refused), (units(2), units(3)));
    assert_eq!(outcome.refusal, Some(Refusal::WaitingLimit));
}

#[test]
fn a_group_gets_all_that_it_wants_or_takes_nothing() {
    let mut books = StockBooks::default();
    for (name, quantity) in [("item", 5), ("other", 1)] {
        let mut book = empty_book_of(name);
        book.receive(&ctx(1), &receipt("main", quantity)).unwrap();
        books.insert(book);
    }
    let grouped = |line: ReserveLine| ReserveLine { all_or_nothing_group: Some("set".to_owned()), ..line };
    let lines = [
        grouped(wants("a", 3)),
        wants("alone", 2),
        ReserveLine { shortfall: Shortfall::Refuse, item: item("other"), ..grouped(wants("b", 2)) },
    ];
    let outcomes = books.reserve(&ctx(2), &lines).unwrap();
    assert_eq!((outcomes[0].reserved.len(), outcomes[0].waiting), (0, units(3)));
    assert_eq!(outcomes[1].reserved, [(at("main"), units(2))]);
    assert_eq!(outcomes[2].refusal, Some(Refusal::NotAvailable));
    // What waits of the group waits in a set, so nothing that is free already is put aside for it.
    assert_eq!(stock_at(books.get(&item("item")).unwrap(), "main"), (3, 2, 0));
}

#[test]
fn a_group_that_waits_whole_is_refused_whole_where_a_limit_would_cut_it() {
    let mut books = StockBooks::default();
    for name in ["item", "other"] {
        books.insert(empty_book_of(name));
    }
    let kit = |wait_whole| {
        let line = |name: &str, of: &str, quantity| ReserveLine {
            item: item(of),
            all_or_nothing_group: Some("kit".to_owned()),
            waiting_limit: Some(units(4)),
            wait_whole,
            ..wants(name, quantity)
        };
        [line("a", "item", 3), line("b", "other", 6)]
    };
    let refused = books.reserve(&ctx(1), &kit(true)).unwrap();
    assert!(refused.iter().all(|outcome| !outcome.has_claim() && outcome.refusal == Some(Refusal::WaitingLimit)));
    assert_eq!((refused[0].refused, refused[1].refused), (units(3), units(6)));
    let cut = books.reserve(&ctx(1), &kit(false)).unwrap();
    assert_eq!((cut[0].waiting, cut[1].waiting, cut[1].refused), (units(3), units(4), units(2)));
}

#[test]
fn a_group_that_fits_is_reserved_over_all_its_items() {
    let mut books = StockBooks::default();
    for name in ["item", "other"] {
        let mut book = empty_book_of(name);
        book.receive(&ctx(1), &receipt("main", 5)).unwrap();
        books.insert(book);
    }
    let grouped = |name: &str, of: &str| ReserveLine {
        item: item(of),
        shortfall: Shortfall::Refuse,
        all_or_nothing_group: Some("set".to_owned()),
        ..wants(name, 5)
    };
    let outcomes = books.reserve(&ctx(2), &[grouped("a", "item"), grouped("b", "other")]).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.refusal.is_none() && outcome.has_claim()));
    assert_eq!(books.into_changes().len(), 2);
}

#[test]
fn one_bad_line_leaves_every_line_of_the_request_without_effect() {
    let mut books = StockBooks::default();
    books.insert(book(5, 0));
    let lines = [wants("a", 2), ReserveLine { candidates: Vec::new(), ..wants("b", 1) }];
    assert_eq!(books.reserve(&ctx(2), &lines), Err(StockError::NoCandidates(part_1("b"))));
    assert_eq!(stock_at(books.get(&item("item")).unwrap(), "main"), (5, 0, 0));
}

#[test]
fn a_soft_claim_taken_over_is_not_counted_twice() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &soft("quote", 4)).unwrap();
    let firm = ReserveLine { takes_over: Some(line("quote")), ..wants("order", 5) };
    book.reserve(&ctx(3), &firm).unwrap();
    assert_eq!((numbers(&book, "order"), numbers(&book, "quote")), ((5, 0), (0, 0)));
    assert_eq!(stock_at(&book, "main"), (0, 5, 0));
    assert_eq!(book.reserve(&ctx(4), &firm), Err(StockError::ClaimExists(part_1("order"))));
}

#[test]
fn a_line_takes_over_its_own_soft_claim_and_frees_what_it_does_not_need() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &soft("a", 5)).unwrap();
    book.reserve(&ctx(3), &ReserveLine { takes_over: Some(line("a")), ..wants("a", 2) }).unwrap();
    assert_eq!((numbers(&book, "a"), stock_at(&book, "main")), ((2, 0), (3, 2, 0)));
    assert_eq!(claim(&book, "a").strength, Strength::Firm);
    assert_books_right(&book);
}

#[test]
fn a_refused_line_leaves_the_soft_claim_as_it_was() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &soft("quote", 4)).unwrap();
    let too_much = ReserveLine { takes_over: Some(line("quote")), shortfall: Shortfall::Refuse, ..wants("order", 6) };
    assert_eq!(book.reserve(&ctx(3), &too_much).unwrap().refused, units(6));
    assert_eq!(numbers(&book, "quote"), (4, 0));
}

#[test]
fn a_soft_claim_ends_once_by_expiry_or_by_confirmation() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &soft("a", 3)).unwrap();
    book.reserve(&ctx(3), &soft("b", 2)).unwrap();
    assert!(!book.expire(&ctx(29), &part_1("a")).unwrap());
    book.confirm(&ctx(29), &part_1("b"), Strength::Firm).unwrap();
    assert!(book.expire(&ctx(30), &part_1("a")).unwrap());
    assert!(!book.expire(&ctx(31), &part_1("a")).unwrap());
    assert!(!book.expire(&ctx(31), &part_1("b")).unwrap());
    assert_eq!(book.confirm(&ctx(31), &part_1("a"), Strength::Firm), Err(StockError::SoftReservationGone(line("a"))));
    assert_eq!(stock_at(&book, "main"), (3, 2, 0));
}

#[test]
fn fully_reserved_stock_ships_to_the_line_that_holds_it() {
    let mut book = book(5, 0);
    book.reserve(&ctx(2), &wants("a", 5)).unwrap();
    let post = |quantity| LineUnits { line: line("a"), part: None, location: None, quantity: units(quantity) };
    book.post(&ctx(3), &post(3)).unwrap();
    assert_eq!(
        book.post(&ctx(4), &post(3)),
        Err(StockError::InsufficientReservation { claim: part_1("a"), asked: units(3), reserved: units(2) })
    );
    book.post(&ctx(5), &post(2)).unwrap();
    assert_eq!((claim(&book, "a").posted, stock_at(&book, "main")), (units(5), (0, 0, 0)));
}

#[test]
fn a_release_takes_waiting_units_first_and_what_it_frees_is_held_for_others() {
    let mut book = book(4, 0);
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    book.reserve(&ctx(3), &wants("b", 3)).unwrap();
    book.release(&ctx(4), &release("a", 3)).unwrap();
    assert_eq!((numbers(&book, "a"), stock_at(&book, "main")), ((3, 0), (0, 3, 1)));
    let changes = book.into_changes();
    let held: Vec<_> = changes.new_holds().map(|hold| (hold.quantity.get(), hold.cause.as_str())).collect();
    assert_eq!(held, [(1, "a/parts/1")]);
}

#[test]
fn a_release_of_waiting_units_only_leaves_what_was_reserved_meanwhile() {
    let mut book = book(4, 0);
    book.reserve(&ctx(2), &wants("a", 6)).unwrap();
    let release = Release { order: ReleaseOrder::WaitingOnly, ..release("a", 5) };
    book.release(&ctx(3), &release).unwrap();
    assert_eq!((numbers(&book, "a"), stock_at(&book, "main")), ((4, 0), (0, 4, 0)));
    assert_eq!(book.release(&ctx(4), &release).unwrap(), [], "nothing waits any more, which is no error");
    assert_books_right(&book);
}

#[test]
fn editing_one_line_hands_its_units_to_nobody_but_the_queue() {
    let mut book = book(4, 0);
    book.reserve(&ctx(2), &wants("edited", 4)).unwrap();
    book.reserve(&ctx(3), &wants("waiting", 2)).unwrap();
    book.release(&ctx(4), &release("edited", 3)).unwrap();
    let late = ReserveLine { shortfall: Shortfall::Keep, ..wants("late", 5) };
    let outcome = book.reserve(&ctx(5), &late).unwrap();
    assert_eq!(outcome.reserved, [(at("main"), units(1))]);
    assert_eq!(stock_at(&book, "main"), (0, 2, 2));
}

#[test]
fn a_reassigned_unit_puts_the_giver_back_at_its_old_place() {
    let mut book = book(4, 0);
    book.create_supply(&ctx(1), &purchase("po", 9, date(2026, 3, 9))).unwrap();
    book.reserve(&ctx(2), &wants("giver", 4)).unwrap();
    book.reserve(&ctx(3), &ReserveLine { queue_key: "9".to_owned(), ..wants("taker", 2) }).unwrap();
    let versions = |book: &ItemBook| (claim(book, "giver").version, claim(book, "taker").version);
    let (from_version, to_version) = versions(&book);
    let reassign = Reassign {
        from: part_1("giver"),
        from_version,
        to: part_1("taker"),
        to_version,
        location: at("main"),
        quantity: units(2),
    };
    book.reassign(&ctx(4), &reassign).unwrap();
    assert_eq!((numbers(&book, "giver"), numbers(&book, "taker")), ((2, 2), (2, 0)));
    assert_eq!((pegs(&book, "giver"), pegs(&book, "taker")), (vec![("po".to_owned(), 2)], vec![]));
    assert_eq!(claim(&book, "giver").queue_key, "5");
    assert!(matches!(book.reassign(&ctx(5), &reassign), Err(StockError::VersionMismatch { .. })));
    assert_books_right(&book);
}

#[test]
fn a_book_whose_rows_were_not_loaded_refuses_instead_of_guessing() {
    let mut book = book(4, 0);
    let elsewhere = ReserveLine { candidates: vec![at("elsewhere")], ..wants("a", 1) };
    assert!(matches!(book.reserve(&ctx(2), &elsewhere), Err(StockError::NotLoaded { what: "location", .. })));
}
