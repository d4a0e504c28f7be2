//! The service as its callers see it: every case runs through the gRPC stack, on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a failed unwrap is a failed test"
)]

mod at_once;
mod audit;
mod availability;
mod catalog;
mod catalog_races;
mod groups;
mod held;
mod idempotency;
mod index;
mod operations;
mod physical;
mod queue;
mod races;
mod read_items;
mod receipts;
mod refusals;
mod runs;
mod serving;
mod shipping;
mod streams;
mod supply;
mod together;
mod upkeep;
mod warehouse;
mod watch;
mod world;
