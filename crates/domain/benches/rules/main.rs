//! Measures the rules engine beside a greedy in pandas, on the same generated demand in the same run.
//!
//! ```sh
//! cargo bench -p backorder-domain --bench rules -- [--lines 1000000] [--items 50000] [--locations 5] [--rounds 3]
//!     [--seed 7] [--python python3] [--json]
//! ```
//!
//! From columns of lines in any order to a plan with the supply of every unit, on one thread: the baseline's answer is how
//! many units of each line are served out of the item's stock of all locations together. Both serve the same units in all.

#[path = "../optimum/figure.rs"]
mod figure;
#[path = "../optimum/settings.rs"]
mod settings;

mod baseline;
mod greedy;

use std::{error::Error, process::ExitCode};

use backorder_domain::allocation::optimum::generated::{GeneratedDemand, Shape};

use crate::{
    baseline::Pandas,
    figure::{Figure, Target, median},
    settings::Settings,
};

/// As long as pandas must be reached, a third of it is what it is built for.
const GREEDY: Target = Target { floor: 1.0, goal: 0.33 };
const SAME: Target = Target { floor: 0.0, goal: 0.0 };
const PANDAS: &str = "pandas greedy";

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
    let defaults = ["--lines", "1000000", "--items", "50000"].map(str::to_owned);
    let settings = Settings::from_arguments(defaults.into_iter().chain(std::env::args().skip(1)))?;
    let Settings { lines, items, locations, rounds, seed, .. } = settings;
    let demand = GeneratedDemand::try_new(Shape { lines, items, locations, arrivals: 1, seed })?;
    let pandas = match Pandas::prepare(&settings.python, &demand) {
        Ok(pandas) => Some(pandas),
        Err(missing) => {
            eprintln!("{missing}\nThe figures below are of this side alone.");
            None
        }
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        ours.push(greedy::measure(&demand)?);
        if let Some(pandas) = &pandas {
            theirs.push(pandas.measure()?);
        }
    }
    // The first round warms up.
    let middle = |of: &dyn Fn(&greedy::Run) -> f64| median(ours[1..].iter().map(of).collect());
    let what = format!("rules/{lines} lines/{items} items/{locations} locations");
    let part = |name: &str, of: &dyn Fn(&greedy::Run) -> f64| {
        Figure::new(format!("{what}/{name}"), middle(of), "s").lower_is_better()
    };
    let whole = part("columns to plan", &|run| run.layout_seconds + run.run_seconds);
    let mut figures = vec![part("layout", &|run| run.layout_seconds), part("run", &|run| run.run_seconds)];
    if theirs.is_empty() {
        figures.push(whole);
    } else {
        let baseline = median(theirs[1..].iter().map(|run| run.seconds).collect());
        figures.push(whole.against(PANDAS, baseline).with_target(GREEDY));
        let apart = figure::approximate(ours[0].units.abs_diff(theirs[0].units).into());
        figures.push(Figure::new(format!("{what}/units apart"), apart, "").lower_is_better().with_target(SAME));
    }
    if settings.json {
        println!("{}", serde_json::to_string_pretty(&figure::to_json(&figures))?);
    } else {
        print!("{}", figure::to_text(&figures));
    }
    Ok(())
}
