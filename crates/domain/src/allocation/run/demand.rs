//! What a run decides about: requirements with their wishes, and what they were confirmed before.

use std::ops::Range;

use super::day::Day;

/// No ship set: the requirement is confirmed for itself.
pub const NO_SET: u32 = u32::MAX;
/// No allocation group: no quota and no protection concern the requirement.
pub const NO_GROUP: u32 = u32::MAX;

/// No fair share: the requirement is served in its place of the order.
pub const NO_SHARE: u32 = u32::MAX;
/// The requirement lends nothing.
pub const NOT_LENDING: i32 = -1;

/// What a requirement may gain and lose (SAP's confirmation strategies). They are checked in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// All of it is confirmed for the requested day; otherwise an exception.
    Win,
    /// Keeps at least its confirmation and improves it where it can; otherwise an exception.
    Gain,
    /// Keeps its confirmation and improves it where it can; where it cannot keep it, it gets what is left.
    Improve,
    /// Gets what is left in the order of its segment: it may gain and it may lose.
    Redistribute,
    /// Keeps what is left of its confirmation, and gains nothing.
    Fill,
    /// Loses its confirmation.
    Lose,
}

impl Strategy {
    /// All strategies, in the order in which they are checked.
    pub const ALL: [Self; 6] = [Self::Win, Self::Gain, Self::Improve, Self::Redistribute, Self::Fill, Self::Lose];
}

/// How a requirement wants to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Delivery {
    /// In several deliveries, each as early as it can be.
    #[default]
    Proposal,
    /// On one day, as much as can be had on it: the earliest day on which all of it can, otherwise the day of the most.
    OneTime,
    /// All of it on one day, or nothing.
    Complete,
}

/// How the places of a requirement are chosen when no single place has all of it on the requested day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Building {
    /// As much as can be had on the requested day, from the places by rank; the rest as early as it can be.
    #[default]
    MostOnRequestedDay,
    /// The one place that has all of it first; where none ever has, as [`Building::MostEarliest`].
    Whole,
    /// As much as early as can be, on each day from the places that have most, so that there are few deliveries.
    MostEarliest,
}

/// How requirements of the same standing share what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// In proportion to what they lack.
    Proportional,
    /// So that all gain the same, as far as they want it.
    UniformGains,
    /// So that all miss the same, as far as they want it.
    UniformLosses,
}

/// The wishes that many requirements share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The fewest units of one delivery that does not complete the requirement, at least 1.
    pub shipment_min: i64,
    /// Units of a pack, at least 1: a delivery that does not complete the requirement is whole packs.
    pub pack: i64,
    /// The most deliveries, each from one place on one day, at least 1.
    pub deliveries_max: u32,
    /// The most places, at least 1.
    pub places_max: u32,
    /// How it is delivered.
    pub delivery: Delivery,
    /// How places are chosen.
    pub building: Building,
}

impl Default for Terms {
    /// No wishes.
    fn default() -> Self {
        Self {
            shipment_min: 1,
            pack: 1,
            deliveries_max: u32::MAX,
            places_max: u32::MAX,
            delivery: Delivery::Proposal,
            building: Building::MostOnRequestedDay,
        }
    }
}

impl Terms {
    /// Whether a delivery may be of any size, come from any place and be one of many.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.shipment_min <= 1
            && self.pack <= 1
            && self.deliveries_max == u32::MAX
            && self.places_max == u32::MAX
            && self.delivery == Delivery::Proposal
            && self.building == Building::MostOnRequestedDay
    }
}

/// A part of a requirement's quantity that is confirmed for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confirmation {
    /// The day of delivery: not before the requested one.
    pub day: Day,
    /// The place, as in [`super::supply::Supplies`].
    pub place: u32,
    /// Base units, above zero.
    pub quantity: i64,
}

/// An open order line, or a part of one, as a run sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// Base units to confirm, above zero: without what is shipped, in the warehouse's hands, or fixed.
    pub quantity: i64,
    /// The requested day.
    pub requested: Day,
    /// The last acceptable day; [`Day::MAX`] for any.
    pub latest: Day,
    /// What it may gain and lose.
    pub strategy: Strategy,
    /// Its wishes: an index into [`Demand::terms`].
    pub terms: u32,
    /// Its places of its own item, first choice first: a range of [`Demand::places`].
    pub places: (u32, u32),
    /// So many of its places, the first ones, are of the item that was ordered; others are of substitutes.
    pub own_places: u32,
    /// Its present confirmations, by day: a range of [`Demand::confirmed`].
    pub confirmed: (u32, u32),
    /// Its allocation group, or [`NO_GROUP`].
    pub group: u32,
    /// Its ship set, or [`NO_SET`]: all requirements of a set are confirmed wholly for one day, or none of them.
    pub set: u32,
    /// The block of requirements of the same standing that share what there is, an index into [`Demand::shares`], or
    /// [`NO_SHARE`]. Only where the strategy is [`Strategy::Redistribute`], and not together with a ship set.
    pub share: u32,
    /// So many days later than confirmed it may be served, so that others get its units meanwhile; [`NOT_LENDING`] for not
    /// at all. Only where the strategy is [`Strategy::Gain`] or [`Strategy::Improve`], and not together with a ship set.
    pub lends_days: i32,
}

/// The requirements of a run. Their index is their name; the caller gives indexes in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demand {
    /// The requirements.
    pub requirements: Vec<Requirement>,
    /// Places of all requirements.
    pub places: Vec<u32>,
    /// Present confirmations of all requirements.
    pub confirmed: Vec<Confirmation>,
    /// The different wishes.
    pub terms: Vec<Terms>,
    /// How each block shares.
    pub shares: Vec<Sharing>,
}

impl Demand {
    /// The places of a requirement, first choice first.
    #[must_use]
    pub fn places_of(&self, requirement: &Requirement) -> &[u32] {
        &self.places[span(requirement.places)]
    }

    /// The present confirmations of a requirement, by day.
    #[must_use]
    pub fn confirmed_of(&self, requirement: &Requirement) -> &[Confirmation] {
        &self.confirmed[span(requirement.confirmed)]
    }

    /// The wishes of a requirement.
    #[must_use]
    pub fn terms_of(&self, requirement: &Requirement) -> &Terms {
        &self.terms[requirement.terms as usize]
    }
}

/// A range of 32-bit indexes as a range of a slice.
pub(super) fn span((from, to): (u32, u32)) -> Range<usize> {
    from as usize..to as usize
}
