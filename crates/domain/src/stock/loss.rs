//! Units that the world takes away, whatever they were reserved for: missing in a count, lost, damaged, in doubt, or never
//! received (domain.md 2.13, physical truth is never refused).
//!
//! This file chooses who loses; the commands that say how many stand in `count` and `reversal`.

use std::cmp::Reverse;

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::movement::Place;
use super::state::StockState;

/// Units that a claim lost, once for each claim: reserved ones, or such as the warehouse had in hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAway {
    /// The claim, which waits for them again at its old place.
    pub key: ClaimKey,
    /// Base units.
    pub quantity: Quantity,
}

/// Adds what a claim lost to what it lost before in the same command.
pub(super) fn add_taken(taken_away: &mut Vec<TakenAway>, more: TakenAway) -> Result<(), StockError> {
    match taken_away.iter_mut().find(|taken| taken.key == more.key) {
        Some(taken) => taken.quantity = plus(taken.quantity, more.quantity)?,
        None => taken_away.push(more),
    }
    Ok(())
}

impl ItemBook {
    /// Takes units of a location away, to `to`: free ones first, then held ones (newest hold first), then reserved ones
    /// from the end of the queue, and last those in the warehouse's hands, from the end of the queue too. Claims that lose
    /// wait again at their old place, pegged to supply that nobody is pegged to. Where a batch is named, claims that are
    /// bound to another batch lose last.
    ///
    /// Needs loaded: the location with all its open holds and all claims with reservations there, their candidate
    /// locations, and the open supplies at those.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when so many are not there at all.
    pub(super) fn lose(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        to: &Place,
        units: &Units<'_>,
    ) -> Result<Vec<TakenAway>, StockError> {
        self.check_can_lose(location, units.quantity)?;
        let mut taken_away = Vec::new();
        let bound = self.bound_to_lose(location, units)?;
        let mut rest = bound;
        for state in [StockState::Reserved, StockState::Released] {
            let lost = units.with_quantity(rest);
            rest = self.take_claimed_away(ctx, &Place::at(location, state), to, &lost, true, &mut taken_away)?;
        }
        if !rest.is_zero() {
            return Err(self.not_loaded("reservations at", location));
        }
        let units = &units.with_quantity(minus(units.quantity, bound, "lost units")?);
        let position = self.position(location)?;
        let free = position.available.min(units.quantity);
        let rest = minus(units.quantity, free, "lost units")?;
        let held = position.held.min(rest);
        let rest = minus(rest, held, "lost units")?;
        self.move_units(ctx, &Place::at(location, StockState::Available), to, &units.with_quantity(free))?;
        let holds = self.holds_newest_first(location);
        if self.take_from_holds(&holds, held)? != held {
            return Err(self.not_loaded("holds at", location));
        }
        self.move_units(ctx, &Place::at(location, StockState::Held), to, &units.with_quantity(held))?;
        let mut rest = rest;
        for state in [StockState::Reserved, StockState::Released] {
            let lost = units.with_quantity(rest);
            rest = self.take_claimed_away(ctx, &Place::at(location, state), to, &lost, false, &mut taken_away)?;
        }
        if rest.is_zero() { Ok(taken_away) } else { Err(self.not_loaded("reservations at", location)) }
    }

    fn check_can_lose(&self, location: &LocationId, asked: Quantity) -> Result<(), StockError> {
        let position = self.position(location)?;
        let there = sum([position.available, position.held, position.reserved, position.released])?;
        if asked <= there {
            return Ok(());
        }
        let (location, state) = (location.clone(), StockState::Available);
        Err(StockError::InsufficientStock { location, state, asked, there })
    }

    /// Takes units that claims have in one state away from them, of the named batch alone where `bound_only`. Answers the
    /// units that are still to go.
    fn take_claimed_away(
        &mut self,
        ctx: &CommandContext,
        from: &Place,
        to: &Place,
        units: &Units<'_>,
        bound_only: bool,
        taken_away: &mut Vec<TakenAway>,
    ) -> Result<Quantity, StockError> {
        let mut rest = units.quantity;
        let Some(location) = from.location.as_ref().filter(|_| !rest.is_zero()) else { return Ok(rest) };
        let is_released = from.state == StockState::Released;
        for key in self.claims_from_end_of_queue(from, units.batch) {
            let mut claim = self.claim_or_refuse(&key)?.clone();
            let only = units.batch.filter(|_| bound_only);
            let there = claim.there(location, is_released, only);
            let quantity = there.min(rest);
            if quantity.is_zero() {
                continue;
            }
            let taken = claim.take(location, is_released, only, quantity)?;
            claim.waiting = plus(claim.waiting, quantity)?;
            self.put_claim(claim)?;
            for (batch, quantity) in taken {
                let units = Units { quantity, batch: batch.as_ref().or(units.batch), ..*units };
                self.move_units(ctx, from, to, &units)?;
            }
            self.peg_free_supply(&key)?;
            rest = minus(rest, quantity, "lost units")?;
            let taken = TakenAway { key, quantity };
            add_taken(taken_away, taken)?;
        }
        Ok(rest)
    }

    fn claims_from_end_of_queue(&self, from: &Place, lost: Option<&BatchId>) -> Vec<ClaimKey> {
        let Some(location) = &from.location else { return Vec::new() };
        let is_of_other_batch = |claim: &Claim| {
            let mut there = claim.reservations.iter().filter(|r| r.location == *location);
            lost.is_some() && there.all(|r| r.batch.is_some() && r.batch.as_ref() != lost)
        };
        let has_units = |claim: &&Claim| {
            let there = if from.state == StockState::Released {
                claim.released_at(location)
            } else {
                claim.reserved_at(location)
            };
            !there.is_zero()
        };
        let mut claims: Vec<&Claim> = self.claims().filter(has_units).collect();
        claims.sort_by_key(|claim| (is_of_other_batch(claim), Reverse(claim.queue_place())));
        claims.into_iter().map(|claim| claim.key.clone()).collect()
    }
}
