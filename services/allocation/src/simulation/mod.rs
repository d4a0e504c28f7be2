//! Allocation runs that are simulated: what is there now, who would get it by which rules, and why.
//!
//! [`read`] asks inventory for items as they are at one moment and adds what orders know of their lines; [`rules`] says by
//! which strategy and in which order; [`pool`] makes the engine's numbers of an item and runs it; [`message`] says line by
//! line what came out; [`changes`] is what may happen; [`commit`] is what is asked of inventory when a decision is committed.
//! Nothing here changes stock, claims, orders or promises.

pub mod changes;
pub mod commit;
#[cfg(test)]
mod commit_tests;
pub mod live;
pub mod message;
pub mod pool;
mod read;
pub mod rules;

pub use live::LiveItem;
pub use pool::Decided;
pub use rules::{Rules, Scope};
