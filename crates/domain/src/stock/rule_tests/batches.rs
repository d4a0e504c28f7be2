//! Which batch leaves, what a batch can be promised for, and that the balance of batches is what the movements say.

use std::collections::BTreeMap;

use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::ids::BatchId;
use crate::stock::batch::{BatchPlace, Shelf};
use crate::stock::error::StockError;
use crate::stock::post::Told;
use crate::stock::release::LineUnits;
use crate::stock::ship_set::ShipSet;
use crate::stock::state::StockState;
use crate::stock::wish::Wish;

pub(super) fn batch(name: &str) -> BatchId {
    BatchId::try_new(name).unwrap()
}

pub(super) fn of_batch(name: &str, accepted: i64, best_before: Option<Date>) -> Receipt {
    Receipt { batch: Some(batch(name)), best_before, ..receipt("main", accepted) }
}

fn shipped(name: &str, quantity: i64) -> LineUnits {
    LineUnits { line: part_1(name).line, part: None, location: None, quantity: units(quantity) }
}

/// What the movements that left say: batch, owner, units.
fn left(book: &ItemBook) -> Vec<(String, String, i64)> {
    let outside = book.movements().iter().filter(|movement| movement.to.location.is_none());
    let said = outside
        .map(|m| (m.batch.as_ref().map(ToString::to_string).unwrap_or_default(), m.owner.clone(), m.quantity.get()));
    said.collect()
}

fn of_batch_told(name: &str, seen: bool) -> Told {
    Told { batch: Some(batch(name)), owner: String::new(), seen }
}

fn hard(name: &str, quantity: i64, of: &str) -> ReserveLine {
    ReserveLine { strength: Strength::Hard, batch: Some(batch(of)), ..wants(name, quantity) }
}

#[test]
fn what_expires_first_leaves_first_and_own_units_before_consigned_ones() {
    let mut book = book(2, 0);
    let (early, late) = (Some(date(2026, 4, 1)), Some(date(2026, 5, 1)));
    book.receive(&ctx(2), &of_batch("late", 2, late)).unwrap();
    book.receive(&ctx(3), &Receipt { owner: "acme".to_owned(), ..of_batch("early", 2, early) }).unwrap();
    book.receive(&ctx(4), &of_batch("early", 1, None)).unwrap();
    book.reserve(&ctx(5), &wants("a", 6)).unwrap();
    book.post(&ctx(6), &shipped("a", 6)).unwrap();
    let said = |batch: &str, owner: &str, quantity| (batch.to_owned(), owner.to_owned(), quantity);
    assert_eq!(left(&book), [said("early", "", 1), said("early", "acme", 2), said("late", "", 2), said("", "", 1)]);
    assert_eq!(book.position(&at("main")).unwrap().named, units(0));
    assert_books_right(&book);
}

#[test]
fn a_line_that_names_a_batch_takes_what_is_there_of_it_and_waits_for_none() {
    let mut book = book(5, 0);
    book.receive(&ctx(2), &of_batch("red", 3, None)).unwrap();
    let first = book.reserve(&ctx(3), &hard("a", 2, "red")).unwrap();
    let second = book.reserve(&ctx(4), &hard("b", 4, "red")).unwrap();
    assert_eq!((first.refused, second.reserved, second.refused), (units(0), vec![(at("main"), units(1))], units(3)));
    let none = book.reserve(&ctx(5), &hard("c", 1, "red")).unwrap();
    assert!(!none.has_claim());
    assert_books_right(&book);
}

#[test]
fn units_that_are_bound_to_a_batch_are_left_to_it() {
    let mut book = book(1, 0);
    book.receive(&ctx(2), &of_batch("red", 3, Some(date(2026, 4, 1)))).unwrap();
    book.reserve(&ctx(3), &hard("a", 2, "red")).unwrap();
    book.reserve(&ctx(4), &wants("b", 2)).unwrap();
    let refused = book.post_told(&ctx(5), &shipped("b", 2), &of_batch_told("red", false));
    assert!(matches!(refused, Err(StockError::InsufficientBatch { .. })), "one is unbound: {refused:?}");
    book.post(&ctx(6), &shipped("b", 2)).unwrap();
    assert_eq!(left(&book), [("red".to_owned(), String::new(), 1), (String::new(), String::new(), 1)]);
    book.post(&ctx(7), &shipped("a", 2)).unwrap();
    assert_books_right(&book);
}

