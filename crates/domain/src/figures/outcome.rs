//! What a line's history means on one day: what was filled at the first attempt, and what was backordered.

use jiff::{SignedDuration, civil::Date};

use super::{
    history::{DateBasis, Histories, LineHistory},
    survival::Wait,
};

/// The day from whose end everything is seen, and how long the first attempt lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// What happened later is not known yet.
    pub as_of: Date,
    /// Days after the requested day within which a shipment is still the first attempt.
    pub days_after_requested: i64,
    /// Days after the day of the order, for lines without a requested day.
    pub days_after_order: i64,
}

impl View {
    /// The last day of a line's first attempt.
    fn due_on(&self, basis: DateBasis) -> Date {
        let (day, days) = match basis {
            DateBasis::Requested(day) => (day, self.days_after_requested),
            DateBasis::Ordered(day) => (day, self.days_after_order),
        };
        day.saturating_add(SignedDuration::from_hours(days.saturating_mul(24)))
    }
}

/// Whole days from one day to another, negative when the other is earlier.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

/// What became of a line up to the day of the view.
///
/// `ordered = filled + cancelled_before_due + backordered` and
/// `backordered = shipped_late + cancelled_waiting + open`. Units shipped beyond what was ordered are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The day from which lateness counts; its month is the line's cohort.
    pub counts_from: Date,
    /// The last day of the first attempt.
    pub due_on: Date,
    /// Whether the first attempt is over. Else the line is future demand: its quantities are zero.
    pub is_due: bool,
    /// Units that shipped at the first attempt.
    pub filled: i64,
    /// Units that were cancelled before the first attempt was over.
    pub cancelled_before_due: i64,
    /// Units that shipped after the first attempt.
    pub shipped_late: i64,
    /// Units that were cancelled after the first attempt, or on an unknown day.
    pub cancelled_waiting: i64,
    /// Units that still wait.
    pub open: i64,
    /// Units that were asked for and refused.
    pub refused: i64,
    /// Units that shipped beyond the ordered ones.
    pub shipped_beyond: i64,
    /// Backordered units times the days that they waited after the first attempt.
    pub unit_days: i128,
    /// Days from the end of the first attempt until nothing of the line was backordered any more, or until the view.
    pub line_days: i64,
    /// The wait from the order to the last shipment; `None` when the day of the order is not known.
    pub wait: Option<Wait>,
}

impl Outcome {
    /// What became of a line.
    ///
    /// Source of the definitions: first-attempt fill counts units that could ship by the requested day over all that
    /// was asked for; a backorder is an accepted unit that could not.
    #[must_use]
    pub fn of(line: &LineHistory, view: &View) -> Self {
        let (DateBasis::Requested(counts_from) | DateBasis::Ordered(counts_from)) = line.dates.basis();
        let due_on = view.due_on(line.dates.basis());
        if due_on > view.as_of {
            return Self::future(counts_from, due_on);
        }
        let mut outcome = Self { is_due: true, refused: line.refused.get(), ..Self::future(counts_from, due_on) };
        let shipped = outcome.ship(line, view.as_of);
        outcome.end(line, view.as_of, line.ordered.get() - shipped);
        outcome.wait = wait(line, &outcome, view.as_of);
        outcome
    }

    /// A line of which nothing can be judged yet.
    pub(super) const fn future(counts_from: Date, due_on: Date) -> Self {
        Self {
            counts_from,
            due_on,
            is_due: false,
            filled: 0,
            cancelled_before_due: 0,
            shipped_late: 0,
            cancelled_waiting: 0,
            open: 0,
            refused: 0,
            shipped_beyond: 0,
            unit_days: 0,
            line_days: 0,
            wait: None,
        }
    }

    /// Counts what shipped; answers how many of the ordered units that is.
    fn ship(&mut self, line: &LineHistory, as_of: Date) -> i64 {
        let mut parts: Vec<(Date, i64)> = line.parts.iter().map(|part| (part.on, part.units.get())).collect();
        parts.retain(|(on, _)| *on <= as_of);
        parts.sort_unstable();
        let mut left = line.ordered.get();
        for (on, units) in parts {
            let counted = units.min(left);
            left -= counted;
            self.shipped_beyond = self.shipped_beyond.saturating_add(units - counted);
            if on <= self.due_on {
                self.filled += counted;
            } else if counted > 0 {
                self.shipped_late += counted;
                self.waited(counted, on);
            }
        }
        line.ordered.get() - left
    }

    /// Counts what was cancelled and what is open of the units that did not ship.
    fn end(&mut self, line: &LineHistory, as_of: Date, unshipped: i64) {
        let is_known = line.cancelled_on.is_none_or(|day| day <= as_of);
        let cancelled = if is_known { line.cancelled.get().min(unshipped) } else { 0 };
        match line.cancelled_on {
            Some(day) if day <= self.due_on => self.cancelled_before_due = cancelled,
            Some(day) if cancelled > 0 => {
                self.cancelled_waiting = cancelled;
                self.waited(cancelled, day);
            }
            Some(_) | None => self.cancelled_waiting = cancelled,
        }
        self.open = unshipped - cancelled;
        if self.open > 0 {
            self.waited(self.open, as_of);
        }
    }

    fn waited(&mut self, units: i64, until: Date) {
        let days = days_between(self.due_on, until);
        self.unit_days += i128::from(units) * i128::from(days);
        self.line_days = self.line_days.max(days);
    }

    /// Accepted units that missed the first attempt.
    #[must_use]
    pub const fn backordered(&self) -> i64 {
        self.shipped_late + self.cancelled_waiting + self.open
    }

