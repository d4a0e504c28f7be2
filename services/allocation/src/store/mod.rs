//! The tables of this service: their entities, their migrations, and every query.
//!
//! Functions that take a transaction end in `_in_tx`. Rows are locked in one order everywhere: request keys, then steps,
//! then held customers, then orders ascending, each with everything that belongs to the order, then pools. Nothing here decides anything.

pub mod allocation_policies;
pub mod backlog;
pub mod carrier_events;
pub mod catalog;
pub mod committed_runs;
pub mod entity;
pub mod exception_limits;
pub mod exceptions;
pub mod figure_reviews;
pub mod figures;
pub mod go_live;
pub mod holds;
pub mod migration;
pub mod orders;
pub mod overrides;
pub mod questions;
pub mod recalls;
pub mod refunds;
pub mod rules;
pub mod run_schedules;
pub mod runs;
pub mod serving;
pub mod sets;
pub mod shipments;
pub mod shipped_batches;
pub mod simulated_runs;
pub mod steps;
pub mod takes;
pub mod totals;
pub mod warehouse_orders;

/// Keys in one list of a statement at most.
const KEYS_PER_QUERY_MAX: usize = 500;
