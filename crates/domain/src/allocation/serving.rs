//! When held units are shared: at once, or when a planner commits them, or at an hour of the day.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::time::civil_date_in;

/// A category whose items a planner serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedServing {
    /// The items' category; empty for items without one.
    pub category: String,
    /// When held units are shared though nobody has committed them; `None` means never.
    pub run_time: Option<Time>,
}

impl PlannedServing {
    /// Whether units that are held since an instant are shared now: the hour has come since, in the location's zone.
    #[must_use]
    pub fn is_due(&self, held_since: Timestamp, now: Timestamp, zone: &TimeZone) -> bool {
        let Some(time) = self.run_time else { return false };
        let today = civil_date_in(now, zone);
        let hour_of = |day: Date| zone.to_timestamp(day.to_datetime(time)).ok();
        // The last time at which it was this hour.
        let last = hour_of(today).filter(|at| *at <= now).or_else(|| hour_of(today.yesterday().ok()?));
        last.is_some_and(|last| held_since < last)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_held_is_shared_at_the_next_hour_of_the_location() {
        let zone = crate::time::time_zone("Europe/London").unwrap();
        let by_planner = |run_time| PlannedServing { category: "china".to_owned(), run_time };
        let at_six = by_planner(Some(jiff::civil::time(18, 0, 0, 0)));
        // Summer time: six in London is 17:00 UTC.
        let held = at("2026-06-10T09:00:00Z");
        assert!(!at_six.is_due(held, at("2026-06-10T16:59:59Z"), &zone));
        assert!(at_six.is_due(held, at("2026-06-10T17:00:00Z"), &zone));
        assert!(at_six.is_due(held, at("2026-06-11T08:00:00Z"), &zone), "a service that slept catches up");
        let late = at("2026-06-10T17:00:00Z");
        assert!(!at_six.is_due(late, at("2026-06-11T16:59:59Z"), &zone), "after the hour, the next day's");
        assert!(at_six.is_due(late, at("2026-06-11T17:00:00Z"), &zone));
        assert!(!by_planner(None).is_due(held, at("2036-06-10T17:00:00Z"), &zone));
    }
}
