//! What somebody set for the groups of an item: the document, and whether it makes sense.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::allocation::group::key::{CHARACTERISTICS_MAX, WILDCARD};
use crate::allocation::group::protection::OutsideProtection;
use crate::ids::LocationId;
use crate::quantity::Quantity;

/// Groups of an item at most, over all plans and places.
pub const GROUPS_MAX: usize = 500;
/// Periods of an item at most, over all groups.
pub const PERIODS_MAX: usize = 2_000;
/// The most bytes of a characteristic's name or value.
pub const TEXT_BYTES_MAX: usize = 100;

/// What the groups of an item may take, and what is kept for them. Groups are combinations of one value for each level, of
/// which [`WILDCARD`] is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemGroups {
    /// The characteristics that tell groups apart, most important first. Without any the item has no groups.
    pub levels: Vec<String>,
    /// Maxima of the item, wherever it ships from: when the first plan is exhausted, the next one is taken from.
    pub plans: Vec<QuotaRules>,
    /// What is kept at a location, each location once.
    pub protections: Vec<LocationProtections>,
}

/// One plan of maxima.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuotaRules {
    /// The groups, each combination once.
    pub groups: Vec<QuotaGroup>,
    /// How many earlier periods may be consumed when that of the day is exhausted.
    pub backward_periods: u32,
    /// How many later ones, when those are exhausted too.
    pub forward_periods: u32,
}

/// The maxima of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaGroup {
    /// One value for each level.
    pub values: Vec<String>,
    /// Its periods, without overlaps. On a day in none of them the group is not restricted.
    pub periods: Vec<QuotaPeriod>,
}

/// Days in which a group has a maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaPeriod {
    /// The first day, at the location that gives the units.
    pub from: Date,
    /// The first day after it.
    pub until: Date,
    /// Base units.
    pub maximum: Quantity,
}

/// What is kept at one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationProtections {
    /// The location.
    pub location: LocationId,
    /// What restricts a demand beyond its own remaining protection.
    pub outside: OutsideProtection,
    /// The groups, each combination once. Their order decides ties.
    pub groups: Vec<ProtectionGroup>,
}

/// What is kept for one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionGroup {
    /// One value for each level.
    pub values: Vec<String>,
    /// The core group that it is a part of.
    pub core: u32,
    /// Inside the core: a smaller number outranks a larger one.
    pub priority: u32,
    /// Base units, before any is consumed.
    pub protected: Quantity,
}

/// What is wrong with groups, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {what}")]
pub struct InvalidGroups {
    /// The path of the value inside the document.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

impl InvalidGroups {
    pub(super) fn new(field: impl Into<String>, what: impl ToString) -> Self {
        Self { field: field.into(), what: what.to_string() }
    }
}

impl ItemGroups {
    /// Whether nothing is restricted: then the item has no groups.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.levels.is_empty()
    }

    /// Checks that all groups are told apart by the same levels, and that nothing contradicts itself.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidGroups> {
        self.check_levels()?;
        self.check_sizes()?;
        for (place, plan) in self.plans.iter().enumerate() {
            let mut seen = BTreeSet::new();
            for (number, group) in plan.groups.iter().enumerate() {
                let at = format!("plans[{place}].groups[{number}]");
                self.check_values(&group.values, &at, &mut seen)?;
                check_periods(&group.periods, &at)?;
            }
        }
        let mut locations = BTreeSet::new();
        for (place, there) in self.protections.iter().enumerate() {
            if !locations.insert(&there.location) {
                return Err(InvalidGroups::new(format!("protections[{place}].location"), "must not be named twice"));
            }
            let mut seen = BTreeSet::new();
            for (number, group) in there.groups.iter().enumerate() {
                let at = format!("protections[{place}].groups[{number}]");
                self.check_values(&group.values, &at, &mut seen)?;
                if group.protected > Quantity::COMMAND_MAX {
                    let what = format!("must be at most {}", Quantity::COMMAND_MAX);
                    return Err(InvalidGroups::new(format!("{at}.protected"), what));
                }
            }
        }
        Ok(())
    }

    fn check_levels(&self) -> Result<(), InvalidGroups> {
        if self.levels.is_empty() && !(self.plans.is_empty() && self.protections.is_empty()) {
            return Err(InvalidGroups::new("levels", "must be set where there are groups"));
        }
        if self.levels.len() > CHARACTERISTICS_MAX {
            return Err(InvalidGroups::new("levels", format!("must have at most {CHARACTERISTICS_MAX} elements")));
        }
        for (place, level) in self.levels.iter().enumerate() {
            let at = format!("levels[{place}]");
            check_text(level, &at)?;
            if self.levels[..place].contains(level) {
                return Err(InvalidGroups::new(at, "must not be named twice"));
            }
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), InvalidGroups> {
        let of_quotas = self.plans.iter().flat_map(|plan| &plan.groups);
        let groups = of_quotas.clone().count() + self.protections.iter().map(|there| there.groups.len()).sum::<usize>();
        if groups > GROUPS_MAX {
            return Err(InvalidGroups::new("plans", format!("and protections must have at most {GROUPS_MAX} groups")));
        }
        if of_quotas.map(|group| group.periods.len()).sum::<usize>() > PERIODS_MAX {
            return Err(InvalidGroups::new("plans", format!("must have at most {PERIODS_MAX} periods")));
        }
        Ok(())
    }

    /// A group at another level than the rest would be another group for every demand (domain.md 2.5).
    fn check_values<'a>(
        &self,
        values: &'a [String],
        at: &str,
        seen: &mut BTreeSet<&'a [String]>,
    ) -> Result<(), InvalidGroups> {
        if values.len() != self.levels.len() {
            let what = format!("must have a value for each of the {} levels, {WILDCARD:?} for any", self.levels.len());
            return Err(InvalidGroups::new(format!("{at}.values"), what));
        }
        for (place, value) in values.iter().enumerate() {
            check_text(value, &format!("{at}.values[{place}]"))?;
        }
        if seen.insert(values) {
            Ok(())
        } else {
            Err(InvalidGroups::new(format!("{at}.values"), "must not come twice"))
        }
    }
}

fn check_text(text: &str, at: &str) -> Result<(), InvalidGroups> {
    if text.is_empty() || text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(InvalidGroups::new(at, format!("must have 1 to {TEXT_BYTES_MAX} bytes and no control characters")));
    }
    Ok(())
}

fn check_periods(periods: &[QuotaPeriod], at: &str) -> Result<(), InvalidGroups> {
    let mut sorted: Vec<(usize, &QuotaPeriod)> = periods.iter().enumerate().collect();
    sorted.sort_by_key(|(_, period)| period.from);
    for (place, period) in &sorted {
        if period.until <= period.from {
            return Err(InvalidGroups::new(format!("{at}.periods[{place}].until"), "must be after `from`"));
        }
        if period.maximum > Quantity::COMMAND_MAX {
            let what = format!("must be at most {}", Quantity::COMMAND_MAX);
            return Err(InvalidGroups::new(format!("{at}.periods[{place}].maximum"), what));
        }
    }
    match sorted.windows(2).find(|pair| pair[1].1.from < pair[0].1.until) {
        Some(pair) => {
            Err(InvalidGroups::new(format!("{at}.periods[{}]", pair[1].0), "must not overlap another period"))
        }
        None => Ok(()),
    }
}
