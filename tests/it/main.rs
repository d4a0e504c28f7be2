//! One binary for all tests across services.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code: a panic is a failed test"
)]

mod crash_points;
mod expiry_crash;
mod foreign_client;
mod hostile;
mod hostile_feeds;
mod hostile_planners;
mod last_units_race;
mod line_table;
mod many_warehouses;
mod random_commands;
mod steps_by_time;
mod told_in_one_process;
mod told_in_two_processes;
