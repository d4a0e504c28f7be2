//! Taking over open orders of another system: what their lines must add up to, and what going live changes of a promise.
//!
//! What another system says about the past is taken as it is, as long as it does not contradict itself.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};

use crate::{money::CurrencyCode, quantity::Quantity};

/// What became of a line in another system, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// Units that were accepted.
    pub ordered: Quantity,
    /// Units that left.
    pub shipped: Quantity,
    /// Units that were cancelled.
    pub cancelled: Quantity,
    /// Open units that were reserved on hand.
    pub reserved: Quantity,
    /// Open units that wait, where it is said.
    pub waiting: Option<Quantity>,
    /// The part of `shipped` that came back.
    pub returned: Quantity,
    /// Units that were reserved at once, where it is said.
    pub filled_at_once: Option<Quantity>,
    /// Accepted units that could not ship by the requested date, where it is said.
    pub backordered: Option<Quantity>,
}

impl History {
    /// The same in units of which each of these holds so many; `None` when that is more than a line can have.
    #[must_use]
    pub fn in_parts(self, parts: i64) -> Option<Self> {
        let all = |quantity: Quantity| quantity.checked_mul(parts);
        let said = |quantity: Option<Quantity>| quantity.map_or(Some(None), |quantity| all(quantity).map(Some));
        Some(Self {
            ordered: all(self.ordered)?,
            shipped: all(self.shipped)?,
            cancelled: all(self.cancelled)?,
            reserved: all(self.reserved)?,
            waiting: said(self.waiting)?,
            returned: all(self.returned)?,
            filled_at_once: said(self.filled_at_once)?,
            backordered: said(self.backordered)?,
        })
    }
}

/// When it happened. Days are those of the line's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryDates {
    /// The time of the order.
    pub ordered_at: Timestamp,
    /// When the demand joined the queue.
    pub queued_at: Timestamp,
    /// The business time now.
    pub now: Timestamp,
    /// The day of the order.
    pub order_day: Date,
    /// Today.
    pub today: Date,
    /// The first day that was promised.
    pub original_promised: Option<Date>,
    /// The day that was promised last.
    pub promised: Option<Date>,
    /// The day on which units left last.
    pub shipped: Option<Date>,
}

/// Why a line cannot be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// Shipped and cancelled units are more than were ordered.
    #[error("{shipped} shipped and {cancelled} cancelled are more than the {ordered} ordered")]
    MoreThanOrdered {
        /// Units ordered.
        ordered: Quantity,
        /// Units shipped.
        shipped: Quantity,
        /// Units cancelled.
        cancelled: Quantity,
    },
    /// More units are reserved than are open.
    #[error("{reserved} reserved are more than the {open} that are neither shipped nor cancelled")]
    MoreReservedThanOpen {
        /// Units reserved.
        reserved: Quantity,
        /// Units that are neither shipped nor cancelled.
        open: Quantity,
    },
    /// The parts do not sum to what is ordered.
    #[error("{waiting} waiting are not the {rest} that are neither shipped, cancelled nor reserved")]
    WaitingDiffers {
        /// Units that are said to wait.
        waiting: Quantity,
        /// Units that are left to wait.
        rest: Quantity,
    },
    /// More came back than left.
    #[error("{returned} returned are more than the {shipped} shipped")]
    MoreReturnedThanShipped {
        /// Units that came back.
        returned: Quantity,
        /// Units that left.
        shipped: Quantity,
    },
    /// A number counts more units than were ordered.
    #[error("{units} are more than the {ordered} ordered")]
    MoreThanAll {
        /// The field.
        field: &'static str,
        /// What it says.
        units: Quantity,
        /// Units ordered.
        ordered: Quantity,
    },
    /// The demand joined the queue before it was ordered, or in the future.
    #[error("must not be before the order time, nor later than now")]
    QueueTime,
    /// A day is before the day of the order.
    #[error("{day} is before the day of the order, {order_day}")]
    BeforeOrder {
        /// The field.
        field: &'static str,
        /// What it says.
        day: Date,
        /// The day of the order.
        order_day: Date,
    },
    /// A day on which something has happened lies in the future.
    #[error("{day} is later than today, {today}")]
    InFuture {
        /// What it says.
        day: Date,
        /// Today.
        today: Date,
    },
    /// Units are shipped, and it is not said when.
    #[error("must be set when units are shipped")]
    NoShipDate,
    /// Nothing is shipped, and a day is given.
    #[error("must not be set when nothing is shipped")]
    ShipDateWithoutUnits,
    /// A day is promised, and it is not said which one was promised first.
    #[error("must be set when a day is promised")]
    NoOriginalPromise,
}

