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

/// Reserved units that a claim lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAway {
    /// The claim, which waits for them again at its old place.
    pub key: ClaimKey,
    /// Base units.
    pub quantity: Quantity,
}

impl ItemBook {
    /// Takes units of a location away, to `to`: free ones first, then held ones (newest hold first), then reserved ones
    /// from the end of the queue. Claims that lose wait again at their old place, pegged to supply that nobody is pegged
    /// to. Where a batch is named, claims that are bound to another batch lose last.
    ///
    /// Needs loaded: the location with all its open holds and all claims with reservations there, their candidate
    /// locations, and the open supplies at those.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`]: of RELEASED, when units that the warehouse has in hand would have to go; of
    /// AVAILABLE, when so many are not there at all.
    pub(super) fn lose(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        to: &Place,
        units: &Units<'_>,
    ) -> Result<Vec<TakenAway>, StockError> {
        self.check_can_lose(location, units.quantity)?;
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
        self.take_reservations_away(ctx, location, to, &units.with_quantity(rest))
    }

    fn check_can_lose(&self, location: &LocationId, asked: Quantity) -> Result<(), StockError> {
        let position = self.position(location)?;
        let there = sum([position.available, position.held, position.reserved])?;
        if asked <= there {
            return Ok(());
        }
        let location = location.clone();
        Err(if position.released.is_zero() {
            StockError::InsufficientStock { location, state: StockState::Available, asked, there }
        } else {
            let asked = minus(asked, there, "lost units")?;
            StockError::InsufficientStock { location, state: StockState::Released, asked, there: Quantity::ZERO }
        })
    }

    fn take_reservations_away(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        to: &Place,
        units: &Units<'_>,
    ) -> Result<Vec<TakenAway>, StockError> {
        let mut taken_away = Vec::new();
        let mut rest = units.quantity;
        if rest.is_zero() {
            return Ok(taken_away);
        }
        for key in self.reserved_from_end_of_queue(location, units.batch) {
            let mut claim = self.claim_or_refuse(&key)?.clone();
            let quantity = claim.reserved_at(location).min(rest);
            if quantity.is_zero() {
                break;
            }
            let taken = claim.take_reserved(location, quantity)?;
            claim.waiting = plus(claim.waiting, quantity)?;
            self.put_claim(claim)?;
            for (batch, quantity) in taken {
                let units = Units { quantity, batch: batch.as_ref().or(units.batch), ..*units };
                self.move_units(ctx, &Place::at(location, StockState::Reserved), to, &units)?;
            }
            self.peg_free_supply(&key)?;
            rest = minus(rest, quantity, "lost units")?;
            taken_away.push(TakenAway { key, quantity });
        }
        if rest.is_zero() { Ok(taken_away) } else { Err(self.not_loaded("reservations at", location)) }
    }

    fn reserved_from_end_of_queue(&self, location: &LocationId, lost: Option<&BatchId>) -> Vec<ClaimKey> {
        let is_of_other_batch = |claim: &Claim| {
            let mut there = claim.reservations.iter().filter(|r| r.location == *location);
            lost.is_some() && there.all(|r| r.batch.is_some() && r.batch.as_ref() != lost)
        };
        let mut claims: Vec<&Claim> = self.claims().filter(|claim| !claim.reserved_at(location).is_zero()).collect();
        claims.sort_by_key(|claim| (is_of_other_batch(claim), Reverse(claim.queue_place())));
        claims.into_iter().map(|claim| claim.key.clone()).collect()
    }
}
