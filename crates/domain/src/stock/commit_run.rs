//! Committing what an allocation run decided about one item: some claims give reserved units, others get them.
//!
//! First the claims that lose, each only where it is as the run saw it; then those that gain, in the order of the plan, out
//! of what was given, what is free and what is held for the queue. Nothing is given that is not there, and nothing that
//! changed since is overwritten: such parts of a plan are skipped and told. Units that change hands stay RESERVED. What was
//! given and nobody got passes through the one function through which units become free.
//!
//! All places of the item are decided about in one command, so that a claim may lose at one and gain at another.

use std::collections::BTreeMap;

use crate::ids::{BatchId, HoldId, LocationId};
use crate::quantity::Quantity;

use super::allocate::{GainOutcome, PassedOver};
use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey, Strength};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::movement::Place;
use super::release::Freed;
use super::state::StockState;

/// Units of a claim at one location, which a run takes or gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunUnits {
    /// The claim.
    pub key: ClaimKey,
    /// The version of the claim that the run decided on.
    pub expected_version: i64,
    /// Where the units are.
    pub location: LocationId,
    /// Base units, at least 1.
    pub quantity: Quantity,
}

/// What a run decided about one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunDecision {
    /// Reserved units that claims lose. They wait for them again at their old place in the queue.
    pub reductions: Vec<RunUnits>,
    /// Units that waiting claims get, in the order of the plan.
    pub gains: Vec<RunUnits>,
    /// Claims that are to get nothing though they wait: they become ineligible.
    pub passed_over: Vec<PassedOver>,
    /// Whether more of the run's decisions about the item follow: then pegs are settled with the last one, so that the claims
    /// of the others keep the version on which it was decided.
    pub more_follow: bool,
}

/// What became of a reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReductionOutcome {
    /// The claim gave the units.
    Applied,
    /// The claim changed since the run decided, or is gone.
    Stale,
    /// Fewer units are reserved there and not in the warehouse's hands. Nothing is taken.
    NotReserved,
    /// No run decides about the claim: it goes with its set, asks something of its units, is bound, or ends by itself.
    NotForRuns,
}

/// What became of a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunAnswer {
    /// One outcome per reduction, in their order.
    pub reductions: Vec<ReductionOutcome>,
    /// One outcome per gain, in their order.
    pub gains: Vec<GainOutcome>,
    /// Claims whose pegs changed.
    pub repegged: Vec<ClaimKey>,
}

/// Units that were given and that nobody got yet, by location.
type Given = BTreeMap<LocationId, Vec<Freed>>;

impl ItemBook {
    /// Commits a decision. The same decision again changes nothing: its claims have other versions then.
    ///
    /// Needs loaded: the named locations, the open holds, the named claims with their candidate locations, the open supplies,
    /// and where there is one and no more follows, all waiting claims and the locations of both.
    ///
    /// # Errors
    /// [`StockError::ZeroQuantity`], [`StockError::NotLoaded`]. Whatever cannot be done as decided is an outcome.
    pub fn commit_run(&mut self, ctx: &CommandContext, decision: &RunDecision) -> Result<RunAnswer, StockError> {
        for units in decision.reductions.iter().chain(&decision.gains) {
            check_quantity(units.quantity)?;
        }
        // What the command itself changes does not make the rest of the decision stale.
        let named = decision.reductions.iter().chain(&decision.gains).map(|units| &units.key);
        let named = named.chain(decision.passed_over.iter().map(|passed| &passed.key));
        let seen: BTreeMap<ClaimKey, i64> =
            named.filter_map(|key| Some((key.clone(), self.claims.get(key)?.version))).collect();
        let is_fresh = |units: &RunUnits| seen.get(&units.key) == Some(&units.expected_version);
        self.command(ctx, |book| {
            let mut answer = RunAnswer::default();
            let mut given = Given::new();
            for reduction in &decision.reductions {
                let outcome =
                    if is_fresh(reduction) { book.reduce(reduction, &mut given)? } else { ReductionOutcome::Stale };
                answer.reductions.push(outcome);
            }
            for gain in &decision.gains {
                let outcome =
                    if is_fresh(gain) { book.gain_of_run(ctx, gain, &mut given)? } else { GainOutcome::Stale };
                answer.gains.push(outcome);
            }
            book.pass_over(&decision.passed_over, &seen)?;
            let left: Vec<Freed> = given.into_values().flatten().collect();
            book.free(ctx, &left)?;
            book.settle(ctx)?;
            if !decision.more_follow {
                answer.repegged = book.repeg_all()?;
            }
            Ok(answer)
        })
    }

