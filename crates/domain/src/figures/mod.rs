//! Figures about backorders, counted from what became of order lines, whatever system took the orders.
//!
//! [`history`] is what happened to a line; [`outcome`] is what that means on one day: what was filled at the first
//! attempt, what was backordered and for how long. Everything else is summed from outcomes: [`service`] (rates),
//! [`survival`] (waits), [`ageing`] (what is open), [`shortage_cost`] (money, by cause), [`sensitivity`] (how much of
//! it hangs on which [`assumption`]). [`demand`] is a line as a system knows it that keeps reservations, promises and
//! deliveries; [`cohort`] sums such lines while they go by, and [`named`] says what the sums mean, [`target`] whether that is enough. All of it is exact:
//! whole units, whole nano-units of money, rates as fractions. Nothing here knows a file or prints.

pub mod ageing;
pub mod assumption;
pub mod cohort;
mod definitions;
pub mod demand;
pub mod groups;
pub mod history;
pub mod kits;
pub mod named;
pub mod outcome;
pub mod ratio;
pub mod sensitivity;
pub mod service;
pub mod shares;
pub mod shipments;
pub mod shortage_cost;
pub mod survival;
pub mod target;
pub mod verdicts;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod samples;
