//! The inventory service: items, locations, the stock ledger and its positions, dated supply, and every claim on both.
//!
//! On any race about stock or dated supply this service decides first, in one local transaction; others record after.
//! It must not know orders, policies or customers: a demand line is an opaque text to it.

pub mod app;
pub mod catalog;
pub mod config;
pub mod error;
mod events;
mod grpc;
mod index;
mod jobs;
mod known;
mod store;
mod use_cases;
mod write;

pub use app::{App, SOURCE};
pub use config::Config;
pub use use_cases::CRASH_POINTS;
