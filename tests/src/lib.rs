//! Tests across services: the clusters that run them, and the stories that are told on every cluster.
//!
//! A story speaks only gRPC, so it is the same for services in one process and in several. Nothing here is used by the
//! product.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code: a panic is a failed test, and a story's name says what it shows"
)]

pub mod cluster;
pub mod stories;
pub mod world;
