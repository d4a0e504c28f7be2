//! The ship schedule of a location: from which day an order or a supply counts, and when it leaves the door.

use std::sync::Arc;

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{WorkingCalendar, instant_of};
use crate::time::civil_date_in;

/// A number of working days.
pub type DayCount = u16;

/// How a location turns what is there into what leaves.
#[derive(Debug, Clone)]
pub struct ShipSchedule {
    /// The zone in which the location's dates and its cut-off are read.
    pub zone: TimeZone,
    /// The days on which it takes in, picks and ships.
    pub calendar: Arc<WorkingCalendar>,
    /// The local time before which an order still counts on its day: at this minute it is too late. `None` means that
    /// there is no such time.
    pub cut_off: Option<Time>,
    /// Working days from the arrival of a supply until its units can be picked.
    pub dock_to_stock_days: DayCount,
    /// Working days from then, or from the order's day, until the goods leave.
    pub handling_days: DayCount,
}

/// The day on which goods leave, and the days on the way to it, all in the location's zone. Each is the one before or
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShipDay {
    /// The day on which the order was there or the supply is expected.
    pub start: Date,
    /// The working day on which it counts: `start`, unless that is closed or the cut-off has passed.
    pub counted: Date,
    /// The working day on which the units can be picked.
    pub pickable: Date,
    /// The working day on which they leave.
    pub ship: Date,
}

impl ShipSchedule {
    /// The schedule of a location in a zone that states nothing else: every day, at once.
    #[must_use]
    pub fn every_day(zone: TimeZone) -> Self {
        Self {
            zone,
            calendar: Arc::new(WorkingCalendar::every_day()),
            cut_off: None,
            dock_to_stock_days: 0,
            handling_days: 0,
        }
    }

    /// The working day on which what is there at `instant` counts: that day, when it is one and the cut-off has not
    /// come, or else the next. An instant counts as before the cut-off when it is less than the cut-off's on its local
    /// day.
    #[must_use]
    pub fn counted_day(&self, instant: Timestamp) -> Option<Date> {
        let day = civil_date_in(instant, &self.zone);
        if !self.calendar.works_on(day) {
            return self.calendar.after(day);
        }
        let cut_off = self.cut_off.and_then(|time| instant_of(day, time, &self.zone));
        if cut_off.is_some_and(|cut_off| instant >= cut_off) { self.calendar.after(day) } else { Some(day) }
    }

    /// When units leave that are on hand for an order at `instant`.
    #[must_use]
    pub fn stock_ships(&self, instant: Timestamp) -> Option<ShipDay> {
        let start = civil_date_in(instant, &self.zone);
        let counted = self.counted_day(instant)?;
        Some(ShipDay { start, counted, pickable: counted, ship: self.calendar.advance(counted, self.handling_days)? })
    }

    /// When units leave that a supply brings on `expected`, as seen at `now`: dock-to-stock, then handling. Where there is
    /// a cut-off they cannot leave before what is on hand now.
    #[must_use]
    pub fn supply_ships(&self, expected: Date, now: Timestamp) -> Option<ShipDay> {
        let counted = self.calendar.on_or_after(expected)?;
        let in_stock = self.calendar.advance(counted, self.dock_to_stock_days)?;
        let pickable = match self.cut_off {
            Some(_) => in_stock.max(self.counted_day(now)?),
            None => in_stock,
        };
        let ship = self.calendar.advance(pickable, self.handling_days)?;
        Some(ShipDay { start: expected, counted, pickable, ship })
    }

    /// The day on which goods leave that someone wants to leave on `day`: the next working day where it is closed.
    #[must_use]
    pub fn ship_day_for(&self, day: Date) -> Option<Date> {
        self.calendar.on_or_after(day)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::{date, time};

    use super::*;
    use crate::{calendar::Week, time::time_zone};

    /// Monday to Friday in London, orders until 14:00, one day to take in, two to pack.
    fn london() -> ShipSchedule {
        let calendar = WorkingCalendar::try_new(Week::MONDAY_TO_FRIDAY, [], []).unwrap();
        ShipSchedule {
            zone: time_zone("Europe/London").unwrap(),
            calendar: Arc::new(calendar),
            cut_off: Some(time(14, 0, 0, 0)),
            dock_to_stock_days: 1,
            handling_days: 2,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_cut_off_minute_itself_is_too_late() {
        let london = london();
        assert_eq!(london.counted_day(at("2026-11-26T13:59:59.999999Z")), Some(date(2026, 11, 26)));
        assert_eq!(london.counted_day(at("2026-11-26T14:00:00Z")), Some(date(2026, 11, 27)));
        assert_eq!(london.counted_day(at("2026-11-27T14:00:00Z")), Some(date(2026, 11, 30)));
    }

    #[test]
    fn a_closed_day_counts_as_the_next_open_one_whatever_the_hour() {
        let saturday = [at("2026-11-28T01:00:00Z"), at("2026-11-28T23:00:00Z")];
        assert!(saturday.iter().all(|instant| london().counted_day(*instant) == Some(date(2026, 11, 30))));
    }

    #[test]
    fn stock_leaves_after_handling_and_supply_after_dock_to_stock_too() {
        let now = at("2026-11-26T09:00:00Z");
        let stock = london().stock_ships(now).unwrap();
        assert_eq!((stock.counted, stock.ship), (date(2026, 11, 26), date(2026, 11, 30)));
        let supply = london().supply_ships(date(2026, 11, 28), now).unwrap();
        assert_eq!((supply.start, supply.counted), (date(2026, 11, 28), date(2026, 11, 30)));
        assert_eq!((supply.pickable, supply.ship), (date(2026, 12, 1), date(2026, 12, 3)));
    }

    #[test]
    fn supply_that_comes_today_does_not_leave_today_after_the_cut_off() {
        let london = ShipSchedule { dock_to_stock_days: 0, handling_days: 0, ..london() };
        let ships = |now| london.supply_ships(date(2026, 11, 26), now).unwrap().ship;
        assert_eq!(ships(at("2026-11-26T13:00:00Z")), date(2026, 11, 26));
        assert_eq!(ships(at("2026-11-26T15:00:00Z")), date(2026, 11, 27));
    }

    #[test]
    fn a_location_that_states_nothing_ships_on_every_day_at_once() {
        let plain = ShipSchedule::every_day(TimeZone::UTC);
        let now = at("2026-11-28T23:59:59Z");
        assert_eq!(plain.stock_ships(now).unwrap().ship, date(2026, 11, 28));
        assert_eq!(plain.supply_ships(date(2026, 11, 20), now).unwrap().ship, date(2026, 11, 20));
        assert_eq!(plain.ship_day_for(date(2026, 11, 29)), Some(date(2026, 11, 29)));
    }
}
