//! Lanes: how long the goods travel from a location to a destination zone.

use std::sync::Arc;

use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{DayCount, ShipSchedule, WorkingCalendar, instant_of};
use crate::time::civil_date_in;

/// When the carrier comes, where a lane does not say: at noon.
pub const PICKUP_TIME_DEFAULT: Time = Time::constant(12, 0, 0, 0);

/// The zones of the world are at most 26 hours apart, so what leaves on a day leaves on that day at the destination, or
/// on one of the two next to it on either side.
const DATE_LINE_DAYS: i64 = 2;

/// The way of one carrier's service from a location to a destination zone.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The days on which the carrier travels and delivers, read at the destination.
    pub calendar: Arc<WorkingCalendar>,
    /// Days of that calendar from departure to delivery.
    pub transit_days: DayCount,
    /// The local time at the location at which the carrier takes the goods: it tells which day it is then at the
    /// destination.
    pub pickup_time: Time,
    /// The zone in which delivery dates are read.
    pub destination_zone: TimeZone,
}

impl Lane {
    /// The day on which goods that leave on `ship` arrive, in the destination's zone: the day that it is there when the
    /// carrier takes them, and `transit_days` of the lane's calendar more.
    #[must_use]
    pub fn delivery_day(&self, ship: Date, from: &ShipSchedule) -> Option<Date> {
        self.calendar.advance(self.departure(ship, from)?, self.transit_days)
    }

    /// The last working day of the location on which goods can leave that shall arrive by `delivery`, a day in the
    /// destination's zone. It is the inverse of [`Self::delivery_day`]: leaving on any later working day is too late.
    #[must_use]
    pub fn latest_ship_day(&self, delivery: Date, from: &ShipSchedule) -> Option<Date> {
        let departure = self.calendar.retreat(delivery, self.transit_days)?;
        let latest = departure.checked_add(jiff::Span::new().days(DATE_LINE_DAYS)).ok()?;
        let mut days = std::iter::successors(Some(latest), |day| day.yesterday().ok());
        let ship = days.find(|day| self.departure(*day, from).is_none_or(|leaves| leaves <= departure))?;
        from.calendar.on_or_before(ship)
    }

    fn departure(&self, ship: Date, from: &ShipSchedule) -> Option<Date> {
        Some(civil_date_in(instant_of(ship, self.pickup_time, &from.zone)?, &self.destination_zone))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::{Weekday, date};

    use super::*;
    use crate::{calendar::Week, time::time_zone};

    fn lane(week: Week, transit_days: DayCount, zone: &str) -> Lane {
        Lane {
            calendar: Arc::new(WorkingCalendar::try_new(week, [], []).unwrap()),
            transit_days,
            pickup_time: Time::constant(17, 0, 0, 0),
            destination_zone: time_zone(zone).unwrap(),
        }
    }

    fn office(zone: &str) -> ShipSchedule {
        let calendar = WorkingCalendar::try_new(Week::MONDAY_TO_FRIDAY, [], []).unwrap();
        ShipSchedule { calendar: Arc::new(calendar), ..ShipSchedule::every_day(time_zone(zone).unwrap()) }
    }

    #[test]
    fn a_carrier_that_travels_on_saturdays_is_a_weekend_faster() {
        let london = office("Europe/London");
        let friday = date(2026, 11, 27);
        let weekdays = lane(Week::MONDAY_TO_FRIDAY, 2, "Europe/London");
        assert_eq!(weekdays.delivery_day(friday, &london), Some(date(2026, 12, 1)));
        let to_saturday = Week::try_of([
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
        ]);
        let saturdays = lane(to_saturday.unwrap(), 2, "Europe/London");
        assert_eq!(saturdays.delivery_day(friday, &london), Some(date(2026, 11, 30)));
    }

    #[test]
    fn goods_that_cross_the_date_line_arrive_on_the_day_that_it_is_there() {
        let east = lane(Week::EVERY_DAY, 1, "Pacific/Honolulu");
        assert_eq!(east.delivery_day(date(2026, 3, 2), &office("Pacific/Auckland")), Some(date(2026, 3, 2)));
        let west = lane(Week::EVERY_DAY, 1, "Asia/Tokyo");
        assert_eq!(west.delivery_day(date(2026, 3, 2), &office("America/Los_Angeles")), Some(date(2026, 3, 4)));
    }

    #[test]
    fn the_latest_ship_day_is_the_last_from_which_the_goods_arrive_in_time() {
        let lane = lane(Week::MONDAY_TO_FRIDAY, 2, "Europe/London");
        let london = office("Europe/London");
        assert_eq!(lane.latest_ship_day(date(2026, 12, 1), &london), Some(date(2026, 11, 27)));
        assert_eq!(lane.latest_ship_day(date(2026, 11, 30), &london), Some(date(2026, 11, 26)));
        assert_eq!(lane.latest_ship_day(date(2026, 11, 29), &london), Some(date(2026, 11, 25)));
    }
}
