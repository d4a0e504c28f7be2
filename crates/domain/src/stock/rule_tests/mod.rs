//! The rules of stock, one test each, on small books. The random sequences stand in `model_tests`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

mod batches;
mod claims;
mod groups;
mod losses;
mod receipts;
mod reversals;
mod run_commits;
mod runs;
mod ship_sets;
mod stock;
mod supplies;
mod warehouse;
mod wishes;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use uuid::Uuid;

use crate::ids::{ItemId, LineId, LocationId, ReceiptId, SupplyId};
use crate::quantity::Quantity;

use super::awaited::Awaited;
use super::book::{ItemBook, ItemScope, LocationScope};
use super::claim::{Claim, ClaimKey, Strength};
use super::context::CommandContext;
use super::position::Position;
use super::receipt::{OverReceiptTolerance, ReceiptKey};
use super::receive::Receipt;
use super::reserve::{ReserveLine, Shortfall};
use super::supply::{NewSupply, SupplyKind};

fn units(quantity: i64) -> Quantity {
    Quantity::try_new(quantity).unwrap()
}

fn item(name: &str) -> ItemId {
    ItemId::try_new(name).unwrap()
}

fn at(name: &str) -> LocationId {
    LocationId::try_new(name).unwrap()
}

fn line(name: &str) -> LineId {
    LineId::try_new(name).unwrap()
}

fn part_1(name: &str) -> ClaimKey {
    ClaimKey { line: line(name), part: 1 }
}

fn supply(name: &str) -> SupplyId {
    SupplyId::try_new(name).unwrap()
}

fn today() -> Date {
    date(2026, 3, 1)
}

/// A context whose number is its id and its minute.
fn ctx(number: u32) -> CommandContext {
    let now = Timestamp::from_second(i64::from(number) * 60).unwrap();
    CommandContext {
        command_id: Uuid::from_u128(u128::from(number)),
        now,
        effective_at: now,
        actor: "tester".to_owned(),
        cause: format!("cause {number}"),
        reason_code: String::new(),
        note: String::new(),
    }
}

fn empty_scope(name: &str) -> ItemScope {
    let scope =
        |name| LocationScope { position: Position::empty(at(name)), awaited: Awaited::default(), today: today() };
    ItemScope {
        item: item(name),
        locations: vec![scope("main"), scope("store")],
        claims: Vec::new(),
        holds: Vec::new(),
        supplies: Vec::new(),
        receipts: Vec::new(),
        batches: crate::stock::batch::BatchScope::default(),
        total_waiting: Quantity::ZERO,
        all_waiting_loaded: true,
        groups: None,
    }
}

fn empty_book_of(name: &str) -> ItemBook {
    ItemBook::load(empty_scope(name)).unwrap()
}

/// A book of one item with free units at `main` and `store`.
fn book(main: i64, store: i64) -> ItemBook {
    let mut book = empty_book_of("item");
    for (name, quantity) in [("main", main), ("store", store)] {
        if quantity > 0 {
            book.receive(&ctx(1), &receipt(name, quantity)).unwrap();
        }
    }
    book
}

fn receipt(location: &str, accepted: i64) -> Receipt {
    Receipt {
        number: 1,
        location: at(location),
        supply: None,
        accepted: units(accepted),
        damaged: Quantity::ZERO,
        quality_hold: Quantity::ZERO,
        refused: Quantity::ZERO,
        batch: None,
        best_before: None,
        owner: String::new(),
        closes_supply: false,
        rest_expected: None,
        tolerance: OverReceiptTolerance { percent: 0, units: units(3) },
        entered: None,
    }
}

/// A firm, eligible, unsplit line of part 1 that may be backordered, served from `main`.
fn wants(name: &str, quantity: i64) -> ReserveLine {
    ReserveLine {
        item: item("item"),
        key: part_1(name),
        quantity: units(quantity),
        candidates: vec![at("main")],
        split_allowed: false,
        min_per_location: Quantity::ZERO,
        shortfall: Shortfall::Backorder,
        strength: Strength::Firm,
        expires_at: None,
        batch: None,
        wish: super::wish::Wish::default(),
        eligible: true,
        queue_key: "5".to_owned(),
        queue_time: Timestamp::UNIX_EPOCH,
        requested_date: None,
        waiting_limit: None,
        take_at_most: None,
        all_or_nothing_group: None,
        wait_whole: false,
        takes_over: None,
        characteristics: Default::default(),
    }
}

fn soft(name: &str, quantity: i64) -> ReserveLine {
    ReserveLine { strength: Strength::Soft, expires_at: Some(ctx(30).now), ..wants(name, quantity) }
}

fn purchase(name: &str, quantity: i64, expected: Date) -> NewSupply {
    NewSupply {
        id: supply(name),
        location: at("main"),
        kind: SupplyKind::PurchaseOrderLine,
        ordered: units(quantity),
        agreed_date: Some(expected),
        expected_date: Some(expected),
        supplier: String::new(),
        reference: String::new(),
        over_receipt: None,
        entered: None,
    }
}

/// The line that `receipt` makes in the write of `ctx(number)`.
fn received(number: u32) -> ReceiptKey {
    ReceiptKey { receipt: ReceiptId::from_uuid(ctx(number).command_id), line: 1 }
}

fn claim<'a>(book: &'a ItemBook, name: &str) -> &'a Claim {
    book.claim(&part_1(name)).unwrap()
}

/// Reserved and waiting units of a claim.
fn numbers(book: &ItemBook, name: &str) -> (i64, i64) {
    let claim = claim(book, name);
    (claim.reserved.get(), claim.waiting.get())
}

/// Available, reserved and held units of a location.
fn stock_at(book: &ItemBook, location: &str) -> (i64, i64, i64) {
    let position = book.position(&at(location)).unwrap();
    (position.available.get(), position.reserved.get(), position.held.get())
}

/// The supplies and quantities that a claim is pegged to.
fn pegs(book: &ItemBook, name: &str) -> Vec<(String, i64)> {
    claim(book, name).pegs.iter().map(|peg| (peg.supply.to_string(), peg.quantity.get())).collect()
}

fn assert_books_right(book: &ItemBook) {
    assert_eq!(book.verify().unwrap(), Vec::<String>::new());
}