#[test]
fn a_batch_that_somebody_saw_leaves_as_far_as_it_is_there_and_free() {
    let mut book = book(3, 0);
    book.receive(&ctx(2), &of_batch("red", 3, None)).unwrap();
    book.reserve(&ctx(3), &hard("a", 2, "red")).unwrap();
    book.reserve(&ctx(4), &wants("b", 3)).unwrap();
    let left_of_b = book.post_told(&ctx(5), &shipped("b", 3), &of_batch_told("red", true)).unwrap();
    let said: Vec<_> = left_of_b.iter().map(|left| (left.batch.clone(), left.quantity)).collect();
    assert_eq!(said, [(Some(batch("red")), units(1)), (None, units(2))], "two red ones are bound for another");
    assert_books_right(&book);
    assert_batches_right(&book);
}

#[test]
fn a_line_that_is_bound_to_a_batch_gives_another_only_where_somebody_saw_it() {
    let mut book = book(0, 0);
    book.receive(&ctx(2), &of_batch("red", 2, None)).unwrap();
    book.receive(&ctx(3), &of_batch("blue", 2, None)).unwrap();
    book.reserve(&ctx(4), &hard("a", 2, "red")).unwrap();
    let refused = book.post_told(&ctx(5), &shipped("a", 1), &of_batch_told("blue", false));
    assert!(matches!(refused, Err(StockError::InsufficientBatch { .. })), "{refused:?}");
    book.post_told(&ctx(6), &shipped("a", 1), &of_batch_told("blue", true)).unwrap();
    assert_eq!(left(&book), [("blue".to_owned(), String::new(), 1)]);
    assert_eq!(book.unbound_of(&at("main"), &batch("red")).unwrap(), units(1), "one is bound to the line still");
    assert_books_right(&book);
    assert_batches_right(&book);
}

#[test]
fn a_named_owner_gives_what_is_of_it() {
    let mut book = book(2, 0);
    book.receive(&ctx(2), &Receipt { owner: "acme".to_owned(), ..receipt("main", 2) }).unwrap();
    book.reserve(&ctx(3), &wants("a", 4)).unwrap();
    let of = |owner: &str| Told { owner: owner.to_owned(), ..Told::default() };
    let refused = book.post_told(&ctx(4), &shipped("a", 3), &of("acme"));
    assert!(matches!(refused, Err(StockError::InsufficientBatch { .. })), "{refused:?}");
    book.post_told(&ctx(5), &shipped("a", 2), &of("acme")).unwrap();
    assert_eq!(left(&book), [(String::new(), "acme".to_owned(), 2)], "though own units go first");
    assert_books_right(&book);
}

#[test]
fn a_batch_that_is_set_aside_takes_those_that_are_bound_to_it() {
    let mut book = book(4, 0);
    book.receive(&ctx(2), &of_batch("red", 3, None)).unwrap();
    book.reserve(&ctx(3), &hard("a", 2, "red")).unwrap();
    let lost = book.quarantine(&ctx(4), &at("main"), units(3), false, Some(&batch("red"))).unwrap();
    assert_eq!(lost, [taken("a", 2)], "though units of no batch are free");
    assert_eq!(book.units_of_batch(&at("main"), Shelf::QualityControl, &batch("red")).unwrap(), units(3));
    assert_books_right(&book);
}

fn taken(name: &str, quantity: i64) -> crate::stock::loss::TakenAway {
    crate::stock::loss::TakenAway { key: part_1(name), quantity: units(quantity) }
}

/// What the movements leave of each batch and owner at each place.
fn balance(book: &ItemBook) -> BTreeMap<BatchPlace, i64> {
    let mut balance: BTreeMap<BatchPlace, i64> = BTreeMap::new();
    for movement in book.movements().iter().filter(|m| m.batch.is_some() || !m.owner.is_empty()) {
        for (place, sign) in [(&movement.from, -1), (&movement.to, 1)] {
            let (Some(location), Some(shelf)) = (&place.location, Shelf::of(place.state)) else { continue };
            let (batch, owner) = (movement.batch.clone(), movement.owner.clone());
            let place = BatchPlace { location: location.clone(), shelf, batch, owner };
            *balance.entry(place).or_default() += sign * movement.quantity.get();
        }
    }
    balance.retain(|_, units| *units != 0);
    balance
}

