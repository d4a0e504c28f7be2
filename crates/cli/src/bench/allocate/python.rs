//! The other side of the pure figures: a Python that has pandas or OR-tools, asked about an instance that was written for it.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use backorder_domain::allocation::optimum::generated::{COST_PER_STEP, GeneratedDemand, delay_cost, unserved_cost};
use serde_json::Value;

use crate::failure::Failure;

/// A program of the other side.
#[derive(Debug, Clone, Copy)]
pub enum Rival {
    /// A greedy by priority and day out of one stock per item, in pandas.
    PandasGreedy,
    /// OR-tools' minimum-cost flow.
    OrTools,
}

/// What it took, and what came out.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Its own work, without its start and its reading.
    pub seconds: f64,
    /// Units served.
    pub units: i64,
    /// What the plan costs; 0 where that does not matter.
    pub cost: i64,
}

/// A Python that has what a rival needs.
#[derive(Debug)]
pub struct Python {
    program: String,
    rival: Rival,
}

impl Rival {
    /// Its word beside figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PandasGreedy => "pandas greedy",
            Self::OrTools => "OR-tools",
        }
    }

    const fn script(self) -> &'static str {
        match self {
            Self::PandasGreedy => include_str!("pandas_greedy.py"),
            Self::OrTools => include_str!("or_tools_flow.py"),
        }
    }

    /// What it imports, and how that is installed.
    const fn packages(self) -> (&'static str, &'static str) {
        match self {
            Self::PandasGreedy => ("numpy, pandas", "numpy pandas"),
            Self::OrTools => ("ortools.graph.python.min_cost_flow, numpy, pandas", "ortools numpy pandas"),
        }
    }
}

impl Python {
    /// The Python of that name, if it has what the rival needs. Otherwise it says what to do, and that this side is measured alone.
    #[must_use]
    pub fn find(program: &str, rival: Rival) -> Option<Self> {
        let (imports, packages) = rival.packages();
        let missing = match Command::new(program).args(["-c", &format!("import {imports}")]).output() {
            Ok(output) if output.status.success() => return Some(Self { program: program.to_owned(), rival }),
            Ok(_) => format!("{program} lacks {packages}"),
            Err(error) => format!("{program}: {error}"),
        };
        eprintln!(
            "{missing}: this side is measured alone. Run `{program} -m pip install {packages}`, or name a Python that has them \
             by --python."
        );
        None
    }

    /// Asks about the instance that [`write()`] wrote into a folder, in a process of its own.
    ///
    /// # Errors
    /// [`Failure`] when the program fails, or answers otherwise than it should.
    pub fn ask(&self, folder: &Path) -> Result<Answer, Failure> {
        let script = folder.join("rival.py");
        fs::write(&script, self.rival.script())?;
        let output = Command::new(&self.program).arg(&script).arg(folder).arg(COST_PER_STEP.to_string()).output()?;
        let word = self.rival.word();
        if !output.status.success() {
            return Err(Failure::new(format!("{word} failed: {}", String::from_utf8_lossy(&output.stderr))));
        }
        let wrong = |what: &str| Failure::new(format!("{word} told no {what}"));
        let answer: Value = serde_json::from_slice(&output.stdout).map_err(|_no_json| wrong("answer"))?;
        Ok(Answer {
            seconds: answer["seconds"].as_f64().ok_or_else(|| wrong("seconds"))?,
            units: answer["units"].as_i64().ok_or_else(|| wrong("units"))?,
            cost: answer["cost"].as_i64().unwrap_or_default(),
        })
    }
}

/// Writes a demand where both rivals read it.
///
/// # Errors
/// [`Failure`] when a file cannot be written.
pub fn write(demand: &GeneratedDemand, folder: PathBuf) -> Result<PathBuf, Failure> {
    fs::create_dir_all(&folder)?;
    let mut file = BufWriter::new(File::create(folder.join("lines.csv"))?);
    writeln!(file, "item,location,priority,day,units,unserved_cost,delay_cost")?;
    for line in demand.lines() {
        let (unserved, delay) = (unserved_cost(line), delay_cost(line));
        let (item, location, priority, day, units) = (line.item, line.location, line.priority, line.day, line.units);
        writeln!(file, "{item},{location},{priority},{day},{units},{unserved},{delay}")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(folder.join("supplies.csv"))?);
    writeln!(file, "item,location,day,units")?;
    for item in 0..demand.shape().items {
        for supply in demand.supplies_of(item) {
            writeln!(file, "{item},{},{},{}", supply.location, supply.day, supply.units)?;
        }
    }
    file.flush()?;
    Ok(folder)
}
