//! What inventory last said about the claim of one part of a line.
//!
//! It is a copy: it never decides about stock, and a newer version replaces it whole.

use jiff::civil::Date;

use crate::{
    ids::{LocationId, SupplyId},
    quantity::Quantity,
};

/// Units of one location that are reserved for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// Where the units are.
    pub location: LocationId,
    /// How many base units.
    pub quantity: Quantity,
}

/// Waiting units that are expected from one dated supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pegged {
    /// The supply.
    pub supply: SupplyId,
    /// Where it will arrive.
    pub location: LocationId,
    /// How many base units.
    pub quantity: Quantity,
    /// The day on which it is expected now, in the location's time zone.
    pub expected_date: Date,
}

/// The claim of one part of a line, as inventory last described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCopy {
    /// Where units are reserved, in the warehouse's hands or not. Their sum is what is reserved in all.
    pub reservations: Vec<Reserved>,
    /// The part of what is reserved that the warehouse has in hands.
    pub released: Quantity,
    /// Units that wait, pegged or not.
    pub waiting: Quantity,
    /// From where waiting units are expected, earliest first.
    pub pegs: Vec<Pegged>,
    /// Units shipped so far.
    pub posted: Quantity,
}

/// The quantities of all parts of a line together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimSums {
    /// Units that wait.
    pub waiting: Quantity,
    /// Units reserved on hand and not in the warehouse's hands.
    pub reserved: Quantity,
    /// Units in the warehouse's hands.
    pub released: Quantity,
    /// Units shipped.
    pub posted: Quantity,
}

impl ClaimCopy {
    /// Units reserved in all, or `None` when the sum overflows.
    #[must_use]
    pub fn reserved(&self) -> Option<Quantity> {
        Quantity::checked_sum(self.reservations.iter().map(|reserved| reserved.quantity))
    }

    /// Whether nothing is reserved and nothing waits any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.waiting.is_zero() && self.reservations.iter().all(|reserved| reserved.quantity.is_zero())
    }
}

impl ClaimSums {
    /// Adds up the parts of a line, or `None` when a sum overflows.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a ClaimCopy>) -> Option<Self> {
        parts.into_iter().try_fold(Self::default(), |sums, part| {
            Some(Self {
                waiting: sums.waiting.checked_add(part.waiting)?,
                reserved: sums.reserved.checked_add(part.reserved()?.saturating_sub(part.released))?,
                released: sums.released.checked_add(part.released)?,
                posted: sums.posted.checked_add(part.posted)?,
            })
        })
    }

    /// Everything that the claims account for, or `None` when the sum overflows.
    #[must_use]
    pub fn total(&self) -> Option<Quantity> {
        Quantity::checked_sum([self.waiting, self.reserved, self.released, self.posted])
    }
}