impl HistoryFault {
    /// The field that is at fault.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::MoreThanOrdered { .. } => "shipped",
            Self::MoreReservedThanOpen { .. } => "reserved",
            Self::WaitingDiffers { .. } => "waiting",
            Self::MoreReturnedThanShipped { .. } => "returned",
            Self::MoreThanAll { field, .. } | Self::BeforeOrder { field, .. } => field,
            Self::QueueTime => "queue_time",
            Self::InFuture { .. } | Self::NoShipDate | Self::ShipDateWithoutUnits => "ship_date",
            Self::NoOriginalPromise => "original_promised_date",
        }
    }
}

impl History {
    /// Units that are neither shipped nor cancelled.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.ordered.saturating_sub(self.shipped).saturating_sub(self.cancelled)
    }

    /// Everything in which the line contradicts itself.
    #[must_use]
    pub fn faults(&self, dates: &HistoryDates) -> Vec<HistoryFault> {
        let mut faults = self.faults_of_sums();
        let Self { ordered, shipped, .. } = *self;
        for (field, units) in [("filled_at_once", self.filled_at_once), ("backordered", self.backordered)] {
            faults.extend(units.filter(|units| *units > ordered).map(|units| HistoryFault::MoreThanAll {
                field,
                units,
                ordered,
            }));
        }
        if dates.queued_at < dates.ordered_at || dates.queued_at > dates.now {
            faults.push(HistoryFault::QueueTime);
        }
        let order_day = dates.order_day;
        let days = [
            ("original_promised_date", dates.original_promised),
            ("promised_date", dates.promised),
            ("ship_date", dates.shipped),
        ];
        for (field, day) in days {
            let day = day.filter(|day| *day < order_day);
            faults.extend(day.map(|day| HistoryFault::BeforeOrder { field, day, order_day }));
        }
        match dates.shipped {
            Some(day) if day > dates.today => faults.push(HistoryFault::InFuture { day, today: dates.today }),
            Some(_) if shipped.is_zero() => faults.push(HistoryFault::ShipDateWithoutUnits),
            None if !shipped.is_zero() => faults.push(HistoryFault::NoShipDate),
            Some(_) | None => {}
        }
        if dates.promised.is_some() && dates.original_promised.is_none() {
            faults.push(HistoryFault::NoOriginalPromise);
        }
        faults
    }

    fn faults_of_sums(&self) -> Vec<HistoryFault> {
        let Self { ordered, shipped, cancelled, reserved, waiting, returned, .. } = *self;
        let mut faults = Vec::new();
        if shipped.checked_add(cancelled).is_none_or(|gone| gone > ordered) {
            // What is open is not known then.
            return vec![HistoryFault::MoreThanOrdered { ordered, shipped, cancelled }];
        }
        let open = self.open();
        if reserved > open {
            faults.push(HistoryFault::MoreReservedThanOpen { reserved, open });
        }
        let rest = open.saturating_sub(reserved);
        if let Some(waiting) = waiting.filter(|waiting| *waiting != rest) {
            faults.push(HistoryFault::WaitingDiffers { waiting, rest });
        }
        if returned > shipped {
            faults.push(HistoryFault::MoreReturnedThanShipped { returned, shipped });
        }
        faults
    }
}

