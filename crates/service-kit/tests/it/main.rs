//! A real server with the kit around it, called over a socket and in-process: deadlines, traces, problems, readiness,
//! drain, bounds, reflection, metrics and export. A small echo stands behind the contract of the availability service.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test; panics are also what is tested"
)]

mod calls;
mod drain;
mod echo;
mod export;
mod server;
