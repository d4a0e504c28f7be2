//! The cheapest plan where lines or orders are served as a whole or not at all, and further locations cost.
//!
//! A branch and bound on top of [`super::flow`]. Without the wholes and without the cost of splits the items fall
//! apart, and the flow of each is cheaper than any real plan: a bound. The search then decides, one at a time, whether
//! an order is served or refused and whether a line may use a location, and solves again the items which that touches.
//! It goes down from the node with the least bound to a real plan and then takes up the next one.
//!
//! Items that no order couples, directly or over others, are searched apart. How long it searches is limited by a
//! number of nodes and never by time: the same problem gets the same answer on any machine. The answer states the least
//! that any plan can cost beside what its own plan costs; the plan is proven to be the cheapest when both are the same.
//!
//! Source: Land and Doig, An automatic method of solving discrete programming problems (1960).

mod cost;
mod node;
mod part;
mod problem;
mod search;
#[cfg(test)]
mod tests;

pub use cost::cost_of;
pub use problem::{COST_MAX, Line, Problem, Supply, Whole};
pub use search::{Plan, solve};