pub(super) fn assert_batches_right(book: &ItemBook) {
    let kept: BTreeMap<BatchPlace, i64> = book
        .batch_stock
        .iter()
        .filter(|row| !row.quantity.is_zero())
        .map(|row| (row.place.clone(), row.quantity.get()))
        .collect();
    assert_eq!(kept, balance(book), "the balance is what the movements leave");
    for position in book.positions() {
        let here = || kept.iter().filter(|(place, _)| place.location == position.location);
        assert_eq!(here().map(|(_, units)| units).sum::<i64>(), position.named.get());
        for shelf in Shelf::ALL {
            let named: i64 = here().filter(|(place, _)| place.shelf == shelf).map(|(_, units)| units).sum();
            assert!(named <= shelf.units(position).get(), "{shelf:?} at {}: {kept:?}", position.location);
        }
    }
    for claim in book.claims().filter(|claim| !claim.wish.is_none()) {
        let earliest = claim.wish.earliest_best_before(today(), claim.requested_date);
        for reservation in &claim.reservations {
            let of = reservation.batch.as_ref().expect("it asks, and has units of any");
            assert!(claim.wish.batch.as_ref().is_none_or(|wanted| wanted == of), "{claim:?}");
            assert!(earliest.is_none_or(|earliest| lasts_until(book, Some(of)) >= earliest), "{claim:?}");
        }
    }
    let mut bound: BTreeMap<(LocationId, BatchId), i64> = BTreeMap::new();
    for reservation in book.claims().flat_map(|claim| &claim.reservations) {
        if let Some(batch) = &reservation.batch {
            *bound.entry((reservation.location.clone(), batch.clone())).or_default() += reservation.quantity.get();
        }
    }
    for ((location, batch), bound) in bound {
        let there = book.units_of_batch(&location, Shelf::Sellable, &batch).unwrap().get();
        assert!(bound <= there, "{bound} are bound to {there} of {batch} at {location}");
    }
}

/// The best-before date of units; the last of all days where they never expire.
fn lasts_until(book: &ItemBook, batch: Option<&BatchId>) -> Date {
    batch.and_then(|batch| book.batch(batch)).and_then(|info| info.best_before).unwrap_or(Date::MAX)
}

/// Units at `main` that can be sold and nobody is bound to, by batch and owner. Bound are the consigned ones of a batch first.
fn unbound(book: &ItemBook) -> BTreeMap<(Option<BatchId>, String), i64> {
    let main = at("main");
    let mut unbound = BTreeMap::new();
    let mut bound: BTreeMap<BatchId, i64> = BTreeMap::new();
    for reservation in book.claims().flat_map(|claim| &claim.reservations).filter(|r| r.location == main) {
        if let Some(batch) = &reservation.batch {
            *bound.entry(batch.clone()).or_default() += reservation.quantity.get();
        }
    }
    let here = book.batch_stock.iter().filter(|row| row.place.location == main && row.place.shelf == Shelf::Sellable);
    let rows: BTreeMap<(Option<BatchId>, String), i64> =
        here.map(|row| ((row.place.batch.clone(), row.place.owner.clone()), row.quantity.get())).collect();
    // Consigned rows of a batch come after our own: those are bound first.
    for ((batch, owner), quantity) in rows.iter().rev() {
        let kept = batch.as_ref().and_then(|batch| bound.get_mut(batch));
        let left = kept.map_or(*quantity, |kept| {
            let taken = (*kept).min(*quantity);
            *kept -= taken;
            quantity - taken
        });
        unbound.insert((batch.clone(), owner.clone()), left);
    }
    let all = book.position(&main).map_or(0, |position| Shelf::Sellable.units(position).get());
    unbound.insert((None, String::new()), all - rows.values().sum::<i64>());
    unbound.retain(|_, units| *units > 0);
    unbound
}

