//! The states that a unit of stock can be in (domain.md 2.7). It must not decide who may move units.

use std::fmt;
use std::str::FromStr;

/// The state of a unit. Every unit is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StockState {
    /// Outside the system: not received yet, or gone. No position has a column for it.
    External,
    /// Free: anyone may reserve it.
    Available,
    /// Reserved for demand lines, whatever the strength.
    Reserved,
    /// Handed to the warehouse for picking.
    Released,
    /// Put aside for the queue until an allocation run decides.
    Held,
    /// Waiting for a quality decision.
    QualityControl,
    /// Damaged.
    Damaged,
    /// On the way to the location on whose row it stands; not on hand.
    InTransit,
}

impl StockState {
    /// Every state, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::External,
        Self::Available,
        Self::Reserved,
        Self::Released,
        Self::Held,
        Self::QualityControl,
        Self::Damaged,
        Self::InTransit,
    ];

    /// The name that tables and texts use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::External => "EXTERNAL",
            Self::Available => "AVAILABLE",
            Self::Reserved => "RESERVED",
            Self::Released => "RELEASED",
            Self::Held => "HELD",
            Self::QualityControl => "QUALITY_CONTROL",
            Self::Damaged => "DAMAGED",
            Self::InTransit => "IN_TRANSIT",
        }
    }

    /// Whether a unit in this state is on hand.
    #[must_use]
    pub const fn is_on_hand(self) -> bool {
        !matches!(self, Self::External | Self::InTransit)
    }
}

impl fmt::Display for StockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no stock state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a stock state")]
pub struct UnknownStockState(pub String);

impl FromStr for StockState {
    type Err = UnknownStockState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| UnknownStockState(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_found_by_its_name() {
        for state in StockState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("available".parse::<StockState>(), Err(UnknownStockState("available".to_owned())));
    }
}
