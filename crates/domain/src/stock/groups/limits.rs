//! What the groups of an item may still take: the rules with what is consumed of them.
//!
//! What is consumed is counted by [`Bucket`], whose name does not depend on the order of the rules: so a bucket keeps what it
//! has when rules change, even while no rule names it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::allocation::group::key::{Characteristics as Levels, Combination, DemandKey, GroupIndex};
use crate::allocation::group::protection::{ProtectedGroup, Protections};
use crate::allocation::group::quota::{GroupQuota, Object, Period, QuotaPlan, Quotas};
use crate::ids::LocationId;
use crate::quantity::Quantity;
use crate::stock::awaited::Awaited;
use crate::stock::error::{StockError, minus, plus};
use crate::time::day_number;

use super::rules::{InvalidGroups, ItemGroups, LocationProtections};

/// What a demand says of itself: a value by the name of the characteristic. Nothing at all belongs to no group.
pub type Characteristics = BTreeMap<String, String>;

/// The quotas of the item, wherever it ships from.
const ITEM: Object = Object { item: 0, location: None };

/// What units are consumed from: a period of a group's quota, or a group's protection at a location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(String);

impl Bucket {
    /// The period of a group that begins on a day, in the plan at a place of the sequence.
    #[must_use]
    pub fn of_quota(plan: usize, from: Date, values: &[String]) -> Self {
        Self(format!("quota/{plan}/{from}/{}", escaped(values)))
    }

    /// The protection of a group at a location.
    #[must_use]
    pub fn of_protection(location: &LocationId, values: &[String]) -> Self {
        Self(format!("protection/{location}/{}", escaped(values)))
    }

    /// A bucket by the name that tables keep.
    #[must_use]
    pub const fn named(name: String) -> Self {
        Self(name)
    }

    /// The name that tables keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The values with a sign between them that none of them holds.
fn escaped(values: &[String]) -> String {
    let escaped: Vec<String> = values.iter().map(|value| value.replace('%', "%25").replace('/', "%2F")).collect();
    escaped.join("/")
}

/// What keeps a demand from units that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupLimit {
    /// Its group has taken what it may in this period.
    Quota,
    /// They are kept for other groups.
    Protection,
}

/// Units of a claim with what they were consumed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTake {
    /// The location that gave them.
    pub location: LocationId,
    /// Of which quota; `None` when none restricted them.
    pub quota: Option<Bucket>,
    /// Of which protection; `None` when their group has none there.
    pub protection: Option<Bucket>,
    /// Base units, at least 1.
    pub units: Quantity,
}

/// The rules of an item with what is consumed.
#[derive(Debug, Clone)]
pub struct Limits {
    fixed: Arc<Fixed>,
    quotas: Quotas,
    protections: BTreeMap<LocationId, Protections>,
    consumed: BTreeMap<Bucket, Quantity>,
}

/// What does not change while units are consumed.
#[derive(Debug)]
struct Fixed {
    rules: ItemGroups,
    levels: Option<Levels>,
    periods: Vec<Bucket>,
    numbers: BTreeMap<Bucket, u32>,
    places: BTreeMap<LocationId, Place>,
}

#[derive(Debug)]
struct Place {
    index: GroupIndex,
    buckets: Vec<Bucket>,
}

