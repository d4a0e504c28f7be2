//! Applying an allocation run: the units that were held for the queue go to the claims that the run chose.

use std::collections::BTreeMap;

use crate::ids::{HoldId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::movement::Place;
use super::state::StockState;

/// Units that a run gives to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// Who gets them.
    pub key: ClaimKey,
    /// The version of the claim that the run decided on.
    pub expected_version: i64,
    /// Base units, at least 1.
    pub quantity: Quantity,
}

/// A claim that a run decided to pass over though it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The claim.
    pub key: ClaimKey,
    /// The version of the claim that the run decided on; a claim that changed since stays as it is.
    pub expected_version: i64,
}

/// A part of a run's plan for one location of the book's item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationChunk {
    /// The location whose units are given.
    pub location: LocationId,
    /// The holds that the run decides about. A closed or unknown hold holds nothing.
    pub holds: Vec<HoldId>,
    /// Who gets how much, in the order of the plan.
    pub gains: Vec<Gain>,
    /// Claims that become ineligible, so that what is not given to them can become free and no run starts over for them.
    pub passed_over: Vec<PassedOver>,
    /// Whether this is the run's last chunk for these holds: they are closed, and what nobody got leaves HELD.
    pub final_chunk: bool,
}

/// What became of a gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GainOutcome {
    /// The claim got the units.
    Applied,
    /// The claim changed since the run decided, or is gone.
    Stale,
    /// Fewer units are held and free than the run gave. Nothing is given: a gain is never clipped.
    NoCover,
    /// The claim waits for fewer units, or not at this location, or only together with its set, or for units that fit.
    NotWaiting,
    /// The claim's group may not take so many of the units.
    Limited,
}

/// What became of a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllocationAnswer {
    /// One outcome per gain, in their order.
    pub outcomes: Vec<(ClaimKey, GainOutcome)>,
    /// Units that left the closed holds without a taker.
    pub left_over: Quantity,
    /// Claims whose pegs changed at the end of the run.
    pub repegged: Vec<ClaimKey>,
}

impl ItemBook {
    /// Applies a chunk: gains in plan order, each whole or not at all; then the claims passed over; then, in the final
    /// chunk, the end of the holds, where units that eligible claims still wait for are held anew for the next run.
    ///
    /// Needs loaded: the location, the named holds, the named claims with their candidate locations and pegged supplies;
    /// for the final chunk the open supplies, and where there is one, all waiting claims and the locations of both.
    ///
    /// # Errors
    /// [`StockError::ZeroQuantity`], [`StockError::NotLoaded`]. Stale claims and missing cover are outcomes, not errors.
    pub fn apply_allocation(
        &mut self,
        ctx: &CommandContext,
        chunk: &AllocationChunk,
    ) -> Result<AllocationAnswer, StockError> {
        for gain in &chunk.gains {
            check_quantity(gain.quantity)?;
        }
        let holds: Vec<HoldId> =
            chunk.holds.iter().filter(|id| self.is_hold_at(id, &chunk.location)).cloned().collect();
        self.command(ctx, |book| {
            let mut answer = AllocationAnswer::default();
            // A claim's own gains earlier in the chunk do not make its later ones stale.
            let mut versions = BTreeMap::new();
            for gain in &chunk.gains {
                let seen = match versions.get(&gain.key) {
                    Some(version) => *version,
                    None => book.claims.get(&gain.key).map_or(0, |claim| claim.version),
                };
                versions.insert(gain.key.clone(), seen);
                let outcome = if seen == gain.expected_version {
                    book.gain(ctx, chunk, &holds, gain)?
                } else {
                    GainOutcome::Stale
                };
                answer.outcomes.push((gain.key.clone(), outcome));
            }
            book.pass_over(&chunk.passed_over, &versions)?;
            if chunk.final_chunk {
                answer.left_over = book.close_holds(ctx, &chunk.location, &holds)?;
                book.settle(ctx)?;
                answer.repegged = book.repeg_all()?;
            }
            Ok(answer)
        })
    }

    fn is_hold_at(&self, id: &HoldId, location: &LocationId) -> bool {
        self.holds.get(id).is_some_and(|hold| hold.location == *location && !hold.quantity.is_zero())
    }

    fn gain(
        &mut self,
        ctx: &CommandContext,
        chunk: &AllocationChunk,
        holds: &[HoldId],
        gain: &Gain,
    ) -> Result<GainOutcome, StockError> {
        let Some(claim) = self.claims.get(&gain.key) else { return Ok(GainOutcome::Stale) };
        if !claim.is_served_alone() || claim.waiting < gain.quantity || !claim.waits_at().contains(&chunk.location) {
            return Ok(GainOutcome::NotWaiting);
        }
        let left = minus(claim.waiting, gain.quantity, "claim.waiting")?;
        let in_holds = sum(holds.iter().filter_map(|id| self.holds.get(id)).map(|hold| hold.quantity))?;
        if plus(in_holds, self.position(&chunk.location)?.available)? < gain.quantity {
            return Ok(GainOutcome::NoCover);
        }
        if !self.may_take(&gain.key, &chunk.location, gain.quantity, Quantity::ZERO)? {
            return Ok(GainOutcome::Limited);
        }
        let from_holds = self.take_from_holds(holds, gain.quantity)?;
        let from_free = minus(gain.quantity, from_holds, "gained units")?;
        let line = gain.key.to_string();
        let cause = if ctx.cause.is_empty() { &line } else { &ctx.cause };
        let reserved = Place::at(&chunk.location, StockState::Reserved);
        for (state, quantity) in [(StockState::Held, from_holds), (StockState::Available, from_free)] {
            self.move_units(ctx, &Place::at(&chunk.location, state), &reserved, &Units::of(quantity, cause))?;
        }
        self.trim_pegs(&gain.key, left)?;
        let mut claim = self.claim_or_refuse(&gain.key)?.clone();
        claim.waiting = left;
        claim.add_reserved(&chunk.location, None, gain.quantity)?;
        self.put_claim(claim)?;
        Ok(GainOutcome::Applied)
    }

    pub(super) fn pass_over(
        &mut self,
        passed_over: &[PassedOver],
        versions: &BTreeMap<ClaimKey, i64>,
    ) -> Result<(), StockError> {
        for passed in passed_over {
            let Some(claim) = self.claims.get(&passed.key) else { continue };
            let decided_on = versions.get(&passed.key).copied().unwrap_or(claim.version);
            if claim.eligible && decided_on == passed.expected_version {
                let mut claim = claim.clone();
                claim.eligible = false;
                self.put_claim(claim)?;
            }
        }
        Ok(())
    }

    fn close_holds(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        holds: &[HoldId],
    ) -> Result<Quantity, StockError> {
        let in_holds = sum(holds.iter().filter_map(|id| self.holds.get(id)).map(|hold| hold.quantity))?;
        let left_over = self.take_from_holds(holds, in_holds)?;
        let held = Place::at(location, StockState::Held);
        self.enter_available(ctx, location, &held, &Units::of(left_over, &ctx.cause))?;
        Ok(left_over)
    }
}
