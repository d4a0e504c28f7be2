//! At which moments a scheduled run is due.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{calendar::Week, time::civil_date_in};

/// A time of the day on days of the week, in a time zone.
///
/// Where clocks are put forward over the time, it is as much later on that day; where they are put back, it is the first of
/// the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTimes {
    /// The days.
    pub week: Week,
    /// The time.
    pub time: Time,
    /// The zone of both.
    pub zone: TimeZone,
    /// The last day; `None` is for ever.
    pub until: Option<Date>,
}

/// Moments that have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The last one.
    pub at: Timestamp,
    /// How many came before it, of which nothing came.
    pub missed: u64,
}

impl RunTimes {
    /// The first moment after an instant; `None` when there is none any more.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut day = civil_date_in(after, &self.zone);
        // A day of the week comes within a week; today's moment may be past.
        for _ in 0..=8 {
            if self.until.is_some_and(|until| day > until) {
                return None;
            }
            let moment = self.zone.to_timestamp(day.to_datetime(self.time)).ok()?;
            if self.week.has(day.weekday()) && moment > after {
                return Some(moment);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// What has come of the moments from `next` on; `None` when that is still to come.
    #[must_use]
    pub fn due(&self, next: Timestamp, now: Timestamp) -> Option<Due> {
        if next > now {
            return None;
        }
        let mut due = Due { at: next, missed: 0 };
        while let Some(at) = self.next_after(due.at).filter(|at| *at <= now) {
            due = Due { at, missed: due.missed + 1 };
        }
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::{Weekday, date, time};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn times(weekdays: &[Weekday], hour: i8) -> RunTimes {
        RunTimes {
            week: Week::try_of(weekdays.iter().copied()).unwrap(),
            time: time(hour, 30, 0, 0),
            zone: crate::time::time_zone("Europe/London").unwrap(),
            until: None,
        }
    }

    #[test]
    fn the_next_moment_is_on_a_named_day_in_the_zone() {
        let weekly = times(&[Weekday::Monday, Weekday::Thursday], 6);
        // 2026-06-08 is a Monday; in summer half past six in London is 05:30 UTC.
        assert_eq!(weekly.next_after(at("2026-06-07T22:00:00Z")), Some(at("2026-06-08T05:30:00Z")));
        assert_eq!(weekly.next_after(at("2026-06-08T05:30:00Z")), Some(at("2026-06-11T05:30:00Z")), "the next one");
        assert_eq!(weekly.next_after(at("2026-06-11T05:30:00Z")), Some(at("2026-06-15T05:30:00Z")));
    }

    #[test]
    fn no_day_is_left_out_when_clocks_change() {
        let daily = RunTimes { week: Week::EVERY_DAY, ..times(&[Weekday::Monday], 1) };
        // On 2026-03-29 there is no half past one in London.
        assert_eq!(daily.next_after(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
        assert_eq!(daily.next_after(at("2026-03-29T01:30:00Z")), Some(at("2026-03-30T00:30:00Z")));
        // On 2026-10-25 it is half past one twice.
        assert_eq!(daily.next_after(at("2026-10-24T12:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert_eq!(daily.next_after(at("2026-10-25T00:30:00Z")), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn the_last_day_is_one_of_them() {
        let ends = RunTimes { until: Some(date(2026, 6, 11)), ..times(&[Weekday::Monday, Weekday::Thursday], 6) };
        assert_eq!(ends.next_after(at("2026-06-10T00:00:00Z")), Some(at("2026-06-11T05:30:00Z")));
        assert_eq!(ends.next_after(at("2026-06-11T05:30:00Z")), None);
    }

    #[test]
    fn of_moments_that_were_missed_the_last_one_is_due() {
        let weekly = times(&[Weekday::Monday, Weekday::Thursday], 6);
        let first = at("2026-06-08T05:30:00Z");
        assert_eq!(weekly.due(first, at("2026-06-08T05:29:59Z")), None);
        assert_eq!(weekly.due(first, first), Some(Due { at: first, missed: 0 }));
        let later = at("2026-06-16T00:00:00Z");
        assert_eq!(weekly.due(first, later), Some(Due { at: at("2026-06-15T05:30:00Z"), missed: 2 }));
    }
}
