//! When a promise moves to another day. What is expected moves at once; each move of the promise is a message to a person.
//!
//! A promise moves later only when what is expected is worse beyond a tolerance, or when its day has come and it is
//! certain to be missed; it moves earlier only when what is expected is better by some days and has been so for some
//! hours. Without such a rule it moves at once. The first date, the loss of any date and what the customer changes are
//! told at once under every rule. Source: domain notes, 2.12.

use std::cmp::Ordering;

use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};

/// By how much and for how long an expectation must differ before the promise follows. All zero: it follows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PromiseRule {
    /// A day that is later by at most so many days is not told before the promised day has come.
    pub later_days: u16,
    /// A day that is earlier by less than so many days is not told.
    pub earlier_days: u16,
    /// An earlier day is told when it has stood so many hours.
    pub stable_hours: u16,
}

/// What is promised and expected, and since when.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// The promised day. `None` when none was known.
    pub promised: Option<Date>,
    /// The day that is expected now. `None` when none is known for all units.
    pub expected: Option<Date>,
    /// Since when the expected day has been earlier by enough. `None` when it was not.
    pub better_since: Option<Timestamp>,
    /// The business time.
    pub now: Timestamp,
    /// The zone in which the promised day is read.
    pub zone: &'a TimeZone,
}

/// What becomes of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromiseMove {
    /// It follows what is expected.
    Follows,
    /// It stands.
    Stands {
        /// Since when the expected day has been earlier by enough.
        better_since: Option<Timestamp>,
        /// When it is to be looked at again although nothing else changes. `None` when only another expectation moves it.
        review_at: Option<Timestamp>,
    },
}

impl PromiseRule {
    /// What becomes of the promise.
    #[must_use]
    pub fn decide(&self, expectation: &Expectation<'_>) -> PromiseMove {
        let (Some(promised), Some(expected)) = (expectation.promised, expectation.expected) else {
            return PromiseMove::Follows;
        };
        let later_by = days_between(promised, expected);
        if *self == Self::default() || later_by > i64::from(self.later_days) {
            return PromiseMove::Follows;
        }
        match later_by.cmp(&0) {
            Ordering::Greater => missed(promised, expectation),
            Ordering::Less => self.earlier(-later_by, expectation),
            // The day is the promised one, or has come back to it: there is nothing to tell.
            Ordering::Equal => PromiseMove::Stands { better_since: None, review_at: None },
        }
    }

    /// A better day: enough days, for enough hours.
    fn earlier(&self, days: i64, expectation: &Expectation<'_>) -> PromiseMove {
        if days < i64::from(self.earlier_days) {
            return PromiseMove::Stands { better_since: None, review_at: None };
        }
        let since = expectation.better_since.unwrap_or(expectation.now);
        let stable_at = since.checked_add(SignedDuration::from_hours(i64::from(self.stable_hours)));
        match stable_at {
            Ok(at) if at > expectation.now => PromiseMove::Stands { better_since: Some(since), review_at: Some(at) },
            Ok(_) | Err(_) => PromiseMove::Follows,
        }
    }
}

/// A worse day within the tolerance: when the promised day has come, it is certain to be missed.
fn missed(promised: Date, expectation: &Expectation<'_>) -> PromiseMove {
    let comes_at = expectation.zone.to_timestamp(promised.to_datetime(jiff::civil::Time::midnight()));
    match comes_at {
        Ok(at) if at > expectation.now => PromiseMove::Stands { better_since: None, review_at: Some(at) },
        Ok(_) | Err(_) => PromiseMove::Follows,
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span: Span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;

    static UTC: TimeZone = TimeZone::UTC;

    const RULE: PromiseRule = PromiseRule { later_days: 2, earlier_days: 3, stable_hours: 24 };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-11-20T12:00:00Z")
    }

    fn day(number: i8) -> Date {
        date(2026, 11, number)
    }

    fn expects(promised: i8, expected: i8) -> Expectation<'static> {
        let (promised, expected) = (Some(day(promised)), Some(day(expected)));
        Expectation { promised, expected, better_since: None, now: now(), zone: &UTC }
    }

    #[test]
    fn without_a_rule_a_promise_follows_at_once() {
        for expected in [21, 25, 29] {
            assert_eq!(PromiseRule::default().decide(&expects(25, expected)), PromiseMove::Follows);
        }
    }

    #[test]
    fn a_worse_day_is_told_beyond_the_tolerance_or_when_the_promised_day_has_come() {
        let comes = PromiseMove::Stands { better_since: None, review_at: Some(at("2026-11-25T00:00:00Z")) };
        assert_eq!(RULE.decide(&expects(25, 27)), comes);
        assert_eq!(RULE.decide(&expects(25, 28)), PromiseMove::Follows);
        assert_eq!(RULE.decide(&expects(20, 21)), PromiseMove::Follows);
        let has_come = Expectation { now: at("2026-11-25T00:00:00Z"), ..expects(25, 27) };
        assert_eq!(RULE.decide(&has_come), PromiseMove::Follows);
    }

    #[test]
    fn a_better_day_is_told_when_it_is_enough_and_has_stood() {
        assert_eq!(RULE.decide(&expects(25, 23)), PromiseMove::Stands { better_since: None, review_at: None });
        let stands = PromiseMove::Stands { better_since: Some(now()), review_at: Some(at("2026-11-21T12:00:00Z")) };
        assert_eq!(RULE.decide(&expects(25, 22)), stands);
        let stood = Expectation { better_since: Some(at("2026-11-19T12:00:00Z")), ..expects(25, 22) };
        assert_eq!(RULE.decide(&stood), PromiseMove::Follows);
        let not_yet = Expectation { better_since: Some(at("2026-11-19T13:00:00Z")), ..expects(25, 21) };
        let review_at = Some(at("2026-11-20T13:00:00Z"));
        assert_eq!(RULE.decide(&not_yet), PromiseMove::Stands { better_since: not_yet.better_since, review_at });
    }

    #[test]
    fn the_first_date_and_the_loss_of_any_are_told_at_once() {
        let first = Expectation { promised: None, ..expects(25, 25) };
        let lost = Expectation { expected: None, ..expects(25, 25) };
        assert_eq!((RULE.decide(&first), RULE.decide(&lost)), (PromiseMove::Follows, PromiseMove::Follows));
    }

    #[test]
    fn a_day_that_comes_back_to_the_promised_one_is_no_message() {
        let back = Expectation { better_since: Some(now()), ..expects(25, 25) };
        assert_eq!(RULE.decide(&back), PromiseMove::Stands { better_since: None, review_at: None });
    }

    #[test]
    fn the_promised_day_comes_where_the_goods_leave() {
        let auckland = TimeZone::get("Pacific/Auckland").unwrap();
        let there = Expectation { zone: &auckland, ..expects(25, 26) };
        let review_at = Some(at("2026-11-24T11:00:00Z"));
        assert_eq!(RULE.decide(&there), PromiseMove::Stands { better_since: None, review_at });
    }
}
