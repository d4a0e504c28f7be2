//! Sets of demand lines that take stock together: all that they wait for, or nothing.
//!
//! Runs pass over a claim that is in a set ([`Claim::in_set`]), and only what becomes free is put aside for it, until a
//! run has decided. [`StockBooks::cover_set`] alone gives it stock. Which lines make a set is not known here. A claim that
//! asks something of its units ([`Claim::wish`]) is a set of its own that keeps a part.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;

use crate::ids::{ItemId, LineId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::books::StockBooks;
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::movement::Place;
use super::placement::place;
use super::state::StockState;

/// Demand lines that take stock together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipSet {
    /// The lines with their items, each once, all their parts.
    pub lines: Vec<(ItemId, LineId)>,
    /// Within how many days from today supply must be expected for what is not on hand. 0: all of it must be on hand.
    pub days: u16,
    /// Items of which held units stay held: somebody else decides about them.
    pub keep_held: BTreeSet<ItemId>,
    /// Whether the lines keep what they get though it is not all: for a line that asks something of its units.
    pub keeps_part: bool,
}

/// What a set has after it was decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetCover {
    /// Nothing of it waits.
    Complete,
    /// What of it waits is expected within the days of the set; the rest is reserved.
    Expected,
    /// It cannot be covered. Nothing is reserved for it but what the warehouse has in hands.
    Incomplete,
}

/// Units that are free for a claim of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeForClaim {
    /// The claim.
    pub key: ClaimKey,
    /// Where they are, and how many base units. Empty when none are.
    pub units: Vec<(LocationId, Quantity)>,
}

impl StockBooks {
    /// Gives a set all that it waits for, of what is free or held for the queue, or takes back what it holds and cannot use.
    ///
    /// Claims that are served alone and stand before a claim of the set in the queue keep their right: what they wait for
    /// at a place is not there for the set. Those behind it, and other sets, do not count.
    ///
    /// Needs loaded: the items' waiting claims, open supplies, holds, and the locations of all of them; the lines' claims.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`]. A set that cannot be covered is an outcome.
    pub fn cover_set(&mut self, ctx: &CommandContext, set: &ShipSet) -> Result<SetCover, StockError> {
        let members = self.members(set)?;
        if !self.waits(&members) {
            return Ok(SetCover::Complete);
        }
        if set.keeps_part {
            for (item, keys) in &members {
                self.book_mut(item)?.take_what_fits(ctx, keys, !set.keep_held.contains(item))?;
            }
            return Ok(if self.waits(&members) { SetCover::Incomplete } else { SetCover::Complete });
        }
        let items: BTreeSet<&ItemId> = members.keys().collect();
        let checkpoints = self.open_checkpoints(&items);
        let attempt = self.take_whole(ctx, &members, set);
        self.close_checkpoints(checkpoints, matches!(attempt, Ok(true)));
        if attempt? {
            return Ok(if self.waits(&members) { SetCover::Expected } else { SetCover::Complete });
        }
        for (item, keys) in &members {
            self.book_mut(item)?.give_set_back(ctx, keys)?;
        }
        Ok(SetCover::Incomplete)
    }

    /// What is free now for each claim of the set that waits, or held and awaited by nobody who is served alone. Nothing is
    /// kept: it is what the set could have of its own, were the rest of it there.
    ///
    /// Needs loaded: the lines' claims with their candidate locations.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`].
    pub fn free_for_set(&self, set: &ShipSet) -> Result<Vec<FreeForClaim>, StockError> {
        let mut free = Vec::new();
        for (item, keys) in self.members(set)? {
            if let Some(book) = self.get(&item) {
                book.add_free_for_set(&keys, &mut free)?;
            }
        }
        Ok(free)
    }

