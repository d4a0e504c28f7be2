//! Days as numbers: a run compares and adds them a million times.

use jiff::civil::Date;

use crate::time::day_number;

/// A civil day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub i32);

impl Day {
    /// Before every day.
    pub const MIN: Self = Self(i32::MIN);
    /// After every day: "no limit" where a latest day is asked for.
    pub const MAX: Self = Self(i32::MAX);

    /// The day of a civil date.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(day_number(date))
    }

    /// The civil date; `None` for [`Day::MIN`], [`Day::MAX`] and other days that no calendar has.
    #[must_use]
    pub fn date(self) -> Option<Date> {
        let epoch = jiff::civil::date(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().try_days(self.0).ok()?).ok()
    }

    /// The day so many days later, as far as days go.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_its_date_are_the_same() {
        for (number, date) in [(0, jiff::civil::date(1970, 1, 1)), (20_785, jiff::civil::date(2026, 11, 28))] {
            assert_eq!(Day::of(date), Day(number));
            assert_eq!(Day(number).date(), Some(date));
        }
        assert_eq!(Day::of(jiff::civil::date(1969, 12, 31)), Day(-1));
        assert_eq!(Day::MAX.date(), None);
    }
}
