//! What there is to give: dated supply of each place, less what others are promised.
//!
//! The units of a place lie in buckets by day. Demand that is confirmed for a day takes from the last bucket that comes by
//! then, so that what comes earlier stays for those who need it earlier. What is left in the buckets up to a day is then the
//! availability to promise with look-ahead: the lowest of (supply up to `u` less demand up to `u`) over all `u` from that
//! day on.

use std::ops::Range;

use super::day::Day;

/// Units that come to a place on a day. What is on hand comes before every other day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supply {
    /// The place: an item at a location.
    pub place: u32,
    /// The day from which they can be delivered.
    pub day: Day,
    /// Base units, at least 0.
    pub quantity: i64,
}

/// Demand outside of the run that keeps its confirmation: skipped, fixed, or in the warehouse's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside {
    /// The place.
    pub place: u32,
    /// The day for which it is confirmed.
    pub day: Day,
    /// Base units, at least 0.
    pub quantity: i64,
}

/// The buckets of all places: by place, then by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supplies {
    starts: Vec<u32>,
    days: Vec<Day>,
    units: Vec<i64>,
    sources: Vec<u32>,
}

/// Why supplies cannot be laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSupply {
    /// A place is not among the places.
    #[error("{list}[{index}].place is {place}, the places are 0 to {last}", last = i64::from(*places) - 1)]
    Place {
        /// Supplies, or what is promised outside.
        list: &'static str,
        /// Which of them.
        index: usize,
        /// Its place.
        place: u32,
        /// How many places there are.
        places: u32,
    },
    /// A quantity is negative.
    #[error("{list}[{index}].quantity is {quantity}, it must not be negative")]
    Quantity {
        /// Supplies, or what is promised outside.
        list: &'static str,
        /// Which of them.
        index: usize,
        /// Its quantity.
        quantity: i64,
    },
    /// There are more supplies than an index can name.
    #[error("at most {} supplies are allowed", u32::MAX)]
    TooMany,
}

impl Supplies {
    /// Lays out the supplies of so many places, each supply in a bucket of its own; those without units are left out.
    ///
    /// # Errors
    /// [`InvalidSupply`].
    pub fn try_new(places: u32, supplies: &[Supply]) -> Result<Self, InvalidSupply> {
        if u32::try_from(supplies.len()).is_err() {
            return Err(InvalidSupply::TooMany);
        }
        let mut starts = vec![0_u32; places as usize + 1];
        for (index, supply) in supplies.iter().enumerate() {
            check("supplies", index, supply.place, supply.quantity, places)?;
            starts[supply.place as usize + 1] += u32::from(supply.quantity > 0);
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let buckets = starts[places as usize] as usize;
        let mut next = starts.clone();
        let mut sources = vec![0_u32; buckets];
        for (index, supply) in (0_u32..).zip(supplies).filter(|(_, supply)| supply.quantity > 0) {
            let bucket = &mut next[supply.place as usize];
            sources[*bucket as usize] = index;
            *bucket += 1;
        }
        for place in starts.windows(2).filter(|place| place[1] - place[0] > 1) {
            sources[place[0] as usize..place[1] as usize].sort_by_key(|source| supplies[*source as usize].day);
        }
        let days = sources.iter().map(|source| supplies[*source as usize].day).collect();
        let units = sources.iter().map(|source| supplies[*source as usize].quantity).collect();
        Ok(Self { starts, days, units, sources })
    }

    /// Takes away what others are promised: as late as they can be served by, and what cannot be served by then from what
    /// comes next. What no supply covers is owed and takes nothing from anybody.
    ///
    /// # Errors
    /// [`InvalidSupply`].
    pub fn promise_outside(&mut self, outside: &[Outside]) -> Result<(), InvalidSupply> {
        let places = u32::try_from(self.places()).unwrap_or(u32::MAX);
        for (index, demand) in outside.iter().enumerate() {
            check("outside", index, demand.place, demand.quantity, places)?;
        }
        let mut outside: Vec<&Outside> = outside.iter().filter(|demand| demand.quantity > 0).collect();
        outside.sort_by_key(|demand| (demand.place, demand.day));
        for demand in outside {
            let buckets = self.buckets(demand.place);
            let mut wanted = demand.quantity;
            let by_then = buckets.start + self.days[buckets.clone()].partition_point(|day| *day <= demand.day);
            for bucket in (buckets.start..by_then).rev().chain(by_then..buckets.end) {
                let taken = self.units[bucket].min(wanted);
                self.units[bucket] -= taken;
                wanted -= taken;
                if wanted == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes away units that stay with others, by the index of their supply among those that were given.
    pub fn withhold(&mut self, units: &std::collections::BTreeMap<u32, i64>) {
        for (bucket, source) in self.sources.iter().enumerate() {
            let withheld = units.get(source).copied().unwrap_or(0);
            self.units[bucket] = self.units[bucket].saturating_sub(withheld).max(0);
        }
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The buckets of a place, by day.
    #[must_use]
    pub fn buckets(&self, place: u32) -> Range<usize> {
        self.starts[place as usize] as usize..self.starts[place as usize + 1] as usize
    }

    /// The days of all buckets.
    #[must_use]
    pub fn days(&self) -> &[Day] {
        &self.days
    }

    /// The units of all buckets that are there for the run.
    #[must_use]
    pub fn units(&self) -> &[i64] {
        &self.units
    }

    /// The supply of a bucket: its index among those that were given.
    #[must_use]
    pub fn source(&self, bucket: u32) -> u32 {
        self.sources[bucket as usize]
    }
}

fn check(list: &'static str, index: usize, place: u32, quantity: i64, places: u32) -> Result<(), InvalidSupply> {
    if place >= places {
        return Err(InvalidSupply::Place { list, index, place, places });
    }
    if quantity < 0 {
        return Err(InvalidSupply::Quantity { list, index, quantity });
    }
    Ok(())
}
