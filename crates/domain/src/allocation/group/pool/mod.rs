//! Units of one item put aside for groups by hand, with the verbs of Dynamics 365 inventory allocation: allocate,
//! unallocate, reallocate, consume, query.
//!
//! A group is a path of at most [`LEVELS_MAX`] ordered levels (channel, customer group, region, ...). Units that are
//! allocated leave the common pool, and come to orders by being consumed. One formula tells what may still be allocated and
//! what may be reserved beside the groups:
//!
//! ```text
//! common pool = supply - reserved - allocated, never below zero
//! ```
//!
//! Consuming leaves it as it is: what is no longer allocated is reserved, or has left the supply. Counters of what was ever
//! allocated, withdrawn and consumed are kept apart from what is allocated now, so that always
//! `allocated = ever allocated - withdrawn - consumed`.
//!
//! All units of one item are allocated at one level: the first allocation decides at which, for a unit that is put aside for
//! a channel as well as for a region of it would be counted twice. Supply may fall below what is allocated; the common pool
//! is empty then, and groups consume only what is there. Must not know orders, nor book stock.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::quantity::Quantity;

/// The most levels that groups may have.
pub const LEVELS_MAX: usize = 8;

/// A group of a pool, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(u32);

/// What becomes of consumed units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsumeInto {
    /// They are reserved softly, in the same step.
    SoftReservation,
    /// An order has taken them from the supply.
    Order,
}

/// The units of one group, or of all groups under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Put aside now.
    pub allocated: Quantity,
    /// Ever put aside, by allocating and by reallocating to it. Never falls.
    pub cumulative_allocated: Quantity,
    /// Ever put back, by unallocating and by reallocating from it. Never falls.
    pub cumulative_withdrawn: Quantity,
    /// Ever consumed. Never falls.
    pub cumulative_consumed: Quantity,
}

/// Why a verb is refused. Nothing changes then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// No levels, or more than [`LEVELS_MAX`].
    #[error("{0} levels, 1 to {LEVELS_MAX} are allowed")]
    Levels(usize),
    /// A level has no name, or one that another level has.
    #[error("level {0} has no name of its own")]
    LevelName(usize),
    /// A path has no values, or more than there are levels.
    #[error("a path of {actual} values, 1 to {levels} are allowed")]
    Path {
        /// Values.
        actual: usize,
        /// Levels.
        levels: usize,
    },
    /// A value of a path is empty.
    #[error("the value of level {0} is empty")]
    EmptyValue(usize),
    /// Units of the item are allocated at another level.
    #[error("the item is allocated at level {expected}, not at level {actual}")]
    MixedLevels {
        /// The level of what is allocated, from 1.
        expected: usize,
        /// The level of the group.
        actual: usize,
    },
    /// The verb names no units.
    #[error("quantity is 0, it must be at least 1")]
    ZeroQuantity,
    /// The group is not one of this pool.
    #[error("no group {}", .0.0)]
    NoSuchGroup(GroupId),
    /// Source and target are the same group.
    #[error("group {} is both source and target", .0.0)]
    SameGroup(GroupId),
    /// The common pool has fewer units.
    #[error("the common pool has {available}, {asked} are asked for")]
    BeyondPool {
        /// Units asked for.
        asked: Quantity,
        /// Units of the common pool.
        available: Quantity,
    },
    /// The group has fewer units allocated.
    #[error("group {} has {allocated} allocated, {asked} are asked for", .group.0)]
    BeyondAllocated {
        /// The group.
        group: GroupId,
        /// Units asked for.
        asked: Quantity,
        /// Units allocated.
        allocated: Quantity,
    },
    /// The supply less what is reserved is fewer units: it fell below what is allocated.
    #[error("{there} units are there and not reserved, {asked} are asked for")]
    BeyondSupply {
        /// Units asked for.
        asked: Quantity,
        /// Units of the supply that are not reserved.
        there: Quantity,
    },
    /// A counter left the range of a quantity, or there are more groups than can be numbered.
    #[error("a counter overflows")]
    Overflow,
}

#[derive(Debug, Clone)]
struct Group {
    path: Vec<String>,
    counters: Counters,
}

/// The supply of one item, what is reserved of it, and what is put aside for groups.
#[derive(Debug, Clone)]
pub struct GroupPool {
    levels: Vec<String>,
    /// The level at which units are allocated, from 1, since the first were.
    level: Option<usize>,
    supply: Quantity,
    reserved: Quantity,
    allocated: Quantity,
    groups: Vec<Group>,
    by_path: HashMap<Vec<String>, GroupId>,
}