/// Whether what left is what had to leave: of the named batch, of those that the line is bound to, or what expires first, own
/// units before consigned ones.
fn assert_left_right(before: &ItemBook, book: &ItemBook, act: &Act) {
    let (named, is_seen, claim) = match act {
        Act::Post(line, _, of, is_seen) => (of, *is_seen, before.claim(&part_1(&format!("line-{line}")))),
        Act::Ship(_, of) => (of, false, None),
        Act::Receive(..)
        | Act::Reserve(..)
        | Act::Ask(..)
        | Act::Cover(_)
        | Act::Count(_)
        | Act::SetAside(..)
        | Act::Free(..)
        | Act::Adjust(..)
        | Act::Transfer(..)
        | Act::Arrive(..) => return,
    };
    let outside = book.movements().iter().skip(before.movements().len()).filter(|moved| moved.to.location.is_none());
    let moved: Vec<_> = outside.map(|moved| (moved.batch.clone(), moved.owner.clone())).collect();
    let named = named.map(|of| batch(&format!("batch-{of}")));
    let bound_to = || claim.iter().flat_map(|claim| &claim.reservations).filter_map(|r| r.batch.clone());
    let left = unbound(book);
    if let Some(named) = named {
        let is_there = left.keys().any(|(batch, _)| batch.as_ref() == Some(&named));
        let is_other = moved.iter().any(|(batch, _)| batch.as_ref() != Some(&named));
        assert!(!is_other || (is_seen && !is_there), "{act:?} of {named} took {moved:?} and left {left:?}");
    } else if bound_to().next().is_some() {
        let is_bound = |batch: &Option<BatchId>| batch.as_ref().is_some_and(|of| bound_to().any(|bound| bound == *of));
        assert!(moved.iter().all(|(batch, _)| is_bound(batch)), "{act:?} of a bound line took {moved:?}");
    } else {
        let rank = |(batch, owner): &(Option<BatchId>, String)| (lasts_until(book, batch.as_ref()), !owner.is_empty());
        let last = moved.iter().map(rank).max();
        let next = left.keys().map(rank).min();
        assert!(last.zip(next).is_none_or(|(last, next)| last <= next), "{act:?} took {moved:?} and left {left:?}");
    }
}

#[derive(Debug, Clone)]
enum Act {
    Receive(i64, Option<u8>, bool),
    Reserve(u8, i64, Option<u8>),
    Ask(u8, i64, Option<u8>, bool),
    Cover(u8),
    Post(u8, i64, Option<u8>, bool),
    Count(i64),
    SetAside(i64, Option<u8>),
    Free(i64, Option<u8>),
    Ship(i64, Option<u8>),
    Adjust(i64, Option<u8>),
    Transfer(i64, Option<u8>, u8),
    Arrive(u8, i64),
}

fn acts() -> impl Strategy<Value = Act> {
    let of = || proptest::option::of(0_u8..3);
    prop_oneof![
        3 => (1_i64..8, of(), any::<bool>()).prop_map(|(n, of, consigned)| Act::Receive(n, of, consigned)),
        3 => (0_u8..6, 1_i64..6, of()).prop_map(|(line, n, of)| Act::Reserve(line, n, of)),
        2 => (6_u8..9, 1_i64..6, of(), any::<bool>()).prop_map(|(line, n, of, eligible)| Act::Ask(line, n, of, eligible)),
        2 => (6_u8..9).prop_map(Act::Cover),
        2 => (0_u8..9, 1_i64..6, of(), any::<bool>()).prop_map(|(line, n, of, seen)| Act::Post(line, n, of, seen)),
        1 => (0_i64..20).prop_map(Act::Count),
        1 => (1_i64..5, of()).prop_map(|(n, of)| Act::SetAside(n, of)),
        1 => (1_i64..5, of()).prop_map(|(n, of)| Act::Free(n, of)),
        1 => (1_i64..5, of()).prop_map(|(n, of)| Act::Ship(n, of)),
        1 => (1_i64..5, of()).prop_map(|(n, of)| Act::Adjust(n, of)),
        1 => (1_i64..5, of(), 0_u8..3).prop_map(|(n, of, id)| Act::Transfer(n, of, id)),
        1 => (0_u8..3, 1_i64..5).prop_map(|(id, n)| Act::Arrive(id, n)),
    ]
}

