//! Measures the optimiser beside OR-tools' minimum-cost flow, on the same generated demand in the same run.
//!
//! ```sh
//! cargo bench -p backorder-domain --bench optimum -- [--lines 100000] [--items 10000] [--locations 5] [--rounds 3]
//!     [--seed 7] [--only optimise,dated,large,search] [--python python3] [--json]
//! ```
//!
//! The rounds of both sides alternate and the medians are shown. Without Python or OR-tools it says what to install
//! and shows this side alone.

mod baseline;
mod complete;
mod figure;
mod instance;
mod settings;

use std::{error::Error, process::ExitCode};

use backorder_domain::allocation::optimum::generated::{GeneratedDemand, Shape};

use crate::{
    baseline::Python,
    figure::{Figure, Target, median},
    instance::{Run, measure, prove, write},
    settings::Settings,
};

/// Five times as fast must be reached, twenty times is what it is built for.
const FASTER: Target = Target { floor: 0.2, goal: 0.05 };
const SAME: Target = Target { floor: 0.0, goal: 0.0 };
const OR_TOOLS: &str = "OR-tools";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_arguments(std::env::args().skip(1))?;
    let python = match Python::find(&settings.python) {
        Ok(python) => Some(python),
        Err(missing) => {
            eprintln!("{missing}\nThe figures below are of this side alone.");
            None
        }
    };
    let Settings { lines, items, locations, rounds, seed, .. } = settings;
    let anchor = Shape { lines, items, locations, arrivals: 1, seed };
    // A tenth of the lines on a thousandth of the items: hot ones, each with many dated supplies.
    let dated = Shape { lines: lines / 10, items: items.div_ceil(1_000), arrivals: 12, ..anchor };
    let large = Shape { lines: lines.saturating_mul(10), items: items.saturating_mul(5), ..anchor };
    let mut figures = Vec::new();
    for (name, shape, python) in
        [("optimise", anchor, python.as_ref()), ("dated", dated, python.as_ref()), ("large", large, None)]
    {
        if settings.wants(name) {
            figures.extend(beside_the_baseline(name, shape, rounds, python)?);
        }
    }
    if settings.wants("search") {
        figures.extend(complete::figures(anchor, rounds)?);
    }
    if settings.json {
        println!("{}", serde_json::to_string_pretty(&figure::to_json(&figures))?);
    } else {
        print!("{}", figure::to_text(&figures));
    }
    Ok(())
}

/// The time of both sides for one shape, and whether they agree.
fn beside_the_baseline(
    name: &str,
    shape: Shape,
    rounds: u32,
    python: Option<&Python>,
) -> Result<Vec<Figure>, Box<dyn Error>> {
    let demand = GeneratedDemand::try_new(shape)?;
    let directory = python.is_some().then(|| write(&demand)).transpose()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(measure(&demand)?);
        if let (Some(python), Some(directory)) = (python, &directory) {
            theirs.push(python.solve(directory)?);
        }
    }
    prove(&demand)?;
    let supplies = u32::from(shape.locations) * u32::from(shape.arrivals);
    let what = format!("{name}/{} lines/{} items/{supplies} supplies each", shape.lines, shape.items);
    let middle = |runs: &[Run], of: fn(&Run) -> f64| median(runs.iter().map(of).collect());
    let time = |part: &str, of: fn(&Run) -> f64| {
        let figure = Figure::new(format!("{what}/{part}"), middle(&ours, of), "s").lower_is_better();
        if theirs.is_empty() { figure } else { figure.against(OR_TOOLS, middle(&theirs, of)).with_target(FASTER) }
    };
    let mut figures = vec![time("build and solve", Run::total_seconds), time("solve", |run| run.solve_seconds)];
    if let (Some(our), Some(their)) = (ours.first(), theirs.first()) {
        let apart = |part: &str, ours: i128, theirs: i128| {
            let difference = figure::approximate(ours.abs_diff(theirs));
            Figure::new(format!("{what}/{part} apart"), difference, "").lower_is_better().with_target(SAME)
        };
        figures.extend([apart("cost", our.cost, their.cost), apart("units served", our.units, their.units)]);
        eprintln!("{what}: cost {} and {}, units {} and {}", our.cost, their.cost, our.units, their.units);
    }
    Ok(figures)
}
