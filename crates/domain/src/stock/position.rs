//! The balance row: the stock of one item at one location, one number per state.

use crate::ids::LocationId;
use crate::quantity::Quantity;

use super::rows::Row;
use super::state::StockState;

/// The stock of the book's item at one location, in base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Where.
    pub location: LocationId,
    /// Free units.
    pub available: Quantity,
    /// Units reserved for claims.
    pub reserved: Quantity,
    /// Units handed to the warehouse.
    pub released: Quantity,
    /// Units held for the queue.
    pub held: Quantity,
    /// Units waiting for a quality decision.
    pub quality_control: Quantity,
    /// Damaged units.
    pub damaged: Quantity,
    /// Units on the way to this location, outside on hand.
    pub in_transit: Quantity,
    /// The part of all these that is of a named batch or consigned. Where it is 0 nobody asks for batches.
    pub named: Quantity,
    /// Counts the commands that changed the row; 0 while the row does not exist in the store.
    pub version: i64,
}

impl Position {
    /// The position of a place that never had stock.
    #[must_use]
    pub const fn empty(location: LocationId) -> Self {
        Self {
            location,
            available: Quantity::ZERO,
            reserved: Quantity::ZERO,
            released: Quantity::ZERO,
            held: Quantity::ZERO,
            quality_control: Quantity::ZERO,
            damaged: Quantity::ZERO,
            in_transit: Quantity::ZERO,
            named: Quantity::ZERO,
            version: 0,
        }
    }

    /// The units in one state; `None` for EXTERNAL, which has no row.
    #[must_use]
    pub const fn in_state(&self, state: StockState) -> Option<Quantity> {
        Some(match state {
            StockState::External => return None,
            StockState::Available => self.available,
            StockState::Reserved => self.reserved,
            StockState::Released => self.released,
            StockState::Held => self.held,
            StockState::QualityControl => self.quality_control,
            StockState::Damaged => self.damaged,
            StockState::InTransit => self.in_transit,
        })
    }

    pub(super) const fn in_state_mut(&mut self, state: StockState) -> Option<&mut Quantity> {
        Some(match state {
            StockState::External => return None,
            StockState::Available => &mut self.available,
            StockState::Reserved => &mut self.reserved,
            StockState::Released => &mut self.released,
            StockState::Held => &mut self.held,
            StockState::QualityControl => &mut self.quality_control,
            StockState::Damaged => &mut self.damaged,
            StockState::InTransit => &mut self.in_transit,
        })
    }

    /// The units that are there: every state but IN_TRANSIT. `None` when the sum overflows.
    #[must_use]
    pub fn on_hand(&self) -> Option<Quantity> {
        Quantity::checked_sum([
            self.available,
            self.reserved,
            self.released,
            self.held,
            self.quality_control,
            self.damaged,
        ])
    }
}

impl Row for Position {
    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn units_in_transit_are_not_on_hand() {
        let mut position = Position::empty(LocationId::try_new("main").unwrap());
        for (state, units) in StockState::ALL.into_iter().zip([0, 1, 2, 4, 8, 16, 32, 64]) {
            if let Some(quantity) = position.in_state_mut(state) {
                *quantity = Quantity::try_new(units).unwrap();
            }
        }
        assert_eq!(position.on_hand(), Quantity::try_new(63).ok());
        assert_eq!(position.in_state(StockState::External), None);
    }
}
