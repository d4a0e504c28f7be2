//! What has to be assumed where a file of orders and shipments cannot say it: names, meanings, defaults and bounds.

use crate::money::NANOS_PER_UNIT;

/// The most days that an assumption may have: ten years.
pub const DAYS_MAX: i64 = 3_650;
/// The largest amount that an assumption may have, in nano-units: a million.
pub const MONEY_NANOS_MAX: i64 = 1_000_000 * NANOS_PER_UNIT;

/// Something that is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// Days after the requested date that still count as the first attempt.
    DaysAfterRequested,
    /// Days after the order that still count as the first attempt, for lines without a requested date.
    DaysAfterOrder,
    /// The margin as a part of the price, for lines without a cost.
    MarginShare,
    /// The part of units cancelled while waiting whose margin is lost.
    LostShare,
    /// The part of refused units whose margin is lost.
    RefusedLostShare,
    /// The chance that an open backordered unit is cancelled in the end. Without a value it is that of the backorders
    /// that ended.
    OpenCancelShare,
    /// The cost of a further shipment whose freight is not known.
    ShipmentCost,
    /// The cost of an expedited shipment whose freight is not known.
    ExpeditedShipmentCost,
    /// The cost of handling a backordered line.
    HandlingPerLine,
    /// The cost of a day that a backordered line waits.
    WaitingPerLineDay,
    /// The cost of a day that a backordered unit waits.
    WaitingPerUnitDay,
    /// The penalty as a part of the value shipped late.
    PenaltyShare,
    /// What is lost in later sales for each backordered line.
    ChurnPerLine,
}

/// In what an assumption is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssumptionUnit {
    /// A part of one, in 10^-9.
    Share,
    /// Nano-units of the currency.
    Money,
    /// Whole days.
    Days,
}

impl AssumptionUnit {
    /// The largest value.
    #[must_use]
    pub const fn max(self) -> i64 {
        match self {
            Self::Share => NANOS_PER_UNIT,
            Self::Money => MONEY_NANOS_MAX,
            Self::Days => DAYS_MAX,
        }
    }
}

impl Assumption {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::DaysAfterRequested,
        Self::DaysAfterOrder,
        Self::MarginShare,
        Self::LostShare,
        Self::RefusedLostShare,
        Self::OpenCancelShare,
        Self::ShipmentCost,
        Self::ExpeditedShipmentCost,
        Self::HandlingPerLine,
        Self::WaitingPerLineDay,
        Self::WaitingPerUnitDay,
        Self::PenaltyShare,
        Self::ChurnPerLine,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DaysAfterRequested => "days_after_requested",
            Self::DaysAfterOrder => "days_after_order",
            Self::MarginShare => "margin_share",
            Self::LostShare => "lost_share",
            Self::RefusedLostShare => "refused_lost_share",
            Self::OpenCancelShare => "open_cancel_share",
            Self::ShipmentCost => "shipment_cost",
            Self::ExpeditedShipmentCost => "expedited_shipment_cost",
            Self::HandlingPerLine => "handling_per_line",
            Self::WaitingPerLineDay => "waiting_per_line_day",
            Self::WaitingPerUnitDay => "waiting_per_unit_day",
            Self::PenaltyShare => "penalty_share",
            Self::ChurnPerLine => "churn_per_line",
        }
    }

    /// What it stands for, in words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::DaysAfterRequested => "days after the requested date that still count as the first attempt",
            Self::DaysAfterOrder => "the same after the day of the order, where no requested date is known",
            Self::MarginShare => "margin as a part of the price, for lines without a cost",
            Self::LostShare => "part of units cancelled while waiting whose margin is lost",
            Self::RefusedLostShare => "part of refused units whose margin is lost",
            Self::OpenCancelShare => "chance that an open backordered unit is cancelled in the end",
            Self::ShipmentCost => "a further shipment whose freight is not in the file",
            Self::ExpeditedShipmentCost => "an expedited shipment whose freight is not in the file",
            Self::HandlingPerLine => "calls, mails and second picks for a backordered line",
            Self::WaitingPerLineDay => "goodwill lost for each day that a backordered line waits",
            Self::WaitingPerUnitDay => "the same for each unit and day: what no other term prices",
            Self::PenaltyShare => "contractual penalty as a part of the value shipped late",
            Self::ChurnPerLine => "chance to lose the customer times the margin still to come from one",
        }
    }

    /// In what it is measured.
    #[must_use]
    pub const fn unit(self) -> AssumptionUnit {
        match self {
            Self::DaysAfterRequested | Self::DaysAfterOrder => AssumptionUnit::Days,
            Self::MarginShare
            | Self::LostShare
            | Self::RefusedLostShare
            | Self::OpenCancelShare
            | Self::PenaltyShare => AssumptionUnit::Share,
            Self::ShipmentCost
            | Self::ExpeditedShipmentCost
            | Self::HandlingPerLine
            | Self::WaitingPerLineDay
            | Self::WaitingPerUnitDay
            | Self::ChurnPerLine => AssumptionUnit::Money,
        }
    }

    const fn default_value(self) -> Option<i64> {
        match self {
            Self::DaysAfterRequested => Some(0),
            Self::DaysAfterOrder => Some(1),
            Self::MarginShare => Some(NANOS_PER_UNIT / 10 * 4),
            Self::LostShare | Self::RefusedLostShare => Some(NANOS_PER_UNIT),
            Self::ShipmentCost => Some(6 * NANOS_PER_UNIT),
            Self::ExpeditedShipmentCost => Some(20 * NANOS_PER_UNIT),
            Self::HandlingPerLine => Some(3 * NANOS_PER_UNIT),
            Self::WaitingPerLineDay => Some(NANOS_PER_UNIT / 4),
            Self::OpenCancelShare | Self::WaitingPerUnitDay | Self::PenaltyShare | Self::ChurnPerLine => None,
        }
    }
}

