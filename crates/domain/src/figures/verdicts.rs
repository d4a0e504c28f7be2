//! Whether a line was delivered as it should be: in full, on the promised day, with right documents, in good condition, and
//! within the customer's window.
//!
//! Source: SCOR RL.1.1 (perfect order fulfilment) with RL.2.1 to RL.2.4, and "on time in full" as retailers count it. What
//! nobody has confirmed is unknown, never right.

use jiff::{SignedDuration, civil::Date};

use super::demand::{Arrival, Demand, Fate};

/// An answer that may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was so.
    Yes,
    /// It was not.
    No,
    /// Nobody has said so, or it is not over.
    Unknown,
}

impl Verdict {
    /// One wrong part makes the whole wrong, however little is known of the others.
    #[must_use]
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().fold(Self::Yes, |all, one| match (all, one) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        })
    }

    const fn of(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

/// How far from the wanted day a delivery is on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryWindow {
    /// Days before; `None` when no day is too early.
    pub days_early: Option<i64>,
    /// Days after.
    pub days_late: i64,
}

/// How a line was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdicts {
    /// RL.2.1: all that was asked for arrived, as the item that was ordered.
    pub in_full: Verdict,
    /// RL.2.2: the last unit left by the first promised day.
    pub on_commit_date: Verdict,
    /// RL.2.3: the documents of all shipments were right.
    pub documents: Verdict,
    /// RL.2.4: nothing arrived damaged.
    pub condition: Verdict,
    /// All that was asked for arrived within the window.
    pub on_time_in_full: Verdict,
    /// Units that were asked for and of which it is known whether they arrived within the window.
    pub units_known: i64,
    /// Those of them that did.
    pub units_on_time: i64,
}

impl Verdicts {
    /// How a line was delivered; `None` when it is not due, or when the customer gave all of it up before it was late.
    #[must_use]
    pub fn of(demand: &Demand, fate: &Fate, window: DeliveryWindow) -> Option<Self> {
        let accepted = demand.history.ordered.get() - fate.in_time_cancelled;
        let asked = accepted.saturating_add(demand.history.refused.get());
        if !fate.outcome.is_due || asked <= 0 {
            return None;
        }
        let line = Judged { demand, fate, asked };
        let (units_on_time, units_unknown) = line.on_time(window);
        let on_time_in_full = if line.is_short() || units_on_time + units_unknown < asked {
            Verdict::No
        } else {
            if units_unknown == 0 { Verdict::Yes } else { Verdict::Unknown }
        };
        Some(Self {
            in_full: line.in_full(),
            on_commit_date: line.on_commit_date(),
            documents: line.documents(),
            condition: line.condition(),
            on_time_in_full,
            units_known: asked - units_unknown,
            units_on_time,
        })
    }

    /// RL.1.1: all four components.
    #[must_use]
    pub fn perfect(&self) -> Verdict {
        Verdict::all([self.in_full, self.on_commit_date, self.documents, self.condition])
    }
}

struct Judged<'a> {
    demand: &'a Demand,
    fate: &'a Fate,
    asked: i64,
}

