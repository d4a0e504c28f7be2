//! The allocation service: orders and their lines, the rules about who may wait and who is served first, promises, and
//! the runs that share arriving stock.
//!
//! It never decides about stock: inventory decides first, in one local transaction, and this service records after.

pub mod app;
mod catalog;
pub mod config;
mod error;
mod events;
mod grpc;
mod inventory;
mod jobs;
mod order;
mod rules;
mod saga;
mod simulation;
mod store;
mod use_cases;
mod write;

pub use app::{App, SOURCE};
pub use config::{Config, CrashPoint};
pub use jobs::{CHUNK_CRASH_POINT, COMMIT_APPLIED_CRASH_POINT, COMMIT_PLANNED_CRASH_POINT, SIMULATION_CRASH_POINT};
pub use saga::CRASH_POINTS;
