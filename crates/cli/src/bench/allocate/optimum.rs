//! The optimiser beside OR-tools' minimum-cost flow, on the same generated demand: time, cost and units.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use backorder_domain::allocation::optimum::{
    flow::{Solver, verify},
    generated::{GeneratedDemand, Shape},
};

use super::{
    apart, broken,
    python::{Answer, Python, Rival, write},
};
use crate::{
    bench::figure::{Figure, Target, median},
    failure::Failure,
};

/// Five times as fast must be reached, twenty times is what it is built for.
const TARGET: Target = Target { floor: 0.2, goal: 0.05 };

/// What it took for all items, and what came out.
#[derive(Debug, Clone, Copy)]
struct Run {
    build_seconds: f64,
    solve_seconds: f64,
    cost: i128,
    units: i128,
}

/// Both sides in turn for one shape, and whether they agree. Each plan of ours is proved by its prices.
///
/// # Errors
/// [`Failure`] when the other side fails, or a plan is not the cheapest.
pub fn figures(name: &str, shape: Shape, rounds: u32, (python, folder): (&str, &Path)) -> Result<Vec<Figure>, Failure> {
    let demand = GeneratedDemand::try_new(shape).map_err(broken)?;
    let python = Python::find(python, Rival::OrTools);
    let folder = python.is_some().then(|| write(&demand, folder.join(name))).transpose()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::<Answer>::new());
    for _ in 0..rounds {
        ours.push(measure(&demand).map_err(broken)?);
        if let (Some(python), Some(folder)) = (&python, &folder) {
            theirs.push(python.ask(folder)?);
        }
    }
    prove(&demand).map_err(broken)?;
    let supplies = u32::from(shape.locations) * u32::from(shape.arrivals);
    let what = format!("{name}/{} lines/{} items/{supplies} supplies each", shape.lines, shape.items);
    let middle = |of: fn(&Run) -> f64| median(ours.iter().map(of).collect());
    let solve = Figure::new(format!("{what}/solve"), middle(|run| run.solve_seconds), "s").lower_is_better();
    let whole = Figure::new(format!("{what}/build and solve"), middle(Run::total_seconds), "s").lower_is_better();
    let (Some(our), Some(their)) = (ours.first(), theirs.first()) else { return Ok(vec![solve, whole]) };
    let baseline = median(theirs.iter().map(|answer| answer.seconds).collect());
    Ok(vec![
        solve,
        whole.against(Rival::OrTools.word(), baseline).with_target(Some(TARGET)),
        apart(format!("{what}/cost apart"), our.cost, their.cost),
        apart(format!("{what}/units apart"), our.units, their.units),
    ])
}

impl Run {
    fn total_seconds(&self) -> f64 {
        self.build_seconds + self.solve_seconds
    }
}

/// Solves all items, one after the other on one thread. The problem of an item is made and dropped with it, as it is
/// where memory counts.
fn measure(demand: &GeneratedDemand) -> Result<Run, Box<dyn Error>> {
    let mut started = Instant::now();
    let (mut building, mut solving) = (Duration::ZERO, Duration::ZERO);
    let (mut cost, mut units) = (0_i128, 0_i128);
    let mut solver = Solver::default();
    for (item, lines) in (0..).zip(demand.lines_by_item()) {
        let problem = demand.problem(item, &lines)?;
        let built = Instant::now();
        building += built - started;
        let plan = solver.solve(&problem);
        cost += plan.cost;
        units += plan.served.iter().map(|served| i128::from(served.units.get())).sum::<i128>();
        started = Instant::now();
        solving += started - built;
    }
    Ok(Run { build_seconds: building.as_secs_f64(), solve_seconds: solving.as_secs_f64(), cost, units })
}

/// Proves the plan of each item by its prices. It is not measured.
fn prove(demand: &GeneratedDemand) -> Result<(), Box<dyn Error>> {
    let mut solver = Solver::default();
    for (item, lines) in (0..).zip(demand.lines_by_item()) {
        let problem = demand.problem(item, &lines)?;
        verify(&problem, &solver.solve(&problem)).map_err(|flaw| format!("item {item}: {flaw}"))?;
    }
    Ok(())
}