    /// The claims of the set's lines, by item, in the order of the queue.
    fn members(&self, set: &ShipSet) -> Result<BTreeMap<ItemId, Vec<ClaimKey>>, StockError> {
        let mut members: BTreeMap<ItemId, Vec<ClaimKey>> = BTreeMap::new();
        for (item, line) in &set.lines {
            let not_loaded = || StockError::NotLoaded { what: "item", id: item.to_string(), item: item.clone() };
            let book = self.get(item).ok_or_else(not_loaded)?;
            members.entry(item.clone()).or_default().extend(book.parts_of(line));
        }
        for (item, keys) in &mut members {
            if let Some(book) = self.get(item) {
                keys.sort_by(|a, b| book.queue_place_of(a).cmp(&book.queue_place_of(b)));
            }
        }
        Ok(members)
    }

    fn waits(&self, members: &BTreeMap<ItemId, Vec<ClaimKey>>) -> bool {
        members.iter().any(|(item, keys)| {
            let claims = keys.iter().filter_map(|key| self.get(item).and_then(|book| book.claim(key)));
            claims.into_iter().any(|claim| !claim.waiting.is_zero())
        })
    }

    fn take_whole(
        &mut self,
        ctx: &CommandContext,
        members: &BTreeMap<ItemId, Vec<ClaimKey>>,
        set: &ShipSet,
    ) -> Result<bool, StockError> {
        for (item, keys) in members {
            let takes_held = !set.keep_held.contains(item);
            if !self.book_mut(item)?.take_for_set(ctx, keys, set.days, takes_held)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl ItemBook {
    /// Takes what the claims wait for. Answers `false`, with a part of it taken, when they cannot all be covered.
    fn take_for_set(
        &mut self,
        ctx: &CommandContext,
        keys: &[ClaimKey],
        days: u16,
        takes_held: bool,
    ) -> Result<bool, StockError> {
        if !self.all_waiting_loaded {
            return Err(self.not_loaded("claims", &"that wait"));
        }
        self.command(ctx, |book| {
            for key in keys {
                let claim = book.claim_or_refuse(key)?;
                if claim.waiting.is_zero() {
                    continue;
                }
                if !claim.eligible {
                    return Ok(false);
                }
                book.take_in_turn(ctx, key, takes_held)?;
                if !book.is_expected_within(key, days)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Takes of what the claims wait for as much as is there for them.
    fn take_what_fits(&mut self, ctx: &CommandContext, keys: &[ClaimKey], takes_held: bool) -> Result<(), StockError> {
        self.command(ctx, |book| {
            for key in keys {
                let claim = book.claim_or_refuse(key)?;
                if claim.eligible && !claim.waiting.is_zero() {
                    book.take_in_turn(ctx, key, takes_held)?;
                }
            }
            Ok(())
        })
    }

    /// Reserves for a claim what is free, or held where held units may be taken, and not awaited by claims before it.
    fn take_in_turn(&mut self, ctx: &CommandContext, key: &ClaimKey, takes_held: bool) -> Result<(), StockError> {
        let claim = self.claim_or_refuse(key)?;
        let mut offers = Vec::with_capacity(claim.waits_at().len());
        for location in claim.waits_at() {
            let position = self.position(location)?;
            let before =
                |other: &&Claim| other.queue_place() < claim.queue_place() && other.waits_at().contains(location);
            let awaited = sum(self.claims().filter(before).map(Claim::eligible_waiting))?;
            let awaited = awaited.min(self.takeable_now(location)?.alone);
            let there = plus(position.available, position.held)?.saturating_sub(awaited);
            // What is held serves those before first, so it takes nothing off what is free.
            let there = if takes_held { there } else { there.min(position.available) };
            let fits = if claim.wish.is_none() {
                there
            } else {
                self.fit_at(location, &claim.wish, claim.requested_date, &[])?
            };
            offers.push((location.clone(), self.takeable(key, location, fits.min(there), Quantity::ZERO)?));
        }
        let taken = place(self.quota_left_for(claim)?, &offers, claim.split_allowed, claim.min_per_location);
        let left = minus(claim.waiting, sum(taken.iter().map(|(_, quantity)| *quantity))?, "claim.waiting")?;
        self.trim_pegs(key, left)?;
        let mut claim = self.claim_or_refuse(key)?.clone();
        claim.waiting = left;
        let cause = key.to_string();
        for (location, quantity) in &taken {
            let free = self.position(location)?.available.min(*quantity);
            let held = minus(*quantity, free, "taken units")?;
            let mut holds = self.holds_newest_first(location);
            holds.reverse();
            if self.take_from_holds(&holds, held)? != held {
                return Err(self.not_loaded("holds at", location));
            }
            let reserved = Place::at(location, StockState::Reserved);
            for (state, units) in [(StockState::Available, free), (StockState::Held, held)] {
                self.move_units(ctx, &Place::at(location, state), &reserved, &Units::of(units, &cause))?;
            }
            self.add_fitting(&mut claim, location, *quantity)?;
        }
        self.put_claim(claim)
    }

    /// Whether all that a claim waits for is expected in time, pegging it to supply that nobody is pegged to.
    fn is_expected_within(&mut self, key: &ClaimKey, days: u16) -> Result<bool, StockError> {
        if self.claim_or_refuse(key)?.waiting.is_zero() {
            return Ok(true);
        }
        if days == 0 {
            return Ok(false);
        }
        self.peg_free_supply(key)?;
        let claim = self.claim_or_refuse(key)?;
        if !claim.unpegged().is_zero() {
            return Ok(false);
        }
        for peg in &claim.pegs {
            let supply = self.supplies.get(&peg.supply).ok_or_else(|| self.not_loaded("supply", &peg.supply))?;
            let last = self.today(&supply.location)?.saturating_add(i32::from(days).days());
            if supply.expected_date.is_none_or(|date| date > last) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives back what is reserved for claims of a set that cannot be covered: they wait for it at their old places. What
    /// the warehouse has in hands stays.
    fn give_set_back(&mut self, ctx: &CommandContext, keys: &[ClaimKey]) -> Result<(), StockError> {
        self.command(ctx, |book| {
            let mut freed = Vec::new();
            for key in keys {
                let quantity = book.claim_or_refuse(key)?.unreleased();
                if quantity.is_zero() {
                    continue;
                }
                freed.extend(book.unreserve(key, quantity)?);
                let mut claim = book.claim_or_refuse(key)?.clone();
                claim.waiting = plus(claim.waiting, quantity)?;
                book.put_claim(claim)?;
                book.peg_free_supply(key)?;
            }
            book.free(ctx, &freed)
        })
    }

    fn add_free_for_set(&self, keys: &[ClaimKey], free: &mut Vec<FreeForClaim>) -> Result<(), StockError> {
        let mut given: BTreeMap<LocationId, Quantity> = BTreeMap::new();
        for key in keys {
            let claim = self.claim_or_refuse(key)?;
            if claim.waiting.is_zero() {
                continue;
            }
            let mut offers = Vec::with_capacity(claim.waits_at().len());
            for location in claim.waits_at() {
                let position = self.position(location)?;
                let taken = given.get(location).copied().unwrap_or_default();
                let wanted = plus(self.takeable_now(location)?.alone, taken)?;
                let there = plus(position.available, position.held)?.saturating_sub(wanted);
                offers.push((location.clone(), there));
            }
            let units = place(claim.waiting, &offers, claim.split_allowed, claim.min_per_location);
            for (location, quantity) in &units {
                let taken = given.entry(location.clone()).or_default();
                *taken = plus(*taken, *quantity)?;
            }
            free.push(FreeForClaim { key: key.clone(), units });
        }
        Ok(())
    }

    fn queue_place_of(&self, key: &ClaimKey) -> Option<super::claim::QueuePlace<'_>> {
        self.claim(key).map(Claim::queue_place)
    }
}
