//! A line as the customer ordered it, as far as a system knows it that keeps reservations, promises and deliveries, and
//! what became of it.
//!
//! A file of orders and shipments tells only what left when (see [`Outcome::of`]). Here it is also known what could
//! leave in time when the line was ordered and when all of it was covered, so that a warehouse that packs a day later
//! makes no backorder. Nothing here adds lines up: see [`super::cohort`].

use jiff::civil::Date;

use super::{
    history::LineHistory,
    outcome::{Outcome, days_between},
    survival::Wait,
};

/// How some units of a line ended without leaving for the customer as what was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndingKind {
    /// Another item left in their place.
    SentInstead,
    /// They were cancelled.
    Cancelled,
}

/// Units of a line that ended otherwise than by leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// The day.
    pub on: Date,
    /// Base units of the line.
    pub units: i64,
    /// How.
    pub kind: EndingKind,
}

/// What is known at the customer of units that left together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The day on which they left.
    pub left_on: Date,
    /// Base units that left.
    pub units: i64,
    /// The day on which they arrived; `None` while nobody has confirmed it.
    pub arrived_on: Option<Date>,
    /// Units that arrived in order.
    pub accepted: i64,
    /// Units that arrived damaged.
    pub damaged: i64,
    /// Whether the documents were right; `None` when nobody said so.
    pub documents: Option<bool>,
}

/// The day that the customer asked for, and what it is the day of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The day.
    pub on: Date,
    /// Whether it is the day of arrival. Else it is that of leaving.
    pub is_arrival: bool,
}

/// A line as the customer ordered it. All days are read in the line's time zone, and nothing later than `as_of` is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Days, quantities, money and what left. Its cancellation is not read: see `endings`.
    pub history: LineHistory,
    /// The day on which everything is seen.
    pub as_of: Date,
    /// The last day on which it can leave in time.
    pub due_on: Date,
    /// The day before which the item may not leave. A line seen before it is a preorder.
    pub released_on: Option<Date>,
    /// The day that the customer asked for.
    pub wanted: Wanted,
    /// Accepted units that could not leave in time, as was known when they were ordered.
    pub late_when_ordered: i64,
    /// Units that were reserved at once when they were ordered.
    pub at_once: i64,
    /// The day on which the last accepted unit was covered; `None` while some are not.
    pub covered_on: Option<Date>,
    /// The most units that waited again after stock was taken away from the line.
    pub lost: i64,
    /// Units for which another item is sent.
    pub substituted: i64,
    /// Units that ended otherwise than by leaving, in any order.
    pub endings: Vec<Ending>,
    /// What is known of the arrival of what left.
    pub arrivals: Vec<Arrival>,
    /// Units that left and came back for good.
    pub returned: i64,
    /// The days that were promised one after the other; `None` for a promise without a day.
    pub promised: Vec<Option<Date>>,
}

/// What became of a [`Demand`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// What every figure is summed from. `filled` are the units of the first attempt, whether they have left or not and
    /// whatever the customer cancelled of them later; `cancelled_before_due` is always zero.
    pub outcome: Outcome,
    /// Backordered units in whose place another item left: a part of `shipped_late`.
    pub sent_instead: i64,
    /// Units of the first attempt that have not left and were not cancelled.
    pub in_time_unshipped: i64,
    /// Units of the first attempt that were cancelled.
    pub in_time_cancelled: i64,
    /// The day on which the last unit left, of what left.
    pub last_left: Option<Date>,
}

impl Demand {
    /// Accepted units that missed the first attempt.
    ///
    /// Source: first-attempt fill counts units that could ship by the requested date over all that was asked for, before
    /// any cancellation. A unit is filled when it could ship in time by what was known when it was ordered, and was then
    /// covered by the day, or left by it. Where the history does not tell how many units were covered on the day, those
    /// that were neither reserved at once nor left count as missed, so that the figure never flatters and never rises
    /// when backorders ship later.
    #[must_use]
    pub fn missed(&self) -> i64 {
        let ordered = self.history.ordered.get();
        let was_covered = self.covered_on.is_some_and(|day| day <= self.due_on);
        let not_kept = if was_covered || self.as_of <= self.due_on { 0 } else { self.uncovered_when_due() };
        self.late_when_ordered.max(not_kept).max(self.substituted).clamp(0, ordered)
    }

    fn uncovered_when_due(&self) -> i64 {
        let in_time = |on: Date| on <= self.due_on;
        let left = self.history.parts.iter().filter(|part| in_time(part.on)).map(|part| part.units.get());
        let left = left.fold(0_i64, i64::saturating_add);
        let ended = self.endings.iter().filter(|ending| in_time(ending.on) && ending.kind == EndingKind::Cancelled);
        let ended = ended.fold(0_i64, |sum, ending| sum.saturating_add(ending.units));
        let uncovered = self.history.ordered.get().saturating_sub(ended).saturating_sub(left.max(self.at_once));
        uncovered.max(self.lost)
    }

