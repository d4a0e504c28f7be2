//! A run of named steps: each is timed, all are run, and the table at the end says how each went.

use std::time::{Duration, Instant};

use crate::failure::Failure;

struct Step {
    name: &'static str,
    took: Duration,
    failure: Option<Failure>,
}

/// The steps that were run so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<Step>,
}

impl Steps {
    /// Runs one step. A failure is shown and kept; the steps after it still run, so that one run shows everything.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<(), Failure>) {
        println!("\n==> {name}");
        let started = Instant::now();
        let failure = step().err();
        if let Some(failure) = &failure {
            println!("{name} failed: {failure}");
        }
        self.done.push(Step { name, took: started.elapsed(), failure });
    }

    /// Prints the table; fails when a step failed.
    pub fn finish(self) -> Result<(), Failure> {
        println!("\n{:<14}{:>9}  result", "step", "seconds");
        for step in &self.done {
            let result = if step.failure.is_none() { "ok" } else { "FAILED" };
            println!("{:<14}{:>9.1}  {result}", step.name, step.took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|step| step.took).sum();
        println!("{:<14}{:>9.1}", "all", total.as_secs_f64());
        let failures = self.done.into_iter().filter_map(|step| Some(format!("{}: {}", step.name, step.failure?)));
        crate::failure::none_of("not everything holds:", &failures.collect::<Vec<_>>())
    }
}
