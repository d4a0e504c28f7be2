//! What a unit costs, made of what a day of delay, a transfer and a lost sale cost; and a plan's cost in these parts.
//!
//! Days are counted from 1 January 1970 ([`day_number`](crate::time::day_number)), so that a table of many lines and
//! supplies is filled by whole numbers alone. A unit that comes early costs no delay.

use super::flow::COST_MAX;

/// What a line says of time and money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTerms {
    /// The location that it is served from, or that its units are moved to; a place in the table of lanes.
    pub location: usize,
    /// The day from which each further one is a day of delay: the requested or the promised one.
    pub due_day: i32,
    /// The last day on which it takes units; `None` takes them on any.
    pub latest_day: Option<i32>,
    /// What one unit costs for each day of delay.
    pub delay_cost: i64,
    /// What a unit costs that is not served.
    pub unserved_cost: i64,
    /// What each location costs from which the line is served beyond the first.
    pub split_cost: i64,
}

/// What a supply says of time and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplyTerms {
    /// Where it is, or arrives.
    pub location: usize,
    /// The day from which it can be used.
    pub day: i32,
}

/// How units get from one location to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lane {
    /// What moving a unit costs.
    pub cost: i64,
    /// How many days it takes.
    pub days: i32,
}

/// The lanes between all locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    locations: usize,
    lanes: Vec<Option<Lane>>,
}

/// Why a unit cost cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// A location that the table of lanes does not have.
    #[error("{field} is {location}, it must be below {locations}")]
    NoSuchLocation {
        /// Whose location.
        field: &'static str,
        /// What it is.
        location: usize,
        /// How many there are.
        locations: usize,
    },
    /// More locations than have a table of pairs.
    #[error("locations is {0}: that is more pairs than can be counted")]
    TooManyLocations(usize),
    /// A number below zero.
    #[error("{field} is {value}, it must be at least 0")]
    Negative {
        /// The field that holds it.
        field: &'static str,
        /// What it is.
        value: i64,
    },
    /// A sum that the optimiser does not take.
    #[error("delay_cost {delay_cost} over {days} days and a transfer of {transfer} cost more than {COST_MAX} a unit")]
    TooDear {
        /// What a unit costs for each day of delay.
        delay_cost: i64,
        /// Days of delay.
        days: i64,
        /// What the transfer of a unit costs.
        transfer: i64,
    },
}

/// What one unit of a line costs from one supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitCost {
    /// For moving it.
    pub transfer: i64,
    /// For its days of delay.
    pub delay: i64,
}

/// A plan's cost by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Moving units between locations.
    pub transfer: i128,
    /// Days of delay, weighted.
    pub delay: i128,
    /// Further locations of a line.
    pub split: i128,
    /// Units that are not served.
    pub lost: i128,
}

impl UnitCost {
    /// All of it, at most [`COST_MAX`].
    #[must_use]
    pub const fn total(self) -> i64 {
        self.transfer.saturating_add(self.delay)
    }
}

impl Parts {
    /// What the plan costs.
    #[must_use]
    pub const fn total(self) -> i128 {
        self.transfer + self.delay + self.split + self.lost
    }
}

impl Rates {
    /// Makes the table; `lane` says how units get from one location (the first) to another, or `None` where they do
    /// not. A location has a lane to itself, most often [`Lane::default`].
    ///
    /// # Errors
    /// [`RateError`] names what is out of range.
    pub fn try_new(locations: usize, lane: impl Fn(usize, usize) -> Option<Lane>) -> Result<Self, RateError> {
        let pairs = locations.checked_mul(locations).ok_or(RateError::TooManyLocations(locations))?;
        let mut lanes = Vec::new();
        lanes.try_reserve(pairs).map_err(|_| RateError::TooManyLocations(locations))?;
        for from in 0..locations {
            for to in 0..locations {
                let lane = lane(from, to);
                if let Some(Lane { cost, days }) = lane {
                    not_negative("lane cost", cost)?;
                    not_negative("lane days", i64::from(days))?;
                }
                lanes.push(lane);
            }
        }
        Ok(Self { locations, lanes })
    }

    /// What a unit of the line costs from the supply; `None` where no lane leads, or where it would come too late.
    ///
    /// # Errors
    /// [`RateError`] names what is out of range.
    pub fn unit_cost(&self, line: &LineTerms, supply: &SupplyTerms) -> Result<Option<UnitCost>, RateError> {
        not_negative("delay_cost", line.delay_cost)?;
        let from = self.location("supply location", supply.location)?;
        let to = self.location("line location", line.location)?;
        let Some(lane) = self.lanes[from * self.locations + to] else { return Ok(None) };
        let day = i64::from(supply.day) + i64::from(lane.days);
        if line.latest_day.is_some_and(|latest| i64::from(latest) < day) {
            return Ok(None);
        }
        let days = (day - i64::from(line.due_day)).max(0);
        let delay = line.delay_cost.checked_mul(days);
        let within = |delay: &i64| delay.checked_add(lane.cost).is_some_and(|total| total <= COST_MAX);
        let too_dear = RateError::TooDear { delay_cost: line.delay_cost, days, transfer: lane.cost };
        Ok(Some(UnitCost { transfer: lane.cost, delay: delay.filter(within).ok_or(too_dear)? }))
    }

