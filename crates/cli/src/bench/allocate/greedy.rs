//! Rules: from columns of lines in any order to a plan by priority and day, on one thread, beside a greedy in pandas.
//!
//! The baseline's answer is how many units of each line are served out of the item's stock of all locations together; ours is
//! where each unit comes from. Both serve the same units in all.

use std::{error::Error, ops::Range, path::Path, time::Instant};

use backorder_domain::allocation::{
    optimum::generated::GeneratedDemand,
    run::{
        Day, Demand, Input, NO_GROUP, NO_SET, NO_SHARE, NOT_LENDING, NoLimits, Requirement, Strategy, Supplies, Supply,
        Terms, run,
    },
};

use super::{
    apart, broken,
    python::{Answer, Python, Rival, write},
};
use crate::{
    bench::figure::{Figure, Target, median},
    failure::Failure,
};

/// As long as pandas must be reached, a third of it is what it is built for.
const TARGET: Target = Target { floor: 1.0, goal: 0.33 };

/// What it took, and what came out.
#[derive(Debug, Clone, Copy)]
struct Run {
    layout_seconds: f64,
    run_seconds: f64,
    units: i64,
}

/// Both sides in turn; the first round warms up.
///
/// # Errors
/// [`Failure`] when the other side fails.
pub fn figures(
    what: &str,
    demand: &GeneratedDemand,
    rounds: u32,
    (python, folder): (&str, &Path),
) -> Result<Vec<Figure>, Failure> {
    let python = Python::find(python, Rival::PandasGreedy);
    let folder = python.is_some().then(|| write(demand, folder.join("greedy"))).transpose()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::<Answer>::new());
    for _ in 0..=rounds {
        ours.push(measure(demand).map_err(broken)?);
        if let (Some(python), Some(folder)) = (&python, &folder) {
            theirs.push(python.ask(folder)?);
        }
    }
    let middle = |of: &dyn Fn(&Run) -> f64| median(ours[1..].iter().map(of).collect());
    let part =
        |name: &str, of: &dyn Fn(&Run) -> f64| Figure::new(format!("{what}/{name}"), middle(of), "s").lower_is_better();
    let whole = part("columns to plan", &|run| run.layout_seconds + run.run_seconds);
    let mut figures = vec![part("layout", &|run| run.layout_seconds), part("run", &|run| run.run_seconds)];
    let Some(answer) = theirs.first() else {
        figures.push(whole);
        return Ok(figures);
    };
    let baseline = median(theirs[1..].iter().map(|run| run.seconds).collect());
    figures.push(whole.against(Rival::PandasGreedy.word(), baseline).with_target(Some(TARGET)));
    figures.push(apart(format!("{what}/units apart"), ours[0].units.into(), answer.units));
    Ok(figures)
}

/// Lays the lines out by item, sorts those of each by priority and day, and runs them.
fn measure(generated: &GeneratedDemand) -> Result<Run, Box<dyn Error>> {
    let started = Instant::now();
    let locations = u32::from(generated.shape().locations);
    let pools = pools(generated);
    let order = order(generated, &pools);
    let demand = demand(generated, &order, locations);
    let places = generated.shape().items * locations;
    let mut given = Vec::with_capacity(places as usize);
    for item in 0..generated.shape().items {
        given.extend(generated.supplies_of(item).iter().map(|supply| Supply {
            place: item * locations + u32::from(supply.location),
            day: Day(0),
            quantity: supply.units,
        }));
    }
    let supplies = Supplies::try_new(places, &given)?;
    let in_order: Vec<u32> = (0..u32::try_from(order.len())?).collect();
    let laid_out = Instant::now();
    // All lines are wanted by the last of the days, as the baseline knows no days but for the order.
    let input = Input { demand: &demand, supplies: &supplies, today: Day(0) };
    let plan = run(&input, &in_order, &pools, &mut NoLimits);
    let units = plan.pegs.iter().map(|peg| peg.quantity).sum();
    Ok(Run { layout_seconds: (laid_out - started).as_secs_f64(), run_seconds: laid_out.elapsed().as_secs_f64(), units })
}

/// The lines of each item as a range of the order.
fn pools(generated: &GeneratedDemand) -> Vec<Range<usize>> {
    let mut ends = vec![0_usize; generated.shape().items as usize];
    for line in generated.lines() {
        ends[line.item as usize] += 1;
    }
    let mut begin = 0;
    let mut pools = Vec::with_capacity(ends.len());
    for many in ends {
        pools.push(begin..begin + many);
        begin += many;
    }
    pools
}

/// The lines by item, those of an item by priority, day and number.
fn order(generated: &GeneratedDemand, pools: &[Range<usize>]) -> Vec<u64> {
    let mut next: Vec<usize> = pools.iter().map(|pool| pool.start).collect();
    let mut order = vec![0_u64; generated.lines().len()];
    for (number, line) in (0_u64..).zip(generated.lines()) {
        let place = &mut next[line.item as usize];
        order[*place] = u64::from(line.priority) << 48 | u64::from(line.day) << 32 | number;
        *place += 1;
    }
    for pool in pools {
        order[pool.clone()].sort_unstable();
    }
    order
}

fn demand(generated: &GeneratedDemand, order: &[u64], locations: u32) -> Demand {
    let mut demand = Demand {
        requirements: Vec::with_capacity(order.len()),
        places: Vec::new(),
        confirmed: Vec::new(),
        terms: vec![Terms::default()],
        shares: Vec::new(),
    };
    // For each item and preferred location the others by distance: lines with the same wish share a range.
    let near: Vec<Vec<u32>> = (0..locations)
        .map(|preferred| {
            let mut near: Vec<u32> = (0..locations).collect();
            near.sort_by_key(|location| (location.abs_diff(preferred), *location));
            near
        })
        .collect();
    for item in 0..generated.shape().items {
        for near in &near {
            demand.places.extend(near.iter().map(|location| item * locations + location));
        }
    }
    for line in order.iter().map(|place| &generated.lines()[(place & 0xffff_ffff) as usize]) {
        let begin = (line.item * locations + u32::from(line.location)) * locations;
        demand.requirements.push(Requirement {
            quantity: i64::from(line.units),
            requested: Day(0),
            latest: Day::MAX,
            strategy: Strategy::Redistribute,
            terms: 0,
            places: (begin, begin + locations),
            own_places: locations,
            confirmed: (0, 0),
            group: NO_GROUP,
            set: NO_SET,
            share: NO_SHARE,
            lends_days: NOT_LENDING,
        });
    }
    demand
}
