//! How the units of a line leave a location and reach the customer, and by when they have to.
//!
//! A customer wants the goods to leave or to arrive on a day. A day of arrival is turned into the last day on which they
//! can leave, by the lane. Without a lane nothing is known of the journey, and the day is taken as the day of leaving.
//! Source: domain notes, 2.12.

use jiff::{Timestamp, civil::Date};

use crate::{
    calendar::{Lane, ShipDay, ShipSchedule},
    ids::LocationId,
};

/// What a requested date is the date of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateBasis {
    /// The day on which the goods leave.
    Ship,
    /// The day on which they reach the customer.
    Deliver,
}

/// The day on which goods reach the customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    /// The civil day.
    pub date: Date,
    /// The IANA name of the zone in which it is read.
    pub zone: String,
}

/// How goods leave one location and, where a lane is known, travel to the customer.
#[derive(Debug, Clone)]
pub struct Route {
    /// The location's schedule.
    pub schedule: ShipSchedule,
    /// The way to the customer. `None` when none is known.
    pub lane: Option<Lane>,
}

/// What the dates of a line's promise are counted from and by.
pub struct LineDates<'a> {
    /// The day that the customer wants.
    pub requested: Date,
    /// What it is the day of.
    pub basis: DateBasis,
    /// The day before which the item may not leave. `None` when it is released.
    pub release: Option<Date>,
    /// The business time.
    pub now: Timestamp,
    /// The route from a location.
    pub route: &'a dyn Fn(&LocationId) -> Route,
}

impl Route {
    /// The last day on which goods can leave to be in time, a working day of the location. A wanted day of leaving on
    /// which the location is closed stands for the next working day.
    #[must_use]
    pub fn due(&self, requested: Date, basis: DateBasis) -> Date {
        let by_lane = match basis {
            DateBasis::Ship => None,
            DateBasis::Deliver => self.latest_ship_day(requested),
        };
        by_lane.or_else(|| self.schedule.ship_day_for(requested)).unwrap_or(requested)
    }

    /// The last day on which goods can leave to arrive by `delivery`. `None` without a lane.
    #[must_use]
    pub fn latest_ship_day(&self, delivery: Date) -> Option<Date> {
        self.lane.as_ref()?.latest_ship_day(delivery, &self.schedule)
    }

    /// When goods arrive that leave on `ship`. `None` without a lane.
    #[must_use]
    pub fn delivery(&self, ship: Date) -> Option<Delivery> {
        let lane = self.lane.as_ref()?;
        let zone = lane.destination_zone.iana_name()?.to_owned();
        Some(Delivery { date: lane.delivery_day(ship, &self.schedule)?, zone })
    }
}

impl LineDates<'_> {
    /// The last day on which goods can leave the location to be in time. Before its release an item is not late.
    #[must_use]
    pub fn due(&self, location: &LocationId) -> Date {
        self.due_on(&(self.route)(location))
    }

    fn due_on(&self, route: &Route) -> Date {
        let due = route.due(self.requested, self.basis);
        let released = self.release.and_then(|release| route.schedule.ship_day_for(release));
        released.map_or(due, |released| due.max(released))
    }

    /// When units on hand at a location leave: not before they can, and not before they have to.
    #[must_use]
    pub fn stock_leaves(&self, location: &LocationId) -> Option<Date> {
        let route = (self.route)(location);
        self.not_before_due(&route, route.schedule.stock_ships(self.now))
    }

    /// When units leave that a supply brings to a location.
    #[must_use]
    pub fn supply_leaves(&self, location: &LocationId, expected: Date) -> Option<Date> {
        let route = (self.route)(location);
        self.not_before_due(&route, route.schedule.supply_ships(expected, self.now))
    }

    fn not_before_due(&self, route: &Route, ships: Option<ShipDay>) -> Option<Date> {
        Some(ships?.ship.max(self.due_on(route)))
    }

    /// When goods that leave a location on a day reach the customer.
    #[must_use]
    pub fn delivery(&self, location: &LocationId, ship: Date) -> Option<Delivery> {
        (self.route)(location).delivery(ship)
    }
}

