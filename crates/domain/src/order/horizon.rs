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
    fn what_is_promised_too_often_is_not_promised_again() {
        assert_eq!([can_be_had(5, 3), can_be_had(5, 0), can_be_had(5, -2), can_be_had(5, -9)], [5, 5, 3, 0]);
    }
}
