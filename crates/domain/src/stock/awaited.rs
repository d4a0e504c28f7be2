//! What waits at the places of an item, and how claims are written so that these sums stay right.

use std::collections::BTreeMap;

use crate::ids::LocationId;
use crate::quantity::Quantity;

use super::book::ItemBook;
use super::claim::{Claim, ClaimKey};
use super::error::{StockError, minus, plus};
use super::rows::Row;

/// Eligible quantity that waits at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Awaited {
    /// The sum of [`Claim::eligible_waiting`].
    pub alone: Quantity,
    /// The sum of [`Claim::waiting_in_set`].
    pub in_sets: Quantity,
}

impl Awaited {
    /// Adds what a claim waits for at one of its places. A sum that would be too large stays as it is.
    pub fn add(&mut self, claim: &Claim) {
        let sum = |sum: Quantity, more: Quantity| sum.checked_add(more).unwrap_or(sum);
        let of_claim = Self::by(claim);
        *self = Self { alone: sum(self.alone, of_claim.alone), in_sets: sum(self.in_sets, of_claim.in_sets) };
    }

    /// The sum when what one claim waits for was `before` and is `after`.
    pub(super) fn changed(self, before: Self, after: Self) -> Result<Self, StockError> {
        let others = |sum, before| minus(sum, before, "waiting at a place");
        Ok(Self {
            alone: plus(others(self.alone, before.alone)?, after.alone)?,
            in_sets: plus(others(self.in_sets, before.in_sets)?, after.in_sets)?,
        })
    }

    /// What one claim waits for at each of its places.
    fn by(claim: &Claim) -> Self {
        Self { alone: claim.eligible_waiting(), in_sets: claim.waiting_in_set() }
    }
}

impl Row for Awaited {
    fn version(&self) -> i64 {
        0
    }
    fn set_version(&mut self, _: i64) {}
}

impl ItemBook {
    /// The eligible quantity that waits at a location, over all claims, in base units.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when the location was not loaded.
    pub fn awaited_at(&self, location: &LocationId) -> Result<Awaited, StockError> {
        self.awaited.get(location).copied().ok_or_else(|| self.not_loaded("location", location))
    }

    /// Writes a claim, and keeps what waits in all and at each location in step with it.
    pub(super) fn put_claim(&mut self, claim: Claim) -> Result<(), StockError> {
        let mut waits: BTreeMap<LocationId, (Awaited, Awaited)> = BTreeMap::new();
        if let Some(old) = self.claims.get(&claim.key) {
            self.total_waiting = minus(self.total_waiting, old.waiting, "waiting in all")?;
            waits.extend(old.waits_at().iter().map(|at| (at.clone(), (Awaited::by(old), Awaited::default()))));
        }
        self.total_waiting = plus(self.total_waiting, claim.waiting)?;
        for location in claim.waits_at() {
            waits.entry(location.clone()).or_default().1 = Awaited::by(&claim);
        }
        for (location, (before, after)) in waits {
            self.change_awaited(location, &claim.key, before, after)?;
        }
        self.consume_or_give_back(&claim)?;
        let old = self.claims.get(&claim.key);
        let waits_fitting = |claim: &Claim| if claim.wish.is_none() { Quantity::ZERO } else { claim.waiting_in_set() };
        if waits_fitting(&claim) > old.map(waits_fitting).unwrap_or_default() {
            self.unsettled_wishes.insert(claim.key.clone());
        }
        let is_bound = |claim: &Claim| claim.reservations.iter().any(|reservation| reservation.batch.is_some());
        if is_bound(&claim) || old.is_some_and(is_bound) {
            let old = old.cloned();
            self.change_bound(old.as_ref(), &claim)?;
        }
        self.claims.put(self.command_number, claim.key.clone(), claim);
        Ok(())
    }

    fn change_awaited(
        &mut self,
        location: LocationId,
        key: &ClaimKey,
        before: Awaited,
        after: Awaited,
    ) -> Result<(), StockError> {
        let is_less = after.alone <= before.alone && after.in_sets <= before.in_sets;
        if before == after || (is_less && self.awaited.get(&location).is_none()) {
            // Where fewer units are awaited nothing has to be held, so such a place need not be loaded.
            return Ok(());
        }
        let awaited = self.awaited_at(&location)?.changed(before, after)?;
        if let Some(groups) = &mut self.groups {
            groups.change_awaited(self.command_number, &location, key, before, after)?;
        }
        if after.alone > before.alone {
            self.unsettled.insert(location.clone());
        }
        self.awaited.put(self.command_number, location, awaited);
        Ok(())
    }
}
