//! Who gets scarce stock: the order of the queue and the sharing of one pool.
//!
//! Everything here is a pure function of its arguments: same input, same output. It must not know how a result is
//! applied.

pub mod decide;
pub mod explain;
pub mod fair_share;
pub mod filter;
pub mod group;
pub mod optimum;
pub mod plan;
pub mod policy;
pub mod run;
pub mod run_times;
pub mod sequence;
pub mod serving;
