//! Naive decisions, unit by unit and without any kept sum, to compare the book's with.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::ids::{LineId, LocationId, SupplyId};
use crate::quantity::Quantity;
use crate::stock::book::ItemBook;
use crate::stock::claim::{Claim, ClaimKey};
use crate::stock::hold::Hold;
use crate::stock::loss::TakenAway;
use crate::stock::position::Position;
use crate::stock::receipt::ReceivedLine;
use crate::stock::reserve::{Refusal, ReserveLine, ReserveOutcome, Shortfall};
use crate::stock::ship_set::SetCover;
use crate::stock::supply::Supply;

use super::world::units;

type AllRows = (Vec<Position>, Vec<Claim>, Vec<Hold>, Vec<Supply>, Vec<ReceivedLine>, usize, Quantity);

/// Everything that a book holds.
pub fn rows_of(book: &ItemBook) -> AllRows {
    (
        book.positions().cloned().collect(),
        book.claims().cloned().collect(),
        book.holds().cloned().collect(),
        book.supplies().cloned().collect(),
        book.received_lines().cloned().collect(),
        book.movements().len(),
        book.total_waiting(),
    )
}

/// A row has a new version exactly when something of it changed; a claim also when the date of its supply moved.
pub fn check_versions(before: &ItemBook, after: &ItemBook) -> Result<(), String> {
    for claim in after.claims() {
        let old = before.claim(&claim.key);
        let (old_version, is_same) = old.map_or((0, false), |old| {
            let same_version = Claim { version: claim.version, ..old.clone() };
            (old.version, same_version == *claim)
        });
        let counted = claim.version - old_version;
        if (!is_same && counted != 1) || (is_same && !(0..=1).contains(&counted)) {
            return Err(format!("claim {} went from version {old_version} to {}", claim.key, claim.version));
        }
    }
    for position in after.positions() {
        let old = before.position(&position.location).map_err(|error| error.to_string())?;
        let is_same = Position { version: position.version, ..old.clone() } == *position;
        if position.version - old.version != i64::from(!is_same) {
            return Err(format!("{} went from version {} to {}", position.location, old.version, position.version));
        }
    }
    Ok(())
}

/// What a reservation should answer; `None` when the line has to be refused as an error.
pub fn expected_outcome(book: &ItemBook, line: &ReserveLine) -> Option<ReserveOutcome> {
    let sources: Vec<&Claim> = book
        .claims()
        .filter(|claim| Some(&claim.key.line) == line.takes_over.as_ref() && !claim.is_resolved())
        .collect();
    let mut free: BTreeMap<&LocationId, i64> = BTreeMap::new();
    for location in &line.candidates {
        let own: i64 = sources.iter().map(|claim| claim.reserved_at(location).get()).sum();
        // Who may wait and is not eligible keeps what it takes over, and takes nothing that is free.
        let may_take = line.eligible || line.shortfall != Shortfall::Backorder;
        let there = if may_take { book.position(location).ok()?.available.get() } else { 0 };
        free.insert(location, there + own);
    }
    let mut reserved = pick(line, &free);
    let mut got: i64 = reserved.iter().map(|(_, quantity)| quantity).sum();
    let wanted = line.quantity.get();
    let is_group_short = line.all_or_nothing_group.is_some() && got < wanted;
    if is_group_short || (line.shortfall == Shortfall::Refuse && got < wanted) {
        reserved.clear();
        got = 0;
    }
    let others = book.total_waiting().get() - sources.iter().map(|claim| claim.waiting.get()).sum::<i64>();
    let room = line.waiting_limit.map_or(i64::MAX, |limit| (limit.get() - others).max(0));
    let may_wait = line.shortfall == Shortfall::Backorder;
    let waiting = if may_wait { (wanted - got).min(room) } else { 0 };
    let refused = wanted - got - waiting;
    let why = if may_wait { Refusal::WaitingLimit } else { Refusal::NotAvailable };
    Some(ReserveOutcome {
        key: line.key.clone(),
        reserved: reserved.into_iter().map(|(location, quantity)| (location, units(quantity))).collect(),
        waiting: units(waiting),
        refused: units(refused),
        refusal: (refused > 0).then_some(why),
        limited: None,
    })
}