    /// Whether the first attempt is over, so that the line can be judged: it is neither future demand nor a preorder.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.due_on <= self.as_of && !self.is_preorder()
    }

    /// Whether its item is not released yet.
    #[must_use]
    pub fn is_preorder(&self) -> bool {
        self.released_on.is_some_and(|day| day > self.as_of)
    }

    /// What became of the line.
    #[must_use]
    pub fn fate(&self) -> Fate {
        let missed = if self.is_due() { self.missed() } else { 0 };
        let mut walk = Walk::new(self, missed);
        for (on, event) in self.events() {
            walk.take(on, event);
        }
        walk.end()
    }

    /// Everything that ended units, oldest first; what left on a day before what was cancelled on it.
    fn events(&self) -> Vec<(Date, Event)> {
        let left = self.history.parts.iter().map(|part| (part.on, Event::Left(part.units.get())));
        let ended = self.endings.iter().map(|ending| match ending.kind {
            EndingKind::SentInstead => (ending.on, Event::SentInstead(ending.units)),
            EndingKind::Cancelled => (ending.on, Event::Cancelled(ending.units)),
        });
        let mut events: Vec<(Date, Event)> = left.chain(ended).collect();
        events.sort_unstable();
        events
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Left(i64),
    SentInstead(i64),
    Cancelled(i64),
}

/// A line on its way through its events. What leaves serves the units of the first attempt first; what is cancelled is
/// taken from the backordered ones first.
struct Walk<'a> {
    demand: &'a Demand,
    fate: Fate,
    late_left: i64,
    last_cancelled: Option<Date>,
}

impl<'a> Walk<'a> {
    fn new(demand: &'a Demand, missed: i64) -> Self {
        let is_due = demand.is_due();
        let filled = demand.history.ordered.get() - missed;
        let refused = if is_due { demand.history.refused.get() } else { 0 };
        let outcome = Outcome {
            is_due,
            filled: if is_due { filled } else { 0 },
            refused,
            ..Outcome::future(demand.wanted.on, demand.due_on)
        };
        let fate = Fate { outcome, sent_instead: 0, in_time_unshipped: filled, in_time_cancelled: 0, last_left: None };
        Self { demand, fate, late_left: missed, last_cancelled: None }
    }

    fn take(&mut self, on: Date, event: Event) {
        match event {
            Event::Left(units) => {
                let first = units.min(self.fate.in_time_unshipped);
                self.fate.in_time_unshipped -= first;
                let late = self.end_waiting(units - first, on);
                self.fate.outcome.shipped_late += late;
                self.fate.outcome.shipped_beyond += units - first - late;
                self.fate.last_left = Some(on);
            }
            Event::SentInstead(units) => {
                let late = self.end_waiting(units, on);
                self.fate.outcome.shipped_late += late;
                self.fate.sent_instead += late;
                self.fate.last_left = Some(on);
            }
            Event::Cancelled(units) => {
                let late = self.end_waiting(units, on);
                self.fate.outcome.cancelled_waiting += late;
                let first = (units - late).min(self.fate.in_time_unshipped);
                self.fate.in_time_unshipped -= first;
                self.fate.in_time_cancelled += first;
                self.last_cancelled = Some(on);
            }
        }
    }

    /// Ends the wait of at most so many backordered units; answers of how many.
    fn end_waiting(&mut self, units: i64, on: Date) -> i64 {
        let late = units.min(self.late_left);
        self.late_left -= late;
        self.waited(late, on);
        late
    }

    fn waited(&mut self, units: i64, until: Date) {
        if units > 0 {
            let days = days_between(self.demand.due_on, until).max(0);
            self.fate.outcome.unit_days += i128::from(units) * i128::from(days);
            self.fate.outcome.line_days = self.fate.outcome.line_days.max(days);
        }
    }

    fn end(mut self) -> Fate {
        self.waited(self.late_left, self.demand.as_of);
        self.fate.outcome.open = self.late_left;
        self.fate.outcome.wait = self.wait();
        self.fate
    }

    /// An open line is censored on the day of the view, one with cancelled units on that of the last cancellation.
    fn wait(&self) -> Option<Wait> {
        let ordered_on = self.demand.history.dates.ordered()?;
        let is_open = self.late_left + self.fate.in_time_unshipped > 0;
        let until = if is_open { self.demand.as_of } else { self.last_cancelled.or(self.fate.last_left)? };
        let has_ended = !is_open && self.last_cancelled.is_none();
        Some(Wait { days: days_between(ordered_on, until).max(0), has_ended })
    }
}

impl Fate {
    /// Units that have neither left nor ended otherwise.
    #[must_use]
    pub const fn outstanding(&self) -> i64 {
        self.outcome.open + self.in_time_unshipped
    }

