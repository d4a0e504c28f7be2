//! What else than supply bounds a confirmation: quotas and protections of allocation groups.

use super::{day::Day, plan::Constraint};

/// Bounds on what a group may be confirmed. A run asks, takes and, when it tries another way, gives back.
///
/// Requirements of different pools must not share a bound: who makes the pools puts them together.
pub trait Limits {
    /// Whether anything but supply bounds somebody at a place.
    fn concerns(&self, place: u32) -> bool;

    /// How many of `wanted` units the group may be confirmed at a place for a day, when `available` units can be had there
    /// by then, and what bounds them if not all.
    fn allowed(&mut self, group: u32, place: u32, day: Day, wanted: i64, available: i64) -> (i64, Constraint);

    /// Notes units that are confirmed.
    fn take(&mut self, group: u32, place: u32, day: Day, units: i64);

    /// Takes a note back.
    fn give_back(&mut self, group: u32, place: u32, day: Day, units: i64);

    /// The next day after `day` on which the group may be allowed more though no supply comes; [`Day::MAX`] for none.
    fn next_day(&self, group: u32, place: u32, day: Day) -> Day;
}

/// No bounds but supply.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLimits;

impl Limits for NoLimits {
    fn concerns(&self, _: u32) -> bool {
        false
    }

    fn allowed(&mut self, _: u32, _: u32, _: Day, wanted: i64, available: i64) -> (i64, Constraint) {
        (wanted.min(available), Constraint::Supply)
    }

    fn take(&mut self, _: u32, _: u32, _: Day, _: i64) {}

    fn give_back(&mut self, _: u32, _: u32, _: Day, _: i64) {}

    fn next_day(&self, _: u32, _: u32, _: Day) -> Day {
        Day::MAX
    }
}
