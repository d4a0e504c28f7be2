//! Figures about backorders, counted from what became of order lines, whatever system took the orders.
//!
//! [`history`] is what happened to a line; [`outcome`] is what that means on one day: what was filled at the first
//! attempt, what was backordered and for how long. Everything else is summed from outcomes: [`service`] (rates),
//! [`survival`] (waits), [`ageing`] (what is open), [`shortage_cost`] (money, by cause), [`sensitivity`] (how much of
//! it hangs on which [`assumption`]). All of it is exact: whole units, whole nano-units of money, rates as fractions.
//! Nothing here knows a file or prints.

pub mod ageing;
pub mod assumption;
pub mod history;
pub mod outcome;
pub mod ratio;
pub mod sensitivity;
pub mod service;
pub mod shipments;
pub mod shortage_cost;
pub mod survival;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod samples;
