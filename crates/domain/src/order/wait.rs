//! The clock of a line's wait: when something has to be done about it, and what.
//!
//! The clock stands still where the policy has no limit. It acts once for each limit; consent to a later day is another
//! limit. Days are those of the line's zone: a limit's day is over at midnight there.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::{order::policy::AfterWait, time::civil_date_in};

/// Days that a customer has to answer where the policy does not say.
pub const ANSWER_DAYS_DEFAULT: u16 = 7;

/// What happens when a customer who was asked does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterSilence {
    /// What waits is cancelled.
    Cancel,
    /// The line waits on.
    Keep,
    /// A planner is told.
    #[default]
    Escalate,
}

/// How a policy asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskRule {
    /// So many days before the end of the wait, when no day within it is expected.
    pub days_before: u16,
    /// Days to answer, the day of the question not counted.
    pub answer_days: u16,
    /// What silence means.
    pub after_silence: AfterSilence,
}

impl Default for AskRule {
    fn default() -> Self {
        Self { days_before: 0, answer_days: ANSWER_DAYS_DEFAULT, after_silence: AfterSilence::default() }
    }
}

/// What is known of a line's wait.
#[derive(Debug, Clone, Copy)]
pub struct WaitClock<'a> {
    /// Whether units wait.
    pub is_waiting: bool,
    /// From when the wait counts.
    pub started_at: Timestamp,
    /// The last day of the acceptable wait.
    pub limit: Option<Date>,
    /// The limit for which the clock has acted already.
    pub acted_for: Option<Date>,
    /// What happens when the wait is over.
    pub after_wait: AfterWait,
    /// How the customer is asked.
    pub ask: AskRule,
    /// When silence is the answer to the question that is pending.
    pub answer_by: Option<Timestamp>,
    /// The day on which the last waiting unit is expected to ship.
    pub expected: Option<Date>,
    /// The line's zone.
    pub zone: &'a TimeZone,
}

/// What has to be done about a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitAction {
    /// The customer is asked.
    Ask,
    /// What waits is cancelled.
    Cancel,
    /// A planner is told.
    Escalate,
    /// The question that is pending is about nothing any more.
    Void,
    /// The question that is pending was not answered in time.
    Silence(AfterSilence),
}

impl WaitClock<'_> {
    /// When something has to be done next, and what, if nothing changes until then.
    #[must_use]
    pub fn next(&self) -> Option<(Timestamp, WaitAction)> {
        if let Some(answer_by) = self.answer_by {
            return Some(if self.is_waiting {
                (answer_by, WaitAction::Silence(self.ask.after_silence))
            } else {
                (Timestamp::MIN, WaitAction::Void)
            });
        }
        let limit = self.limit.filter(|limit| self.is_waiting && self.acted_for != Some(*limit))?;
        let over = end_of(limit, self.zone)?;
        Some(match self.after_wait {
            AfterWait::Ask => (self.asks_early(limit).map_or(over, |early| early.min(over)), WaitAction::Ask),
            AfterWait::Cancel => (over, WaitAction::Cancel),
            AfterWait::Escalate => (over, WaitAction::Escalate),
        })
    }

    /// What has to be done now.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<WaitAction> {
        self.next().filter(|(at, _)| *at <= now).map(|(_, action)| action)
    }

    /// From when silence is the answer to a question that is asked now.
    #[must_use]
    pub fn answer_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let last = civil_date_in(now, self.zone).checked_add(days(self.ask.answer_days)).ok()?;
        end_of(last, self.zone)
    }

    /// When the customer is asked before the wait is over: no day within it is expected. Not on the day on which the wait
    /// starts, or a consent to a near day would be asked for again at once.
    fn asks_early(&self, limit: Date) -> Option<Timestamp> {
        if self.ask.days_before == 0 || self.expected.is_some_and(|expected| expected <= limit) {
            return None;
        }
        let over = limit.tomorrow().ok()?;
        let early = begin_of(over.checked_sub(days(self.ask.days_before)).ok()?, self.zone)?;
        Some(early.max(end_of(civil_date_in(self.started_at, self.zone), self.zone)?))
    }
}

fn days(number: u16) -> Span {
    Span::new().days(i64::from(number))
}

fn begin_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

