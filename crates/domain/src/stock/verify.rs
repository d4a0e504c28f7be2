//! Proves the rules that hold after every command, over a book whose rows are all loaded. Changes nothing.

use std::collections::BTreeMap;

use crate::ids::{LocationId, SupplyId};
use crate::quantity::Quantity;

use super::book::ItemBook;
use super::claim::Claim;
use super::error::{StockError, sum};
use super::groups::Bucket;
use super::receipt::ReceivedLine;
use super::supply::{Supply, SupplyKind};

impl ItemBook {
    /// Names every rule that the rows break; empty when the books are right. Only meaningful when all claims, holds,
    /// supplies and receipts of the item, and all its locations, are loaded.
    ///
    /// # Errors
    /// [`StockError::Overflow`] when a sum leaves the range of a quantity.
    pub fn verify(&self) -> Result<Vec<String>, StockError> {
        let mut broken = Vec::new();
        for claim in self.claims() {
            verify_claim(claim, &mut broken)?;
        }
        self.verify_groups(&mut broken)?;
        self.verify_supplies(&mut broken)?;
        self.verify_receipts(&mut broken)?;
        let total = sum(self.claims().map(|claim| claim.waiting))?;
        must(&mut broken, total == self.total_waiting(), || format!("{} wait, {total} booked", self.total_waiting()));
        let locations: Vec<LocationId> = self.positions().map(|position| position.location.clone()).collect();
        for location in &locations {
            self.verify_location(location, &mut broken)?;
        }
        Ok(broken)
    }

    fn verify_location(&self, location: &LocationId, broken: &mut Vec<String>) -> Result<(), StockError> {
        let position = self.position(location)?;
        let reserved = sum(self.claims().map(|claim| claim.reserved_at(location)))?;
        let released = sum(self.claims().map(|claim| claim.released_at(location)))?;
        let held = self.held_in_holds(location)?;
        let waits_there = |claim: &&Claim| claim.waits_at().contains(location);
        let awaited = sum(self.claims().filter(waits_there).map(Claim::eligible_waiting))?;
        let in_sets = sum(self.claims().filter(waits_there).map(Claim::waiting_in_set))?;
        let transfers = self.supplies().filter(|s| s.kind == SupplyKind::Transfer && s.location == *location);
        let in_transit = sum(transfers.map(Supply::open))?;
        let in_review =
            sum(self.received_lines().filter(|line| line.location == *location).map(|line| line.in_review))?;
        must(broken, in_review <= position.quality_control, || {
            format!("{in_review} in review at {location}, {} in quality control", position.quality_control)
        });
        let mut equal = |what: &str, booked: Quantity, expected: Quantity| {
            must(broken, booked == expected, || format!("{what} at {location}: {booked}, expected {expected}"));
        };
        equal("RESERVED", position.reserved, reserved);
        equal("RELEASED", position.released, released);
        equal("HELD", position.held, held);
        equal("IN_TRANSIT", position.in_transit, in_transit);
        equal("awaited", self.awaited_at(location)?.alone, awaited);
        equal("awaited by sets", self.awaited_at(location)?.in_sets, in_sets);
        let takeable = self.takeable_now(location)?.alone;
        let is_starved = !position.available.is_zero() && position.held < takeable;
        must(broken, !is_starved, || format!("{} free at {location} while {takeable} wait", position.available));
        Ok(())
    }

    /// What is consumed of groups is what claims of groups took, and these took what they have or have shipped.
    fn verify_groups(&self, broken: &mut Vec<String>) -> Result<(), StockError> {
        let mut taken: BTreeMap<Bucket, Quantity> = BTreeMap::new();
        for known in self.group_claims() {
            for take in &known.takes {
                for bucket in take.quota.iter().chain(&take.protection) {
                    let there = taken.entry(bucket.clone()).or_default();
                    *there = sum([*there, take.units])?;
                }
            }
            let units = sum(known.takes.iter().map(|take| take.units))?;
            let has = self.claim(&known.key).map_or(Ok(Quantity::ZERO), |claim| sum([claim.reserved, claim.posted]))?;
            must(broken, units == has, || format!("claim {} took {units} in groups and has {has}", known.key));
        }
        let consumed = self.consumed_of_groups();
        must(broken, consumed == taken, || format!("{consumed:?} consumed of groups, claims took {taken:?}"));
        Ok(())
    }

    /// What a supply received is what its receipts have left.
    fn verify_receipts(&self, broken: &mut Vec<String>) -> Result<(), StockError> {
        let mut received: BTreeMap<&SupplyId, Quantity> = BTreeMap::new();
        for line in self.received_lines() {
            verify_received_line(line, broken);
            if let Some(supply) = line.supply.as_ref().filter(|_| line.blind.is_none()) {
                let there = received.entry(supply).or_default();
                *there = sum([*there, line.left.total()?])?;
            }
        }
        for supply in self.supplies() {
            let left = received.get(&supply.id).copied().unwrap_or_default();
            must(broken, supply.received == left, || {
                format!("supply {}: {} received, its receipts have {left} left", supply.id, supply.received)
            });
        }
        Ok(())
    }

    fn verify_supplies(&self, broken: &mut Vec<String>) -> Result<(), StockError> {
        let mut pegged: BTreeMap<&SupplyId, Quantity> = BTreeMap::new();
        for peg in self.claims().flat_map(|claim| &claim.pegs) {
            let there = pegged.entry(&peg.supply).or_default();
            *there = sum([*there, peg.quantity])?;
        }
        for supply in self.supplies() {
            let pegs = pegged.remove(&supply.id).unwrap_or_default();
            let is_right = supply.pegged == pegs && pegs <= supply.open();
            must(broken, is_right, || {
                format!("supply {}: {} pegged, {pegs} in pegs, {} open", supply.id, supply.pegged, supply.open())
            });
        }
        must(broken, pegged.is_empty(), || format!("pegs to unknown supplies: {pegged:?}"));
        Ok(())
    }
}

/// What is left of a receipt's line is a part of what was booked, and of a blind one all that is in quality control is in
/// review.
fn verify_received_line(line: &ReceivedLine, broken: &mut Vec<String>) {
    let in_review = if line.blind.is_some() { line.left.quality } else { Quantity::ZERO };
    let is_right = line.booked.checked_sub(line.left).is_some() && line.in_review == in_review;
    must(broken, is_right, || format!("receipt line {}: {line:?}", line.key));
}

fn verify_claim(claim: &Claim, broken: &mut Vec<String>) -> Result<(), StockError> {
    let reserved = sum(claim.reservations.iter().map(|r| r.quantity))?;
    let pegged = sum(claim.pegs.iter().map(|peg| peg.quantity))?;
    let is_right = claim.reserved == reserved && claim.pegged == pegged && pegged <= claim.waiting;
    must(broken, is_right, || format!("claim {}: its sums differ: {claim:?}", claim.key));
    let has_empty = claim.reservations.iter().any(|r| r.quantity.is_zero() || r.released > r.quantity)
        || claim.pegs.iter().any(|p| p.quantity.is_zero());
    must(broken, !has_empty, || format!("claim {}: an empty or overdrawn reservation, or an empty peg", claim.key));
    let is_in_one_place = claim.reservations.windows(2).all(|pair| matches!(pair, [a, b] if a.location == b.location));
    must(broken, claim.split_allowed || is_in_one_place, || format!("claim {} is split", claim.key));
    Ok(())
}

fn must(broken: &mut Vec<String>, holds: bool, what: impl FnOnce() -> String) {
    if !holds {
        broken.push(what());
    }
}
