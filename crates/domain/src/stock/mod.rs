//! The stock core: what inventory decides, as functions of rows that were loaded under lock.
//!
//! A store loads the scope of one item into an [`ItemBook`](book::ItemBook), gives it one command or many, and writes
//! back what [`into_changes`](book::ItemBook::into_changes) names. Every command either succeeds wholly or leaves the
//! book as it was. Nothing here knows a database, a clock or an id generator.
//!
//! What always holds after a command (and is checked by [`verify`](book::ItemBook::verify)):
//! - every unit is in one state, and each change of a position is a movement from one state to another;
//! - a claim's reserved quantity is the sum of its reservations; over all claims, what of them the warehouse has in hands is
//!   the RELEASED state, and the rest the RESERVED state;
//! - HELD is the sum of the open holds of the place;
//! - what a supply received is what its receipts have left, and no unit in review leaves QUALITY_CONTROL;
//! - pegged <= waiting on a claim, and pegged = sum of pegs <= open on a supply;
//! - no unit is AVAILABLE at a location while eligible quantity waits there that HELD does not cover.

pub mod allocate;
pub mod assign;
pub mod atp;
pub mod awaited;
pub mod batch;
pub mod book;
pub mod books;
pub mod changes;
mod checkpoint;
pub mod claim;
pub mod commit_run;
pub mod compare;
pub mod context;
pub mod count;
pub mod error;
pub mod groups;
pub mod hold;
pub mod loss;
#[cfg(test)]
mod model_tests;
pub mod movement;
mod peg;
mod placement;
pub mod position;
pub mod post;
pub mod preview;
pub mod queue;
pub mod reassign;
pub mod receipt;
pub mod receive;
pub mod release;
pub mod reserve;
pub mod reversal;
pub mod review;
mod rows;
#[cfg(test)]
mod rule_tests;
pub mod ship_set;
pub mod state;
pub mod supply;
pub mod transfer;
mod verify;
pub mod warehouse;
pub mod wish;