fn act(book: &mut ItemBook, number: u32, act: &Act) -> Result<(), StockError> {
    let named = |of: &Option<u8>| of.map(|of| batch(&format!("batch-{of}")));
    let line = |line: u8| format!("line-{line}");
    let main = at("main");
    let ctx = ctx(number);
    match act {
        Act::Receive(n, of, is_consigned) => {
            let best_before = of.map(|of| date(2026, 6, 1 + i8::try_from(of).unwrap()));
            let owner = if *is_consigned { "acme".to_owned() } else { String::new() };
            book.receive(&ctx, &Receipt { batch: named(of), best_before, owner, ..receipt("main", *n) }).map(drop)
        }
        Act::Reserve(name, n, of) => {
            let strength = if of.is_some() { Strength::Hard } else { Strength::Firm };
            book.reserve(&ctx, &ReserveLine { strength, batch: named(of), ..wants(&line(*name), *n) }).map(drop)
        }
        Act::Ask(name, n, of, eligible) => {
            // Who names no batch wants the later ones: the first of June is ninety-two days away.
            let wish = Wish { batch: named(of), shelf_life_days: if of.is_some() { 0 } else { 93 } };
            book.reserve(&ctx, &ReserveLine { wish, eligible: *eligible, ..wants(&line(*name), *n) }).map(drop)
        }
        Act::Cover(name) => {
            let item = book.item().clone();
            let mut books = crate::stock::books::StockBooks::default();
            books.insert(book.clone());
            let lines = vec![(item.clone(), part_1(&line(*name)).line)];
            let set = ShipSet { lines, days: 0, keep_held: std::collections::BTreeSet::new(), keeps_part: true };
            books.cover_set(&ctx, &set)?;
            *book = books.get(&item).unwrap().clone();
            Ok(())
        }
        Act::Post(name, n, of, seen) => {
            let told = Told { batch: named(of), owner: String::new(), seen: *seen };
            book.post_told(&ctx, &shipped(&line(*name), *n), &told).map(drop)
        }
        Act::Count(n) => book.count(&ctx, &main, units(*n), None).map(drop),
        Act::SetAside(n, of) => book.quarantine(&ctx, &main, units(*n), false, named(of).as_ref()).map(drop),
        Act::Free(n, of) => book.release_quarantine(&ctx, &main, units(*n), named(of).as_ref()),
        Act::Ship(n, of) => book.ship_free(&ctx, &main, units(*n), named(of).as_ref()),
        Act::Adjust(n, of) => {
            let less = crate::stock::count::Adjustment::Remove(units(*n));
            book.adjust(&ctx, &main, StockState::Available, less, named(of).as_ref(), "").map(drop)
        }
        Act::Transfer(n, of, id) => {
            let transfer = crate::stock::transfer::Transfer {
                supply: supply(&format!("transfer-{id}")),
                from: main,
                to: at("store"),
                quantity: units(*n),
                expected_date: date(2026, 3, 9),
                batch: named(of),
            };
            book.send_transfer(&ctx, &transfer).map(drop)
        }
        Act::Arrive(id, n) => {
            let supply = Some(supply(&format!("transfer-{id}")));
            book.receive(&ctx, &Receipt { supply, ..receipt("store", *n) }).map(drop)
        }
    }
}

proptest! {
    #[test]
    fn the_sum_of_batches_is_the_position_after_any_commands(acts in proptest::collection::vec(acts(), 1..40)) {
        let mut book = book(3, 0);
        for (step, next) in acts.iter().enumerate() {
            let before = book.clone();
            let result = act(&mut book, 10 + u32::try_from(step).unwrap(), next);
            let is_fault = matches!(result, Err(StockError::Inconsistent(_) | StockError::Overflow | StockError::NotLoaded { .. }));
            prop_assert!(!is_fault, "{next:?}: {result:?}");
            assert_left_right(&before, &book, next);
            assert_batches_right(&book);
            assert_books_right(&book);
        }
    }
}
