//! The main job from beginning to end: a world, its orders in time order through the public RPCs, modelled supply between
//! them, and the figures and books at the end.
//!
//! Same seed, same result: a business clock that is moved by hand, one order in flight, and a wait until the services
//! report idle before each change of supply and at the end of each business day. It holds no rule of stock or orders.

pub mod book;
pub mod buyer;
pub mod calendar;
pub mod comparison;
mod counting;
pub mod figures;
mod holding;
pub mod idle;
pub mod memory;
pub mod policy_file;
pub mod report;
pub mod setup;
pub mod source;
pub mod state;
pub mod stream;
pub mod tiers;
pub mod totals;
pub mod untidy;
