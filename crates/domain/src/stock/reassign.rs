//! Moving reserved units from one claim to another that waits, by a person's decision.

use crate::ids::LocationId;
use crate::quantity::Quantity;

use super::book::ItemBook;
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus};
use super::supply::check_version;

/// Units that one claim gives to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassign {
    /// Who gives.
    pub from: ClaimKey,
    /// The version that the giver must have.
    pub from_version: i64,
    /// Who takes.
    pub to: ClaimKey,
    /// The version that the taker must have.
    pub to_version: i64,
    /// Where the units are.
    pub location: LocationId,
    /// Base units, at least 1.
    pub quantity: Quantity,
}

impl ItemBook {
    /// Gives reserved units of one claim to another that waits. The giver waits for them at its old place in the queue and
    /// is pegged to what supply is free. The units stay RESERVED, so the position does not change.
    ///
    /// Needs loaded: both claims with their candidate locations and pegged supplies, and the open supplies at them.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`], [`StockError::VersionMismatch`], [`StockError::SameClaim`],
    /// [`StockError::InsufficientReservation`], [`StockError::InsufficientWaiting`], [`StockError::NotACandidate`],
    /// [`StockError::InsufficientBatch`] when fewer units fit what the taker asks.
    pub fn reassign(&mut self, ctx: &CommandContext, reassign: &Reassign) -> Result<(), StockError> {
        let Reassign { from, from_version, to, to_version, location, quantity } = reassign;
        check_quantity(*quantity)?;
        if from == to {
            return Err(StockError::SameClaim(from.clone()));
        }
        let mut giver = self.claim_or_refuse(from)?.clone();
        let taker = self.claim_or_refuse(to)?;
        check_version(from, Some(*from_version), giver.version)?;
        check_version(to, Some(*to_version), taker.version)?;
        if !taker.waits_at().contains(location) {
            return Err(StockError::NotACandidate { claim: to.clone(), location: location.clone() });
        }
        if taker.waiting < *quantity {
            let (claim, waiting) = (to.clone(), taker.waiting);
            return Err(StockError::InsufficientWaiting { claim, asked: *quantity, waiting });
        }
        let pegs_kept = minus(taker.waiting, *quantity, "claim.waiting")?;
        let taken = giver.take_reserved(location, *quantity)?;
        giver.waiting = plus(giver.waiting, *quantity)?;
        let had_wish = !giver.wish.is_none();
        self.command(ctx, |book| {
            book.put_claim(giver)?;
            book.trim_pegs(to, pegs_kept)?;
            let mut taker = book.claim_or_refuse(to)?.clone();
            taker.waiting = pegs_kept;
            if taker.wish.is_none() {
                for (batch, quantity) in taken {
                    // What one asked of its units the other does not.
                    let batch = batch.filter(|_| !had_wish);
                    taker.add_reserved(location, batch.as_ref(), quantity)?;
                }
            } else {
                book.add_fitting(&mut taker, location, *quantity)?;
            }
            book.put_claim(taker)?;
            book.peg_free_supply(from)
        })
    }
}
