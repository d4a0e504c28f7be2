//! The cheapest plan there is, beside the plan that the rules make.
//!
//! Scarce units are shared so that the weighted delay, the transfers, the split shipments and the lost sales cost the
//! least in sum. A planner reads off it what the rules cost against the optimum. It owns the exact search and its
//! proof; it must not know strategies, quotas or the queue, and nothing here is promised to anybody.
//!
//! - [`rates`] makes unit costs of what a day of delay, a transfer and a lost sale cost, and splits a plan's cost
//!   into these parts.
//! - [`flow`] shares the units of one item when every unit may be served by itself: exact, as fast as sorting.
//! - [`complete`] adds lines and orders that are served as a whole or not at all, and a fixed cost per split: a search
//!   with a proven bound.
//! - [`generated`] is demand out of a seed, for measuring.

pub mod complete;
pub mod flow;
pub mod generated;
#[cfg(test)]
mod naive;
pub mod rates;
