//! The service as its callers see it, on SQLite and on PostgreSQL. Inventory is played by a script: what needs the real
//! one is told in the workspace's `tests`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a failed unwrap is a failed test"
)]

mod allocation_policies;
mod backlog;
mod committed_runs;
mod due_by_time;
mod figure_reviews;
mod figures;
mod figures_recount;
mod late_answers;
mod operations;
mod order_batches;
mod policies;
mod run_schedules;
mod scripted;
mod scripted_items;
mod scripted_runs;
mod serving_sequence;
mod simulated_runs;
mod world;
