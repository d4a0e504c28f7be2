//! The cheapest way to serve the lines of one item, unit by unit, from dated supplies at several locations.
//!
//! This is a transportation problem: each line wants units and says what an unserved unit costs, each supply has units,
//! and a unit of a line from a supply has its own cost. It is solved exactly, by successive shortest paths on a graph
//! that has the supplies as its only nodes: lines are many, supplies few. Two supplies are joined by the line that is
//! cheapest to move from the one to the other. Every supply carries a price, what it costs to do with one unit less of
//! it, so that a line that comes finds its place by looking at each supply once, and only what a full supply pushes
//! away is looked for along a path.
//!
//! The prices prove the answer: [`verify`] checks by complementary slackness that no plan is cheaper, without solving
//! anything again. Items do not meet here; what couples them is [`super::complete`]'s.
//!
//! Sources: Ford and Fulkerson, Flows in Networks (1962), for the method; Tomizawa (1971) and Edmonds and Karp (1972)
//! for the prices that keep every step non-negative.

mod prices;
mod problem;
mod proof;
mod solver;
#[cfg(test)]
mod tests;
mod ways;

pub(super) use problem::in_range;
pub use problem::{COST_MAX, Line, Plan, Problem, ProblemError, SUPPLIES_MAX, Served};
pub use proof::{Flaw, cost_of, verify};
pub use solver::{Solver, solve};
