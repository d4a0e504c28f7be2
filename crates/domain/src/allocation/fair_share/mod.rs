//! Fair share: whole units of a scarce supply for claims that have the same standing.
//!
//! Four rules. Three of them share a supply among claims (the rationing, or bankruptcy, problem): in proportion to the
//! claims, so that all gain the same, or so that all lose the same. The fourth brings places that sell at different speeds
//! to the same days of supply. All are exact: the fractions are those of whole numbers, and no floating-point number is used.
//!
//! How units stay whole, for each rule alike:
//!
//! 1. A claim has an exact share by the rule, a fraction, never above the claim.
//! 2. It gets the whole packs of its exact share.
//! 3. What that leaves goes, one pack each, to the claims that are furthest below their exact shares in units (the largest
//!    remainder, Hamilton's method); of equal ones to the first by index. A pack that does not fit what is left, or would
//!    exceed the claim, is passed over.
//! 4. Units that are left then are shared again by the same rule among those that can still take a pack, with what each
//!    has counted as received, until nobody can. This happens only where packs differ or claims are no multiples of them.
//!
//! Under uniform gains and losses nobody loses by a larger supply (with packs of one size), and who leaves with a share
//! changes no other share. The largest remainder promises neither: in proportion, or to equal days, a claim may get a unit
//! less of a unit more.
//!
//! Packs are never broken. A claim that is no multiple of its pack gets at most the whole packs in it, though its exact
//! share is that of all its units; a claim smaller than its pack gets nothing. Units too few for any pack that somebody
//! still wants are left, and the answer says how many.
//!
//! Must not know what a claim is (line, group, location), nor who decides on the rule.

mod level;
mod round;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod rule_tests;

use crate::quantity::Quantity;

use round::{Taker, share};

/// The largest daily demand of one claim, in millionths of a unit: a billion units a day.
pub const DAILY_DEMAND_MICROS_MAX: i64 = 1_000_000_000_000_000;

/// Units that somebody wants, in packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    wanted: i64,
    pack: i64,
}

/// A claim of a place that has stock and sells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StockedClaim {
    claim: Claim,
    on_hand: i64,
    daily_demand_micros: i64,
}

/// Why a claim cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaim {
    /// The pack has no units.
    #[error("pack is 0, it must be at least 1")]
    EmptyPack,
    /// More units are wanted than one command may name.
    #[error("wanted is {0}, at most {max} are allowed", max = Quantity::COMMAND_MAX)]
    WantedTooLarge(Quantity),
    /// More units are on hand than one command may name.
    #[error("on_hand is {0}, at most {max} are allowed", max = Quantity::COMMAND_MAX)]
    OnHandTooLarge(Quantity),
    /// The daily demand is negative or above [`DAILY_DEMAND_MICROS_MAX`].
    #[error("daily_demand_micros is {0}, 0 to {DAILY_DEMAND_MICROS_MAX} are allowed")]
    DailyDemand(i64),
}

impl Claim {
    /// A claim for `wanted` units that come in packs of `pack` units; a pack of 1 takes any number.
    ///
    /// # Errors
    /// [`InvalidClaim`] when the pack is empty, or more than [`Quantity::COMMAND_MAX`] are wanted.
    pub const fn try_new(wanted: Quantity, pack: Quantity) -> Result<Self, InvalidClaim> {
        if pack.is_zero() {
            return Err(InvalidClaim::EmptyPack);
        }
        if wanted.get() > Quantity::COMMAND_MAX.get() {
            return Err(InvalidClaim::WantedTooLarge(wanted));
        }
        Ok(Self { wanted: wanted.get(), pack: pack.get() })
    }

    const fn taker(self, slope: i64, offset: i64) -> Taker {
        Taker { slope, offset, wanted: self.wanted, pack: self.pack, given: 0 }
    }
}