/// What going live does to a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PromiseChange {
    /// It stays.
    None,
    /// It moves to an earlier day.
    Earlier,
    /// It moves to a later day.
    Later,
    /// There was a day, and none is known any more.
    Lost,
    /// There was no day, and there is one.
    First,
}

impl PromiseChange {
    /// What happens between two promised days.
    #[must_use]
    pub fn between(before: Option<Date>, after: Option<Date>) -> Self {
        match (before, after) {
            (Some(before), Some(after)) if after < before => Self::Earlier,
            (Some(before), Some(after)) if after > before => Self::Later,
            (Some(_), Some(_)) | (None, None) => Self::None,
            (Some(_), None) => Self::Lost,
            (None, Some(_)) => Self::First,
        }
    }
}

/// A line, for the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineChange {
    /// What happens to its promise.
    pub change: PromiseChange,
    /// Its open units.
    pub open: Quantity,
    /// The price of one unit in nano-units, where it has one.
    pub price: Option<(CurrencyCode, i64)>,
    /// Units that the other system had reserved.
    pub reserved_before: Quantity,
    /// Units that are reserved here now.
    pub reserved: Quantity,
    /// Units that would be reserved.
    pub reserved_after: Quantity,
}

/// Lines to whose promise the same happens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeCount {
    /// How many.
    pub lines: i64,
    /// Their open units.
    pub units: i64,
    /// What these are worth in nano-units, by currency.
    pub values: BTreeMap<String, i128>,
}

/// What going live would change of all lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoLiveSummary {
    /// By what happens to the promise.
    pub counts: BTreeMap<PromiseChange, ChangeCount>,
    /// Units that would be reserved in addition.
    pub units_gained: i64,
    /// Lines of which fewer units would be reserved than were before.
    pub lines_short: i64,
    /// The units that they lack.
    pub units_short: i64,
}

impl GoLiveSummary {
    /// Adds a line.
    pub fn add(&mut self, line: &LineChange) {
        let count = self.counts.entry(line.change).or_default();
        count.lines += 1;
        count.units = count.units.saturating_add(line.open.get());
        if let Some((currency, price)) = line.price {
            let value = i128::from(price).saturating_mul(i128::from(line.open.get()));
            let sum = count.values.entry(currency.to_string()).or_default();
            *sum = sum.saturating_add(value);
        }
        let gained = line.reserved_after.saturating_sub(line.reserved);
        self.units_gained = self.units_gained.saturating_add(gained.get());
        let short = line.reserved_before.saturating_sub(line.reserved_after);
        self.lines_short += i64::from(!short.is_zero());
        self.units_short = self.units_short.saturating_add(short.get());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn units(number: i64) -> Quantity {
        Quantity::try_new(number).unwrap()
    }

    fn history() -> History {
        History {
            ordered: units(10),
            shipped: units(3),
            cancelled: units(1),
            reserved: units(2),
            waiting: Some(units(4)),
            returned: units(1),
            ..History::default()
        }
    }

    fn dates() -> HistoryDates {
        let at = |text: &str| text.parse().unwrap();
        HistoryDates {
            ordered_at: at("2026-11-02T09:00:00Z"),
            queued_at: at("2026-11-02T09:00:00Z"),
            now: at("2026-11-26T12:00:00Z"),
            order_day: date(2026, 11, 2),
            today: date(2026, 11, 26),
            original_promised: Some(date(2026, 11, 9)),
            promised: Some(date(2026, 12, 9)),
            shipped: Some(date(2026, 11, 5)),
        }
    }

    fn fields(history: History, dates: HistoryDates) -> Vec<&'static str> {
        history.faults(&dates).iter().map(HistoryFault::field).collect()
    }

    #[test]
    fn a_line_that_adds_up_in_the_order_of_its_days_has_no_fault() {
        assert_eq!(fields(history(), dates()), Vec::<&str>::new());
        assert_eq!(history().open(), units(6));
    }

