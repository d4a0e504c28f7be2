//! Small histories for the tests of this module.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use jiff::civil::{Date, date};

use super::{
    history::{Facts, LineDates, LineHistory, ShippedPart},
    outcome::View,
};
use crate::quantity::Quantity;

/// The end of January 2026, the first attempt ends on the requested day, or a day after the order.
pub const VIEW: View = View { as_of: date(2026, 1, 31), days_after_requested: 0, days_after_order: 1 };

/// A source that has everything.
pub const ALL_FACTS: Facts = Facts { cancelled: true, refused: true, price: true, expedited: true };

pub fn units(units: i64) -> Quantity {
    Quantity::try_new(units).unwrap()
}

/// A line ordered on 1 January, wanted on 5 January, at 10.00 a unit that costs 6.00.
pub fn line(ordered: i64) -> LineHistory {
    LineHistory {
        order: "A".into(),
        line: "1".into(),
        dates: LineDates::of(Some(date(2026, 1, 1)), Some(date(2026, 1, 5)), None).unwrap(),
        ordered: units(ordered),
        refused: Quantity::ZERO,
        cancelled: Quantity::ZERO,
        cancelled_on: None,
        price_nanos: Some(10_000_000_000),
        cost_nanos: Some(6_000_000_000),
        parts: Vec::new(),
    }
}

pub fn named(mut line: LineHistory, order: &str, number: &str) -> LineHistory {
    (line.order, line.line) = (order.into(), number.into());
    line
}

pub fn shipped(mut line: LineHistory, count: i64, on: Date) -> LineHistory {
    line.parts.push(ShippedPart { on, shipment: None, units: units(count), freight_nanos: None, expedited: false });
    line
}

pub fn cancelled(mut line: LineHistory, count: i64, on: Option<Date>) -> LineHistory {
    (line.cancelled, line.cancelled_on) = (units(count), on);
    line
}
