//! Working calendars: which civil days count.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

/// Holidays and extra working days of one calendar at most, each. It bounds every search for a working day.
pub const CALENDAR_DAYS_MAX: usize = 1_000;

/// A weekly pattern: a set of weekdays, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week(u8);

impl Week {
    /// Every day of the week.
    pub const EVERY_DAY: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const MONDAY_TO_FRIDAY: Self = Self(0b001_1111);

    /// The pattern of these weekdays. `None` when there is none among them.
    #[must_use]
    pub fn try_of(weekdays: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bits = weekdays.into_iter().fold(0, |bits, weekday| bits | bit(weekday));
        (bits != 0).then_some(Self(bits))
    }

    /// The pattern whose bit 0 is Monday and whose bit 6 is Sunday. `None` when no bit or another one is set.
    #[must_use]
    pub fn try_from_bits(bits: i32) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| (1..=Self::EVERY_DAY.0).contains(bits)).map(Self)
    }

    /// The pattern as bits: bit 0 is Monday, bit 6 is Sunday.
    #[must_use]
    pub fn bits(self) -> i32 {
        i32::from(self.0)
    }

    /// Whether the weekday is in the pattern.
    #[must_use]
    pub fn has(self, weekday: Weekday) -> bool {
        self.0 & bit(weekday) != 0
    }
}

fn bit(weekday: Weekday) -> u8 {
    1 << weekday.to_monday_zero_offset()
}

/// Why days make no calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The day is a holiday and an extra working day at once.
    #[error("{0} is a holiday and an extra working day")]
    HolidayAndExtra(Date),
    /// More than [`CALENDAR_DAYS_MAX`] holidays or extra working days.
    #[error("{0} days are listed, at most {CALENDAR_DAYS_MAX} are allowed")]
    TooMany(usize),
}

/// The working days of a place or a carrier: those of a weekly pattern that are no holidays, and extra ones.
///
/// A weekly pattern has a weekday and holidays are limited, so every day has a working day at or after it, unless the
/// last civil date comes first: 9999-12-31.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCalendar {
    week: Week,
    holidays: BTreeSet<Date>,
    extra_days: BTreeSet<Date>,
}

impl WorkingCalendar {
    /// The calendar of a place that names none: every day counts.
    #[must_use]
    pub const fn every_day() -> Self {
        Self { week: Week::EVERY_DAY, holidays: BTreeSet::new(), extra_days: BTreeSet::new() }
    }

    /// A calendar of a weekly pattern with its exceptions.
    ///
    /// # Errors
    /// [`CalendarError`] when there are too many exceptions, or one says both.
    pub fn try_new(
        week: Week,
        holidays: impl IntoIterator<Item = Date>,
        extra_days: impl IntoIterator<Item = Date>,
    ) -> Result<Self, CalendarError> {
        let holidays: BTreeSet<Date> = holidays.into_iter().collect();
        let extra_days: BTreeSet<Date> = extra_days.into_iter().collect();
        let longest = holidays.len().max(extra_days.len());
        if longest > CALENDAR_DAYS_MAX {
            return Err(CalendarError::TooMany(longest));
        }
        match holidays.intersection(&extra_days).next() {
            Some(both) => Err(CalendarError::HolidayAndExtra(*both)),
            None => Ok(Self { week, holidays, extra_days }),
        }
    }

    /// The weekly pattern.
    #[must_use]
    pub fn week(&self) -> Week {
        self.week
    }

    /// Days that do not count although their weekday does, ascending.
    pub fn holidays(&self) -> impl Iterator<Item = Date> {
        self.holidays.iter().copied()
    }

    /// Days that count although their weekday does not, ascending.
    pub fn extra_days(&self) -> impl Iterator<Item = Date> {
        self.extra_days.iter().copied()
    }

    /// Whether the day counts.
    #[must_use]
    pub fn works_on(&self, day: Date) -> bool {
        self.extra_days.contains(&day) || (self.week.has(day.weekday()) && !self.holidays.contains(&day))
    }

    /// The first working day from `day` on. `None` when it would be after the last civil date.
    #[must_use]
    pub fn on_or_after(&self, day: Date) -> Option<Date> {
        self.found(day, |day| day.tomorrow().ok())
    }

    /// The last working day up to `day`. `None` when it would be before the first civil date.
    #[must_use]
    pub fn on_or_before(&self, day: Date) -> Option<Date> {
        self.found(day, |day| day.yesterday().ok())
    }

    /// The first working day after `day`.
    #[must_use]
    pub fn after(&self, day: Date) -> Option<Date> {
        self.on_or_after(day.tomorrow().ok()?)
    }

