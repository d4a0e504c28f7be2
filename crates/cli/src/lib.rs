//! The `backorder` program: it serves, imports, runs the demo, and is a client of every service.
//!
//! Everything it does to stock or orders goes through the public RPCs. It owns file formats, the modelled world of the
//! demo, and how results are shown; it holds no business rule of its own.

pub mod args;
pub mod assess;
pub mod bench;
pub mod client;
pub mod cluster;
pub mod commands;
pub mod decimal;
pub mod demand;
pub mod demand_summary;
pub mod demo;
pub mod draw;
pub mod failure;
pub mod feeds;
pub mod import;
pub mod input;
pub mod json_fields;
pub mod model;
pub mod output;
pub mod picked;
pub mod retail;
pub mod services;
pub mod undo;
pub mod world;
