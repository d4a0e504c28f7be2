//! The place of a claim in the queue, and whether it may take stock, alone or in a set.

use jiff::Timestamp;

use crate::ids::LineId;

use super::book::ItemBook;
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::StockError;

/// A change of the place of a line in the queue; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueChange {
    /// The demand line.
    pub line: LineId,
    /// The part; `None` means all parts.
    pub part: Option<i32>,
    /// Whether what waits may take stock.
    pub eligible: Option<bool>,
    /// Whether what waits takes stock only together with the rest of its set.
    pub in_set: Option<bool>,
    /// The new queue key.
    pub queue_key: Option<String>,
    /// The new queue time: an audited override.
    pub queue_time: Option<Timestamp>,
}

impl ItemBook {
    /// Changes eligibility, place in the queue, or whether the line is in a set. When a claim becomes eligible while units that it could use are free,
    /// they are held for it in the same command.
    ///
    /// Needs loaded: the parts of the line with their candidate locations.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`] or [`StockError::LineNotFound`].
    pub fn change_queue(&mut self, ctx: &CommandContext, change: &QueueChange) -> Result<Vec<ClaimKey>, StockError> {
        let keys = self.parts_named(&change.line, change.part)?;
        self.command(ctx, |book| {
            for key in &keys {
                let mut claim = book.claim_or_refuse(key)?.clone();
                claim.eligible = change.eligible.unwrap_or(claim.eligible);
                claim.in_set = change.in_set.unwrap_or(claim.in_set);
                claim.queue_time = change.queue_time.unwrap_or(claim.queue_time);
                if let Some(queue_key) = &change.queue_key {
                    claim.queue_key.clone_from(queue_key);
                }
                book.put_claim(claim)?;
            }
            Ok(())
        })?;
        Ok(keys)
    }
}
