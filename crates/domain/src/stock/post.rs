//! The shipment of reserved units: which of them leave, and whose they were.

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, plus};
use super::movement::Place;
use super::release::{ClaimUnits, LineUnits, refuse_rest};
use super::state::StockState;

/// What is told of units that leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Their batch; `None` when nobody says.
    pub batch: Option<BatchId>,
    /// Whose they are; empty when nobody says.
    pub owner: String,
    /// Whether somebody saw it. Then other units are taken in the place of those that are not there, else it is refused.
    pub seen: bool,
}

/// Units of one claim, batch and owner that left a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftUnits {
    /// The claim.
    pub key: ClaimKey,
    /// Where they were.
    pub location: LocationId,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// Whose they were; empty for the company's own.
    pub owner: String,
    /// Base units.
    pub quantity: Quantity,
}

impl ItemBook {
    /// Ships units, those in the warehouse's hands first: RELEASED or RESERVED -> EXTERNAL. A part of them may stay. What
    /// has to go first leaves.
    ///
    /// Needs loaded: the parts of the line, and the locations at which they have reservations.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`] or [`StockError::LineNotFound`]; [`StockError::InsufficientReservation`] when fewer
    /// units are reserved (there).
    pub fn post(&mut self, ctx: &CommandContext, post: &LineUnits) -> Result<Vec<LeftUnits>, StockError> {
        self.post_told(ctx, post, &Told::default())
    }

    /// Ships units as [`post`](Self::post) does, of the told batch and owner: those that are bound to the batch, then those
    /// that are bound to none.
    ///
    /// # Errors
    /// As [`post`](Self::post); [`StockError::InsufficientBatch`] when fewer such units can be taken and nobody saw them.
    pub fn post_told(
        &mut self,
        ctx: &CommandContext,
        post: &LineUnits,
        told: &Told,
    ) -> Result<Vec<LeftUnits>, StockError> {
        check_quantity(post.quantity)?;
        let keys = self.parts_named(&post.line, post.part)?;
        self.command(ctx, |book| {
            let mut left = Vec::new();
            let rest = book.each_place(post, &keys, post.quantity, Claim::released_at, |book, units| {
                book.post_at(ctx, StockState::Released, &units, told, &mut left)
            })?;
            let rest = book.each_place(post, &keys, rest, Claim::reserved_at, |book, units| {
                book.post_at(ctx, StockState::Reserved, &units, told, &mut left)
            })?;
            refuse_rest(post, &keys, rest)?;
            Ok(left)
        })
    }

    fn post_at(
        &mut self,
        ctx: &CommandContext,
        state: StockState,
        units: &ClaimUnits,
        told: &Told,
        left: &mut Vec<LeftUnits>,
    ) -> Result<(), StockError> {
        let ClaimUnits { key, location, quantity } = units;
        let mut claim = self.claim_or_refuse(key)?.clone();
        let taken = claim.take_told(location, state == StockState::Released, told, *quantity)?;
        claim.posted = plus(claim.posted, *quantity)?;
        // First, so that units that were bound for this claim are free to leave.
        self.put_claim(claim)?;
        let from = Place::at(location, state);
        let cause = key.to_string();
        for (bound, quantity) in taken {
            let batch = told.batch.as_ref().or(bound.as_ref());
            let units = Units { batch, owner: &told.owner, ..Units::of(quantity, &cause) };
            if !told.seen {
                self.check_told(location, &units)?;
            }
            let before = self.movements().len();
            self.move_units(ctx, &from, &Place::EXTERNAL, &units)?;
            left.extend(self.movements().iter().skip(before).map(|movement| LeftUnits {
                key: key.clone(),
                location: location.clone(),
                batch: movement.batch.clone(),
                owner: movement.owner.clone(),
                quantity: movement.quantity,
            }));
        }
        Ok(())
    }

    /// Refuses units of a named batch and owner of which fewer can be sold, beside those bound to reservations.
    fn check_told(&self, location: &LocationId, units: &Units<'_>) -> Result<(), StockError> {
        if units.batch.is_none() && units.owner.is_empty() {
            return Ok(());
        }
        let there = self.unbound_units(location, units.batch, units.owner)?;
        if units.quantity <= there {
            return Ok(());
        }
        Err(StockError::InsufficientBatch {
            location: location.clone(),
            batch: units.batch.cloned(),
            owner: units.owner.to_owned(),
            asked: units.quantity,
            there,
        })
    }
}
