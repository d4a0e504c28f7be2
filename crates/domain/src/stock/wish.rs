//! What a claim asks of the units that it gets: a batch, or days for which they can still be sold.
//!
//! Such a claim is reserved only units that are bound to batches which fit. Units that are not known to fit are of no use
//! to it, so runs pass over it: it takes stock when it is made, by [`StockBooks::cover_set`] in its turn, and by hand.
//!
//! [`StockBooks::cover_set`]: super::books::StockBooks::cover_set

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::batch::Shelf;
use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey, Reservation};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::movement::Place;
use super::state::StockState;

/// What a demand line asks of its units. It may ask both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// The batch that they must be of.
    pub batch: Option<BatchId>,
    /// Days for which they can still be sold after the day on which they leave: today, or the day on which the demand wants
    /// them when that is later. 0 asks nothing.
    pub shelf_life_days: u16,
}

impl Wish {
    /// Whether nothing is asked.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.batch.is_none() && self.shelf_life_days == 0
    }

    /// The earliest best-before date of units that fit; `None` when any does.
    #[must_use]
    pub fn earliest_best_before(&self, today: Date, requested: Option<Date>) -> Option<Date> {
        let leaves = requested.map_or(today, |requested| requested.max(today));
        (self.shelf_life_days > 0).then(|| leaves.saturating_add(i32::from(self.shelf_life_days).days()))
    }
}

impl ItemBook {
    /// The batches at a location that fit, each with its units that nobody is bound to, what has to go first first. Units
    /// that `own` reservations bind count as free. A batch without a best-before date never expires; units of no named batch
    /// fit nobody.
    pub(super) fn fitting(
        &self,
        location: &LocationId,
        wish: &Wish,
        requested: Option<Date>,
        own: &[&Reservation],
    ) -> Result<Vec<(BatchId, Quantity)>, StockError> {
        let earliest = wish.earliest_best_before(self.today(location)?, requested);
        let mut found: BTreeMap<(Date, BatchId), Quantity> = BTreeMap::new();
        let here = self.batch_stock.iter().filter(|row| row.place.location == *location);
        for batch in here.filter(|row| row.place.shelf == Shelf::Sellable).filter_map(|row| row.place.batch.as_ref()) {
            if !self.is_of(wish, earliest, batch) {
                continue;
            }
            let own = own.iter().filter(|r| r.location == *location && r.batch.as_ref() == Some(batch));
            let own = sum(own.map(|reservation| reservation.unreleased()))?;
            let there = plus(self.unbound_of(location, batch)?, own)?;
            if !there.is_zero() {
                found.insert((self.best_before(batch), batch.clone()), there);
            }
        }
        Ok(found.into_iter().map(|((_, batch), there)| (batch, there)).collect())
    }

    /// The best-before date of a batch; the last of all days for one that never expires.
    fn best_before(&self, batch: &BatchId) -> Date {
        self.batch(batch).and_then(|info| info.best_before).unwrap_or(Date::MAX)
    }

    fn is_of(&self, wish: &Wish, earliest: Option<Date>, batch: &BatchId) -> bool {
        wish.batch.as_ref().is_none_or(|wanted| wanted == batch)
            && earliest.is_none_or(|earliest| self.best_before(batch) >= earliest)
    }

    /// Whether units of a batch that leave on a day are what a claim asks for. Nobody knows that of units of no named batch.
    ///
    /// Needs loaded: the claim, and what is known of the batch.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`].
    pub fn fits(&self, key: &ClaimKey, batch: Option<&BatchId>, leaves_on: Date) -> Result<bool, StockError> {
        let claim = self.claim_or_refuse(key)?;
        let earliest = claim.wish.earliest_best_before(leaves_on, claim.requested_date);
        Ok(claim.wish.is_none() || batch.is_some_and(|batch| self.is_of(&claim.wish, earliest, batch)))
    }

    /// How many units at a location fit.
    pub(super) fn fit_at(
        &self,
        location: &LocationId,
        wish: &Wish,
        requested: Option<Date>,
        own: &[&Reservation],
    ) -> Result<Quantity, StockError> {
        sum(self.fitting(location, wish, requested, own)?.into_iter().map(|(_, there)| there))
    }