    fn reduce(&mut self, reduction: &RunUnits, given: &mut Given) -> Result<ReductionOutcome, StockError> {
        let RunUnits { key, location, quantity, .. } = reduction;
        let Some(claim) = self.claims.get(key) else { return Ok(ReductionOutcome::Stale) };
        if !is_for_runs(claim) {
            return Ok(ReductionOutcome::NotForRuns);
        }
        let here = claim.reservations.iter().filter(|reservation| reservation.location == *location);
        if sum(here.map(super::claim::Reservation::unreleased))? < *quantity {
            return Ok(ReductionOutcome::NotReserved);
        }
        let mut claim = claim.clone();
        for (batch, quantity) in claim.take_reserved(location, *quantity)? {
            let freed = Freed { cause: key.to_string(), location: location.clone(), batch, quantity };
            given.entry(location.clone()).or_default().push(freed);
        }
        claim.waiting = plus(claim.waiting, *quantity)?;
        self.put_claim(claim)?;
        Ok(ReductionOutcome::Applied)
    }

    fn gain_of_run(
        &mut self,
        ctx: &CommandContext,
        gain: &RunUnits,
        given: &mut Given,
    ) -> Result<GainOutcome, StockError> {
        let RunUnits { key, location, quantity, .. } = gain;
        let Some(claim) = self.claims.get(key) else { return Ok(GainOutcome::Stale) };
        if !is_for_runs(claim) || !claim.eligible || claim.waiting < *quantity || !claim.waits_at().contains(location) {
            return Ok(GainOutcome::NotWaiting);
        }
        let given_here = sum(given.get(location).into_iter().flatten().map(|units| units.quantity))?;
        let holds: Vec<HoldId> = self.holds_newest_first(location);
        let held = self.held_in_holds(location)?;
        let available = self.position(location)?.available;
        if plus(plus(given_here, available)?, held)? < *quantity {
            return Ok(GainOutcome::NoCover);
        }
        if !self.may_take(key, location, *quantity, given_here)? {
            return Ok(GainOutcome::Limited);
        }
        let from_given = given_here.min(*quantity);
        let from_available = available.min(minus(*quantity, from_given, "gained units")?);
        let from_held = minus(minus(*quantity, from_given, "gained units")?, from_available, "gained units")?;
        self.take_from_holds(&holds, from_held)?;
        let line = key.to_string();
        let cause = if ctx.cause.is_empty() { &line } else { &ctx.cause };
        let reserved = Place::at(location, StockState::Reserved);
        for (state, quantity) in [(StockState::Available, from_available), (StockState::Held, from_held)] {
            self.move_units(ctx, &Place::at(location, state), &reserved, &Units::of(quantity, cause))?;
        }
        let mut rest = self.claim_or_refuse(key)?.clone();
        rest.waiting = minus(rest.waiting, *quantity, "claim.waiting")?;
        self.trim_pegs(key, rest.waiting)?;
        let mut claim = Claim { waiting: rest.waiting, ..self.claim_or_refuse(key)?.clone() };
        for (batch, quantity) in take_given(given, location, from_given)? {
            claim.add_reserved(location, batch.as_ref(), quantity)?;
        }
        claim.add_reserved(location, None, plus(from_available, from_held)?)?;
        self.put_claim(claim)?;
        Ok(GainOutcome::Applied)
    }
}

/// Whether runs decide about a claim.
fn is_for_runs(claim: &Claim) -> bool {
    !claim.in_set && claim.wish.is_none() && claim.strength == Strength::Firm
}

/// Takes units out of what was given at a location, first given first.
fn take_given(
    given: &mut Given,
    location: &LocationId,
    wanted: Quantity,
) -> Result<Vec<(Option<BatchId>, Quantity)>, StockError> {
    let mut taken = Vec::new();
    let mut rest = wanted;
    let Some(here) = given.get_mut(location) else { return Ok(taken) };
    for units in here.iter_mut() {
        let piece = units.quantity.min(rest);
        if !piece.is_zero() {
            units.quantity = minus(units.quantity, piece, "given units")?;
            rest = minus(rest, piece, "given units")?;
            taken.push((units.batch.clone(), piece));
        }
    }
    here.retain(|units| !units.quantity.is_zero());
    Ok(taken)
}
