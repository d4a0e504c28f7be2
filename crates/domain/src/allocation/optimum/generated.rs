//! Generated demand: scarce items, some of them hot, for measuring and for tests. Nothing here was ever ordered.
//!
//! An item of rank r is wanted in proportion to 1 / r^0.6. A line wants 1 to 19 units, has a priority from 1 (the most
//! urgent) to 5, a day from 0 to 89 and a location that it is served from at no cost. The supply of an item is 60 % of
//! its demand, spread over locations and arrivals by a uniform Dirichlet draw. The same shape gives the same demand.

use super::flow::{Line, Problem, ProblemError};
use crate::quantity::Quantity;

/// Days over which lines are wanted.
const DAYS: u16 = 90;
/// What a unit costs per step from one location to the next.
pub const COST_PER_STEP: i64 = 3;

/// How much demand to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Demand lines.
    pub lines: u32,
    /// Items, at least 1.
    pub items: u32,
    /// Locations, at least 1.
    pub locations: u16,
    /// Supplies of an item per location, at least 1: the first is on hand, the others arrive on days of their own.
    pub arrivals: u16,
    /// What everything is drawn from.
    pub seed: u64,
}

/// Why a shape cannot be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} is 0, it must be at least 1")]
pub struct EmptyShape {
    /// The field that holds nothing.
    pub field: &'static str,
}

/// A demand line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratedLine {
    /// The item, from 0.
    pub item: u32,
    /// The location that serves it at no cost, from 0.
    pub location: u16,
    /// The day on which it is wanted, from 0.
    pub day: u16,
    /// Base units.
    pub units: u8,
    /// 1 is the most urgent, 5 the least.
    pub priority: u8,
}

/// A supply of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratedSupply {
    /// The location, from 0.
    pub location: u16,
    /// The day on which it can be used; 0 is on hand.
    pub day: u16,
    /// Base units.
    pub units: i64,
}

/// Demand and its supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedDemand {
    shape: Shape,
    lines: Vec<GeneratedLine>,
    /// As many for each item, by item.
    supplies: Vec<GeneratedSupply>,
}

impl GeneratedDemand {
    /// Draws demand of a shape.
    ///
    /// # Errors
    /// [`EmptyShape`] when there is no item, location or arrival to draw.
    pub fn try_new(shape: Shape) -> Result<Self, EmptyShape> {
        let fields = [
            ("items", u64::from(shape.items)),
            ("locations", u64::from(shape.locations)),
            ("arrivals", u64::from(shape.arrivals)),
        ];
        if let Some((field, _)) = fields.into_iter().find(|(_, size)| *size == 0) {
            return Err(EmptyShape { field });
        }
        let mut draw = Draw(shape.seed);
        let lines = draw_lines(shape, &mut draw);
        let mut demand = vec![0_i64; shape.items as usize];
        for line in &lines {
            demand[line.item as usize] += i64::from(line.units);
        }
        let supplies = demand.into_iter().flat_map(|units| draw_supplies(shape, units, &mut draw)).collect();
        Ok(Self { shape, lines, supplies })
    }

    /// What it was drawn from.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The lines, in the order in which they were drawn.
    #[must_use]
    pub fn lines(&self) -> &[GeneratedLine] {
        &self.lines
    }

    /// The supplies of an item, by location and then by arrival; none for an item that is not in the shape.
    #[must_use]
    pub fn supplies_of(&self, item: u32) -> &[GeneratedSupply] {
        let width = usize::from(self.shape.locations) * usize::from(self.shape.arrivals);
        self.supplies.get(item as usize * width..).and_then(|rest| rest.get(..width)).unwrap_or_default()
    }

    /// The places of the lines, item by item; an item without lines has an empty list.
    #[must_use]
    pub fn lines_by_item(&self) -> Vec<Vec<usize>> {
        let mut by_item = vec![Vec::new(); self.shape.items as usize];
        for (place, line) in self.lines.iter().enumerate() {
            by_item[line.item as usize].push(place);
        }
        by_item
    }

    /// The problem of one item; `lines` are the places of its lines.
    ///
    /// # Errors
    /// [`ProblemError`] when the shape has more supplies per item than the solver takes.
    pub fn problem(&self, item: u32, lines: &[usize]) -> Result<Problem, ProblemError> {
        let supplies = self.supplies_of(item);
        let units = |units: i64| Quantity::try_new(units).unwrap_or(Quantity::ZERO);
        let wanted = lines.iter().map(|place| {
            let line = &self.lines[*place];
            Line { units: units(i64::from(line.units)), unserved_cost: unserved_cost(line) }
        });
        Problem::try_new(
            wanted.collect(),
            supplies.iter().map(|supply| units(supply.units)).collect(),
            |line, supply| Some(unit_cost(&self.lines[lines[line]], &supplies[supply])),
        )
    }
}

/// What a unit of the line costs from the supply: a move for each location between, and each day of delay by priority.
#[must_use]
pub fn unit_cost(line: &GeneratedLine, supply: &GeneratedSupply) -> i64 {
    let steps = i64::from(line.location.abs_diff(supply.location));
    let days_late = i64::from(supply.day.saturating_sub(line.day));
    steps * COST_PER_STEP + days_late * delay_cost(line)
}

/// What a day of delay costs a unit of the line: 5 at priority 1, one less with each further one.
#[must_use]
pub fn delay_cost(line: &GeneratedLine) -> i64 {
    i64::from(6_u8.saturating_sub(line.priority))
}

