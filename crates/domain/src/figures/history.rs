//! What happened to an order line: when it was ordered and wanted, what shipped when, what was cancelled or refused.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;

use crate::quantity::Quantity;

/// The days of a line. It has the day of the order, the requested day, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineDates {
    ordered: Option<Date>,
    requested: Option<Date>,
    /// The first day that was promised, where one is known.
    pub promised: Option<Date>,
}

/// From which day lateness counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateBasis {
    /// The day on which the customer wanted the goods.
    Requested(Date),
    /// The day of the order, where no requested day is known or could be kept.
    Ordered(Date),
}

impl LineDates {
    /// The days of a line; `None` when it has neither the day of the order nor a requested day.
    #[must_use]
    pub fn of(ordered: Option<Date>, requested: Option<Date>, promised: Option<Date>) -> Option<Self> {
        ordered.or(requested).map(|_| Self { ordered, requested, promised })
    }

    /// The days of a line of which the day of the order is known.
    #[must_use]
    pub const fn of_order(ordered: Date, requested: Option<Date>, promised: Option<Date>) -> Self {
        Self { ordered: Some(ordered), requested, promised }
    }

    /// The day of the order, where it is known.
    #[must_use]
    pub const fn ordered(&self) -> Option<Date> {
        self.ordered
    }

    /// The requested day, where it is known.
    #[must_use]
    pub const fn requested(&self) -> Option<Date> {
        self.requested
    }

    /// From which day lateness counts: the requested one, or that of the order where none is known, or where the
    /// requested one is earlier, which nobody could keep.
    #[must_use]
    pub fn basis(&self) -> DateBasis {
        match (self.requested, self.ordered) {
            (Some(requested), Some(ordered)) if requested < ordered => DateBasis::Ordered(ordered),
            (Some(requested), _) => DateBasis::Requested(requested),
            (None, Some(ordered)) => DateBasis::Ordered(ordered),
            (None, None) => DateBasis::Ordered(Date::ZERO),
        }
    }
}

/// Units of a line that left on one day in one shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedPart {
    /// The day on which they left.
    pub on: Date,
    /// The shipment's number. Without one, all that an order ships on one day is one shipment.
    pub shipment: Option<Arc<str>>,
    /// Base units.
    pub units: Quantity,
    /// What the carrier charged for this part, in nano-units of the extract's currency.
    pub freight_nanos: Option<i64>,
    /// Whether it went by a faster, dearer way.
    pub expedited: bool,
}

/// What happened to one order line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineHistory {
    /// The order.
    pub order: Arc<str>,
    /// The line, unique in its order.
    pub line: Arc<str>,
    /// Its days.
    pub dates: LineDates,
    /// Base units ordered and accepted.
    pub ordered: Quantity,
    /// Base units that were asked for beside these, and refused.
    pub refused: Quantity,
    /// Base units of `ordered` that were cancelled.
    pub cancelled: Quantity,
    /// The day of the cancellation, where it is known.
    pub cancelled_on: Option<Date>,
    /// Net price of a unit in nano-units, where it is known.
    pub price_nanos: Option<i64>,
    /// Cost of a unit in nano-units, where it is known.
    pub cost_nanos: Option<i64>,
    /// What shipped, in any order.
    pub parts: Vec<ShippedPart>,
}

impl LineHistory {
    /// The value of so many units at the line's price, in nano-units; `None` without a price.
    #[must_use]
    pub fn value(&self, units: i64) -> Option<i128> {
        self.price_nanos.map(|price| i128::from(price).saturating_mul(i128::from(units)))
    }
}

/// Which facts a source of histories has at all. What it lacks is "not measured", never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Cancelled units.
    pub cancelled: bool,
    /// Refused units.
    pub refused: bool,
    /// Prices.
    pub price: bool,
    /// Which shipments were expedited.
    pub expedited: bool,
}

/// All lines, with the lines of each order.
#[derive(Debug, Clone, Default)]
pub struct Histories {
    lines: Vec<LineHistory>,
    orders: Vec<Vec<usize>>,
}

impl Histories {
    /// The lines, brought together by their orders.
    #[must_use]
    pub fn new(lines: Vec<LineHistory>) -> Self {
        let mut orders: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            orders.entry(line.order.clone()).or_default().push(index);
        }
        Self { lines, orders: orders.into_values().collect() }
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[LineHistory] {
        &self.lines
    }

    /// Per order the places of its lines in [`Self::lines`].
    #[must_use]
    pub fn orders(&self) -> &[Vec<usize>] {
        &self.orders
    }
}