impl GroupPool {
    /// An empty pool with these levels, the uppermost first.
    ///
    /// # Errors
    /// [`PoolError`] when there are none or too many, or names are empty or stand there twice.
    pub fn try_new(levels: Vec<String>) -> Result<Self, PoolError> {
        if levels.is_empty() || levels.len() > LEVELS_MAX {
            return Err(PoolError::Levels(levels.len()));
        }
        let strange = |place: &usize| levels[*place].is_empty() || levels[..*place].contains(&levels[*place]);
        match (0..levels.len()).find(strange) {
            Some(place) => Err(PoolError::LevelName(place + 1)),
            None => Ok(Self {
                levels,
                level: None,
                supply: Quantity::ZERO,
                reserved: Quantity::ZERO,
                allocated: Quantity::ZERO,
                groups: Vec::new(),
                by_path: HashMap::new(),
            }),
        }
    }

    /// The group with this path, made if it is new. Verbs take its number.
    ///
    /// # Errors
    /// [`PoolError`] when the path is empty or too long, or a value is empty.
    pub fn group(&mut self, path: &[&str]) -> Result<GroupId, PoolError> {
        let path = self.checked_path(path)?;
        if let Some(known) = self.by_path.get(&path) {
            return Ok(*known);
        }
        let id = GroupId(u32::try_from(self.groups.len()).map_err(|_| PoolError::Overflow)?);
        self.groups.push(Group { path: path.clone(), counters: Counters::default() });
        self.by_path.insert(path, id);
        Ok(id)
    }

    /// Says how many units there are, and how many of them are reserved, in whatever way.
    pub const fn set_supply(&mut self, supply: Quantity, reserved: Quantity) {
        self.supply = supply;
        self.reserved = reserved;
    }

    /// Units reserved, by consuming or beside the groups.
    #[must_use]
    pub const fn reserved(&self) -> Quantity {
        self.reserved
    }

    /// Units that may be allocated: the common pool.
    #[must_use]
    pub fn available_to_allocate(&self) -> Quantity {
        self.common_pool()
    }

    /// Units that may be reserved for demand of no group: the common pool. A group's demand consumes its allocation.
    #[must_use]
    pub fn available_to_reserve(&self) -> Quantity {
        self.common_pool()
    }

    /// Reserves units of the common pool.
    ///
    /// # Errors
    /// [`PoolError::ZeroQuantity`], [`PoolError::BeyondPool`].
    pub fn reserve(&mut self, units: Quantity) -> Result<(), PoolError> {
        self.check_pool(units)?;
        self.reserved = plus(self.reserved, units)?;
        Ok(())
    }