impl Limits {
    /// Limits of rules of which so much is consumed.
    ///
    /// # Errors
    /// [`InvalidGroups`], as [`ItemGroups::check`].
    pub fn try_new(rules: &ItemGroups, consumed: BTreeMap<Bucket, Quantity>) -> Result<Self, InvalidGroups> {
        rules.check()?;
        let mut levels = match rules.levels.is_empty() {
            true => None,
            false => Some(Levels::try_new(rules.levels.clone()).map_err(|error| InvalidGroups::new("levels", error))?),
        };
        let mut combine = |values: &[String]| -> Result<Combination, InvalidGroups> {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let levels = levels.as_mut().ok_or_else(|| InvalidGroups::new("levels", "must be set"))?;
            levels.combination(&values).map_err(|error| InvalidGroups::new("values", error))
        };
        let (quotas, periods) = quotas_of(rules, &consumed, &mut combine)?;
        let (mut places, mut protections) = (BTreeMap::new(), BTreeMap::new());
        for there in &rules.protections {
            let (place, kept) = protections_of(there, &consumed, &mut combine)?;
            places.insert(there.location.clone(), place);
            protections.insert(there.location.clone(), kept);
        }
        let numbers = periods.iter().cloned().zip(0..).collect();
        Ok(Self {
            fixed: Arc::new(Fixed { rules: rules.clone(), levels, periods, numbers, places }),
            quotas,
            protections,
            consumed,
        })
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &ItemGroups {
        &self.fixed.rules
    }

    /// What is consumed, by bucket.
    #[must_use]
    pub const fn consumed(&self) -> &BTreeMap<Bucket, Quantity> {
        &self.consumed
    }

    /// How many units such a demand may still take on a day by its quotas; `None` when none restricts it then.
    #[must_use]
    pub fn quota_left(&self, of: &Characteristics, day: Date) -> Option<Quantity> {
        let route = self.quotas.route(ITEM.item, 0, &self.demand(of)?);
        self.quotas.available(&route, day_number(day))
    }

    /// How many of the `asked` units protections let such a demand take at a location that has `there` units for nobody.
    #[must_use]
    pub fn unprotected(&self, of: &Characteristics, at: &LocationId, asked: Quantity, there: Quantity) -> Quantity {
        match self.protections.get(at) {
            Some(protections) => protections.grant(self.protected_group(of, at), asked, there).total(),
            None => asked,
        }
    }

    /// Units that are kept at a location and not consumed, over all groups.
    #[must_use]
    pub fn kept(&self, at: &LocationId) -> Quantity {
        let Some((there, place)) = self.protections.get(at).zip(self.fixed.places.get(at)) else {
            return Quantity::ZERO;
        };
        let kept = (0..).zip(&place.buckets).map(|(group, _)| there.remaining(group));
        // 500 groups keep at most a million million units each.
        Quantity::checked_sum(kept).unwrap_or(Quantity::ZERO)
    }

    /// Units that are kept at a location for a group and not consumed.
    #[must_use]
    pub fn kept_for(&self, at: &LocationId, values: &[String]) -> Quantity {
        let bucket = Bucket::of_protection(at, values);
        let place = self.fixed.places.get(at).and_then(|place| place.buckets.iter().position(|one| *one == bucket));
        let group = place.and_then(|place| u32::try_from(place).ok());
        group.zip(self.protections.get(at)).map(|(group, there)| there.remaining(group)).unwrap_or_default()
    }

    /// How many of the `asked` units such a demand may take: the smaller of what quotas and protections allow. Where nothing is
    /// protected, more than is there may be allowed.
    #[must_use]
    pub fn allowed(
        &self,
        of: &Characteristics,
        at: &LocationId,
        day: Date,
        asked: Quantity,
        there: Quantity,
    ) -> Quantity {
        let within_quota = self.quota_left(of, day).map_or(asked, |left| left.min(asked));
        self.unprotected(of, at, within_quota, there)
    }

    /// Of what waits at a location, by what the claims say of themselves, as much as may take what is `there` for nobody. Each group
    /// is asked for itself: together they may be let take less.
    ///
    /// # Errors
    /// [`StockError::Overflow`].
    pub fn takeable<'a>(
        &self,
        at: &LocationId,
        day: Date,
        there: Quantity,
        awaited: impl Iterator<Item = (&'a Characteristics, &'a Awaited)>,
    ) -> Result<Awaited, StockError> {
        let mut takeable = Awaited::default();
        for (of, awaited) in awaited {
            let allowed = self.allowed(of, at, day, plus(awaited.alone, awaited.in_sets)?, there);
            let alone = awaited.alone.min(allowed);
            let in_sets = awaited.in_sets.min(minus(allowed, alone, "units of a group")?);
            takeable.alone = plus(takeable.alone, alone)?;
            takeable.in_sets = plus(takeable.in_sets, in_sets)?;
        }
        Ok(takeable)
    }