    /// The cost of a plan by cause. `wanted` has the units and terms of each line, `supplies` the terms of each supply,
    /// `served` who gets what from where, all by place; what is not served is lost.
    ///
    /// # Errors
    /// [`RateError`] names what is out of range.
    pub fn parts(
        &self,
        wanted: &[(i64, LineTerms)],
        supplies: &[SupplyTerms],
        served: &[super::flow::Served],
    ) -> Result<Parts, RateError> {
        let mut parts = Parts::default();
        let mut locations: Vec<Vec<usize>> = vec![Vec::new(); wanted.len()];
        for (units, terms) in wanted {
            parts.lost += i128::from(*units) * i128::from(terms.unserved_cost);
        }
        for share in served {
            let no_such = |field, location, locations| RateError::NoSuchLocation { field, location, locations };
            let (_, line) = wanted.get(share.line).ok_or(no_such("served line", share.line, wanted.len()))?;
            let supply = supplies.get(share.supply).ok_or(no_such("served supply", share.supply, supplies.len()))?;
            let units = i128::from(share.units.get());
            let cost = self.unit_cost(line, supply)?.unwrap_or_default();
            parts.transfer += units * i128::from(cost.transfer);
            parts.delay += units * i128::from(cost.delay);
            parts.lost -= units * i128::from(line.unserved_cost);
            let seen = &mut locations[share.line];
            if !seen.contains(&supply.location) {
                parts.split += if seen.is_empty() { 0 } else { i128::from(line.split_cost) };
                seen.push(supply.location);
            }
        }
        Ok(parts)
    }

    fn location(&self, field: &'static str, location: usize) -> Result<usize, RateError> {
        let locations = self.locations;
        if location < locations { Ok(location) } else { Err(RateError::NoSuchLocation { field, location, locations }) }
    }
}

fn not_negative(field: &'static str, value: i64) -> Result<(), RateError> {
    if value < 0 { Err(RateError::Negative { field, value }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::{allocation::optimum::flow::Served, quantity::Quantity};

    const LINE: LineTerms =
        LineTerms { location: 0, due_day: 10, latest_day: Some(20), delay_cost: 4, unserved_cost: 90, split_cost: 7 };

    /// Two locations three days and 5 a unit apart in one direction; nothing goes the other way.
    fn rates() -> Rates {
        Rates::try_new(2, |from, to| match (from, to) {
            (1, 0) => Some(Lane { cost: 5, days: 3 }),
            (0, 1) => None,
            _ => Some(Lane::default()),
        })
        .unwrap()
    }

    fn cost(location: usize, day: i32) -> Option<UnitCost> {
        rates().unit_cost(&LINE, &SupplyTerms { location, day }).unwrap()
    }

    #[test]
    fn delay_counts_from_the_due_day_to_the_arrival_after_the_transfer() {
        assert_eq!(cost(0, 3), Some(UnitCost { transfer: 0, delay: 0 }));
        assert_eq!(cost(0, 12), Some(UnitCost { transfer: 0, delay: 8 }));
        assert_eq!(cost(1, 12), Some(UnitCost { transfer: 5, delay: 20 }));
    }

    #[test]
    fn a_supply_without_a_lane_or_beyond_the_latest_day_does_not_serve() {
        assert_eq!((cost(1, 17).map(UnitCost::total), cost(1, 18)), (Some(45), None));
        let elsewhere = LineTerms { location: 1, ..LINE };
        assert_eq!(rates().unit_cost(&elsewhere, &SupplyTerms { location: 0, day: 1 }), Ok(None));
    }

    #[test]
    fn a_delay_that_no_number_holds_is_refused_by_its_field() {
        let dear = LineTerms { delay_cost: COST_MAX, latest_day: None, ..LINE };
        let refused = rates().unit_cost(&dear, &SupplyTerms { location: 0, day: i32::MAX }).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("delay_cost {COST_MAX} over 2147483637 days")), "{refused}");
        let strange = rates().unit_cost(&LINE, &SupplyTerms { location: 2, day: 0 }).unwrap_err();
        assert_eq!(strange.to_string(), "supply location is 2, it must be below 2");
        let negative = Rates::try_new(1, |_, _| Some(Lane { cost: -1, days: 0 })).unwrap_err();
        assert_eq!(negative.to_string(), "lane cost is -1, it must be at least 0");
    }

    #[test]
    fn a_plan_costs_what_its_parts_cost() {
        let supplies = [SupplyTerms { location: 0, day: 11 }, SupplyTerms { location: 1, day: 9 }];
        let give = |supply, units| Served { line: 0, supply, units: Quantity::try_new(units).unwrap() };
        let parts = rates().parts(&[(10, LINE)], &supplies, &[give(0, 2), give(1, 5)]).unwrap();
        assert_eq!(parts, Parts { transfer: 25, delay: 2 * 4 + 5 * 8, split: 7, lost: 270 });
        assert_eq!(parts.total(), 350);
    }
}
