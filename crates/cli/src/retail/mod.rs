//! Reads the UCI "Online Retail" layout: classifies every row, groups rows to orders, matches reversals to sales.
//!
//! Nothing here talks to a service. Each row falls into exactly one class, so that the classes sum to the rows read.

pub mod class;
pub mod codes;
mod invoice;
pub mod reader;
pub mod report;
pub mod reversal;
pub mod row;

#[cfg(test)]
mod reader_tests;
