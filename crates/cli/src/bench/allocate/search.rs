//! The search over whole lines and orders and over splits: how long it takes, and how near to the cheapest it comes.

use std::{error::Error, time::Instant};

use backorder_domain::{
    allocation::optimum::{
        complete::{Line, Problem, Supply, Whole, cost_of, solve},
        generated::{GeneratedDemand, GeneratedLine, Shape, unit_cost, unserved_cost},
    },
    quantity::Quantity,
};

use super::{approximate, broken};
use crate::{
    bench::figure::{Figure, median},
    failure::Failure,
};

/// Nodes for each part that is coupled.
const NODES_MAX: u64 = 100;
/// What a further location of a line costs.
const SPLIT_COST: i64 = 10;
/// Lines of one order.
const ORDER_LINES: usize = 3;

/// Two demands: one line in five ships complete, and one order of three lines in fifty does.
///
/// # Errors
/// [`Failure`] when the input does not fit, or a plan costs otherwise than it says.
pub fn figures(anchor: Shape, rounds: u32) -> Result<Vec<Figure>, Failure> {
    let whole_lines = |place: usize| if place.is_multiple_of(5) { Whole::Line } else { Whole::No };
    let whole_orders = |place: usize| {
        let order = place / ORDER_LINES;
        if order.is_multiple_of(50) { Whole::Order(order) } else { Whole::No }
    };
    let mut figures = of("search/whole lines and splits", anchor, whole_lines, rounds).map_err(broken)?;
    figures.extend(of("search/whole orders and splits", anchor, whole_orders, rounds).map_err(broken)?);
    Ok(figures)
}

fn of(name: &str, shape: Shape, whole: fn(usize) -> Whole, rounds: u32) -> Result<Vec<Figure>, Box<dyn Error>> {
    let demand = GeneratedDemand::try_new(shape)?;
    let problem = problem(&demand, whole)?;
    let mut seconds = Vec::new();
    let mut plan = None;
    for _ in 0..rounds {
        let started = Instant::now();
        plan = Some(solve(&problem, NODES_MAX));
        seconds.push(started.elapsed().as_secs_f64());
    }
    let plan = plan.ok_or("no round was run")?;
    let cost = cost_of(&problem, &plan.served)?;
    if cost != plan.cost {
        return Err(format!("the plan states a cost of {} and costs {cost}", plan.cost).into());
    }
    let what = format!("{name}/{} lines/{} items", shape.lines, shape.items);
    let gap = approximate(plan.cost.abs_diff(plan.lower_bound)) / approximate(plan.lower_bound.unsigned_abs()).max(1.0);
    Ok(vec![
        Figure::new(format!("{what}/solve"), median(seconds), "s").lower_is_better(),
        Figure::new(format!("{what}/proven gap"), gap * 100.0, "%").lower_is_better(),
        Figure::new(format!("{what}/nodes"), approximate(u128::from(plan.nodes)), "nodes").lower_is_better(),
    ])
}

fn problem(demand: &GeneratedDemand, whole: fn(usize) -> Whole) -> Result<Problem, Box<dyn Error>> {
    let line = |(place, line): (usize, &GeneratedLine)| -> Result<Line, Box<dyn Error>> {
        Ok(Line {
            item: usize::try_from(line.item)?,
            units: Quantity::try_new(i64::from(line.units))?,
            unserved_cost: unserved_cost(line),
            split_cost: SPLIT_COST,
            whole: whole(place),
        })
    };
    let lines = demand.lines().iter().enumerate().map(line).collect::<Result<Vec<_>, _>>()?;
    let (mut supplies, mut generated) = (Vec::new(), Vec::new());
    for item in 0..demand.shape().items {
        for supply in demand.supplies_of(item) {
            let units = Quantity::try_new(supply.units)?;
            supplies.push(Supply { item: usize::try_from(item)?, location: usize::from(supply.location), units });
            generated.push(*supply);
        }
    }
    let cost = |line: usize, supply: usize| Some(unit_cost(&demand.lines()[line], &generated[supply]));
    Ok(Problem::try_new(lines, supplies, cost)?)
}