    #[test]
    fn sums_that_do_not_add_up_name_their_field() {
        assert_eq!(fields(History { shipped: units(10), ..history() }, dates()), ["shipped"]);
        assert_eq!(fields(History { reserved: units(7), waiting: None, ..history() }, dates()), ["reserved"]);
        assert_eq!(fields(History { waiting: Some(units(3)), ..history() }, dates()), ["waiting"]);
        assert_eq!(fields(History { returned: units(4), ..history() }, dates()), ["returned"]);
        assert_eq!(fields(History { filled_at_once: Some(units(11)), ..history() }, dates()), ["filled_at_once"]);
        assert_eq!(fields(History { backordered: Some(units(11)), ..history() }, dates()), ["backordered"]);
    }

    #[test]
    fn days_in_the_wrong_order_name_their_field() {
        let early = Some(date(2026, 11, 1));
        assert_eq!(fields(history(), HistoryDates { promised: early, ..dates() }), ["promised_date"]);
        assert_eq!(fields(history(), HistoryDates { original_promised: early, ..dates() }), ["original_promised_date"]);
        assert_eq!(fields(history(), HistoryDates { original_promised: None, ..dates() }), ["original_promised_date"]);
        assert_eq!(fields(history(), HistoryDates { shipped: early, ..dates() }), ["ship_date"]);
        assert_eq!(fields(history(), HistoryDates { shipped: Some(date(2026, 11, 27)), ..dates() }), ["ship_date"]);
        assert_eq!(fields(history(), HistoryDates { shipped: None, ..dates() }), ["ship_date"]);
        let nothing = History { shipped: units(0), returned: units(0), waiting: None, ..history() };
        assert_eq!(fields(nothing, dates()), ["ship_date"]);
        for queued_at in ["2026-11-02T08:59:59Z", "2026-11-26T12:00:01Z"] {
            let queued_at = queued_at.parse().unwrap();
            assert_eq!(fields(history(), HistoryDates { queued_at, ..dates() }), ["queue_time"]);
        }
    }

    #[test]
    fn a_change_is_told_by_its_days() {
        let (early, late) = (Some(date(2026, 12, 1)), Some(date(2026, 12, 2)));
        assert_eq!(PromiseChange::between(late, early), PromiseChange::Earlier);
        assert_eq!(PromiseChange::between(early, late), PromiseChange::Later);
        assert_eq!(PromiseChange::between(early, early), PromiseChange::None);
        assert_eq!(PromiseChange::between(early, None), PromiseChange::Lost);
        assert_eq!(PromiseChange::between(None, early), PromiseChange::First);
        assert_eq!(PromiseChange::between(None, None), PromiseChange::None);
    }

    #[test]
    fn the_summary_counts_lines_units_and_value_by_change() {
        let gbp = CurrencyCode::try_new("GBP").unwrap();
        let line = LineChange {
            change: PromiseChange::Later,
            open: units(6),
            price: Some((gbp, 2_500_000_000)),
            reserved_before: units(3),
            reserved: units(1),
            reserved_after: units(2),
        };
        let mut summary = GoLiveSummary::default();
        summary.add(&line);
        summary.add(&LineChange { reserved_after: units(6), price: None, ..line });
        let count = &summary.counts[&PromiseChange::Later];
        assert_eq!((count.lines, count.units), (2, 12));
        assert_eq!(count.values["GBP"], 15_000_000_000);
        assert_eq!((summary.units_gained, summary.lines_short, summary.units_short), (6, 1, 1));
    }

    proptest! {
        #[test]
        fn a_line_without_faults_adds_up(
            ordered in 0..20_i64, shipped in 0..20_i64, cancelled in 0..20_i64, reserved in 0..20_i64, waiting in 0..20_i64
        ) {
            let history = History {
                ordered: units(ordered),
                shipped: units(shipped),
                cancelled: units(cancelled),
                reserved: units(reserved),
                waiting: Some(units(waiting)),
                ..History::default()
            };
            let adds_up = ordered == shipped + cancelled + reserved + waiting;
            prop_assert_eq!(history.faults_of_sums().is_empty(), adds_up);
        }
    }
}