    /// The wait until the last unit was received. What left and was not confirmed is censored on the day on which it left:
    /// it arrived later.
    #[must_use]
    pub fn wait_until_received(&self, demand: &Demand) -> Option<Wait> {
        let wait = self.outcome.wait.filter(|wait| wait.has_ended);
        let Some(wait) = wait else { return self.outcome.wait };
        let ordered_on = demand.history.dates.ordered()?;
        let arrived: Option<Vec<Date>> = demand.arrivals.iter().map(|arrival| arrival.arrived_on).collect();
        match arrived.and_then(|days| days.into_iter().max()) {
            Some(last) => Some(Wait { days: days_between(ordered_on, last).max(0), has_ended: true }),
            None => Some(Wait { has_ended: false, ..wait }),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::figures::samples::{cancel, demand, leave};

    #[test]
    fn what_was_covered_in_time_is_filled_when_it_leaves_later() {
        let mut line = leave(demand(10), 10, date(2026, 1, 9));
        line.covered_on = Some(date(2026, 1, 5));
        let fate = line.fate();
        assert_eq!((fate.outcome.filled, fate.outcome.backordered(), fate.outcome.unit_days), (10, 0, 0));
        assert_eq!(fate.outcome.wait, Some(Wait { days: 8, has_ended: true }));
    }

    #[test]
    fn units_late_when_ordered_stay_backordered_however_soon_they_ship() {
        let mut line = demand(10);
        (line.late_when_ordered, line.at_once) = (4, 6);
        let open = line.fate().outcome;
        assert_eq!((open.filled, open.open, open.unit_days, open.line_days), (6, 4, 4 * 26, 26));
        line = leave(leave(line, 6, date(2026, 1, 5)), 4, date(2026, 1, 8));
        line.covered_on = Some(date(2026, 1, 8));
        let shipped = line.fate().outcome;
        assert_eq!((shipped.filled, shipped.shipped_late, shipped.unit_days), (6, 4, 12));
    }

    #[test]
    fn supply_that_came_too_late_is_missed_though_it_was_promised_in_time() {
        let mut line = demand(10);
        assert_eq!(line.missed(), 10);
        line = leave(line, 10, date(2026, 1, 20));
        line.covered_on = Some(date(2026, 1, 20));
        assert_eq!((line.missed(), line.fate().outcome.unit_days), (10, 150));
        line.as_of = date(2026, 1, 5);
        line.history.parts.clear();
        assert_eq!(line.missed(), 0, "the day is not over");
    }

    #[test]
    fn stock_that_was_taken_away_makes_backorders_of_what_was_reserved() {
        let mut line = demand(10);
        (line.at_once, line.lost) = (10, 3);
        assert_eq!((line.missed(), line.fate().outcome.open), (3, 3));
    }

    #[test]
    fn a_cancellation_changes_nothing_about_the_first_attempt() {
        let mut line = demand(10);
        (line.late_when_ordered, line.at_once) = (4, 6);
        let fate = cancel(line, 5, date(2026, 1, 7)).fate();
        assert_eq!((fate.outcome.filled, fate.outcome.cancelled_waiting, fate.in_time_cancelled), (6, 4, 1));
        assert_eq!((fate.outstanding(), fate.outcome.unit_days), (5, 8));
    }

    #[test]
    fn what_is_sent_instead_is_secondary_even_in_time() {
        let mut line = demand(10);
        (line.substituted, line.at_once, line.covered_on) = (4, 10, Some(date(2026, 1, 1)));
        line = leave(line, 6, date(2026, 1, 4));
        line.endings.push(Ending { on: date(2026, 1, 4), units: 4, kind: EndingKind::SentInstead });
        let fate = line.fate();
        assert_eq!((fate.outcome.filled, fate.outcome.shipped_late, fate.sent_instead), (6, 4, 4));
        assert_eq!((fate.outcome.unit_days, fate.outstanding()), (0, 0));
    }

    #[test]
    fn future_demand_and_preorders_are_not_judged() {
        let mut line = demand(10);
        line.late_when_ordered = 10;
        line.released_on = Some(date(2026, 2, 1));
        assert!(line.is_preorder() && !line.fate().outcome.is_due);
        line.released_on = None;
        line.due_on = date(2026, 2, 1);
        let fate = line.fate();
        assert_eq!((fate.outcome.is_due, fate.outcome.backordered(), fate.outcome.filled), (false, 0, 0));
        assert_eq!(fate.outstanding(), 10);
    }

    #[test]
    fn a_wait_until_receipt_ends_only_with_a_confirmation() {
        let mut line = leave(demand(2), 2, date(2026, 1, 4));
        line.covered_on = Some(date(2026, 1, 1));
        let wait = |line: &Demand| line.fate().wait_until_received(line);
        assert_eq!(wait(&line), Some(Wait { days: 3, has_ended: false }));
        line.arrivals[0].arrived_on = Some(date(2026, 1, 7));
        assert_eq!(wait(&line), Some(Wait { days: 6, has_ended: true }));
    }
}
