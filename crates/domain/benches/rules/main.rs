//! Measures the rules engine beside a greedy in pandas, on the same generated demand in the same run.
//!
//! ```sh
//! cargo bench -p backorder-domain --bench rules -- [--lines 1000000] [--items 50000] [--locations 5] [--rounds 3]
//!     [--seed 7] [--python python3] [--json] [--only rules,policy]
//! ```
//!
//! `rules`: //! from columns of lines in any order to a plan with the supply of every unit, on one thread. The baseline's answer is how
//! many units of each line are served out of the item's stock of all locations together; both serve the same units in all.
//! `policy`: a policy of seven segments with all strategies over lines of which half are confirmed already, with quotas for
//! a tenth of the items, until every line has its change, its reason and what binds it.

#[path = "../optimum/figure.rs"]
mod figure;
#[path = "../optimum/settings.rs"]
mod settings;

mod baseline;
mod greedy;
mod policy;

use std::{error::Error, process::ExitCode};

use backorder_domain::allocation::optimum::generated::{GeneratedDemand, Shape};

use crate::{
    baseline::Pandas,
    figure::{Figure, Target, median},
    settings::Settings,
};

/// As long as pandas must be reached, a third of it is what it is built for.
const GREEDY: Target = Target { floor: 1.0, goal: 0.33 };
/// Two seconds must be reached, half a second is what it is built for.
const POLICY: Target = Target { floor: 2.0, goal: 0.5 };
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
    let Settings { lines, items, locations, seed, .. } = settings;
    let demand = GeneratedDemand::try_new(Shape { lines, items, locations, arrivals: 1, seed })?;
    let mut figures = Vec::new();
    if settings.wants("rules") {
        figures.extend(beside_pandas(&settings, &demand)?);
    }
    if settings.wants("policy") {
        figures.extend(by_policy(&settings, &demand)?);
    }
    if settings.json {
        println!("{}", serde_json::to_string_pretty(&figure::to_json(&figures))?);
    } else {
        print!("{}", figure::to_text(&figures));
    }
    Ok(())
}

fn what(name: &str, settings: &Settings) -> String {
    let Settings { lines, items, locations, .. } = settings;
    format!("{name}/{lines} lines/{items} items/{locations} locations")
}

fn beside_pandas(settings: &Settings, demand: &GeneratedDemand) -> Result<Vec<Figure>, Box<dyn Error>> {
    let pandas = match Pandas::prepare(&settings.python, demand) {
        Ok(pandas) => Some(pandas),
        Err(missing) => {
            eprintln!("{missing}\nThe figures below are of this side alone.");
            None
        }
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=settings.rounds {
        ours.push(greedy::measure(demand)?);
        if let Some(pandas) = &pandas {
            theirs.push(pandas.measure()?);
        }
    }
    // The first round warms up.
    let middle = |of: &dyn Fn(&greedy::Run) -> f64| median(ours[1..].iter().map(of).collect());
    let what = what("rules", settings);
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
    Ok(figures)
}

fn by_policy(settings: &Settings, demand: &GeneratedDemand) -> Result<Vec<Figure>, Box<dyn Error>> {
    let book = policy::Book::of(demand)?;
    let mut runs = Vec::new();
    for _ in 0..=settings.rounds {
        runs.push(book.measure()?);
    }
    let told = &runs[0];
    eprintln!(
        "{} lines improved, {} worsened or moved, {} bound by a quota, {} exceptions",
        told.improved, told.worsened, told.by_quota, told.exceptions
    );
    let middle = |of: &dyn Fn(&policy::Run) -> f64| median(runs[1..].iter().map(of).collect());
    let what = what("policy", settings);
    let part = |name: &str, of: &dyn Fn(&policy::Run) -> f64| {
        Figure::new(format!("{what}/{name}"), middle(of), "s").lower_is_better()
    };
    let whole = part("in all", &|run| run.arrange_seconds + run.decide_seconds + run.explain_seconds);
    Ok(vec![
        part("segments and order", &|run| run.arrange_seconds),
        part("strategies and quotas", &|run| run.decide_seconds),
        part("changes and reasons", &|run| run.explain_seconds),
        whole.with_target(POLICY),
    ])
}
