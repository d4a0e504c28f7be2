//! Random rules and demands against models that serve unit by unit, or write the formula down as it is told.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers drawn are small")]

mod hierarchies;
mod pools;
mod protections;
mod quotas;

use proptest::{prelude::ProptestConfig, test_runner::RngSeed};

use crate::quantity::Quantity;

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: backorder_testkit::counts::cases("group_allocation"),
        rng_seed: RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    }
}
