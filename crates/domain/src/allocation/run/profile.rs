//! Confirmations over time: how much is confirmed by a day, and whether one is nowhere behind another.

use super::{day::Day, demand::Confirmation, plan::Peg};

/// Something that is confirmed for a day.
pub trait Dated {
    /// The day.
    fn day(&self) -> Day;
    /// Base units.
    fn units(&self) -> i64;
}

impl Dated for Confirmation {
    fn day(&self) -> Day {
        self.day
    }

    fn units(&self) -> i64 {
        self.quantity
    }
}

impl Dated for Peg {
    fn day(&self) -> Day {
        self.day
    }

    fn units(&self) -> i64 {
        self.quantity
    }
}

/// All units.
#[must_use]
pub fn total(confirmed: &[impl Dated]) -> i64 {
    confirmed.iter().map(Dated::units).sum()
}

/// The units that are confirmed by a day. The parts may lie in any order.
#[must_use]
pub fn by(confirmed: &[impl Dated], day: Day) -> i64 {
    confirmed.iter().filter(|part| part.day() <= day).map(Dated::units).sum()
}

/// The day by which so many units are confirmed: [`Day::MAX`] when they never are.
#[must_use]
pub fn day_of(confirmed: &[impl Dated], units: i64) -> Day {
    let days = confirmed.iter().map(Dated::day).filter(|day| by(confirmed, *day) >= units);
    days.min().unwrap_or(Day::MAX)
}

/// How many units `after` is behind `before` on the day on which it is most; 0 when it is nowhere behind.
///
/// A part of `before` that was confirmed for a day before the requested one counts from the requested day on: nobody is
/// worse off for getting what it asked for when it asked for it.
#[must_use]
pub fn shortfall(before: &[impl Dated], after: &[impl Dated], requested: Day) -> i64 {
    let days = before.iter().map(|part| part.day().max(requested));
    days.map(|day| by(before, day) - by(after, day)).max().unwrap_or(0).max(0)
}