fn pick(line: &ReserveLine, free: &BTreeMap<&LocationId, i64>) -> Vec<(LocationId, i64)> {
    let wanted = line.quantity.get();
    if line.split_allowed && line.min_per_location.get() > 1 {
        // The choice with a minimum has unit tests of its own; here only its limits are checked.
        let offers: Vec<_> = line.candidates.iter().map(|l| (l.clone(), units(free[l]))).collect();
        let minimum = line.min_per_location.get().min(wanted);
        let placed = crate::stock::placement::place(line.quantity, &offers, true, line.min_per_location);
        assert!(placed.iter().all(|(l, quantity)| quantity.get() >= minimum && quantity.get() <= free[l]));
        assert!(placed.iter().map(|(_, quantity)| quantity.get()).sum::<i64>() <= wanted);
        return placed.into_iter().map(|(location, quantity)| (location, quantity.get())).collect();
    }
    if line.split_allowed {
        let mut taken: BTreeMap<&LocationId, i64> = BTreeMap::new();
        for _ in 0..wanted {
            let next = line.candidates.iter().find(|l| taken.get(l).copied().unwrap_or(0) < free[l]);
            if let Some(location) = next {
                *taken.entry(location).or_default() += 1;
            }
        }
        let in_order = line.candidates.iter().filter_map(|l| taken.get(l).map(|quantity| (l.clone(), *quantity)));
        return in_order.collect();
    }
    let whole = line.candidates.iter().find(|l| free[l] >= wanted);
    let most = line.candidates.iter().rev().max_by_key(|l| free[l]);
    let chosen = whole.or(most).map(|l| (l.clone(), free[l].min(wanted)));
    chosen.into_iter().filter(|(_, quantity)| *quantity > 0).collect()
}

/// The pegs that the queue should have: unit by unit, first place first, earliest supply first.
pub fn check_pegs(book: &ItemBook, today: Date) -> Result<(), String> {
    let is_simple = |claim: &Claim| claim.split_allowed || claim.waits_at().len() == 1;
    if !book.claims().filter(|claim| !claim.waiting.is_zero()).all(is_simple) {
        return Ok(());
    }
    let mut held: BTreeMap<&LocationId, i64> = book.positions().map(|p| (&p.location, p.held.get())).collect();
    let mut supplies: Vec<(Date, &SupplyId, &LocationId, i64)> = book
        .supplies()
        .filter_map(|s| {
            s.expected_date.filter(|date| *date >= today).map(|date| (date, &s.id, &s.location, s.open().get()))
        })
        .collect();
    supplies.sort();
    let mut queue: Vec<&Claim> = book.claims().collect();
    queue.sort_by(|a, b| a.queue_place().cmp(&b.queue_place()));
    for claim in queue {
        let mut expected: BTreeMap<&SupplyId, i64> = BTreeMap::new();
        for _ in 0..claim.waiting.get() {
            let alone = claim.eligible && !claim.in_set;
            let holding = claim.waits_at().iter().find(|l| alone && held.get(l).copied().unwrap_or(0) > 0);
            if let Some(location) = holding {
                *held.get_mut(location).unwrap() -= 1;
                continue;
            }
            let next =
                supplies.iter_mut().find(|(_, _, location, left)| *left > 0 && claim.waits_at().contains(location));
            if let Some((_, id, _, left)) = next {
                *left -= 1;
                *expected.entry(*id).or_default() += 1;
            }
        }
        let pegs: BTreeMap<&SupplyId, i64> = claim.pegs.iter().map(|peg| (&peg.supply, peg.quantity.get())).collect();
        if pegs != expected {
            return Err(format!("claim {} is pegged to {pegs:?}, expected {expected:?}", claim.key));
        }
    }
    Ok(())
}

