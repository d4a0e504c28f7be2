//! A customer's order and its lines: quantities, life cycle, policies and promises.
//!
//! What a line has of stock and supply is decided by inventory; the rules here turn those facts into the line's
//! numbers, its state and its promise. This module must not decide who gets stock.

pub mod carrier;
pub mod claim;
pub mod eligibility;
pub mod exception;
pub mod explanation;
pub mod go_live;
pub mod hold;
pub mod horizon;
pub mod kit;
pub mod line;
pub mod policy;
pub mod promise;
pub mod promise_rule;
pub mod release;
pub mod route;
pub mod ship_set;
pub mod shortage;
pub mod state;
pub mod substitute;
pub mod wait;

#[cfg(test)]
mod kit_tests;
#[cfg(test)]
mod vector_tests;