    /// Puts units of the common pool aside for a group.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn allocate(&mut self, group: GroupId, units: Quantity) -> Result<(), PoolError> {
        let level = self.checked_level(group)?;
        self.check_pool(units)?;
        let mut counters = self.counters(group)?;
        counters.gain(units)?;
        self.allocated = plus(self.allocated, units)?;
        self.level = Some(level);
        self.store(group, counters)
    }

    /// Puts units of a group back into the common pool.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn unallocate(&mut self, group: GroupId, units: Quantity) -> Result<(), PoolError> {
        let mut counters = self.checked_counters(group, units)?;
        counters.withdraw(units)?;
        self.allocated = self.allocated.saturating_sub(units);
        self.store(group, counters)
    }

    /// Moves units from one group to another.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn reallocate(&mut self, source: GroupId, target: GroupId, units: Quantity) -> Result<(), PoolError> {
        if source == target {
            return Err(PoolError::SameGroup(source));
        }
        self.checked_level(target)?;
        let mut from = self.checked_counters(source, units)?;
        let mut to = self.counters(target)?;
        from.withdraw(units)?;
        to.gain(units)?;
        self.store(source, from)?;
        self.store(target, to)
    }

    /// Takes units of a group for an order. The common pool stays as it is.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn consume(&mut self, group: GroupId, units: Quantity, into: ConsumeInto) -> Result<(), PoolError> {
        let mut counters = self.checked_counters(group, units)?;
        let there = self.supply.saturating_sub(self.reserved);
        if units > there {
            return Err(PoolError::BeyondSupply { asked: units, there });
        }
        counters.allocated = counters.allocated.saturating_sub(units);
        counters.cumulative_consumed = plus(counters.cumulative_consumed, units)?;
        match into {
            ConsumeInto::SoftReservation => self.reserved = plus(self.reserved, units)?,
            ConsumeInto::Order => self.supply = self.supply.saturating_sub(units),
        }
        self.allocated = self.allocated.saturating_sub(units);
        self.store(group, counters)
    }

    /// The counters of a group.
    ///
    /// # Errors
    /// [`PoolError::NoSuchGroup`].
    pub fn counters(&self, group: GroupId) -> Result<Counters, PoolError> {
        self.known(group).map(|group| group.counters)
    }

    /// The sums of all groups whose paths start so; all of the pool for an empty path.
    ///
    /// # Errors
    /// [`PoolError::Overflow`].
    pub fn query(&self, path: &[&str]) -> Result<Counters, PoolError> {
        let mut sums = Counters::default();
        for group in self.groups.iter().filter(|group| starts_with(&group.path, path)) {
            let own = group.counters;
            sums.allocated = plus(sums.allocated, own.allocated)?;
            sums.cumulative_allocated = plus(sums.cumulative_allocated, own.cumulative_allocated)?;
            sums.cumulative_withdrawn = plus(sums.cumulative_withdrawn, own.cumulative_withdrawn)?;
            sums.cumulative_consumed = plus(sums.cumulative_consumed, own.cumulative_consumed)?;
        }
        Ok(sums)
    }

    fn common_pool(&self) -> Quantity {
        self.supply.saturating_sub(self.reserved).saturating_sub(self.allocated)
    }

    fn check_pool(&self, asked: Quantity) -> Result<(), PoolError> {
        let available = self.common_pool();
        if asked.is_zero() {
            return Err(PoolError::ZeroQuantity);
        }
        if asked > available { Err(PoolError::BeyondPool { asked, available }) } else { Ok(()) }
    }

    fn checked_path(&self, path: &[&str]) -> Result<Vec<String>, PoolError> {
        if path.is_empty() || path.len() > self.levels.len() {
            return Err(PoolError::Path { actual: path.len(), levels: self.levels.len() });
        }
        match path.iter().position(|value| value.is_empty()) {
            Some(place) => Err(PoolError::EmptyValue(place + 1)),
            None => Ok(path.iter().map(|value| (*value).to_owned()).collect()),
        }
    }

    /// The level of a group, when units may be allocated there.
    fn checked_level(&self, group: GroupId) -> Result<usize, PoolError> {
        let actual = self.known(group)?.path.len();
        match self.level.filter(|level| *level != actual) {
            Some(expected) => Err(PoolError::MixedLevels { expected, actual }),
            None => Ok(actual),
        }
    }

    /// The counters of a group that has so many units allocated.
    fn checked_counters(&self, group: GroupId, asked: Quantity) -> Result<Counters, PoolError> {
        let counters = self.counters(group)?;
        if asked.is_zero() {
            return Err(PoolError::ZeroQuantity);
        }
        let allocated = counters.allocated;
        if asked > allocated { Err(PoolError::BeyondAllocated { group, asked, allocated }) } else { Ok(counters) }
    }

    fn known(&self, group: GroupId) -> Result<&Group, PoolError> {
        let place = usize::try_from(group.0).ok();
        place.and_then(|place| self.groups.get(place)).ok_or(PoolError::NoSuchGroup(group))
    }

    fn store(&mut self, group: GroupId, counters: Counters) -> Result<(), PoolError> {
        let place = usize::try_from(group.0).ok();
        let known = place.and_then(|place| self.groups.get_mut(place)).ok_or(PoolError::NoSuchGroup(group))?;
        known.counters = counters;
        Ok(())
    }
}

impl Counters {
    fn gain(&mut self, units: Quantity) -> Result<(), PoolError> {
        self.allocated = plus(self.allocated, units)?;
        self.cumulative_allocated = plus(self.cumulative_allocated, units)?;
        Ok(())
    }

    fn withdraw(&mut self, units: Quantity) -> Result<(), PoolError> {
        self.allocated = self.allocated.saturating_sub(units);
        self.cumulative_withdrawn = plus(self.cumulative_withdrawn, units)?;
        Ok(())
    }
}

fn plus(left: Quantity, right: Quantity) -> Result<Quantity, PoolError> {
    left.checked_add(right).ok_or(PoolError::Overflow)
}

fn starts_with(path: &[String], start: &[&str]) -> bool {
    path.len() >= start.len() && path.iter().zip(start).all(|(value, wanted)| value == wanted)
}
