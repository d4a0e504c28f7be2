//! Service figures: how much was filled at the first attempt, how much was backordered, and what became of that.
//!
//! Sums of lines, so that the figures of any group of lines (a month, an item) are counted in the same way.

use super::{
    history::{Histories, LineHistory},
    outcome::Outcome,
    ratio::Ratio,
};

/// Sums over lines whose first attempt is over. Units are base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineSums {
    /// Lines of which something can be judged.
    pub lines: u64,
    /// Lines that were filled at the first attempt, wholly.
    pub lines_filled: u64,
    /// Lines with backordered units.
    pub lines_backordered: u64,
    /// Lines whose first attempt is not over: future demand, in no other sum.
    pub lines_future: u64,
    /// Accepted units less those cancelled before they were due.
    pub units_ordered: i128,
    /// Units that were asked for and refused.
    pub units_refused: i128,
    /// Units filled at the first attempt.
    pub units_filled: i128,
    /// Accepted units that missed the first attempt: the next three.
    pub units_backordered: i128,
    /// Units shipped after the first attempt.
    pub units_shipped_late: i128,
    /// Units cancelled while they waited.
    pub units_cancelled_waiting: i128,
    /// Units that still wait.
    pub units_open: i128,
    /// Units cancelled before they were due: in no other sum.
    pub units_cancelled_before_due: i128,
    /// Backordered units times days.
    pub unit_days: i128,
    /// Backordered lines times days.
    pub line_days: i128,
    /// Value of backordered units, of the lines with a price, in nano-units.
    pub value_backordered_nanos: i128,
    /// Value of units shipped late, of the lines with a price, in nano-units.
    pub value_shipped_late_nanos: i128,
}

impl LineSums {
    /// Adds a line.
    pub fn add(&mut self, line: &LineHistory, outcome: &Outcome) {
        self.lines_future += u64::from(!outcome.is_due);
        self.lines += u64::from(outcome.is_judged());
        self.lines_filled += u64::from(outcome.is_judged() && outcome.is_filled());
        self.lines_backordered += u64::from(outcome.backordered() > 0);
        self.units_ordered += i128::from(outcome.judged());
        self.units_refused += i128::from(outcome.refused);
        self.units_filled += i128::from(outcome.filled);
        self.units_backordered += i128::from(outcome.backordered());
        self.units_shipped_late += i128::from(outcome.shipped_late);
        self.units_cancelled_waiting += i128::from(outcome.cancelled_waiting);
        self.units_open += i128::from(outcome.open);
        self.units_cancelled_before_due += i128::from(outcome.cancelled_before_due);
        self.unit_days += outcome.unit_days;
        self.line_days += i128::from(outcome.line_days);
        self.value_backordered_nanos += line.value(outcome.backordered()).unwrap_or(0);
        self.value_shipped_late_nanos += line.value(outcome.shipped_late).unwrap_or(0);
    }

    /// The sums of all lines.
    #[must_use]
    pub fn of(histories: &Histories, outcomes: &[Outcome]) -> Self {
        let mut sums = Self::default();
        for (line, outcome) in histories.lines().iter().zip(outcomes) {
            sums.add(line, outcome);
        }
        sums
    }

    /// Backordered units of the ordered ones.
    #[must_use]
    pub const fn backorder_rate_units(&self) -> Option<Ratio> {
        Ratio::of(self.units_backordered, self.units_ordered)
    }

    /// Lines with backordered units of all lines.
    #[must_use]
    pub fn backorder_rate_lines(&self) -> Option<Ratio> {
        Ratio::of(self.lines_backordered.into(), self.lines.into())
    }

    /// Units filled at the first attempt of all that was asked for; refused ones stay in the whole.
    #[must_use]
    pub const fn unit_fill_rate(&self) -> Option<Ratio> {
        Ratio::of(self.units_filled, self.units_ordered + self.units_refused)
    }

    /// Lines filled wholly at the first attempt of all lines.
    #[must_use]
    pub fn line_fill_rate(&self) -> Option<Ratio> {
        Ratio::of(self.lines_filled.into(), self.lines.into())
    }

    /// Units cancelled while they waited of the backordered ones.
    #[must_use]
    pub const fn cancel_rate(&self) -> Option<Ratio> {
        Ratio::of(self.units_cancelled_waiting, self.units_backordered)
    }

