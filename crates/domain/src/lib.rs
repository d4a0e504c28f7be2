//! The rules of backorder management, and nothing else.
//!
//! Every decision about stock, promises, policies and sharing is a pure function or a method here: same input, same
//! output. This crate must not read a clock, draw a random id, touch a file, a socket or a database, or know gRPC.

pub mod allocation;
pub mod calendar;
pub mod figures;
pub mod ids;
pub mod money;
pub mod order;
pub mod quantity;
pub mod stock;
pub mod time;
pub mod units;
