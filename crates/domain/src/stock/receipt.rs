//! What is kept of each line of a receipt, so that it can be listed, reviewed and reversed, and how much more than ordered
//! may come.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::ids::{BatchId, LocationId, ReceiptId, SupplyId};
use crate::quantity::Quantity;
use crate::units::Entered;

use super::book::ItemBook;
use super::context::CommandContext;
use super::error::{StockError, minus, sum};
use super::rows::Row;
use super::state::StockState;

/// One line of a receipt. Unique for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptKey {
    /// The receipt: the write that booked it.
    pub receipt: ReceiptId,
    /// The number of the line in it: 1, 2, 3 …
    pub line: i32,
}

impl fmt::Display for ReceiptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/lines/{}", self.receipt, self.line)
    }
}

/// Units of a receipt by the state into which they were booked, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Booked {
    /// Into AVAILABLE or, for the queue, HELD.
    pub accepted: Quantity,
    /// Into QUALITY_CONTROL.
    pub quality: Quantity,
    /// Into DAMAGED.
    pub damaged: Quantity,
}

impl Booked {
    /// All of them.
    ///
    /// # Errors
    /// [`StockError::Overflow`].
    pub fn total(self) -> Result<Quantity, StockError> {
        sum([self.accepted, self.quality, self.damaged])
    }

    /// What is left without `other`; `None` when there is less in a state than `other` has.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            accepted: self.accepted.checked_sub(other.accepted)?,
            quality: self.quality.checked_sub(other.quality)?,
            damaged: self.damaged.checked_sub(other.damaged)?,
        })
    }
}

/// Why a receipt names a supply that it cannot be booked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlindReason {
    /// The item has no such supply.
    Unknown,
    /// Nothing is open under it any more.
    Closed,
    /// It is expected at another location.
    Elsewhere,
}

impl BlindReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Closed, Self::Elsewhere];

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Closed => "CLOSED",
            Self::Elsewhere => "ELSEWHERE",
        }
    }
}

/// A text that names no reason of a blind receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a reason of a blind receipt")]
pub struct UnknownBlindReason(pub String);

impl FromStr for BlindReason {
    type Err = UnknownBlindReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| UnknownBlindReason(text.to_owned()))
    }
}

/// How much more than ordered is booked as it arrived: the greater of a share and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OverReceiptTolerance {
    /// Percent of what was ordered, rounded down to whole units.
    pub percent: u16,
    /// Base units.
    pub units: Quantity,
}

impl OverReceiptTolerance {
    /// The highest share that may be set: ten times what was ordered.
    pub const PERCENT_MAX: u16 = 1_000;

    /// The units beyond `ordered` that are booked as they arrived.
    #[must_use]
    pub fn allowed(self, ordered: Quantity) -> Quantity {
        let share = i128::from(ordered.get()) * i128::from(self.percent) / 100;
        let share = i64::try_from(share).ok().and_then(|units| Quantity::try_new(units).ok());
        share.unwrap_or(Quantity::COMMAND_MAX).max(self.units)
    }
}

/// A line of a receipt as it was booked, and what of it still stands. Quantities are base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLine {
    /// Which.
    pub key: ReceiptKey,
    /// Where the units arrived.
    pub location: LocationId,
    /// The supply that they came from; of a blind line the one that was named, which may not exist.
    pub supply: Option<SupplyId>,
    /// Why it could not be booked against the supply; `None` when it was, and for units that nobody announced.
    pub blind: Option<BlindReason>,
    /// How the units were booked when they arrived.
    pub booked: Booked,
    /// What of it was neither reversed nor resolved.
    pub left: Booked,
    /// Units that went straight back: never booked.
    pub refused: Quantity,
    /// Units beyond what was open.
    pub over_receipt: Quantity,
    /// Good units beyond the tolerance, which were booked into QUALITY_CONTROL.
    pub quarantined: Quantity,
    /// Units that the line closed its supply for: they will not come.
    pub closed: Quantity,
    /// Blind units that nobody decided about: they stay in QUALITY_CONTROL until somebody does.
    pub in_review: Quantity,
    /// The sender's document number; may be empty.
    pub document: String,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// Whose stock it is; empty for the company's own.
    pub owner: String,
    /// All units of the line as they were entered; `None` when in base units.
    pub entered: Option<Entered>,
    /// The business time at which the units arrived.
    pub effective_at: Timestamp,
    /// Counts the commands that changed the line; 0 before its first write.
    pub version: i64,
}

impl Row for ReceivedLine {
    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}

impl ReceivedLine {
    /// A line of the command's own receipt, of which nothing is booked yet.
    pub(super) fn new(ctx: &CommandContext, line: i32, location: &LocationId) -> Self {
        Self {
            key: ReceiptKey { receipt: ReceiptId::from_uuid(ctx.command_id), line },
            location: location.clone(),
            supply: None,
            blind: None,
            booked: Booked::default(),
            left: Booked::default(),
            refused: Quantity::ZERO,
            over_receipt: Quantity::ZERO,
            quarantined: Quantity::ZERO,
            closed: Quantity::ZERO,
            in_review: Quantity::ZERO,
            document: String::new(),
            batch: None,
            owner: String::new(),
            entered: None,
            effective_at: ctx.effective_at,
            version: 0,
        }
    }
}

impl ItemBook {
    /// A loaded line of a receipt.
    #[must_use]
    pub fn received_line(&self, key: &ReceiptKey) -> Option<&ReceivedLine> {
        self.receipts.get(key)
    }

    /// Every loaded line of a receipt, by receipt and line.
    pub fn received_lines(&self) -> impl Iterator<Item = &ReceivedLine> {
        self.receipts.iter()
    }

    pub(super) fn received_line_or_refuse(&self, key: &ReceiptKey) -> Result<&ReceivedLine, StockError> {
        self.receipts.get(key).ok_or_else(|| StockError::ReceiptNotFound(key.clone()))
    }

    pub(super) fn put_received_line(&mut self, line: ReceivedLine) {
        self.receipts.put(self.command_number, line.key.clone(), line);
    }

    /// Units in quality control at a location that await no decision about a blind receipt.
    pub(super) fn quality_without_review(&self, location: &LocationId) -> Result<Quantity, StockError> {
        let in_review = sum(self.receipts.iter().filter(|line| line.location == *location).map(|line| line.in_review))?;
        minus(self.position(location)?.quality_control, in_review, "units in review")
    }

    /// Refuses to take units out of quality control that await a decision about a blind receipt.
    pub(super) fn check_not_in_review(&self, location: &LocationId, asked: Quantity) -> Result<(), StockError> {
        let there = self.quality_without_review(location)?;
        if asked <= there {
            return Ok(());
        }
        let (location, state) = (location.clone(), StockState::QualityControl);
        Err(StockError::InsufficientStock { location, state, asked, there })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn units(quantity: i64) -> Quantity {
        Quantity::try_new(quantity).unwrap()
    }

    #[test]
    fn the_tolerance_is_the_greater_of_share_and_number_in_whole_units() {
        let tolerance = |percent, number| OverReceiptTolerance { percent, units: units(number) };
        assert_eq!(tolerance(10, 0).allowed(units(59)), units(5));
        assert_eq!(tolerance(10, 8).allowed(units(59)), units(8));
        assert_eq!(tolerance(0, 0).allowed(units(59)), units(0));
        assert_eq!(tolerance(1_000, 0).allowed(Quantity::COMMAND_MAX), units(Quantity::COMMAND_MAX.get() * 10));
    }

    #[test]
    fn each_blind_reason_is_found_by_its_name() {
        for reason in BlindReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
    }
}
