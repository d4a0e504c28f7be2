//! Allocation runs: the pure part in memory, beside what people would write in Python, and runs through the services.

pub mod backlog;
pub mod greedy;
pub mod optimum;
pub mod policy;
pub mod python;
pub mod search;
pub mod waiting;

use std::{error::Error, fmt::Display};

use super::figure::{Figure, Target};
use crate::failure::Failure;

/// What two sides have to agree about.
const SAME: Target = Target { floor: 0.0, goal: 0.0 };

/// A count as a figure. Beyond 2^53 it is not exact, which no verdict depends on.
#[expect(clippy::cast_precision_loss, reason = "a figure is read by people")]
fn approximate(count: u128) -> f64 {
    count as f64
}

/// By how much two sides differ.
fn apart(name: String, ours: i128, theirs: i64) -> Figure {
    Figure::new(name, approximate(ours.abs_diff(theirs.into())), "").lower_is_better().with_target(Some(SAME))
}

/// A fault of the generated input: it cannot be, and says so.
fn broken(error: impl Into<Box<dyn Error>>) -> Failure {
    fn told(error: &dyn Display) -> Failure {
        Failure::new(format!("the generated input does not fit: {error}"))
    }
    told(&error.into())
}
