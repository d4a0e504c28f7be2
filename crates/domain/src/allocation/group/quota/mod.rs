//! Quotas: the most that a group may take of an item, or of an item at a location, in each period, as in SAP product
//! allocation.
//!
//! Only a maximum: nothing is put aside. A demand that fits no group, or whose date is in no period of its group, is not
//! restricted. An object (item, or item at location) has a sequence of plans; when the first is exhausted, the next one is
//! taken from. A demand at a location is bound by the quotas of the item and by those of the item there: both are maxima, so
//! the smaller of the two is what is available, and each is consumed.
//!
//! Inside a group the period of the date is consumed first, then what earlier periods left over (the nearest first), then
//! later ones, as far each way as the plan allows. A [`Consumption`] keeps which period gave how much, so that giving back
//! is exact.
//!
//! Must not know supply, nor write anything: whoever reserves consumes in the same transaction.

mod build;
mod consumption;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use crate::quantity::Quantity;

use super::key::{Combination, DemandKey, GroupIndex, InvalidKey};
pub use consumption::{Consumption, ConsumptionError, Taken};

/// What a quota is about. Items and locations are numbered by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// The item.
    pub item: u32,
    /// The location; `None` for the item wherever it ships from.
    pub location: Option<u32>,
}

/// Days in which a group has a maximum. Days are numbered by the caller, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from_day: i32,
    /// The first day after it.
    pub until_day: i32,
    /// The most that may be taken, in base units.
    pub maximum: Quantity,
    /// What is taken already. It may be more than a maximum that was lowered.
    pub consumed: Quantity,
}

/// The maxima of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupQuota {
    /// Whose demand it is.
    pub combination: Combination,
    /// Its periods, in any order, without overlaps.
    pub periods: Vec<Period>,
}

/// One set of maxima of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuotaPlan {
    /// The groups.
    pub groups: Vec<GroupQuota>,
    /// How many earlier periods may be consumed when that of the date is exhausted.
    pub backward_periods: u32,
    /// How many later ones, when those are exhausted too.
    pub forward_periods: u32,
}

/// Why a quota cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuota {
    /// The object has a sequence of plans already.
    #[error("item {} at location {:?} has quotas already", .0.item, .0.location)]
    ObjectTwice(Object),
    /// The groups of a plan cannot be told apart.
    #[error("plan {plan}: {source}")]
    Groups {
        /// The place of the plan in the sequence.
        plan: usize,
        /// Why.
        source: InvalidKey,
    },
    /// A period ends before it starts.
    #[error("plan {plan}, group {group}: a period from day {from_day} until day {until_day} has no days")]
    EmptyPeriod {
        /// The place of the plan in the sequence.
        plan: usize,
        /// The place of the group in the plan.
        group: usize,
        /// Its first day.
        from_day: i32,
        /// The first day after it.
        until_day: i32,
    },
    /// Two periods of a group have a day in common.
    #[error("plan {plan}, group {group}: day {day} is in two periods")]
    PeriodsOverlap {
        /// The place of the plan in the sequence.
        plan: usize,
        /// The place of the group in the plan.
        group: usize,
        /// The first such day.
        day: i32,
    },
    /// More groups or periods than can be numbered.
    #[error("too many groups or periods")]
    TooMany,
}

/// The periods of a group, in the order of time, as a range of [`Quotas::periods`].
#[derive(Debug, Clone)]
struct Group {
    periods: Range<usize>,
    backward: usize,
    forward: usize,
}

#[derive(Debug, Clone)]
struct Plan {
    index: GroupIndex,
    /// The number of its first group in [`Quotas::groups`].
    first_group: usize,
}

/// All quotas, with what is consumed of each.
#[derive(Debug, Clone, Default)]
pub struct Quotas {
    objects: HashMap<Object, Vec<Plan>>,
    groups: Vec<Group>,
    periods: Vec<Period>,
}

/// The groups to which the demands of one item, location and combination of characteristics belong. It is found once for
/// each of these and asked for many lines; it is good for the quotas that gave it, and not after a plan is added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// Those of the item, in the order of its sequence.
    of_item: Vec<usize>,
    /// Those of the item at the location.
    of_location: Vec<usize>,
}

