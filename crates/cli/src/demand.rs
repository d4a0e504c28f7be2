//! The stream of demand as every source gives it: orders and their reversals, in the order of time.
//!
//! The Online Retail reader and the seeded generator both make these events; the demo and the importer consume them.

use std::sync::Arc;

use jiff::Timestamp;

/// One order line as it was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandLine {
    /// The line's number inside its order, from 1.
    pub number: u32,
    /// The item's code, already in its one spelling.
    pub item: Arc<str>,
    /// Base units ordered, above zero.
    pub quantity: i64,
    /// Net price of one unit in nano-units of the stream's currency, above zero.
    pub price_nanos: i64,
}

/// One order of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandOrder {
    /// The order's id at its source, for example the invoice number.
    pub id: Arc<str>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The customer, `None` when the source does not say.
    pub customer: Option<Arc<str>>,
    /// The destination's country as the source spells it.
    pub country: Arc<str>,
    /// At least one line.
    pub lines: Vec<DemandLine>,
}

/// A part of an earlier order line that a reversal takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversedPart {
    /// The id of the order that is reversed.
    pub order: Arc<str>,
    /// The line's number inside that order.
    pub line: u32,
    /// Units taken back, above zero.
    pub quantity: i64,
    /// Units of the line that all reversals up to this part take back, this part included. It tells, after a crash,
    /// whether the part was applied already.
    pub reversed_in_all: i64,
}

impl ReversedPart {
    /// Units that are still to take back from a line of which `undone` units are cancelled or returned already.
    #[must_use]
    pub fn units_left(&self, undone: i64) -> i64 {
        self.quantity.min(self.reversed_in_all - undone).max(0)
    }
}

/// A reversal document: units that a customer gives back or no longer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// The document's id at its source.
    pub id: Arc<str>,
    /// When it was written.
    pub reversed_at: Timestamp,
    /// Rows of the source that are applied by it.
    pub rows: u64,
    /// The order lines it takes back from. A reversal without any is not an event.
    pub parts: Vec<ReversedPart>,
}

/// One event of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemandEvent {
    /// A customer ordered.
    Ordered(DemandOrder),
    /// A customer took back a part of earlier orders.
    Reversed(Reversal),
}

impl DemandEvent {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Ordered(order) => order.placed_at,
            Self::Reversed(reversal) => reversal.reversed_at,
        }
    }
}

/// An item as a demand source describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueItem {
    /// The item's code in its one spelling.
    pub code: Arc<str>,
    /// What it is, empty when the source never says.
    pub description: String,
    /// The latest price seen, in nano-units.
    pub price_nanos: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_was_applied_already_has_nothing_left() {
        let part = |quantity, reversed_in_all| ReversedPart { order: "1".into(), line: 1, quantity, reversed_in_all };
        assert_eq!(part(4, 4).units_left(0), 4);
        assert_eq!(part(4, 4).units_left(4), 0);
        assert_eq!(part(4, 10).units_left(6), 4);
        assert_eq!(part(4, 10).units_left(8), 2);
    }
}