    /// Accepted units that can be judged: what was ordered less what was cancelled before it was due.
    #[must_use]
    pub const fn judged(&self) -> i64 {
        self.filled + self.backordered()
    }

    /// Whether the line counts in rates of lines: it is due, and something of it can be judged.
    #[must_use]
    pub const fn is_judged(&self) -> bool {
        self.is_due && self.judged() + self.refused > 0
    }

    /// Whether everything that was asked for was filled at the first attempt.
    #[must_use]
    pub const fn is_filled(&self) -> bool {
        self.backordered() == 0 && self.refused == 0
    }
}

/// An open line is censored at the view, one with cancelled units at its cancellation: it waited at least so long. When
/// the day of a cancellation is not known, the line's last shipment, or else the order itself, is all that is known.
fn wait(line: &LineHistory, outcome: &Outcome, as_of: Date) -> Option<Wait> {
    let ordered_on = line.dates.ordered()?;
    let last_shipped = line.parts.iter().map(|part| part.on).filter(|on| *on <= as_of).max();
    let is_cancelled = outcome.cancelled_waiting + outcome.cancelled_before_due > 0;
    let until = if outcome.open > 0 {
        as_of
    } else if is_cancelled {
        line.cancelled_on.or(last_shipped).unwrap_or(ordered_on)
    } else {
        last_shipped?
    };
    let has_ended = outcome.open == 0 && !is_cancelled;
    Some(Wait { days: days_between(ordered_on, until).max(0), has_ended })
}

/// The outcomes of all lines, in their order.
#[must_use]
pub fn outcomes(histories: &Histories, view: &View) -> Vec<Outcome> {
    histories.lines().iter().map(|line| Outcome::of(line, view)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::figures::history::LineDates;
    use crate::figures::samples::{VIEW, cancelled, line, shipped, units};

    #[test]
    fn what_ships_by_the_due_day_is_filled_and_the_rest_was_backordered() {
        let line = shipped(shipped(line(10), 6, date(2026, 1, 5)), 4, date(2026, 1, 8));
        let outcome = Outcome::of(&line, &VIEW);
        assert_eq!((outcome.filled, outcome.shipped_late, outcome.backordered()), (6, 4, 4));
        assert_eq!((outcome.unit_days, outcome.line_days), (12, 3));
        assert_eq!(outcome.wait, Some(Wait { days: 7, has_ended: true }));
    }

    #[test]
    fn an_open_line_waits_until_the_view() {
        let outcome = Outcome::of(&line(10), &VIEW);
        assert_eq!((outcome.open, outcome.unit_days, outcome.line_days), (10, 260, 26));
        assert_eq!(outcome.wait, Some(Wait { days: 30, has_ended: false }));
    }

    #[test]
    fn a_cancellation_counts_as_waiting_only_after_the_due_day() {
        let before = Outcome::of(&cancelled(line(10), 10, Some(date(2026, 1, 5))), &VIEW);
        assert_eq!((before.cancelled_before_due, before.backordered(), before.is_judged()), (10, 0, false));
        let after = Outcome::of(&cancelled(line(10), 4, Some(date(2026, 1, 7))), &VIEW);
        assert_eq!((after.cancelled_waiting, after.open, after.unit_days), (4, 6, 4 * 2 + 6 * 26));
        let undated = Outcome::of(&cancelled(line(10), 10, None), &VIEW);
        assert_eq!((undated.cancelled_waiting, undated.unit_days), (10, 0));
        assert_eq!(undated.wait, Some(Wait { days: 0, has_ended: false }));
    }

    #[test]
    fn what_happens_after_the_view_is_not_known_yet() {
        let early = View { as_of: date(2026, 1, 6), ..VIEW };
        let line = cancelled(shipped(line(10), 4, date(2026, 1, 8)), 6, Some(date(2026, 1, 9)));
        assert_eq!((Outcome::of(&line, &early).open, Outcome::of(&line, &VIEW).open), (10, 0));
        let before_due = View { as_of: date(2026, 1, 4), ..VIEW };
        assert!(!Outcome::of(&line, &before_due).is_due);
    }

    #[test]
    fn a_line_without_a_requested_day_is_due_some_days_after_its_order() {
        let mut line = shipped(line(1), 1, date(2026, 1, 2));
        line.dates = LineDates::of(Some(date(2026, 1, 1)), None, None).unwrap_or(line.dates);
        assert_eq!(Outcome::of(&line, &VIEW).filled, 1);
        assert_eq!(Outcome::of(&line, &View { days_after_order: 0, ..VIEW }).shipped_late, 1);
    }

    #[test]
    fn a_requested_day_before_the_order_is_not_held_against_anyone() {
        let mut line = shipped(line(1), 1, date(2026, 1, 2));
        let (ordered, requested) = (Some(date(2026, 1, 1)), Some(date(2025, 12, 24)));
        line.dates = LineDates::of(ordered, requested, None).unwrap_or(line.dates);
        assert_eq!(Outcome::of(&line, &VIEW).filled, 1);
    }

    #[test]
    fn units_beyond_the_ordered_ones_fill_nothing() {
        let outcome = Outcome::of(&shipped(line(10), 13, date(2026, 1, 5)), &VIEW);
        assert_eq!((outcome.filled, outcome.shipped_beyond), (10, 3));
        let never_more = cancelled(shipped(line(10), 6, date(2026, 1, 5)), 9, None);
        assert_eq!(Outcome::of(&never_more, &VIEW).cancelled_waiting, 4);
        assert_eq!(units(4).get(), 4);
    }
}
