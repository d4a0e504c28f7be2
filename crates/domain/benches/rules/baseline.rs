//! The other side: a Python that has pandas, asked to serve lines that were written for it.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
    process::Command,
};

use backorder_domain::allocation::optimum::generated::GeneratedDemand;
use serde_json::Value;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/rules_baseline.py");

/// What it took, and what came out.
pub struct Run {
    pub seconds: f64,
    pub units: i64,
}

/// A Python in which the baseline runs, and its input.
pub struct Pandas {
    python: String,
    directory: PathBuf,
}

impl Pandas {
    /// Writes the lines and looks whether the packages are there; otherwise what to do.
    pub fn prepare(python: &str, demand: &GeneratedDemand) -> Result<Self, String> {
        match Command::new(python).args(["-c", "import numpy, pandas"]).output() {
            Ok(output) if output.status.success() => {}
            Ok(_) => return Err(format!("{python} lacks pandas: run `{python} -m pip install numpy pandas`.")),
            Err(error) => return Err(format!("{python}: {error}. Install Python 3, or name it by --python.")),
        }
        let directory = write(demand).map_err(|error| format!("the lines cannot be written: {error}"))?;
        Ok(Self { python: python.to_owned(), directory })
    }

    /// Serves the lines in a process of its own. Its start and its reading are not in the time.
    pub fn measure(&self) -> Result<Run, Box<dyn Error>> {
        let output = Command::new(&self.python).arg(SCRIPT).arg(&self.directory).output()?;
        if !output.status.success() {
            return Err(format!("the baseline failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        let seconds = answer["seconds"].as_f64().ok_or("the baseline told no seconds")?;
        let units = answer["units"].as_i64().ok_or("the baseline told no units")?;
        Ok(Run { seconds, units })
    }
}

fn write(demand: &GeneratedDemand) -> std::io::Result<PathBuf> {
    let shape = demand.shape();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{}-{}", shape.lines, shape.items));
    fs::create_dir_all(&directory)?;
    let mut file = BufWriter::new(File::create(directory.join("lines.csv"))?);
    writeln!(file, "item,priority,day,units")?;
    for line in demand.lines() {
        writeln!(file, "{},{},{},{}", line.item, line.priority, line.day, line.units)?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(directory.join("supplies.csv"))?);
    writeln!(file, "units")?;
    for item in 0..shape.items {
        writeln!(file, "{}", demand.supplies_of(item).iter().map(|supply| supply.units).sum::<i64>())?;
    }
    file.flush()?;
    Ok(directory)
}
