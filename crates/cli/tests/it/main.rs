//! The program as its users meet it: real processes, real sockets, real files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed unwrap is a failed test")]

mod allocation_policies;
mod assess;
mod bench;
mod clients;
mod demo;
mod demo_policies;
mod dropship;
mod feeds;
mod going_live;
mod hostile_feeds;
mod journeys;
mod kill;
mod kits;
mod policies;
mod program;
mod report;
mod reversals;
mod runs;
mod units;
mod watches;
