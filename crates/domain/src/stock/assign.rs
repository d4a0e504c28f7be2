//! Giving a waiting claim units now, by a person's decision: free ones, those put aside for the queue, and reserved ones of
//! named claims, all of them or none.

use crate::ids::{HoldId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::movement::Place;
use super::reassign::Reassign;
use super::state::StockState;
use super::supply::check_version;

/// Reserved units that a claim gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who gives.
    pub from: ClaimKey,
    /// The version that the giver must have; `None` for any.
    pub version: Option<i64>,
    /// Base units, at least 1.
    pub quantity: Quantity,
}

/// Units for one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Who takes.
    pub to: ClaimKey,
    /// The version that the taker must have; `None` for any.
    pub version: Option<i64>,
    /// Where the units are.
    pub location: LocationId,
    /// Units that are free or put aside for the queue; free ones are taken first.
    pub from_free: Quantity,
    /// What others give.
    pub taken: Vec<Taken>,
}

impl ItemBook {
    /// Gives units to a claim that waits. Who gives reserved units waits for them at the old place in the queue; who waits
    /// for units that were put aside is pegged anew.
    ///
    /// Needs loaded: all named claims with their candidate locations and pegged supplies, the open holds, all waiting
    /// claims and the open supplies.
    ///
    /// # Errors
    /// Those of [`ItemBook::reassign`], [`StockError::InsufficientStock`] when fewer units are free and put aside, and
    /// [`StockError::InsufficientBatch`] when fewer of them fit.
    pub fn assign(&mut self, ctx: &CommandContext, assignment: &Assignment) -> Result<(), StockError> {
        let Assignment { to, version, location, from_free, taken } = assignment;
        check_version(to, *version, self.claim_or_refuse(to)?.version)?;
        if from_free.is_zero() && taken.is_empty() {
            return Err(StockError::ZeroQuantity);
        }
        if !from_free.is_zero() {
            self.assign_free(ctx, to, location, *from_free)?;
        }
        for one in taken {
            let giver = self.claim_or_refuse(&one.from)?.version;
            check_version(&one.from, one.version, giver)?;
            let reassign = Reassign {
                from: one.from.clone(),
                from_version: giver,
                to: to.clone(),
                to_version: self.claim_or_refuse(to)?.version,
                location: location.clone(),
                quantity: one.quantity,
            };
            self.reassign(ctx, &reassign)?;
        }
        self.repeg(ctx)?;
        Ok(())
    }

    fn assign_free(
        &mut self,
        ctx: &CommandContext,
        to: &ClaimKey,
        location: &LocationId,
        quantity: Quantity,
    ) -> Result<(), StockError> {
        check_quantity(quantity)?;
        let claim = self.claim_or_refuse(to)?;
        if !claim.waits_at().contains(location) {
            return Err(StockError::NotACandidate { claim: to.clone(), location: location.clone() });
        }
        if claim.waiting < quantity {
            let (claim, waiting) = (to.clone(), claim.waiting);
            return Err(StockError::InsufficientWaiting { claim, asked: quantity, waiting });
        }
        let left = minus(claim.waiting, quantity, "claim.waiting")?;
        let holds = self.holds_newest_first(location);
        let held = sum(holds.iter().filter_map(|id: &HoldId| self.holds.get(id)).map(|hold| hold.quantity))?;
        let available = self.position(location)?.available;
        let there = plus(available, held)?;
        if there < quantity {
            let (location, state) = (location.clone(), StockState::Available);
            return Err(StockError::InsufficientStock { location, state, asked: quantity, there });
        }
        let from_available = available.min(quantity);
        let from_held = minus(quantity, from_available, "assigned units")?;
        let line = to.to_string();
        self.command(ctx, |book| {
            book.take_from_holds(&holds, from_held)?;
            let reserved = Place::at(location, StockState::Reserved);
            for (state, quantity) in [(StockState::Available, from_available), (StockState::Held, from_held)] {
                book.move_units(ctx, &Place::at(location, state), &reserved, &Units::of(quantity, &line))?;
            }
            book.trim_pegs(to, left)?;
            let mut claim = book.claim_or_refuse(to)?.clone();
            claim.waiting = left;
            book.add_fitting(&mut claim, location, quantity)?;
            book.put_claim(claim)
        })
    }
}