    /// Adds units of a location to what is reserved for a claim that is not written yet: bound to batches that fit, where it
    /// asks for any. Once for each location.
    pub(super) fn add_fitting(
        &self,
        claim: &mut Claim,
        location: &LocationId,
        quantity: Quantity,
    ) -> Result<(), StockError> {
        if claim.wish.is_none() {
            return claim.add_reserved(location, None, quantity);
        }
        let mut rest = quantity;
        for (batch, there) in self.fitting(location, &claim.wish, claim.requested_date, &[])? {
            let piece = there.min(rest);
            if !piece.is_zero() {
                claim.add_reserved(location, Some(&batch), piece)?;
                claim.fits_until = claim.fits_until.into_iter().chain(self.last_day(&claim.wish, &batch)).min();
            }
            rest = minus(rest, piece, "units of batches")?;
        }
        if rest.is_zero() {
            return Ok(());
        }
        let (location, batch) = (location.clone(), claim.wish.batch.clone());
        let there = minus(quantity, rest, "units of batches")?;
        Err(StockError::InsufficientBatch { location, batch, owner: String::new(), asked: quantity, there })
    }

    /// The last day on which units of a batch may leave for a claim; `None` for any day.
    pub(super) fn last_day(&self, wish: &Wish, batch: &BatchId) -> Option<Date> {
        let best_before = self.batch(batch)?.best_before?;
        (wish.shelf_life_days > 0).then(|| best_before.saturating_sub(i32::from(wish.shelf_life_days).days()))
    }

    /// Puts free units aside that fit a claim which may take stock from now on, so that it is decided about.
    pub(super) fn hold_what_fits(&mut self, ctx: &CommandContext, key: &ClaimKey) -> Result<(), StockError> {
        let claim = self.claim_or_refuse(key)?.clone();
        for location in claim.waits_at() {
            let fits = self.fit_at(location, &claim.wish, claim.requested_date, &[])?;
            let kept = fits.min(claim.waiting).min(self.position(location)?.available);
            let (available, held) = (Place::at(location, StockState::Available), Place::at(location, StockState::Held));
            self.move_units(ctx, &available, &held, &Units::of(kept, &ctx.cause))?;
            self.add_hold(ctx, location, kept, &ctx.cause);
        }
        Ok(())
    }

    /// Takes units away from a claim that do not fit it any more, because the days went by, or because another date of the
    /// batch is known: it waits for others at its old place. What the warehouse has in hands stays. Answers how many. The claim knows afterwards when to look again.
    ///
    /// Needs loaded: the claim with its candidate locations, and the open supplies at those.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`].
    pub fn give_up_unfit(&mut self, ctx: &CommandContext, key: &ClaimKey) -> Result<Quantity, StockError> {
        let claim = self.claim_or_refuse(key)?;
        let mut unfit = Vec::new();
        for reservation in claim.reservations.iter().filter(|r| !r.unreleased().is_zero()) {
            let Some(batch) = &reservation.batch else { continue };
            let wish = Wish { batch: Some(batch.clone()), ..claim.wish.clone() };
            let fits = self.fitting(&reservation.location, &wish, claim.requested_date, &[reservation])?;
            if fits.is_empty() {
                unfit.push((reservation.location.clone(), batch.clone(), reservation.unreleased()));
            }
        }
        let all = sum(unfit.iter().map(|(_, _, quantity)| *quantity))?;
        self.command(ctx, |book| {
            let mut claim = book.claim_or_refuse(key)?.clone();
            for (location, batch, quantity) in &unfit {
                claim.take(location, false, Some(batch), *quantity)?;
            }
            claim.waiting = plus(claim.waiting, all)?;
            let left = claim.reservations.iter().filter(|r| !r.unreleased().is_zero());
            let days = left.filter_map(|r| book.last_day(&claim.wish, r.batch.as_ref()?));
            claim.fits_until = days.min();
            book.put_claim(claim)?;
            let cause = key.to_string();
            for (location, _, quantity) in &unfit {
                let reserved = Place::at(location, StockState::Reserved);
                book.enter_available(ctx, location, &reserved, &Units::of(*quantity, &cause))?;
            }
            book.peg_free_supply(key)
        })?;
        Ok(all)
    }
}