    /// The last working day before `day`.
    #[must_use]
    pub fn before(&self, day: Date) -> Option<Date> {
        self.on_or_before(day.yesterday().ok()?)
    }

    /// The working day that is `days` working days after `day`; when `day` does not count, after the next one that does.
    /// So 0 days make the first working day from `day` on.
    #[must_use]
    pub fn advance(&self, day: Date, days: u16) -> Option<Date> {
        (0..days).try_fold(self.on_or_after(day)?, |day, _| self.after(day))
    }

    /// The last working day from which [`Self::advance`] by `days` still ends at `day` or before.
    #[must_use]
    pub fn retreat(&self, day: Date, days: u16) -> Option<Date> {
        (0..days).try_fold(self.on_or_before(day)?, |day, _| self.before(day))
    }

    fn found(&self, from: Date, step: impl Fn(Date) -> Option<Date>) -> Option<Date> {
        // Each week has a day of the pattern, and each of those can be a holiday only once.
        let days_max = 7 * (self.holidays.len() + 1);
        std::iter::successors(Some(from), |day| step(*day)).take(days_max).find(|day| self.works_on(*day))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;

    /// Monday to Friday, closed over Christmas 2026, open on the Saturday before.
    fn office() -> WorkingCalendar {
        let holidays = [date(2026, 12, 25), date(2026, 12, 28)];
        WorkingCalendar::try_new(Week::MONDAY_TO_FRIDAY, holidays, [date(2026, 12, 19)]).unwrap()
    }

    #[test]
    fn a_day_counts_by_its_weekday_unless_it_is_an_exception() {
        let office = office();
        let works: Vec<bool> = (18..29).map(|day| office.works_on(date(2026, 12, day))).collect();
        assert_eq!(works, [true, true, false, true, true, true, true, false, false, false, false]);
    }

    #[test]
    fn a_day_that_does_not_count_stands_for_the_next_that_does() {
        let office = office();
        let christmas = date(2026, 12, 25);
        assert_eq!(office.on_or_after(christmas), Some(date(2026, 12, 29)));
        assert_eq!(office.on_or_before(christmas), Some(date(2026, 12, 24)));
        assert_eq!(office.advance(christmas, 0), Some(date(2026, 12, 29)));
        assert_eq!(office.advance(christmas, 1), Some(date(2026, 12, 30)));
        assert_eq!(office.retreat(christmas, 1), Some(date(2026, 12, 23)));
    }

    #[test]
    fn the_day_itself_is_not_after_or_before_it() {
        let office = office();
        assert_eq!(office.after(date(2026, 12, 24)), Some(date(2026, 12, 29)));
        assert_eq!(office.before(date(2026, 12, 21)), Some(date(2026, 12, 19)));
    }

    #[test]
    fn a_long_closure_is_searched_to_its_end() {
        let mondays = (0..1_000).map(|week| date(2026, 1, 5) + jiff::Span::new().weeks(week));
        let closed = WorkingCalendar::try_new(Week::try_of([Weekday::Monday]).unwrap(), mondays, []).unwrap();
        let reopens = date(2026, 1, 5) + jiff::Span::new().weeks(1_000);
        assert_eq!(closed.on_or_after(date(2026, 1, 5)), Some(reopens));
    }

    #[test]
    fn nothing_is_found_beyond_the_last_civil_date() {
        assert_eq!(office().after(Date::MAX), None);
        assert_eq!(office().advance(date(9_999, 12, 31), 1), None);
        assert_eq!(office().retreat(Date::MIN, 9), None);
    }

    #[test]
    fn a_week_without_a_day_is_no_week() {
        assert_eq!(Week::try_of([]), None);
        assert_eq!((Week::try_from_bits(0), Week::try_from_bits(128), Week::try_from_bits(-1)), (None, None, None));
        assert_eq!(Week::try_from_bits(31), Some(Week::MONDAY_TO_FRIDAY));
        assert_eq!(Week::MONDAY_TO_FRIDAY.bits(), 31);
    }

    #[test]
    fn a_day_cannot_be_holiday_and_extra_working_day_at_once() {
        let day = date(2026, 5, 1);
        let refused = WorkingCalendar::try_new(Week::EVERY_DAY, [day], [day]);
        assert_eq!(refused, Err(CalendarError::HolidayAndExtra(day)));
        let many = (0..1_001).map(|n| day + jiff::Span::new().days(n));
        assert_eq!(WorkingCalendar::try_new(Week::EVERY_DAY, many, []), Err(CalendarError::TooMany(1_001)));
    }
}
