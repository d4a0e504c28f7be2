//! The other side: a Python that has OR-tools, asked to solve an instance that was written for it.

use std::{error::Error, path::Path, process::Command};

use backorder_domain::allocation::optimum::generated::COST_PER_STEP;
use serde_json::Value;

use crate::instance::Run;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/optimum_baseline.py");
const PACKAGES: &str = "ortools numpy pandas";

/// A Python in which the baseline runs.
#[derive(Debug)]
pub struct Python(String);

impl Python {
    /// The Python of that name, if the packages are there; otherwise what to do.
    pub fn find(name: &str) -> Result<Self, String> {
        let probe =
            Command::new(name).args(["-c", "import ortools.graph.python.min_cost_flow, numpy, pandas"]).output();
        match probe {
            Ok(output) if output.status.success() => Ok(Self(name.to_owned())),
            Ok(_) => Err(format!(
                "{name} lacks OR-tools: run `{name} -m pip install {PACKAGES}`, or name a Python that has it by --python."
            )),
            Err(error) => {
                Err(format!("{name}: {error}. Install Python 3 with `pip install {PACKAGES}`, or name it by --python."))
            }
        }
    }

    /// Solves the instance in a process of its own. Its start and its reading are not in the times.
    pub fn solve(&self, directory: &Path) -> Result<Run, Box<dyn Error>> {
        let output = Command::new(&self.0).arg(SCRIPT).arg(directory).arg(COST_PER_STEP.to_string()).output()?;
        if !output.status.success() {
            return Err(format!("the baseline failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        let seconds = |field: &str| answer[field].as_f64().ok_or(format!("the baseline told no {field}"));
        let whole = |field: &str| answer[field].as_i64().map(i128::from).ok_or(format!("the baseline told no {field}"));
        Ok(Run {
            build_seconds: seconds("build_s")?,
            solve_seconds: seconds("solve_s")?,
            cost: whole("cost")?,
            units: whole("units")?,
        })
    }
}
