//! The reservation horizon: how long before the goods have to leave stock is reserved for a line.
//!
//! A line beyond it takes no stock that somebody needs sooner. It is promised by what is free then and pegged to what
//! comes; when its day comes into the horizon it takes stock in its place. Source: domain notes, 2.11.

use jiff::{ToSpan as _, civil::Date};

/// The first day on which stock is reserved for goods that leave on `leaves`, for an item whose horizon has so many days.
#[must_use]
pub fn opens(leaves: Date, horizon_days: u16) -> Date {
    leaves.checked_sub(i64::from(horizon_days).days()).unwrap_or(Date::MIN)
}

/// Units of a line that can be had on their day without a reservation: what waits for no named supply, as far as what is
/// free then is not short. `lowest` is the lowest cumulative availability from the day on, in which the line itself is
/// counted as demand; below 0 so many units are promised too often.
#[must_use]
pub fn can_be_had(wanted: i64, lowest: i64) -> i64 {
    wanted.saturating_add(lowest.min(0)).max(0)
}

/// What a line beyond its horizon wants without a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedLater {
    /// The day on which its goods leave.
    pub day: Date,
    /// Units that no supply is expected for.
    pub wanted: i64,
}

/// How many units each of some lines of one item can have from one location without a reservation, the first in the queue
/// before the others. `available` is the cumulative availability by day, ascending, in which all of them are counted as
/// demand; a bucket stands until the next one.
///
/// Where too much is promised the last in the queue gives up first, and what it gives up is there for those before it.
#[must_use]
pub fn shares_later(lines: &[WantedLater], available: &[(Date, i64)]) -> Vec<i64> {
    let mut available = available.to_vec();
    let mut shares = vec![0; lines.len()];
    for (line, share) in lines.iter().zip(&mut shares).rev() {
        let first = available.iter().rposition(|(day, _)| *day <= line.day).unwrap_or_default();
        let from_its_day = available.get_mut(first..).unwrap_or_default();
        let lowest = from_its_day.iter().map(|(_, units)| *units).min().unwrap_or_default();
        *share = can_be_had(line.wanted, lowest);
        let given_up = line.wanted.saturating_sub(*share);
        from_its_day.iter_mut().for_each(|(_, units)| *units = units.saturating_add(given_up));
    }
    shares
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_horizon_is_counted_back_from_the_day_of_leaving() {
        assert_eq!(opens(date(2026, 12, 24), 7), date(2026, 12, 17));
        assert_eq!(opens(date(2026, 12, 24), 0), date(2026, 12, 24));
        assert_eq!(opens(Date::MIN, 7), Date::MIN);
    }

    #[test]
    fn the_last_in_the_queue_gives_up_first_what_others_took() {
        let day = |day| date(2026, 12, day);
        let line = |of, wanted| WantedLater { day: day(of), wanted };
        let free = |units| [(day(1), units)];
        // Twelve are wanted beside what is there: so many are promised too often.
        let (ann, bob) = (line(20, 6), line(25, 6));
        assert_eq!(shares_later(&[ann, bob], &free(0)), [6, 6]);
        assert_eq!(shares_later(&[ann, bob], &free(-4)), [6, 2]);
        assert_eq!(shares_later(&[ann, bob], &free(-8)), [4, 0]);
        assert_eq!(shares_later(&[ann, bob], &free(-20)), [0, 0]);
        // What comes before her day is there for her, and what is short before it is not hers to give.
        assert_eq!(shares_later(&[ann], &[(day(1), -9), (day(10), 3)]), [6]);
        assert_eq!(shares_later(&[ann], &[(day(1), 3), (day(22), -2)]), [4]);
        // What is wanted only later helps nobody before.
        assert_eq!(shares_later(&[line(10, 5), line(25, 5)], &[(day(1), -3), (day(25), -3)]), [2, 2]);
        assert_eq!(shares_later(&[], &free(-1)), Vec::<i64>::new());
        assert_eq!(shares_later(&[ann], &[]), [6]);
    }

    #[test]
    fn what_is_promised_too_often_is_not_promised_again() {
        assert_eq!([can_be_had(5, 3), can_be_had(5, 0), can_be_had(5, -2), can_be_had(5, -9)], [5, 5, 3, 0]);
    }
}