impl Judged<'_> {
    /// Whether it is certain that less arrives than was asked for.
    fn is_short(&self) -> bool {
        self.demand.history.refused.get() > 0 || self.fate.outcome.cancelled_waiting > 0 || self.demand.substituted > 0
    }

    fn is_all_confirmed(&self) -> bool {
        self.fate.outstanding() == 0 && self.demand.arrivals.iter().all(|arrival| arrival.arrived_on.is_some())
    }

    fn in_full(&self) -> Verdict {
        let is_late = self.fate.outstanding() > 0 && self.demand.as_of > self.demand.due_on;
        // What the customer did not take is known to be missing before the rest is confirmed.
        let not_taken = |arrival: &Arrival| {
            arrival.arrived_on.is_some() && arrival.accepted.saturating_add(arrival.damaged) < arrival.units
        };
        if self.is_short() || is_late || self.demand.arrivals.iter().any(not_taken) {
            return Verdict::No;
        }
        if self.is_all_confirmed() { Verdict::of(self.arrived() >= self.asked) } else { Verdict::Unknown }
    }

    fn arrived(&self) -> i64 {
        let came = self.demand.arrivals.iter().map(|arrival| arrival.accepted.saturating_add(arrival.damaged));
        came.fold(0_i64, i64::saturating_add)
    }

    fn on_commit_date(&self) -> Verdict {
        let Some(promised) = self.demand.promised.iter().flatten().next() else { return Verdict::Unknown };
        if self.fate.last_left.is_some_and(|day| day > *promised) {
            return Verdict::No;
        }
        let is_waiting = self.fate.outstanding() > 0 || self.fate.outcome.cancelled_waiting > 0;
        match (is_waiting, self.demand.as_of > *promised) {
            (true, true) => Verdict::No,
            (true, false) => Verdict::Unknown,
            (false, _) => self.fate.last_left.map_or(Verdict::Unknown, |_| Verdict::Yes),
        }
    }

    fn documents(&self) -> Verdict {
        let of_arrivals =
            self.demand.arrivals.iter().map(|arrival| arrival.documents.map_or(Verdict::Unknown, Verdict::of));
        let of_rest = if self.is_all_confirmed() { Verdict::Yes } else { Verdict::Unknown };
        if self.demand.arrivals.is_empty() { Verdict::Unknown } else { Verdict::all(of_arrivals.chain([of_rest])) }
    }

    fn condition(&self) -> Verdict {
        if self.demand.arrivals.iter().any(|arrival| arrival.damaged > 0) {
            return Verdict::No;
        }
        if !self.demand.arrivals.is_empty() && self.is_all_confirmed() { Verdict::Yes } else { Verdict::Unknown }
    }

    /// Units that arrived within the window, and those that may have or still may. Overages are ignored.
    fn on_time(&self, window: DeliveryWindow) -> (i64, i64) {
        let wanted = self.demand.wanted;
        let on = if wanted.is_arrival { wanted.on } else { wanted.on.max(self.demand.due_on) };
        let first = window.days_early.map(|days| moved(on, days.saturating_neg()));
        let last = moved(on, window.days_late);
        let is_within = |day: Date| day <= last && first.is_none_or(|first| day >= first);
        let (mut arrived, mut unknown) = (0_i64, 0_i64);
        for arrival in &self.demand.arrivals {
            match arrival.arrived_on {
                Some(day) if is_within(if wanted.is_arrival { day } else { arrival.left_on }) => {
                    arrived = arrived.saturating_add(arrival.accepted).saturating_add(arrival.damaged);
                }
                Some(_) => {}
                // It may have arrived on any later day.
                None if arrival.left_on <= last && (wanted.is_arrival || is_within(arrival.left_on)) => {
                    unknown = unknown.saturating_add(arrival.units);
                }
                None => {}
            }
        }
        if self.demand.as_of <= last {
            unknown = unknown.saturating_add(self.fate.outstanding());
        }
        let arrived = arrived.min(self.asked);
        (arrived, unknown.min(self.asked - arrived))
    }
}