impl Route {
    /// Whether no quota restricts such a demand, at any date.
    #[must_use]
    pub const fn is_unrestricted(&self) -> bool {
        self.of_item.is_empty() && self.of_location.is_empty()
    }

    fn sequences(&self) -> [&[usize]; 2] {
        [&self.of_item, &self.of_location]
    }
}

impl Quotas {
    /// Finds the groups of a demand for an item at a location.
    #[must_use]
    pub fn route(&self, item: u32, location: u32, demand: &DemandKey) -> Route {
        let groups_of = |object: Object| -> Vec<usize> {
            let plans = self.objects.get(&object).into_iter().flatten();
            let place = |plan: &Plan| usize::try_from(plan.index.find(demand)?).ok();
            plans.filter_map(|plan| Some(plan.first_group + place(plan)?)).collect()
        };
        Route {
            of_item: groups_of(Object { item, location: None }),
            of_location: groups_of(Object { item, location: Some(location) }),
        }
    }

    /// How many units such a demand may still be confirmed on a day; `None` when no quota restricts it then.
    #[must_use]
    pub fn available(&self, route: &Route, day: i32) -> Option<Quantity> {
        let [of_item, of_location] = route.sequences().map(|sequence| self.available_in(sequence, day));
        let least = match (of_item, of_location) {
            (Some(one), Some(other)) => one.min(other),
            (one, other) => one.or(other)?,
        };
        Some(Quantity::try_new(least).unwrap_or_default())
    }

    /// Whether anybody's demand for an item at a location may be restricted.
    #[must_use]
    pub fn concern(&self, item: u32, location: u32) -> bool {
        let objects = [None, Some(location)].map(|location| Object { item, location });
        objects.iter().any(|object| self.objects.contains_key(object))
    }

    /// The next day after `day` on which such a demand may be allowed more or less: a period begins or ends.
    #[must_use]
    pub fn next_change(&self, route: &Route, day: i32) -> Option<i32> {
        let groups = route.sequences().into_iter().flatten();
        let next = groups.filter_map(|group| {
            let periods = &self.periods[self.groups[*group].periods.clone()];
            // Periods lie in the order of time without overlaps, so their ends do too.
            let ends = periods.partition_point(|period| period.until_day <= day);
            let begins = periods.partition_point(|period| period.from_day <= day);
            let end = periods.get(ends).map(|period| period.until_day);
            end.into_iter().chain(periods.get(begins).map(|period| period.from_day)).min()
        });
        next.min()
    }

    /// A period, by the number that a [`Consumption`] gives it; `None` when there is none. Numbers run from 0 as objects are
    /// added: by plan, by group, by date.
    #[must_use]
    pub fn period(&self, number: u32) -> Option<&Period> {
        self.periods.get(usize::try_from(number).ok()?)
    }

    fn available_in(&self, sequence: &[usize], day: i32) -> Option<i64> {
        let mut sum = None;
        for group in sequence {
            if let Some(first) = self.period_of(*group, day) {
                let left = self.order_of(*group, first).map(|period| self.left_of(period));
                let left = left.fold(0_i64, i64::saturating_add);
                sum = Some(left.saturating_add(sum.unwrap_or(0)));
            }
        }
        sum
    }

    /// The group's period that holds the day.
    fn period_of(&self, group: usize, day: i32) -> Option<usize> {
        let range = self.groups[group].periods.clone();
        let after = self.periods[range.clone()].partition_point(|period| period.from_day <= day);
        let place = range.start + after.checked_sub(1)?;
        (day < self.periods[place].until_day).then_some(place)
    }

    /// The group's periods in the order in which they are consumed: that of the date, backward, forward.
    fn order_of(&self, group: usize, first: usize) -> impl Iterator<Item = usize> + use<> {
        let Group { periods, backward, forward } = self.groups[group].clone();
        let earliest = first.saturating_sub(backward).max(periods.start);
        let latest = first.saturating_add(forward).min(periods.end - 1);
        std::iter::once(first).chain((earliest..first).rev()).chain(first + 1..=latest)
    }

    fn left_of(&self, period: usize) -> i64 {
        let Period { maximum, consumed, .. } = self.periods[period];
        maximum.saturating_sub(consumed).get()
    }
}
