//! Stock that is corrected or set apart: counts, adjustments, quarantine, damage, scrap.
//!
//! A count is the truth and never refused (domain.md 2.13). Everything else here touches only units that nobody has a
//! claim on.

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::movement::Place;
use super::state::StockState;

/// Units that a count took away from a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAway {
    /// The claim, which waits for them again at its old place.
    pub key: ClaimKey,
    /// Base units.
    pub quantity: Quantity,
}

/// What a count found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountAnswer {
    /// Units more than were booked.
    pub found: Quantity,
    /// Units fewer than were booked.
    pub missing: Quantity,
    /// Claims that lost reserved units, in the order in which they lost them.
    pub taken_away: Vec<TakenAway>,
}

/// Units added to, or taken out of, a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Units that are there and were not booked.
    Add(Quantity),
    /// Units that were booked and are not there.
    Remove(Quantity),
}

impl ItemBook {
    /// Sets what is there, whatever it is reserved for, to what was counted. Units in quality control and damaged units
    /// are counted apart and stay as they are.
    ///
    /// More than booked becomes free, or is held for the queue. Fewer: free units go first, then held ones (newest hold
    /// first), then reservations, from the end of the queue; those claims wait again at their old place.
    ///
    /// Needs loaded: the location with all its open holds and all claims with reservations there, their candidate
    /// locations, and the open supplies at those.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when units already handed to the warehouse would have to go;
    /// [`StockError::QuantityTooLarge`]; [`StockError::NotLoaded`].
    pub fn count(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        counted: Quantity,
        batch: Option<&BatchId>,
    ) -> Result<CountAnswer, StockError> {
        if counted > Quantity::COMMAND_MAX {
            return Err(StockError::QuantityTooLarge(counted));
        }
        let position = self.position(location)?;
        let booked = sum([position.available, position.held, position.reserved, position.released])?;
        let found = counted.saturating_sub(booked);
        let missing = booked.saturating_sub(counted);
        let taken_away = self.command(ctx, |book| {
            let units = Units { batch, ..Units::of(found, &ctx.cause) };
            book.enter_available(ctx, location, &Place::EXTERNAL, &units)?;
            book.lose(ctx, location, missing)
        })?;
        Ok(CountAnswer { found, missing, taken_away })
    }

    fn lose(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        missing: Quantity,
    ) -> Result<Vec<TakenAway>, StockError> {
        let position = self.position(location)?;
        let free = position.available.min(missing);
        let rest = minus(missing, free, "missing units")?;
        let held = position.held.min(rest);
        let rest = minus(rest, held, "missing units")?;
        let out = |state, quantity| (Place::at(location, state), Units::of(quantity, &ctx.cause));
        let (from, units) = out(StockState::Available, free);
        self.move_units(ctx, &from, &Place::EXTERNAL, &units)?;
        let holds = self.holds_newest_first(location);
        if self.take_from_holds(&holds, held)? != held {
            return Err(self.not_loaded("holds at", location));
        }
        let (from, units) = out(StockState::Held, held);
        self.move_units(ctx, &from, &Place::EXTERNAL, &units)?;
        self.take_reservations_away(ctx, location, rest)
    }

