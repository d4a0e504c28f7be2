//! The naive model of the optimiser's tests: every way to share the units is tried.

use std::collections::BTreeSet;

/// A line as the model sees it.
#[derive(Debug, Clone)]
pub struct NaiveLine {
    pub units: i64,
    pub unserved_cost: i64,
    pub split_cost: i64,
    /// Lines of one group are all served as a whole or all not at all.
    pub group: Option<usize>,
    /// The cost of a unit by supply; `None` where the line may not be served, or the item is another.
    pub costs: Vec<Option<i64>>,
}

/// Lines, and supplies as location and units.
#[derive(Debug, Clone)]
pub struct Naive {
    pub lines: Vec<NaiveLine>,
    pub supplies: Vec<(usize, i64)>,
}

impl Naive {
    /// The least cost over all ways.
    pub fn least_cost(&self) -> i128 {
        let mut left: Vec<i64> = self.supplies.iter().map(|(_, units)| *units).collect();
        let mut taken = vec![vec![0; self.supplies.len()]; self.lines.len()];
        let mut least = i128::MAX;
        self.try_from(0, 0, &mut left, &mut taken, &mut least);
        least
    }

    fn try_from(&self, line: usize, supply: usize, left: &mut [i64], taken: &mut [Vec<i64>], least: &mut i128) {
        if line == self.lines.len() {
            if let Some(cost) = self.cost(taken) {
                *least = cost.min(*least);
            }
            return;
        }
        if supply == self.supplies.len() {
            return self.try_from(line + 1, 0, left, taken, least);
        }
        let wanted = self.lines[line].units - taken[line].iter().sum::<i64>();
        let most = if self.lines[line].costs[supply].is_some() { wanted.min(left[supply]) } else { 0 };
        for units in 0..=most {
            left[supply] -= units;
            taken[line][supply] = units;
            self.try_from(line, supply + 1, left, taken, least);
            taken[line][supply] = 0;
            left[supply] += units;
        }
    }

    /// What a plan costs; `None` when a group is served in part.
    pub fn cost(&self, taken: &[Vec<i64>]) -> Option<i128> {
        let mut cost = 0;
        let (mut served_groups, mut short_groups) = (BTreeSet::new(), BTreeSet::new());
        for (line, taken) in self.lines.iter().zip(taken) {
            let served: i64 = taken.iter().sum();
            let mut locations = BTreeSet::new();
            for (supply, units) in taken.iter().enumerate().filter(|(_, units)| **units > 0) {
                locations.insert(self.supplies[supply].0);
                cost += i128::from(*units) * i128::from(line.costs[supply]?);
            }
            let further = i128::try_from(locations.len().saturating_sub(1)).ok()?;
            cost += further * i128::from(line.split_cost);
            cost += i128::from(line.units - served) * i128::from(line.unserved_cost);
            if served > 0 {
                served_groups.extend(line.group);
            }
            if served < line.units {
                short_groups.extend(line.group);
            }
        }
        served_groups.is_disjoint(&short_groups).then_some(cost)
    }
}
