//! Allocation runs that are simulated: what is there now, who would get it by which rules, and why.
//!
//! [`read`] asks inventory for items as they are at one moment and adds what orders know of their lines; [`rules`] says by
//! which policy; [`table`] lays the lines out as columns, of [`attributes`], for the policy's filters and sorts; [`decided`]
//! decides item by item, on the numbers that [`pool`] makes, and does what exceptions ask for; [`message`] says line by line
//! what came out, [`progress`] in sums; [`changes`] is what may happen; [`commit`] is what is asked of inventory when a decision is
//! committed. Nothing here changes stock, claims, orders or promises.

pub mod attributes;
pub mod changes;
pub mod commit;
#[cfg(test)]
mod commit_tests;
pub mod decided;
pub mod live;
pub mod message;
pub mod policy;
pub mod pool;
pub mod progress;
mod read;
pub mod rules;
mod table;

pub use decided::{Context, Decided, Group};
pub use live::LiveItem;
pub use rules::{Asked, Rules, Scope};
