//! One line of the ledger: units that went from one state to another. Never changed, never deleted.

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::state::StockState;

/// A state at a place. EXTERNAL is at no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where; `None` for EXTERNAL and only for it.
    pub location: Option<LocationId>,
    /// The state.
    pub state: StockState,
}

impl Place {
    /// The outside.
    pub const EXTERNAL: Self = Self { location: None, state: StockState::External };

    /// A state at a location.
    #[must_use]
    pub fn at(location: &LocationId, state: StockState) -> Self {
        Self { location: (state != StockState::External).then(|| location.clone()), state }
    }
}

/// Units that moved. The store adds the ordinal: the number of the movement among those of its command, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The command that moved them.
    pub command_id: Uuid,
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// Base units, at least 1.
    pub quantity: Quantity,
    /// The batch, when the command named one.
    pub batch: Option<BatchId>,
    /// Whose stock it is: empty for the company's own, else the owner of consigned stock.
    pub owner: String,
    /// What it was for: a claim, a supply, a run or a document.
    pub cause: String,
    /// The reason as the caller's short code; may be empty.
    pub reason_code: String,
    /// A note for people; may be empty.
    pub note: String,
    /// Who did it.
    pub actor: String,
    /// The business time at which the units moved.
    pub effective_at: Timestamp,
}
