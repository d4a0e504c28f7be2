//! How claims would stand if some became eligible and runs shared what is free: for a look ahead that keeps nothing.
//!
//! It does to a book what the commands and runs do to the stock, one after the other, so that what is shown is what will
//! happen when nothing else does in between.

use std::collections::BTreeSet;

use crate::allocation::plan::{WaitingClaim, share};
use crate::ids::{HoldId, LineId, LocationId};
use crate::quantity::Quantity;

use super::allocate::{AllocationChunk, Gain};
use super::book::ItemBook;
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::StockError;
use super::queue::QueueChange;

impl ItemBook {
    /// Makes all parts of the lines eligible, lets runs share what is put aside for the queue, place by place, and pegs
    /// what still waits in the order of the queue.
    ///
    /// Needs loaded: all parts of the lines, all waiting claims, open holds and supplies, and the locations of all.
    ///
    /// # Errors
    /// [`StockError::LineNotFound`], [`StockError::NotLoaded`].
    pub fn serve_as_if_eligible(&mut self, ctx: &CommandContext, lines: &[LineId]) -> Result<(), StockError> {
        for line in lines {
            let change = QueueChange {
                line: line.clone(),
                part: None,
                eligible: Some(true),
                in_set: None,
                queue_key: None,
                queue_time: None,
            };
            self.change_queue(ctx, &change)?;
        }
        let places: Vec<LocationId> = self.positions().map(|position| position.location.clone()).collect();
        // Each round ends holds for good: units are reserved or free after it. More rounds than places cannot be needed,
        // because what one place gives is only ever awaited less elsewhere.
        for _ in &places {
            let held: BTreeSet<LocationId> =
                places.iter().filter(|at| !self.open_holds(at).is_empty()).cloned().collect();
            if held.is_empty() {
                break;
            }
            for location in held {
                self.run_as_if(ctx, &location)?;
            }
        }
        self.repeg(ctx)?;
        Ok(())
    }

    fn open_holds(&self, location: &LocationId) -> Vec<HoldId> {
        self.holds_newest_first(location)
    }

    /// Lets a run share what is put aside at a location among those who are served alone. Answers what nobody took, which is
    /// free then.
    ///
    /// Needs loaded: as [`ItemBook::serve_as_if_eligible`].
    ///
    /// # Errors
    /// [`StockError::NotLoaded`].
    pub fn run_as_if(&mut self, ctx: &CommandContext, location: &LocationId) -> Result<Quantity, StockError> {
        let waits = self.claims().filter(|claim| !claim.waiting.is_zero() && claim.waits_at().contains(location));
        let mut waiting = Vec::new();
        for claim in waits {
            let takeable = self.takeable(&claim.key, location, claim.waiting, Quantity::ZERO)?;
            waiting.push(WaitingClaim {
                line: claim.key.line.clone(),
                part: claim.key.part,
                waiting: takeable,
                eligible: claim.eligible && claim.is_served_alone() && !takeable.is_zero(),
                queue_key: claim.queue_key.clone(),
                queue_time: claim.queue_time,
                version: claim.version,
            });
        }
        let plan = share(self.held_in_holds(location)?, waiting);
        let gain = |gain: crate::allocation::plan::Gain| Gain {
            key: ClaimKey { line: gain.line, part: gain.part },
            expected_version: gain.version,
            quantity: gain.quantity,
        };
        let chunk = AllocationChunk {
            location: location.clone(),
            holds: self.open_holds(location),
            gains: plan.gains.into_iter().map(gain).collect(),
            passed_over: Vec::new(),
            final_chunk: true,
        };
        self.apply_allocation(ctx, &chunk)?;
        Ok(plan.left)
    }
}