/// A day so many days later.
fn moved(day: Date, days: i64) -> Date {
    day.saturating_add(SignedDuration::from_hours(days.saturating_mul(24)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;
    use crate::figures::samples::{cancel, deliver, demand, leave, units};

    const EXACT: DeliveryWindow = DeliveryWindow { days_early: Some(0), days_late: 0 };
    const ANY_EARLIER: DeliveryWindow = DeliveryWindow { days_early: None, days_late: 2 };

    fn covered(ordered: i64) -> Demand {
        let mut line = demand(ordered);
        (line.at_once, line.covered_on) = (ordered, Some(date(2026, 1, 1)));
        line.promised = vec![Some(date(2026, 1, 5))];
        line
    }

    fn verdicts(demand: &Demand, window: DeliveryWindow) -> Verdicts {
        Verdicts::of(demand, &demand.fate(), window).unwrap()
    }

    #[test]
    fn a_line_that_arrived_whole_in_time_and_in_order_is_perfect() {
        let line = deliver(covered(5), 5, date(2026, 1, 4));
        let found = verdicts(&line, ANY_EARLIER);
        assert_eq!((found.perfect(), found.on_time_in_full), (Verdict::Yes, Verdict::Yes));
        assert_eq!(verdicts(&line, EXACT).on_time_in_full, Verdict::No, "it left a day too early");
    }

    #[test]
    fn what_nobody_confirmed_is_unknown_and_never_right() {
        let found = verdicts(&leave(covered(5), 5, date(2026, 1, 4)), ANY_EARLIER);
        assert_eq!(
            (found.in_full, found.documents, found.condition),
            (Verdict::Unknown, Verdict::Unknown, Verdict::Unknown)
        );
        assert_eq!((found.perfect(), found.on_time_in_full), (Verdict::Unknown, Verdict::Unknown));
        assert_eq!((found.units_known, found.units_on_time, found.on_commit_date), (0, 0, Verdict::Yes));
    }

    #[test]
    fn one_wrong_component_is_enough() {
        let perfect = deliver(covered(5), 5, date(2026, 1, 4));
        let mut damaged = perfect.clone();
        (damaged.arrivals[0].accepted, damaged.arrivals[0].damaged) = (4, 1);
        let mut papers = perfect.clone();
        papers.arrivals[0].documents = Some(false);
        let mut not_taken = perfect.clone();
        not_taken.arrivals[0].accepted = 4;
        let mut late = perfect.clone();
        late.promised = vec![Some(date(2026, 1, 3)), Some(date(2026, 1, 9))];
        let mut refused = perfect;
        refused.history.refused = units(1);
        let wrong = |line: &Demand| {
            let found = verdicts(line, ANY_EARLIER);
            let parts = [found.in_full, found.on_commit_date, found.documents, found.condition];
            (parts.map(|part| part == Verdict::No), found.perfect())
        };
        assert_eq!(wrong(&damaged), ([false, false, false, true], Verdict::No));
        assert_eq!(wrong(&papers), ([false, false, true, false], Verdict::No));
        assert_eq!(wrong(&not_taken), ([true, false, false, false], Verdict::No));
        assert_eq!(wrong(&late), ([false, true, false, false], Verdict::No), "the first promise counts");
        assert_eq!(wrong(&refused), ([true, false, false, false], Verdict::No));
    }

    #[test]
    fn what_is_open_after_its_day_is_late_and_before_it_unknown() {
        let mut line = demand(5);
        line.promised = vec![Some(date(2026, 2, 9))];
        let found = verdicts(&line, ANY_EARLIER);
        assert_eq!(
            (found.in_full, found.on_time_in_full, found.on_commit_date),
            (Verdict::No, Verdict::No, Verdict::Unknown)
        );
        line.promised = vec![Some(date(2026, 1, 9))];
        assert_eq!(verdicts(&line, ANY_EARLIER).on_commit_date, Verdict::No);
        assert_eq!((found.units_known, found.units_on_time), (5, 0));
    }

    #[test]
    fn units_on_time_are_those_of_the_day_that_the_customer_named() {
        let mut line = deliver(deliver(covered(10), 6, date(2026, 1, 3)), 4, date(2026, 1, 5));
        assert_eq!(verdicts(&line, EXACT).units_on_time, 4, "by the day of leaving");
        line.wanted.is_arrival = true;
        let found = verdicts(&line, EXACT);
        assert_eq!((found.units_on_time, found.units_known, found.on_time_in_full), (6, 10, Verdict::No));
        assert_eq!(verdicts(&line, ANY_EARLIER).on_time_in_full, Verdict::Yes);
    }

    #[test]
    fn what_the_customer_gave_up_in_time_was_not_asked_for() {
        let line = cancel(deliver(covered(5), 3, date(2026, 1, 4)), 2, date(2026, 1, 4));
        assert_eq!(verdicts(&line, ANY_EARLIER).on_time_in_full, Verdict::Yes);
        let gone = cancel(covered(5), 5, date(2026, 1, 2));
        assert_eq!(Verdicts::of(&gone, &gone.fate(), EXACT), None);
    }
}
