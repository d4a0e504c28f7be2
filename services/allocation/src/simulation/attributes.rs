//! Where the attributes that filters and sorts read come from: the one place that maps them to what is known of a line.

use backorder_domain::allocation::filter::{Attribute, facts::micros_of_nanos};
use jiff::civil::Date;

use super::live::{LineFacts, LiveClaim, LiveItem};

/// A claim with its item and what its order knows.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// The item.
    pub item: &'l LiveItem,
    /// The claim.
    pub claim: &'l LiveClaim,
    /// What the order knows.
    pub facts: &'l LineFacts,
}

impl<'l> Line<'l> {
    /// A claim of an item; `None` when no order knows of it.
    #[must_use]
    pub fn of(item: &'l LiveItem, claim: &'l LiveClaim) -> Option<Self> {
        Some(Self { item, claim, facts: claim.facts.as_deref()? })
    }

    /// The location that comes first among those that may serve it.
    fn location(self) -> &'l str {
        self.claim.places.first().map_or("", |place| self.item.places[*place as usize].location.as_str())
    }
}

/// Where the values of an attribute come from.
#[derive(Clone, Copy)]
pub enum Source {
    /// A text.
    Text(for<'l> fn(Line<'l>) -> &'l str),
    /// A day.
    Date(fn(Line<'_>) -> Option<Date>),
    /// A number, or an amount in micro-units of company currency.
    Number(fn(Line<'_>) -> Option<i64>),
    /// The policy says it, of other attributes.
    Derived,
    /// No line has it, and why.
    Unknown(&'static str),
}

/// Where the values of an attribute come from.
#[must_use]
pub const fn source(attribute: Attribute) -> Source {
    match attribute {
        Attribute::CustomerId => Source::Text(|line| &line.facts.customer),
        Attribute::CustomerTier => Source::Text(|line| &line.facts.tier),
        Attribute::ItemId => Source::Text(|line| &line.item.item),
        Attribute::ItemCategory => Source::Text(|line| &line.item.category),
        Attribute::OrderId => Source::Text(|line| &line.facts.order),
        Attribute::OrderChannel => Source::Text(|line| &line.facts.channel),
        Attribute::OrderDate => Source::Date(|line| Some(line.facts.ordered_on)),
        Attribute::OrderShipTo => Source::Text(|line| &line.facts.ship_to),
        Attribute::OrderDestinationZone => Source::Text(|line| &line.facts.destination_zone),
        Attribute::OrderService => Source::Text(|line| &line.facts.service),
        Attribute::LineLocation => Source::Text(|line| line.location()),
        Attribute::LineShipSet => Source::Text(|line| &line.facts.ship_set),
        Attribute::LineShortageInstruction => Source::Text(|line| line.facts.shortage_instruction),
        Attribute::LineTier => Source::Derived,
        Attribute::LineRequestedDate => Source::Date(|line| Some(line.facts.requested)),
        Attribute::LinePromisedDate => Source::Date(|line| line.facts.promised),
        Attribute::LineLatestDate => {
            Source::Unknown("orders do not say until when a customer accepts a line; line.requested_date is known")
        }
        Attribute::LineWaitingSince => Source::Date(|line| Some(line.facts.waiting_since)),
        Attribute::LineOrdered => Source::Number(|line| Some(line.facts.ordered)),
        Attribute::LineOpen => Source::Number(|line| Some(line.claim.waiting)),
        Attribute::LineMargin => Source::Number(|line| line.facts.worth.margin_nanos.map(micros_of_nanos)),
        Attribute::LineValue => Source::Number(|line| line.facts.worth.value_nanos.map(micros_of_nanos)),
        Attribute::LineValueAtRisk => {
            Source::Number(|line| line.facts.risk_nanos.map(|nanos| micros_of_nanos(nanos.into())))
        }
        Attribute::LineCostOfDelay => Source::Unknown(
            "what a day of waiting costs is kept for no line; line.value_at_risk and line.margin are known",
        ),
    }
}
