//! Small histories for the tests of this module.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use jiff::civil::{Date, date};

use super::{
    demand::{Arrival, Demand, Ending, EndingKind, Wanted},
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

/// A line of [`line`] of which nothing was reserved at once and nothing was late when it was ordered, seen as by [`VIEW`].
pub fn demand(ordered: i64) -> Demand {
    let history = line(ordered);
    Demand {
        as_of: VIEW.as_of,
        due_on: date(2026, 1, 5),
        released_on: None,
        wanted: Wanted { on: date(2026, 1, 5), is_arrival: false },
        late_when_ordered: 0,
        at_once: 0,
        covered_on: None,
        lost: 0,
        substituted: 0,
        endings: Vec::new(),
        arrivals: Vec::new(),
        returned: 0,
        promised: Vec::new(),
        history,
    }
}

/// Units leave, and nobody confirms that they arrive.
pub fn leave(mut demand: Demand, count: i64, on: Date) -> Demand {
    demand.history = shipped(demand.history, count, on);
    let arrival = Arrival { left_on: on, units: count, arrived_on: None, accepted: 0, damaged: 0, documents: None };
    demand.arrivals.push(arrival);
    demand
}

/// Units leave, arrive in order two days later, and their documents are right.
pub fn deliver(demand: Demand, count: i64, on: Date) -> Demand {
    let mut demand = leave(demand, count, on);
    if let Some(arrival) = demand.arrivals.last_mut() {
        arrival.arrived_on = Some(on.checked_add(jiff::Span::new().days(2)).unwrap());
        (arrival.accepted, arrival.documents) = (count, Some(true));
    }
    demand
}

pub fn cancel(mut demand: Demand, units: i64, on: Date) -> Demand {
    demand.endings.push(Ending { on, units, kind: EndingKind::Cancelled });
    demand
}