/// What a unit of the line costs that is not served: 1000 at priority 1, half of it with each further one.
#[must_use]
pub fn unserved_cost(line: &GeneratedLine) -> i64 {
    1_000 >> line.priority.saturating_sub(1).min(10)
}

fn draw_lines(shape: Shape, draw: &mut Draw) -> Vec<GeneratedLine> {
    let mut sum = 0.0;
    let weights: Vec<f64> = (1..=shape.items)
        .map(|rank| {
            sum += f64::from(rank).powf(-0.6);
            sum
        })
        .collect();
    let line = |_| {
        let at = draw.share() * sum;
        let rank = weights.partition_point(|weight| *weight <= at);
        GeneratedLine {
            item: u32::try_from(rank).unwrap_or(u32::MAX).min(shape.items - 1),
            location: draw.below(shape.locations),
            day: draw.below(DAYS),
            units: draw.small(19) + 1,
            priority: draw.small(5) + 1,
        }
    };
    (0..shape.lines).map(line).collect()
}

/// Cuts 60 % of the demand into pieces at uniform places, which is a Dirichlet draw with all parameters 1.
fn draw_supplies(shape: Shape, demand: i64, draw: &mut Draw) -> Vec<GeneratedSupply> {
    let pieces = usize::from(shape.locations) * usize::from(shape.arrivals);
    let mut cuts: Vec<i64> = (1..pieces).map(|_| i64::from(draw.half())).collect();
    cuts.extend([0, 1 << 32]);
    cuts.sort_unstable();
    let kinds = (0..shape.locations).flat_map(|location| (0..shape.arrivals).map(move |arrival| (location, arrival)));
    let supply = |((location, arrival), cut): ((u16, u16), &[i64])| GeneratedSupply {
        location,
        day: if arrival == 0 { 0 } else { draw.below(DAYS) + 1 },
        units: i64::try_from(i128::from(demand) * 3 * i128::from(cut[1] - cut[0]) / (5 << 32)).unwrap_or(0),
    };
    kinds.zip(cuts.windows(2)).map(supply).collect()
}

/// `SplitMix64` (Steele, Lea and Flood 2014): small, and the same everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 32 bits.
    fn half(&mut self) -> u32 {
        u32::try_from(self.next() >> 32).unwrap_or(u32::MAX)
    }

    /// From 0 up to, but without, 1.
    fn share(&mut self) -> f64 {
        f64::from(self.half()) / 4_294_967_296.0
    }

    fn below(&mut self, bound: u16) -> u16 {
        u16::try_from((u64::from(self.half()) * u64::from(bound)) >> 32).unwrap_or(0)
    }

    fn small(&mut self, bound: u8) -> u8 {
        u8::try_from(self.below(u16::from(bound))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    const SHAPE: Shape = Shape { lines: 20_000, items: 500, locations: 5, arrivals: 3, seed: 7 };

    #[test]
    fn the_same_shape_gives_the_same_demand_and_another_seed_another() {
        let demand = GeneratedDemand::try_new(SHAPE).unwrap();
        assert_eq!(demand, GeneratedDemand::try_new(SHAPE).unwrap());
        assert_ne!(demand.lines(), GeneratedDemand::try_new(Shape { seed: 8, ..SHAPE }).unwrap().lines());
    }

    #[test]
    fn every_field_stays_in_its_range_and_reaches_both_ends() {
        let demand = GeneratedDemand::try_new(SHAPE).unwrap();
        let ends = |field: fn(&GeneratedLine) -> u32| {
            let values = || demand.lines().iter().map(field);
            (values().min().unwrap(), values().max().unwrap())
        };
        assert_eq!(ends(|line| line.units.into()), (1, 19));
        assert_eq!(ends(|line| line.priority.into()), (1, 5));
        assert_eq!(ends(|line| line.day.into()), (0, 89));
        assert_eq!(ends(|line| line.location.into()), (0, 4));
        assert_eq!(ends(|line| line.item), (0, 499));
    }

    #[test]
    fn supply_is_three_fifths_of_the_demand_of_each_item_less_what_whole_units_cut_off() {
        let demand = GeneratedDemand::try_new(SHAPE).unwrap();
        for (item, lines) in (0..).zip(demand.lines_by_item()) {
            let wanted: i64 = lines.iter().map(|place| i64::from(demand.lines()[*place].units)).sum();
            let supplied: i64 = demand.supplies_of(item).iter().map(|supply| supply.units).sum();
            assert!(supplied * 5 <= wanted * 3 && wanted * 3 < (supplied + 16) * 5, "item {item}");
        }
    }

    #[test]
    fn the_first_item_is_the_hottest_by_the_power_of_its_rank() {
        let by_item = GeneratedDemand::try_new(SHAPE).unwrap().lines_by_item();
        let (first, tens) = (by_item[0].len(), by_item[9].len());
        // 10 ^ 0.6 is 3.98; the draws scatter around it.
        assert!(tens * 3 < first && first < tens * 5, "{first} lines and {tens}");
    }

    #[test]
    fn a_shape_without_locations_is_refused_by_name() {
        let refused = GeneratedDemand::try_new(Shape { locations: 0, ..SHAPE }).unwrap_err();
        assert_eq!(refused.to_string(), "locations is 0, it must be at least 1");
    }
}