    /// Consumes units that a demand gets at a location on a day, whether they are allowed or not, and says from what.
    ///
    /// # Errors
    /// [`StockError::Overflow`].
    pub fn consume(
        &mut self,
        of: &Characteristics,
        at: &LocationId,
        day: Date,
        units: Quantity,
    ) -> Result<Vec<GroupTake>, StockError> {
        let protection = self.protected_group(of, at).and_then(|group| {
            let place = self.fixed.places.get(at)?;
            Some((group, place.buckets.get(usize::try_from(group).ok()?)?.clone()))
        });
        if let Some((group, bucket)) = &protection {
            let there = self.protections.get_mut(at);
            there.map_or(Ok(()), |there| there.consume(*group, units)).map_err(|_| StockError::Overflow)?;
            self.count(bucket, units)?;
        }
        let protection = protection.map(|(_, bucket)| bucket);
        let of_quotas = self.consume_quotas(of, day, units);
        if of_quotas.is_empty() {
            return Ok(vec![GroupTake { location: at.clone(), quota: None, protection, units }]);
        }
        let mut takes = Vec::with_capacity(of_quotas.len());
        for (bucket, units) in of_quotas {
            self.count(&bucket, units)?;
            takes.push(GroupTake { location: at.clone(), quota: Some(bucket), protection: protection.clone(), units });
        }
        Ok(takes)
    }

    /// Gives back units of a take.
    ///
    /// # Errors
    /// [`StockError::Inconsistent`] when more is given back than was consumed.
    pub fn give_back(&mut self, take: &GroupTake, units: Quantity) -> Result<(), StockError> {
        for bucket in take.quota.iter().chain(&take.protection) {
            let consumed = self.consumed.get(bucket).copied().unwrap_or_default();
            let Some(left) = consumed.checked_sub(units) else {
                let what = format!("{} gives {units} back, {consumed} are consumed", bucket.as_str());
                return Err(StockError::Inconsistent(what));
            };
            self.consumed.insert(bucket.clone(), left);
            if let Some(period) = self.fixed.numbers.get(bucket) {
                self.quotas.give_back(*period, units);
            }
        }
        let group = take.protection.as_ref().and_then(|bucket| {
            let place = self.fixed.places.get(&take.location)?;
            u32::try_from(place.buckets.iter().position(|other| other == bucket)?).ok()
        });
        if let Some((group, there)) = group.zip(self.protections.get_mut(&take.location)) {
            let refused = |error| StockError::Inconsistent(format!("protection: {error}"));
            there.release(group, units).map_err(refused)?;
        }
        Ok(())
    }

    fn consume_quotas(&mut self, of: &Characteristics, day: Date, units: Quantity) -> Vec<(Bucket, Quantity)> {
        let Some(demand) = self.demand(of) else { return Vec::new() };
        let route = self.quotas.route(ITEM.item, 0, &demand);
        let consumption = self.quotas.consume_anyway(&route, day_number(day), units);
        let bucket = |period: u32| self.fixed.periods.get(usize::try_from(period).ok()?).cloned();
        let taken = consumption.of_item().iter();
        taken.filter_map(|taken| Some((bucket(taken.period)?, taken.units))).collect()
    }

    fn count(&mut self, bucket: &Bucket, units: Quantity) -> Result<(), StockError> {
        let consumed = self.consumed.entry(bucket.clone()).or_default();
        *consumed = plus(*consumed, units)?;
        Ok(())
    }

    /// The demand in numbers; `None` for one of no group.
    fn demand(&self, of: &Characteristics) -> Option<DemandKey> {
        let levels = self.fixed.levels.as_ref().filter(|_| !of.is_empty())?;
        let value = |name: &String| of.get(name).map_or("", String::as_str);
        levels.demand(&levels.names().iter().map(value).collect::<Vec<_>>()).ok()
    }

