//! The sort keys of a segment.

use crate::allocation::filter::Attribute;

/// Which way a key sorts. Lines without a value come last either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The first, earliest or smallest is served first.
    Ascending,
    /// The last, latest or largest is served first.
    Descending,
}

/// By what lines are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortBy {
    /// The tier in which the line is served (`line.tier`), in the policy's order. Other tiers come last.
    Tier,
    /// The channel, in the policy's order. Other channels come last.
    Channel,
    /// The requested day.
    RequestedDate,
    /// The day that is promised now.
    PromisedDate,
    /// How many days old the order is: descending serves the oldest first.
    Age,
    /// When the line joined the queue: at the time of its order, or when a planner said.
    OrderTime,
    /// The place in the queue by which arriving units are shared.
    Queue,
    /// The margin of one unit.
    Margin,
    /// The value of the line, its revenue.
    Value,
    /// The value that is lost when the customer does not wait.
    ValueAtRisk,
    /// What a further day of waiting costs.
    CostOfDelay,
    /// A text in the order of `values`. Other texts come last.
    Sequence {
        /// The attribute, one of texts.
        attribute: Attribute,
        /// Its texts, first served first.
        values: Vec<String>,
    },
}

impl SortBy {
    /// The attribute that is sorted by; `None` for the time of the order and the place in the queue,
    /// which are no attributes.
    #[must_use]
    pub fn attribute(&self) -> Option<Attribute> {
        Some(match self {
            Self::Tier => Attribute::LineTier,
            Self::Channel => Attribute::OrderChannel,
            Self::RequestedDate => Attribute::LineRequestedDate,
            Self::PromisedDate => Attribute::LinePromisedDate,
            Self::Age => Attribute::OrderDate,
            Self::OrderTime | Self::Queue => return None,
            Self::Margin => Attribute::LineMargin,
            Self::Value => Attribute::LineValue,
            Self::ValueAtRisk => Attribute::LineValueAtRisk,
            Self::CostOfDelay => Attribute::LineCostOfDelay,
            Self::Sequence { attribute, .. } => *attribute,
        })
    }

    /// Whether a second key of this kind would decide nothing after the first.
    pub(super) fn decides_as(&self, other: &Self) -> bool {
        self == other || self.attribute().is_some_and(|read| other.attribute() == Some(read))
    }

    /// What it is called where it reads no attribute.
    pub(super) fn word(&self) -> &'static str {
        match (self, self.attribute()) {
            (_, Some(attribute)) => attribute.path(),
            (Self::Queue, None) => "the place in the queue",
            (_, None) => "the order time",
        }
    }

    /// The direction that is meant where none is named: tiers, channels, sequences, dates and times from the first on,
    /// ages and amounts from the highest down.
    #[must_use]
    pub fn usual_direction(&self) -> Direction {
        match self {
            Self::Tier
            | Self::Channel
            | Self::RequestedDate
            | Self::PromisedDate
            | Self::OrderTime
            | Self::Queue
            | Self::Sequence { .. } => Direction::Ascending,
            Self::Age | Self::Margin | Self::Value | Self::ValueAtRisk | Self::CostOfDelay => Direction::Descending,
        }
    }
}

/// One key of a segment's sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// By what.
    pub by: SortBy,
    /// Which way.
    pub direction: Direction,
}

impl SortKey {
    /// A key in its usual direction.
    #[must_use]
    pub fn usual(by: SortBy) -> Self {
        let direction = by.usual_direction();
        Self { by, direction }
    }
}