    /// Units cancelled while they waited of the backordered ones that do not wait any more.
    #[must_use]
    pub const fn cancel_chance(&self) -> Option<Ratio> {
        Ratio::of(self.units_cancelled_waiting, self.units_cancelled_waiting + self.units_shipped_late)
    }

    /// Value shipped after a backorder of the value backordered.
    #[must_use]
    pub const fn recovered_revenue(&self) -> Option<Ratio> {
        Ratio::of(self.value_shipped_late_nanos, self.value_backordered_nanos)
    }
}

/// Orders whose first attempts are over, at least in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderSums {
    /// Orders with a line that can be judged.
    pub orders: u64,
    /// Orders of which all these lines were filled at the first attempt.
    pub orders_filled: u64,
}

impl OrderSums {
    /// The sums of all orders.
    #[must_use]
    pub fn of(histories: &Histories, outcomes: &[Outcome]) -> Self {
        let mut sums = Self::default();
        for lines in histories.orders() {
            let mut judged = lines.iter().map(|line| &outcomes[*line]).filter(|line| line.is_judged()).peekable();
            if judged.peek().is_some() {
                sums.orders += 1;
                sums.orders_filled += u64::from(judged.all(Outcome::is_filled));
            }
        }
        sums
    }

    /// Orders filled at the first attempt of all orders.
    #[must_use]
    pub fn order_fill_rate(&self) -> Option<Ratio> {
        Ratio::of(self.orders_filled.into(), self.orders.into())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::figures::{
        outcome::outcomes,
        samples::{VIEW, cancelled, line, named, shipped, units},
    };

    fn sums(lines: Vec<LineHistory>) -> (LineSums, OrderSums) {
        let histories = Histories::new(lines);
        let outcomes = outcomes(&histories, &VIEW);
        (LineSums::of(&histories, &outcomes), OrderSums::of(&histories, &outcomes))
    }

    fn ratio(ratio: Option<Ratio>) -> Option<(i128, i128)> {
        ratio.map(|ratio| (ratio.part(), ratio.whole()))
    }

    #[test]
    fn the_example_of_75_of_80_and_20_of_20() {
        // The field's example: unit 95 %, line 50 %, order 0 %.
        let (lines, orders) = sums(vec![
            shipped(line(80), 75, date(2026, 1, 5)),
            named(shipped(line(20), 20, date(2026, 1, 5)), "A", "2"),
        ]);
        assert_eq!(ratio(lines.unit_fill_rate()), Some((95, 100)));
        assert_eq!(ratio(lines.line_fill_rate()), Some((1, 2)));
        assert_eq!(ratio(orders.order_fill_rate()), Some((0, 1)));
    }

    #[test]
    fn refused_units_stay_in_the_whole_and_are_no_backorders() {
        let mut refused = shipped(line(6), 6, date(2026, 1, 5));
        refused.refused = units(4);
        let (lines, _) = sums(vec![refused]);
        assert_eq!(ratio(lines.unit_fill_rate()), Some((6, 10)));
        assert_eq!((ratio(lines.line_fill_rate()), lines.units_backordered), (Some((0, 1)), 0));
    }

    #[test]
    fn backordered_units_are_shipped_late_cancelled_or_open() {
        let (lines, _) = sums(vec![
            shipped(line(10), 4, date(2026, 1, 8)),
            named(cancelled(line(10), 10, Some(date(2026, 1, 9))), "B", "1"),
        ]);
        assert_eq!((lines.units_shipped_late, lines.units_cancelled_waiting, lines.units_open), (4, 10, 6));
        assert_eq!((ratio(lines.cancel_rate()), ratio(lines.cancel_chance())), (Some((10, 20)), Some((10, 14))));
        assert_eq!(lines.recovered_revenue().map(|ratio| ratio.scaled(100)), Some(20));
    }

    #[test]
    fn nothing_that_cannot_be_judged_is_in_a_rate() {
        let (lines, orders) = sums(vec![cancelled(line(10), 10, Some(date(2026, 1, 2)))]);
        assert_eq!((lines.lines, orders.orders, lines.units_cancelled_before_due), (0, 0, 10));
        assert_eq!((lines.unit_fill_rate(), lines.backorder_rate_lines()), (None, None));
    }
}