    fn protected_group(&self, of: &Characteristics, at: &LocationId) -> Option<u32> {
        self.fixed.places.get(at)?.index.find(&self.demand(of)?)
    }
}

type Combine<'c> = &'c mut dyn FnMut(&[String]) -> Result<Combination, InvalidGroups>;

fn quotas_of(
    rules: &ItemGroups,
    consumed: &BTreeMap<Bucket, Quantity>,
    combine: Combine<'_>,
) -> Result<(Quotas, Vec<Bucket>), InvalidGroups> {
    let (mut plans, mut buckets) = (Vec::with_capacity(rules.plans.len()), Vec::new());
    for (place, plan) in rules.plans.iter().enumerate() {
        let mut groups = Vec::with_capacity(plan.groups.len());
        for group in &plan.groups {
            let mut sorted = group.periods.clone();
            sorted.sort_by_key(|period| period.from);
            let mut periods = Vec::with_capacity(sorted.len());
            for period in sorted {
                // In the order in which quotas number their periods.
                let bucket = Bucket::of_quota(place, period.from, &group.values);
                periods.push(Period {
                    from_day: day_number(period.from),
                    until_day: day_number(period.until),
                    maximum: period.maximum,
                    consumed: consumed.get(&bucket).copied().unwrap_or_default(),
                });
                buckets.push(bucket);
            }
            groups.push(GroupQuota { combination: combine(&group.values)?, periods });
        }
        let (backward_periods, forward_periods) = (plan.backward_periods, plan.forward_periods);
        plans.push(QuotaPlan { groups, backward_periods, forward_periods });
    }
    let mut quotas = Quotas::default();
    quotas.add(ITEM, plans).map_err(|error| InvalidGroups::new("plans", error))?;
    Ok((quotas, buckets))
}

fn protections_of(
    there: &LocationProtections,
    consumed: &BTreeMap<Bucket, Quantity>,
    combine: Combine<'_>,
) -> Result<(Place, Protections), InvalidGroups> {
    let wrong = |error: &dyn std::fmt::Display| InvalidGroups::new("protections", error.to_string());
    let mut combinations = Vec::with_capacity(there.groups.len());
    for group in &there.groups {
        combinations.push(combine(&group.values)?);
    }
    let index = GroupIndex::try_new(&combinations).map_err(|error| wrong(&error))?;
    let groups = there.groups.iter();
    let groups =
        groups.map(|group| ProtectedGroup { core: group.core, priority: group.priority, protected: group.protected });
    let mut kept = Protections::try_new(groups.collect(), there.outside).map_err(|error| wrong(&error))?;
    let bucket = |values: &Vec<String>| Bucket::of_protection(&there.location, values);
    let buckets: Vec<Bucket> = there.groups.iter().map(|group| bucket(&group.values)).collect();
    for (bucket, group) in buckets.iter().zip(0..) {
        let units = consumed.get(bucket).copied().unwrap_or_default();
        kept.consume(group, units).map_err(|error| wrong(&error))?;
    }
    Ok((Place { index, buckets }, kept))
}

/// Takes units out of takes of a location, those that were taken last first, and says what to give back.
///
/// # Errors
/// [`StockError::Inconsistent`] when fewer were taken there.
pub(super) fn take_back(
    takes: &mut Vec<GroupTake>,
    at: &LocationId,
    units: Quantity,
) -> Result<Vec<GroupTake>, StockError> {
    let (mut rest, mut given) = (units, Vec::new());
    for take in takes.iter_mut().rev().filter(|take| take.location == *at) {
        let piece = take.units.min(rest);
        if piece.is_zero() {
            break;
        }
        rest = minus(rest, piece, "units of a group")?;
        take.units = minus(take.units, piece, "units of a group")?;
        given.push(GroupTake { units: piece, ..take.clone() });
    }
    takes.retain(|take| !take.units.is_zero());
    if rest.is_zero() {
        return Ok(given);
    }
    Err(StockError::Inconsistent(format!("{units} are given back to groups at {at}, {rest} too many")))
}
