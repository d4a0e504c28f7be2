//! Our side of the comparison: building and solving each item's problem, and the same demand as files for the other.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use backorder_domain::allocation::optimum::{
    flow::{Solver, verify},
    generated::{GeneratedDemand, delay_cost, unserved_cost},
};

/// What one side took for all items, and what came out.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub build_seconds: f64,
    pub solve_seconds: f64,
    pub cost: i128,
    pub units: i128,
}

impl Run {
    pub fn total_seconds(&self) -> f64 {
        self.build_seconds + self.solve_seconds
    }
}

/// Solves all items, one after the other on one thread. The problem of an item is made and dropped with it, as it is
/// where memory counts.
pub fn measure(demand: &GeneratedDemand) -> Result<Run, Box<dyn Error>> {
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
pub fn prove(demand: &GeneratedDemand) -> Result<(), Box<dyn Error>> {
    let mut solver = Solver::default();
    for (item, lines) in (0..).zip(demand.lines_by_item()) {
        let problem = demand.problem(item, &lines)?;
        verify(&problem, &solver.solve(&problem)).map_err(|flaw| format!("item {item}: {flaw}"))?;
    }
    Ok(())
}

/// Writes the demand where the baseline reads it.
pub fn write(demand: &GeneratedDemand) -> Result<PathBuf, Box<dyn Error>> {
    let shape = demand.shape();
    let name = format!("optimum-{}-{}-{}", shape.lines, shape.items, shape.arrivals);
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory)?;
    let mut file = BufWriter::new(File::create(directory.join("lines.csv"))?);
    writeln!(file, "item,location,day,units,unserved_cost,delay_cost")?;
    for line in demand.lines() {
        let (unserved, delay) = (unserved_cost(line), delay_cost(line));
        writeln!(file, "{},{},{},{},{unserved},{delay}", line.item, line.location, line.day, line.units)?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(directory.join("supplies.csv"))?);
    writeln!(file, "item,location,day,units")?;
    for item in 0..shape.items {
        for supply in demand.supplies_of(item) {
            writeln!(file, "{item},{},{},{}", supply.location, supply.day, supply.units)?;
        }
    }
    file.flush()?;
    Ok(directory)
}
