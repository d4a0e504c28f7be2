//! Allocation runs: `(demand, supply over time, strategies) -> plan`, as a pure function.
//!
//! A run works on numbers: requirements, places (an item at a location), days. Who claims what by which rule is decided
//! before ([`Requirement::strategy`] and the order of a pool's requirements); what is done with a plan is decided after.
//! Same input, same plan: there is no clock, no random number and no I/O here, and the order is total.
//!
//! [`demand`] and [`supply`] are the input, [`engine`] runs pool by pool, `strategy` says what a requirement may gain
//! and lose, `fulfil` finds the dates and places of one requirement, `ship_set` those of requirements that go
//! together, `sharing` those of equal standing, [`lending`] of those that lend to others, [`plan`] is the output.
//! [`consolidation`] puts deliveries of a plan together afterwards, [`parallel`] runs pools on several threads.

pub mod consolidation;
pub mod day;
pub mod demand;
pub mod engine;
mod fulfil;
pub mod group_limits;
pub mod lending;
pub mod limits;
pub mod parallel;
pub mod plan;
pub mod profile;
mod sharing;
mod ship_set;
mod strategy;
pub mod supply;
mod takes;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod vector_tests;

pub use consolidation::{Consolidation, consolidate};
pub use day::Day;
pub use demand::{
    Building, Confirmation, Delivery, Demand, NO_GROUP, NO_SET, NO_SHARE, NOT_LENDING, Requirement, Sharing, Strategy,
    Terms,
};
pub use engine::{Input, run, run_pool};
pub use group_limits::{GroupLimits, PlaceOf, PlaceProtections};
pub use limits::{Limits, NoLimits};
pub use parallel::run_in_parallel;
pub use plan::{Constraint, ExceptionKind, Outcome, Peg, Plan, PoolException, Reason};
pub use supply::{Outside, Supplies, Supply};