    fn take_reservations_away(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        missing: Quantity,
    ) -> Result<Vec<TakenAway>, StockError> {
        let mut taken_away = Vec::new();
        if missing.is_zero() {
            return Ok(taken_away);
        }
        let reserved = self.position(location)?.reserved;
        if missing > reserved {
            let (location, state) = (location.clone(), StockState::Released);
            let asked = minus(missing, reserved, "missing units")?;
            return Err(StockError::InsufficientStock { location, state, asked, there: Quantity::ZERO });
        }
        let mut rest = missing;
        for key in self.reserved_from_end_of_queue(location) {
            let mut claim = self.claim_or_refuse(&key)?.clone();
            let quantity = claim.reserved_at(location).min(rest);
            if quantity.is_zero() {
                break;
            }
            let taken = claim.take_reserved(location, quantity)?;
            claim.waiting = plus(claim.waiting, quantity)?;
            self.put_claim(claim)?;
            for (batch, quantity) in taken {
                let units = Units { batch: batch.as_ref(), ..Units::of(quantity, &ctx.cause) };
                self.move_units(ctx, &Place::at(location, StockState::Reserved), &Place::EXTERNAL, &units)?;
            }
            self.peg_free_supply(&key)?;
            rest = minus(rest, quantity, "missing units")?;
            taken_away.push(TakenAway { key, quantity });
        }
        if rest.is_zero() { Ok(taken_away) } else { Err(self.not_loaded("reservations at", location)) }
    }

    fn reserved_from_end_of_queue(&self, location: &LocationId) -> Vec<ClaimKey> {
        let mut claims: Vec<&Claim> = self.claims().filter(|claim| !claim.reserved_at(location).is_zero()).collect();
        claims.sort_by(|left, right| right.queue_place().cmp(&left.queue_place()));
        claims.into_iter().map(|claim| claim.key.clone()).collect()
    }

    /// Adds units to, or takes them out of, AVAILABLE, QUALITY_CONTROL or DAMAGED.
    ///
    /// Needs loaded: the location.
    ///
    /// # Errors
    /// [`StockError::StateNotAdjustable`] for other states; [`StockError::InsufficientStock`] when the state has less.
    pub fn adjust(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        state: StockState,
        adjustment: Adjustment,
        batch: Option<&BatchId>,
        owner: &str,
    ) -> Result<(), StockError> {
        if !matches!(state, StockState::Available | StockState::QualityControl | StockState::Damaged) {
            return Err(StockError::StateNotAdjustable(state));
        }
        let (Adjustment::Add(quantity) | Adjustment::Remove(quantity)) = adjustment;
        check_quantity(quantity)?;
        let units = Units { quantity, batch, owner, cause: &ctx.cause };
        self.command(ctx, |book| match adjustment {
            Adjustment::Add(_) => book.enter(ctx, location, state, &Place::EXTERNAL, &units),
            Adjustment::Remove(_) => book.move_units(ctx, &Place::at(location, state), &Place::EXTERNAL, &units),
        })
    }

    /// Sets free units apart: AVAILABLE -> QUALITY_CONTROL, or -> DAMAGED.
    ///
    /// Needs loaded: the location.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when fewer are free.
    pub fn quarantine(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        quantity: Quantity,
        is_damaged: bool,
        batch: Option<&BatchId>,
    ) -> Result<(), StockError> {
        check_quantity(quantity)?;
        let state = if is_damaged { StockState::Damaged } else { StockState::QualityControl };
        let units = Units { batch, ..Units::of(quantity, &ctx.cause) };
        let free = Place::at(location, StockState::Available);
        self.command(ctx, |book| book.move_units(ctx, &free, &Place::at(location, state), &units))
    }

    /// Makes units in quality control free again, or holds them for the queue.
    ///
    /// Needs loaded: the location.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when fewer are in quality control.
    pub fn release_quarantine(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        quantity: Quantity,
        batch: Option<&BatchId>,
    ) -> Result<(), StockError> {
        check_quantity(quantity)?;
        let units = Units { batch, ..Units::of(quantity, &ctx.cause) };
        let from = Place::at(location, StockState::QualityControl);
        self.command(ctx, |book| book.enter_available(ctx, location, &from, &units))
    }

    /// Ships free units that no line reserved: AVAILABLE -> EXTERNAL.
    ///
    /// Needs loaded: the location.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when fewer are free.
    pub fn ship_free(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        quantity: Quantity,
        batch: Option<&BatchId>,
    ) -> Result<(), StockError> {
        self.adjust(ctx, location, StockState::Available, Adjustment::Remove(quantity), batch, "")
    }
}