/// `lost` units of a place went, unit by unit: free and held ones first, then reserved ones from the end of the queue, then
/// those in the warehouse's hands, from the end of the queue too.
pub fn check_loss(before: &ItemBook, location: &LocationId, lost: i64, taken_away: &[TakenAway]) {
    let unclaimed = before.position(location).map_or(0, |position| position.available.get() + position.held.get());
    let mut queue: Vec<&Claim> = before.claims().collect();
    queue.sort_by(|a, b| b.queue_place().cmp(&a.queue_place()));
    let reserved = queue.iter().flat_map(|claim| vec![&claim.key; units_of(claim.reserved_at(location))]);
    let released = queue.iter().flat_map(|claim| vec![&claim.key; units_of(claim.released_at(location))]);
    let mut expected: Vec<(&ClaimKey, i64)> = Vec::new();
    for key in reserved.chain(released).take(usize::try_from(lost - unclaimed).unwrap_or(0)) {
        match expected.iter_mut().find(|(known, _)| *known == key) {
            Some((_, quantity)) => *quantity += 1,
            None => expected.push((key, 1)),
        }
    }
    let taken: Vec<(&ClaimKey, i64)> = taken_away.iter().map(|taken| (&taken.key, taken.quantity.get())).collect();
    assert_eq!(taken, expected, "the end of the queue loses first, the warehouse last");
}

fn units_of(quantity: Quantity) -> usize {
    usize::try_from(quantity.get()).unwrap_or(0)
}

/// Whether a set that needs all of it on hand is covered exactly when each unit finds a place, in the order of the queue,
/// where more is there than those before it await. Only where no rule about splitting takes part in the choice.
pub fn check_cover(book: &ItemBook, lines: &[LineId], days: u16, cover: SetCover) {
    let mut members: Vec<&Claim> =
        book.claims().filter(|claim| lines.contains(&claim.key.line) && !claim.waiting.is_zero()).collect();
    let is_simple = |claim: &&Claim| {
        (claim.split_allowed && claim.min_per_location.get() <= 1)
            || (claim.waits_at().len() == 1 && !claim.split_allowed)
    };
    if days > 0 || members.is_empty() || !members.iter().all(is_simple) {
        return;
    }
    members.sort_by(|a, b| a.queue_place().cmp(&b.queue_place()));
    let mut there: BTreeMap<&LocationId, i64> =
        book.positions().map(|p| (&p.location, p.available.get() + p.held.get())).collect();
    let mut is_covered = true;
    for claim in members {
        for _ in 0..claim.waiting.get() {
            let free = claim.waits_at().iter().find(|at| {
                let before =
                    |other: &&Claim| other.queue_place() < claim.queue_place() && other.waits_at().contains(at);
                let awaited: i64 = book.claims().filter(before).map(|other| other.eligible_waiting().get()).sum();
                there[at] > awaited
            });
            match free {
                Some(at) if claim.eligible => *there.get_mut(at).unwrap() -= 1,
                Some(_) | None => is_covered = false,
            }
        }
    }
    assert_eq!(cover == SetCover::Complete, is_covered, "the naive decision about the set differs");
}

/// Units are held for lines that wait, not beyond: what is held grows only up to what is awaited.
pub fn check_holding(before: &ItemBook, after: &ItemBook) -> Result<(), String> {
    for position in after.positions() {
        let held_before = before.position(&position.location).map_or(Quantity::ZERO, |old| old.held);
        let awaited = after.awaited_at(&position.location).map_err(|error| error.to_string())?;
        let awaited = awaited.alone.get() + awaited.in_sets.get();
        if position.held > held_before && position.held.get() > awaited {
            return Err(format!("{} held at {} for {awaited}", position.held, position.location));
        }
    }
    Ok(())
}

/// What a supply handed to shipment notices is what those notices still stand for.
pub fn check_advised(book: &ItemBook) -> Result<(), String> {
    for supply in book.supplies() {
        let notices = book.supplies().filter(|notice| notice.parent.as_ref() == Some(&supply.id));
        let advised: i64 = notices.map(|notice| notice.ordered.get() - notice.cancelled.get()).sum();
        if supply.advised.get() != advised {
            return Err(format!("supply {} advised {}, its notices {advised}", supply.id, supply.advised));
        }
    }
    Ok(())
}