impl StockedClaim {
    /// The claim of a place with `on_hand` units that sells `daily_demand_micros` millionths of a unit a day.
    ///
    /// # Errors
    /// [`InvalidClaim`] when more than [`Quantity::COMMAND_MAX`] are on hand, or the demand is out of range.
    pub const fn try_new(claim: Claim, on_hand: Quantity, daily_demand_micros: i64) -> Result<Self, InvalidClaim> {
        if on_hand.get() > Quantity::COMMAND_MAX.get() {
            return Err(InvalidClaim::OnHandTooLarge(on_hand));
        }
        if daily_demand_micros < 0 || daily_demand_micros > DAILY_DEMAND_MICROS_MAX {
            return Err(InvalidClaim::DailyDemand(daily_demand_micros));
        }
        Ok(Self { claim, on_hand: on_hand.get(), daily_demand_micros })
    }
}

/// Who gets how much.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares {
    /// Units of each claim, in the order of the claims: whole packs, never above the claim.
    pub units: Vec<Quantity>,
    /// Units that nobody wants, or that are too few for a pack of those who still want some.
    pub left: Quantity,
}

impl Shares {
    fn of(takers: &[Taker], left: i64) -> Self {
        let quantity = |units: i64| Quantity::try_new(units).unwrap_or_default();
        Self { units: takers.iter().map(|taker| quantity(taker.given)).collect(), left: quantity(left) }
    }
}

/// Shares a supply in proportion to the claims.
#[must_use]
pub fn proportional(supply: Quantity, claims: &[Claim]) -> Shares {
    by(supply, claims, |claim| claim.taker(claim.wanted, 0))
}

/// Shares a supply so that all gain the same, as far as their claims go (constrained equal awards). Small claims are met
/// first.
#[must_use]
pub fn uniform_gains(supply: Quantity, claims: &[Claim]) -> Shares {
    by(supply, claims, |claim| claim.taker(1, 0))
}

/// Shares a supply so that all miss the same, but nobody more than the claim (constrained equal losses). Large claims are
/// served first.
#[must_use]
pub fn uniform_losses(supply: Quantity, claims: &[Claim]) -> Shares {
    by(supply, claims, |claim| claim.taker(1, claim.wanted))
}

/// Shares a supply so that stock and share together last equally long at each place: `DS = (A + sum I) / sum D`, and each
/// place gets `DS * D - I`. A place that has more than that already gets nothing, one whose claim is smaller gets the claim,
/// and the others are brought to the same days without it.
///
/// A place without demand has stock for ever: such claims share what the others leave, by uniform gains.
#[must_use]
pub fn equal_days_of_supply(supply: Quantity, claims: &[StockedClaim]) -> Shares {
    let sells = |claim: &StockedClaim| claim.daily_demand_micros > 0;
    let mut takers: Vec<Taker> = claims
        .iter()
        .map(|claim| {
            let (slope, offset) = if sells(claim) { (claim.daily_demand_micros, -claim.on_hand) } else { (1, 0) };
            claim.claim.taker(slope, offset)
        })
        .collect();
    let (selling, resting): (Vec<usize>, Vec<usize>) = (0..claims.len()).partition(|index| sells(&claims[*index]));
    let left = share(supply.get(), &mut takers, selling);
    let left = share(left, &mut takers, resting);
    Shares::of(&takers, left)
}

/// Divides a total in proportion to weights, by the largest remainder, of equal ones to the first. The parts sum to the
/// total, unless all weights are 0: then nobody gets anything.
#[must_use]
pub fn split(total: Quantity, weights: &[u32]) -> Vec<Quantity> {
    let all: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if all == 0 {
        return vec![Quantity::ZERO; weights.len()];
    }
    let exact = |weight: u32| i128::from(total.get()) * i128::from(weight);
    let mut parts: Vec<i128> = weights.iter().map(|weight| exact(*weight) / all).collect();
    let left = i128::from(total.get()) - parts.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact(weights[*index]) % all));
    for index in by_remainder.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        parts[index] += 1;
    }
    let quantity = |units: i128| i64::try_from(units).ok().and_then(|units| Quantity::try_new(units).ok());
    parts.into_iter().map(|units| quantity(units).unwrap_or(total)).collect()
}

fn by(supply: Quantity, claims: &[Claim], taker: impl Fn(&Claim) -> Taker) -> Shares {
    let mut takers: Vec<Taker> = claims.iter().map(taker).collect();
    let left = share(supply.get(), &mut takers, (0..claims.len()).collect());
    Shares::of(&takers, left)
}
