//! What a plan costs with its splits, whoever made it, and whether it keeps together what goes together.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Problem, Whole};
use crate::allocation::optimum::flow::{Flaw, Served};

/// What a plan costs: also that of the rules, beside the optimum. Lines and supplies are places in the problem.
///
/// # Errors
/// [`Flaw`] when it serves what may not be served, more than there is, or a part of what goes as a whole.
pub fn cost_of(problem: &Problem, served: &[Served]) -> Result<i128, Flaw> {
    let mut of_line: BTreeMap<usize, Vec<Served>> = BTreeMap::new();
    for share in served {
        of_line.entry(share.line).or_default().push(*share);
    }
    let mut cost = 0;
    for item in &problem.items {
        let mut shares = Vec::new();
        for (line, place) in item.lines.iter().enumerate() {
            let of_line = of_line.remove(place).unwrap_or_default();
            cost += split_cost(problem, *place, &of_line);
            for share in of_line {
                let not_eligible = Flaw::NotEligible { line: *place, supply: share.supply };
                let supply = item.supplies.binary_search(&share.supply).map_err(|_| not_eligible)?;
                shares.push(Served { line, supply, units: share.units });
            }
        }
        cost += super::super::flow::cost_of(&item.flow, &shares).map_err(|flaw| in_whole(flaw, item))?;
    }
    match of_line.into_values().flatten().next() {
        Some(Served { line, supply, .. }) => Err(Flaw::NotEligible { line, supply }),
        None => keeps_wholes(problem, served).map(|()| cost),
    }
}

fn split_cost(problem: &Problem, line: usize, shares: &[Served]) -> i128 {
    let known = shares.iter().filter_map(|share| problem.supplies.get(share.supply));
    let locations: BTreeSet<usize> = known.map(|supply| supply.location).collect();
    (1..locations.len()).map(|_| i128::from(problem.lines[line].split_cost)).sum()
}

fn keeps_wholes(problem: &Problem, served: &[Served]) -> Result<(), Flaw> {
    let mut units = vec![0_i128; problem.lines.len()];
    for share in served {
        units[share.line] += i128::from(share.units.get());
    }
    let key = |place: usize| match problem.lines[place].whole {
        Whole::No => None,
        Whole::Line => Some((Whole::Line, place)),
        Whole::Order(order) => Some((Whole::Order(order), 0)),
    };
    let places = || (0..units.len()).filter_map(|place| Some((key(place)?, place)));
    let begun: BTreeSet<_> = places().filter(|(_, place)| units[*place] > 0).map(|(key, _)| key).collect();
    let is_short = |place: usize| units[place] < i128::from(problem.lines[place].units.get());
    match places().find(|(key, place)| is_short(*place) && begun.contains(key)) {
        Some((_, line)) => Err(Flaw::ServedInPart { line }),
        None => Ok(()),
    }
}

/// The same flaw with places of the whole problem.
fn in_whole(flaw: Flaw, item: &super::problem::Item) -> Flaw {
    match flaw {
        Flaw::NotEligible { line, supply } => {
            Flaw::NotEligible { line: item.lines[line], supply: item.supplies[supply] }
        }
        Flaw::ServedTooMuch { line, units } => Flaw::ServedTooMuch { line: item.lines[line], units },
        Flaw::GivenTooMuch { supply, units } => Flaw::GivenTooMuch { supply: item.supplies[supply], units },
        other @ (Flaw::WrongCost { .. }
        | Flaw::WrongPrices { .. }
        | Flaw::PriceOfLeftUnits { .. }
        | Flaw::NotCheapest { .. }
        | Flaw::ServedInPart { .. }) => other,
    }
}