fn end_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    begin_of(day.tomorrow().ok()?, zone)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn zone() -> TimeZone {
        crate::time::time_zone("Europe/London").unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn clock(zone: &TimeZone) -> WaitClock<'_> {
        WaitClock {
            is_waiting: true,
            started_at: at("2026-06-01T09:00:00Z"),
            limit: Some(day("2026-06-10")),
            acted_for: None,
            after_wait: AfterWait::Ask,
            ask: AskRule::default(),
            answer_by: None,
            expected: None,
            zone,
        }
    }

    #[test]
    fn a_limit_is_over_at_midnight_in_the_lines_zone() {
        let zone = zone();
        // Summer time: midnight in London is 23:00 UTC.
        assert_eq!(clock(&zone).next(), Some((at("2026-06-10T23:00:00Z"), WaitAction::Ask)));
        assert_eq!(clock(&zone).due(at("2026-06-10T22:59:59Z")), None);
        let cancelling = WaitClock { after_wait: AfterWait::Cancel, ..clock(&zone) };
        assert_eq!(cancelling.due(at("2026-06-10T23:00:00Z")), Some(WaitAction::Cancel));
        let escalating = WaitClock { after_wait: AfterWait::Escalate, ..clock(&zone) };
        assert_eq!(escalating.due(at("2026-06-11T00:00:00Z")), Some(WaitAction::Escalate));
    }

    #[test]
    fn the_clock_acts_once_for_a_limit_and_again_for_another() {
        let zone = zone();
        let acted = WaitClock { acted_for: Some(day("2026-06-10")), ..clock(&zone) };
        assert_eq!(acted.next(), None);
        let consented = WaitClock { limit: Some(day("2026-06-20")), ..acted };
        assert_eq!(consented.next(), Some((at("2026-06-20T23:00:00Z"), WaitAction::Ask)));
        assert_eq!(WaitClock { limit: None, ..clock(&zone) }.next(), None);
        assert_eq!(WaitClock { is_waiting: false, ..clock(&zone) }.next(), None);
    }

    #[test]
    fn the_customer_is_asked_early_only_when_no_day_within_the_wait_is_expected() {
        let zone = zone();
        let ask = AskRule { days_before: 3, ..AskRule::default() };
        let unknown = WaitClock { ask, ..clock(&zone) };
        assert_eq!(unknown.next(), Some((at("2026-06-07T23:00:00Z"), WaitAction::Ask)));
        let late = WaitClock { expected: Some(day("2026-06-11")), ..unknown };
        assert_eq!(late.next(), unknown.next());
        let in_time = WaitClock { expected: Some(day("2026-06-10")), ..unknown };
        assert_eq!(in_time.next(), Some((at("2026-06-10T23:00:00Z"), WaitAction::Ask)));
        let just_started = WaitClock { started_at: at("2026-06-09T12:00:00Z"), ..unknown };
        assert_eq!(just_started.next(), Some((at("2026-06-09T23:00:00Z"), WaitAction::Ask)));
    }

    #[test]
    fn a_question_ends_by_its_deadline_or_when_nothing_waits() {
        let zone = zone();
        let deadline = clock(&zone).answer_deadline(at("2026-06-11T08:00:00Z")).unwrap();
        assert_eq!(deadline, at("2026-06-18T23:00:00Z"), "seven days after the day of the question");
        let asked = WaitClock { answer_by: Some(deadline), acted_for: Some(day("2026-06-10")), ..clock(&zone) };
        assert_eq!(asked.due(at("2026-06-18T22:00:00Z")), None);
        assert_eq!(asked.due(deadline), Some(WaitAction::Silence(AfterSilence::Escalate)));
        let filled = WaitClock { is_waiting: false, ..asked };
        assert_eq!(filled.due(at("2026-06-12T00:00:00Z")), Some(WaitAction::Void));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: backorder_testkit::counts::cases("wait_clock"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..ProptestConfig::default()
        })]

        #[test]
        fn nothing_is_asked_before_its_time_and_acting_ends_it(
            started in 0i64..400, length in 0i64..60, before in 0u16..20, expected in proptest::option::of(0i64..500),
        ) {
            let zone = zone();
            let first = day("2026-01-01");
            let later = |days: i64| first.checked_add(Span::new().days(days)).unwrap();
            let limit = later(started + length);
            let clock = WaitClock {
                started_at: begin_of(later(started), &zone).unwrap(),
                limit: Some(limit),
                ask: AskRule { days_before: before, ..AskRule::default() },
                expected: expected.map(later),
                ..clock(&zone)
            };
            let (due, _) = clock.next().unwrap();
            let over = end_of(limit, &zone).unwrap();
            prop_assert!(due <= over);
            prop_assert!(due > clock.started_at, "never on the day on which the wait starts");
            let is_late = clock.expected.is_none_or(|day| day > limit);
            prop_assert_eq!(due < over, before > 0 && length > 0 && is_late);
            prop_assert_eq!(clock.due(due), Some(WaitAction::Ask));
            prop_assert_eq!(WaitClock { acted_for: clock.limit, ..clock }.next(), None);
        }
    }
}