/// Why a value cannot be assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is out of its bounds", .0.name())]
pub struct OutOfBounds(pub Assumption);

/// The values of all assumptions: shares and money in 10^-9, days in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumptions {
    values: [Option<i64>; Assumption::ALL.len()],
    given: [bool; Assumption::ALL.len()],
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { values: Assumption::ALL.map(Assumption::default_value), given: [false; Assumption::ALL.len()] }
    }
}

impl Assumptions {
    /// The value; `None` where nothing is assumed, and what rests on it is not measured.
    #[must_use]
    pub const fn get(&self, assumption: Assumption) -> Option<i64> {
        self.values[assumption as usize]
    }

    /// The value, zero where nothing is assumed.
    #[must_use]
    pub(super) fn or_zero(&self, assumption: Assumption) -> i64 {
        self.get(assumption).unwrap_or(0)
    }

    /// Whether the value was given, and is no default.
    #[must_use]
    pub const fn is_given(&self, assumption: Assumption) -> bool {
        self.given[assumption as usize]
    }

    /// With this value in place of the default.
    ///
    /// # Errors
    /// [`OutOfBounds`] when the value is negative, a share above one, or beyond what the unit allows.
    pub fn with(mut self, assumption: Assumption, value: i64) -> Result<Self, OutOfBounds> {
        if value < 0 || value > assumption.unit().max() {
            return Err(OutOfBounds(assumption));
        }
        self.values[assumption as usize] = Some(value);
        self.given[assumption as usize] = true;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_assumption_has_its_own_place_and_name() {
        for (place, assumption) in Assumption::ALL.into_iter().enumerate() {
            assert_eq!(assumption as usize, place);
            let same = Assumption::ALL.iter().filter(|other| other.name() == assumption.name());
            assert_eq!(same.count(), 1, "{}", assumption.name());
        }
    }

    #[test]
    fn a_value_out_of_its_bounds_is_refused() {
        let with = |assumption, value| Assumptions::default().with(assumption, value).err();
        assert_eq!(with(Assumption::LostShare, NANOS_PER_UNIT + 1), Some(OutOfBounds(Assumption::LostShare)));
        assert_eq!(with(Assumption::ShipmentCost, -1), Some(OutOfBounds(Assumption::ShipmentCost)));
        assert_eq!(with(Assumption::DaysAfterOrder, 3_651), Some(OutOfBounds(Assumption::DaysAfterOrder)));
        assert_eq!(with(Assumption::ShipmentCost, 0), None);
    }
}
