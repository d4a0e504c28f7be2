//! Units in the warehouse's hands: handed over, taken back, not found. From the hand-over until they are shipped, recalled
//! or reported short, nothing else may touch them (domain.md 2.11, release gate).

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::book::ItemBook;
use super::claim::{Claim, ClaimKey, Strength, Taken};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, plus};
use super::movement::Place;
use super::release::{ClaimUnits, LineUnits, refuse_rest};
use super::state::StockState;

/// What the warehouse found in the place of units that it was to pick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// Nothing: they leave the stock.
    Missing,
    /// Damaged units.
    Damaged,
}

/// Units of one claim at one location that passed the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateUnits {
    /// The claim.
    pub key: ClaimKey,
    /// Where they are.
    pub location: LocationId,
    /// The batch that the claim binds them to.
    pub batch: Option<BatchId>,
    /// Base units.
    pub quantity: Quantity,
}

impl ItemBook {
    /// Hands reserved units to the warehouse: RESERVED -> RELEASED. Those of a soft claim are not reserved firmly enough.
    ///
    /// Needs loaded: the parts of the line, and the locations at which they have reservations.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`] or [`StockError::LineNotFound`]; [`StockError::InsufficientReservation`] when fewer
    /// units are reserved (there).
    pub fn release_to_warehouse(
        &mut self,
        ctx: &CommandContext,
        wanted: &LineUnits,
    ) -> Result<Vec<GateUnits>, StockError> {
        let firm = |claim: &Claim, location: &_| {
            if claim.strength == Strength::Soft { Quantity::ZERO } else { claim.reserved_at(location) }
        };
        self.at_the_warehouse(ctx, wanted, firm, |book, units| {
            let mut claim = book.claim_or_refuse(&units.key)?.clone();
            let released = claim.release(&units.location, units.quantity)?;
            let (reserved, in_hands) = (StockState::Reserved, StockState::Released);
            let (from, to) = (Place::at(&units.location, reserved), Place::at(&units.location, in_hands));
            book.move_taken(ctx, &units.key, &from, &to, &released)?;
            book.put_claim(claim)?;
            Ok(released)
        })
    }

    /// Takes units back that the warehouse gives out of its hands: RELEASED -> RESERVED. They stay reserved for the line, as
    /// long as they are what it asks for: the claim knows again when to look.
    ///
    /// Needs loaded: as [`ItemBook::release_to_warehouse`].
    ///
    /// # Errors
    /// As [`ItemBook::release_to_warehouse`], about units in the warehouse's hands.
    pub fn recall_from_warehouse(
        &mut self,
        ctx: &CommandContext,
        wanted: &LineUnits,
    ) -> Result<Vec<GateUnits>, StockError> {
        self.at_the_warehouse(ctx, wanted, Claim::released_at, |book, units| {
            let mut claim = book.claim_or_refuse(&units.key)?.clone();
            let recalled = claim.recall(&units.location, units.quantity)?;
            // While they were in its hands nobody looked at their age.
            let days = recalled.iter().filter_map(|(batch, _)| book.last_day(&claim.wish, batch.as_ref()?));
            claim.fits_until = claim.fits_until.into_iter().chain(days).min();
            let (in_hands, reserved) = (StockState::Released, StockState::Reserved);
            let (from, to) = (Place::at(&units.location, in_hands), Place::at(&units.location, reserved));
            book.move_taken(ctx, &units.key, &from, &to, &recalled)?;
            book.put_claim(claim)?;
            Ok(recalled)
        })
    }

    /// Takes over that the warehouse did not find units: RELEASED -> EXTERNAL or DAMAGED. That is the truth about what is
    /// there. The line waits for them again at its old place, and is pegged to what supply is free.
    ///
    /// Needs loaded: the parts of the line with their candidate locations, and the open supplies at those.
    ///
    /// # Errors
    /// As [`ItemBook::recall_from_warehouse`].
    pub fn short_pick(
        &mut self,
        ctx: &CommandContext,
        missing: &LineUnits,
        shortage: Shortage,
    ) -> Result<Vec<GateUnits>, StockError> {
        self.at_the_warehouse(ctx, missing, Claim::released_at, |book, units| {
            let mut claim = book.claim_or_refuse(&units.key)?.clone();
            let taken = claim.take_released(&units.location, units.quantity)?;
            claim.waiting = plus(claim.waiting, units.quantity)?;
            let to = match shortage {
                Shortage::Missing => Place::EXTERNAL,
                Shortage::Damaged => Place::at(&units.location, StockState::Damaged),
            };
            // First, so that units that were bound for this claim are free to go.
            book.put_claim(claim)?;
            book.move_taken(ctx, &units.key, &Place::at(&units.location, StockState::Released), &to, &taken)?;
            book.peg_free_supply(&units.key)?;
            Ok(taken)
        })
    }

    fn at_the_warehouse(
        &mut self,
        ctx: &CommandContext,
        named: &LineUnits,
        there: impl Fn(&Claim, &LocationId) -> Quantity,
        act: impl Fn(&mut Self, &ClaimUnits) -> Result<Taken, StockError>,
    ) -> Result<Vec<GateUnits>, StockError> {
        check_quantity(named.quantity)?;
        let keys = self.parts_named(&named.line, named.part)?;
        self.command(ctx, |book| {
            let mut moved = Vec::new();
            let rest = book.each_place(named, &keys, named.quantity, there, |book, units| {
                for (batch, quantity) in act(book, &units)? {
                    let (key, location) = (units.key.clone(), units.location.clone());
                    moved.push(GateUnits { key, location, batch, quantity });
                }
                Ok(())
            })?;
            refuse_rest(named, &keys, rest)?;
            Ok(moved)
        })
    }
}