/// What moves a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateStepKind {
    /// The cut-off had passed: the next working day counts.
    CutOff,
    /// The location is closed.
    ClosedDay,
    /// A supply is taken in.
    DockToStock,
    /// The goods are picked and packed.
    Handling,
    /// The item is not released before.
    ReleaseDate,
    /// The customer wants them later.
    RequestedDate,
    /// They travel.
    Transit,
}

impl DateStepKind {
    /// What moved the date, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CutOff => "after the cut-off",
            Self::ClosedDay => "closed",
            Self::DockToStock => "dock-to-stock",
            Self::Handling => "handling",
            Self::ReleaseDate => "not released",
            Self::RequestedDate => "wanted later",
            Self::Transit => "transit",
        }
    }
}

/// One step from the day on which something is there to the day on which the goods arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateStep {
    /// What moved the date.
    pub kind: DateStepKind,
    /// From this day …
    pub from: Date,
    /// … to this one. For [`DateStepKind::Transit`] read at the destination.
    pub to: Date,
}

/// The steps that moved a promised day of leaving, in their order: from the day of the order (`expected` is `None`) or of
/// the supply. Days that nothing moved have no step.
#[must_use]
pub fn date_steps(
    route: &Route,
    expected: Option<Date>,
    release: Option<Date>,
    now: Timestamp,
    promised: Date,
) -> Vec<DateStep> {
    let schedule = &route.schedule;
    let ships = match expected {
        Some(expected) => schedule.supply_ships(expected, now),
        None => schedule.stock_ships(now),
    };
    let mut steps = Vec::new();
    let mut step = |kind, from: Date, to: Date| {
        if from != to {
            steps.push(DateStep { kind, from, to });
        }
    };
    if let Some(ShipDay { start, counted, pickable, ship }) = ships {
        let waits = if schedule.calendar.works_on(start) { DateStepKind::CutOff } else { DateStepKind::ClosedDay };
        step(waits, start, counted);
        let in_stock = schedule.calendar.advance(counted, schedule.dock_to_stock_days).unwrap_or(pickable);
        let taken_in = if expected.is_some() { in_stock } else { counted };
        step(DateStepKind::DockToStock, counted, taken_in);
        step(DateStepKind::CutOff, taken_in, pickable);
        step(DateStepKind::Handling, pickable, ship);
        let released = release.and_then(|release| schedule.ship_day_for(release)).map_or(ship, |day| day.max(ship));
        step(DateStepKind::ReleaseDate, ship, released);
        step(DateStepKind::RequestedDate, released, promised.max(released));
    }
    if let Some(delivery) = route.delivery(promised) {
        step(DateStepKind::Transit, promised, delivery.date);
    }
    steps
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::sync::Arc;

    use jiff::civil::{Time, date};

    use super::*;
    use crate::{
        calendar::{Week, WorkingCalendar},
        time::time_zone,
    };

    /// Monday to Friday in London until 14:00, a day to take in, a day to pack, two days to Berlin.
    fn to_berlin() -> Route {
        let office = Arc::new(WorkingCalendar::try_new(Week::MONDAY_TO_FRIDAY, [], []).unwrap());
        let schedule = ShipSchedule {
            zone: time_zone("Europe/London").unwrap(),
            calendar: Arc::clone(&office),
            cut_off: Some(Time::constant(14, 0, 0, 0)),
            dock_to_stock_days: 1,
            handling_days: 1,
        };
        let lane = Lane {
            calendar: office,
            transit_days: 2,
            pickup_time: Time::constant(17, 0, 0, 0),
            destination_zone: time_zone("Europe/Berlin").unwrap(),
        };
        Route { schedule, lane: Some(lane) }
    }

    fn location() -> LocationId {
        LocationId::try_new("main").unwrap()
    }

    /// A Thursday afternoon after the cut-off.
    fn now() -> Timestamp {
        "2026-11-26T15:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_day_of_arrival_is_met_by_leaving_on_the_last_day_that_the_lane_allows() {
        let wednesday = date(2026, 12, 2);
        assert_eq!(to_berlin().due(wednesday, DateBasis::Deliver), date(2026, 11, 30));
        assert_eq!(to_berlin().due(wednesday, DateBasis::Ship), wednesday);
        let unknown = Route { lane: None, ..to_berlin() };
        assert_eq!(unknown.due(wednesday, DateBasis::Deliver), wednesday);
    }

    #[test]
    fn a_day_of_leaving_on_which_the_location_is_closed_is_the_next_open_one() {
        assert_eq!(to_berlin().due(date(2026, 11, 28), DateBasis::Ship), date(2026, 11, 30));
    }

    #[test]
    fn goods_leave_when_they_can_and_not_before_they_have_to() {
        let route = |_: &LocationId| to_berlin();
        let wanted =
            |requested| LineDates { requested, basis: DateBasis::Deliver, release: None, now: now(), route: &route };
        let soon = wanted(date(2026, 11, 26));
        assert_eq!(soon.stock_leaves(&location()), Some(date(2026, 11, 30)));
        assert_eq!(soon.supply_leaves(&location(), date(2026, 11, 27)), Some(date(2026, 12, 1)));
        let later = wanted(date(2026, 12, 10));
        assert_eq!(later.stock_leaves(&location()), Some(date(2026, 12, 8)));
        let arrives = later.delivery(&location(), date(2026, 12, 8)).unwrap();
        assert_eq!((arrives.date, arrives.zone.as_str()), (date(2026, 12, 10), "Europe/Berlin"));
    }

    #[test]
    fn each_step_that_moved_a_date_is_named() {
        let stock = date_steps(&to_berlin(), None, None, now(), date(2026, 11, 30));
        let kinds = |steps: &[DateStep]| steps.iter().map(|step| step.kind).collect::<Vec<_>>();
        assert_eq!(kinds(&stock), [DateStepKind::CutOff, DateStepKind::Handling, DateStepKind::Transit]);
        assert_eq!((stock[0].from, stock[0].to), (date(2026, 11, 26), date(2026, 11, 27)));
        assert_eq!(stock[2].to, date(2026, 12, 2));
        let saturday = Some(date(2026, 11, 28));
        let supply = date_steps(&to_berlin(), saturday, None, now(), date(2026, 12, 4));
        assert_eq!(
            kinds(&supply),
            [
                DateStepKind::ClosedDay,
                DateStepKind::DockToStock,
                DateStepKind::Handling,
                DateStepKind::RequestedDate,
                DateStepKind::Transit
            ]
        );
    }

    #[test]
    fn an_item_that_is_not_released_leaves_on_the_first_open_day_from_its_release_on() {
        let route = |_: &LocationId| to_berlin();
        let requested = date(2026, 11, 26);
        let release = Some(date(2026, 12, 5));
        let dates = LineDates { requested, basis: DateBasis::Ship, release, now: now(), route: &route };
        let monday = date(2026, 12, 7);
        assert_eq!(dates.stock_leaves(&location()), Some(monday));
        assert_eq!(dates.supply_leaves(&location(), date(2026, 11, 27)), Some(monday));
        assert_eq!(dates.due(&location()), monday);
        let steps = date_steps(&to_berlin(), None, release, now(), monday);
        assert_eq!(steps[2].kind, DateStepKind::ReleaseDate);
    }

    #[test]
    fn a_location_that_states_nothing_moves_no_date() {
        let plain = Route { schedule: ShipSchedule::every_day(jiff::tz::TimeZone::UTC), lane: None };
        assert_eq!(date_steps(&plain, None, None, now(), date(2026, 11, 26)), []);
        assert_eq!(date_steps(&plain, Some(date(2026, 11, 30)), None, now(), date(2026, 11, 30)), []);
    }
}
