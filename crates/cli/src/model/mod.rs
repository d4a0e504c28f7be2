//! The modelled supply side of a demand file that has none: stock, purchase orders, lead times and lateness.
//!
//! All of it is invented from a seed and must be shown as modelled. It decides what a buyer would order and when a
//! supplier would deliver; it holds no stock itself and talks to no service.

pub mod delivery;
pub mod shortage;
pub mod supply;

#[cfg(test)]
mod supply_tests;
