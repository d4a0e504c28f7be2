//! Stock that is corrected or set apart: counts, adjustments, quarantine, damage, scrap.
//!
//! What the world did to the units is the truth and never refused for want of free ones (domain.md 2.13): counts, damage,
//! doubt and loss take units away even from claims, as [`loss`](super::loss) chooses.

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, sum};
use super::loss::TakenAway;
use super::movement::Place;
use super::state::StockState;

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
    /// More than booked becomes free, or is held for the queue. Fewer: units are lost, free ones first, then held ones,
    /// then reserved ones from the end of the queue; those claims wait again at their old place.
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
            book.lose(ctx, location, &Place::EXTERNAL, &Units::of(missing, &ctx.cause))
        })?;
        Ok(CountAnswer { found, missing, taken_away })
    }

    /// Sets what is in QUALITY_CONTROL or DAMAGED to what was counted. Units of blind receipts in review go last, of the
    /// newest receipt first: they need no decision any more.
    ///
    /// Needs loaded: the location, and for QUALITY_CONTROL the lines of receipts in review there.
    ///
    /// # Errors
    /// [`StockError::StateNotAdjustable`] for other states; [`StockError::QuantityTooLarge`].
    pub fn count_apart(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        state: StockState,
        counted: Quantity,
        batch: Option<&BatchId>,
    ) -> Result<CountAnswer, StockError> {
        if counted > Quantity::COMMAND_MAX {
            return Err(StockError::QuantityTooLarge(counted));
        }
        let position = self.position(location)?;
        let booked = match state {
            StockState::QualityControl => position.quality_control,
            StockState::Damaged => position.damaged,
            StockState::External
            | StockState::Available
            | StockState::Reserved
            | StockState::Released
            | StockState::Held
            | StockState::InTransit => return Err(StockError::StateNotAdjustable(state)),
        };
        let (found, missing) = (counted.saturating_sub(booked), booked.saturating_sub(counted));
        self.command(ctx, |book| {
            if state == StockState::QualityControl {
                let in_review = missing.saturating_sub(book.quality_without_review(location)?);
                book.lose_in_review(location, in_review)?;
            }
            let (there, units) = (Place::at(location, state), Units { batch, ..Units::of(found, &ctx.cause) });
            book.move_units(ctx, &Place::EXTERNAL, &there, &units)?;
            book.move_units(ctx, &there, &Place::EXTERNAL, &units.with_quantity(missing))
        })?;
        Ok(CountAnswer { found, missing, taken_away: Vec::new() })
    }

    /// Adds units to, or takes them out of, AVAILABLE, QUALITY_CONTROL or DAMAGED. Units that are gone from what can be
    /// sold are lost as in a count: when too few are free, held and reserved ones go. Answers who lost.
    ///
    /// Needs loaded: the location; to take units out of AVAILABLE, as for [`count`](Self::count); out of QUALITY_CONTROL, the
    /// lines of receipts in review there.
    ///
    /// # Errors
    /// [`StockError::StateNotAdjustable`] for other states; [`StockError::InsufficientStock`] when fewer are there, or
    /// when all of them in quality control are of blind receipts in review.
    pub fn adjust(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        state: StockState,
        adjustment: Adjustment,
        batch: Option<&BatchId>,
        owner: &str,
    ) -> Result<Vec<TakenAway>, StockError> {
        if !matches!(state, StockState::Available | StockState::QualityControl | StockState::Damaged) {
            return Err(StockError::StateNotAdjustable(state));
        }
        let (Adjustment::Add(quantity) | Adjustment::Remove(quantity)) = adjustment;
        check_quantity(quantity)?;
        let units = Units { quantity, batch, owner, cause: &ctx.cause };
        self.command(ctx, |book| match adjustment {
            Adjustment::Add(_) => book.enter(ctx, location, state, &Place::EXTERNAL, &units).map(|()| Vec::new()),
            Adjustment::Remove(_) if state == StockState::Available => {
                book.check_batch(&Place::at(location, state), &units, true)?;
                book.lose(ctx, location, &Place::EXTERNAL, &units)
            }
            Adjustment::Remove(_) => {
                if state == StockState::QualityControl {
                    book.check_not_in_review(location, quantity)?;
                }
                book.check_batch(&Place::at(location, state), &units, true)?;
                book.move_units(ctx, &Place::at(location, state), &Place::EXTERNAL, &units).map(|()| Vec::new())
            }
        })
    }

    /// Sets units apart that can be sold no longer, to QUALITY_CONTROL or to DAMAGED: free ones first, and when too few are
    /// free, held and reserved ones as in a count. Answers who lost.
    ///
    /// Needs loaded: as for [`count`](Self::count).
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when fewer are there.
    pub fn quarantine(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        quantity: Quantity,
        is_damaged: bool,
        batch: Option<&BatchId>,
    ) -> Result<Vec<TakenAway>, StockError> {
        check_quantity(quantity)?;
        let state = if is_damaged { StockState::Damaged } else { StockState::QualityControl };
        let units = Units { batch, ..Units::of(quantity, &ctx.cause) };
        self.check_batch(&Place::at(location, StockState::Available), &units, true)?;
        self.command(ctx, |book| book.lose(ctx, location, &Place::at(location, state), &units))
    }

    /// Makes units in quality control free again, or holds them for the queue.
    ///
    /// Needs loaded: the location, and the lines of receipts in review there.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when fewer are in quality control, beside those of blind receipts in review.
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
        self.check_not_in_review(location, quantity)?;
        self.check_batch(&from, &units, true)?;
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
        check_quantity(quantity)?;
        let units = Units { batch, ..Units::of(quantity, &ctx.cause) };
        let free = Place::at(location, StockState::Available);
        self.check_batch(&free, &units, false)?;
        self.command(ctx, |book| book.move_units(ctx, &free, &Place::EXTERNAL, &units))
    }
}
