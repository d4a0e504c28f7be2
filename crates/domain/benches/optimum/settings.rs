//! What the benchmark is told on its command line.

use std::{env, error::Error, str::FromStr};

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub lines: u32,
    pub items: u32,
    pub locations: u16,
    pub rounds: u32,
    pub seed: u64,
    /// The Python that has OR-tools.
    pub python: String,
    pub json: bool,
    /// The comparisons to make, by the first word of their figures; empty makes all.
    pub only: Vec<String>,
}

impl Settings {
    /// Reads the arguments; what is not named keeps its default.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let python = env::var("BACKORDER_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut settings = Self {
            lines: 100_000,
            items: 10_000,
            locations: 5,
            rounds: 3,
            seed: 7,
            python,
            json: false,
            only: Vec::new(),
        };
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                "--lines" => settings.lines = number(&name, &value()?)?,
                "--items" => settings.items = number(&name, &value()?)?,
                "--locations" => settings.locations = number(&name, &value()?)?,
                "--rounds" => settings.rounds = number::<u32>(&name, &value()?)?.max(1),
                "--seed" => settings.seed = number(&name, &value()?)?,
                "--python" => settings.python = value()?,
                "--only" => settings.only = value()?.split(',').map(str::to_owned).collect(),
                "--json" => settings.json = true,
                // Cargo's own mark of a benchmark.
                "--bench" => {}
                _ => return Err(format!("{name} is not known; see the head of benches/optimum/main.rs").into()),
            }
        }
        Ok(settings)
    }

    /// Whether the comparison of that name is asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

fn number<N: FromStr>(name: &str, value: &str) -> Result<N, String> {
    value.parse().map_err(|_| format!("{name} is {value:?}, it must be a whole number in range"))
}
