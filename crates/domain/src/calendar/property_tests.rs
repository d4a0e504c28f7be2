//! What holds for every calendar: promises follow supply, end on working days, and turn round.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use jiff::{
    Span, Timestamp,
    civil::{Date, Time, date},
};
use proptest::{collection::vec, prelude::*};

use super::{Lane, ShipSchedule, Week, WorkingCalendar};
use crate::time::time_zone;

const ZONES: [&str; 6] =
    ["Europe/London", "Pacific/Apia", "Pacific/Pago_Pago", "America/New_York", "Australia/Lord_Howe", "Etc/GMT+12"];

/// Days within which everything happens, counted from the first of 2026.
const DAYS: i64 = 120;

fn day(number: i64) -> Date {
    date(2026, 1, 1) + Span::new().days(number)
}

fn calendar() -> impl Strategy<Value = Arc<WorkingCalendar>> {
    (1..128_i32, vec(0..DAYS, 0..12), vec(0..DAYS, 0..6)).prop_map(|(week, holidays, extra)| {
        let holidays: Vec<Date> = holidays.into_iter().map(day).collect();
        let extra = extra.into_iter().map(day).filter(|day| !holidays.contains(day)).collect::<Vec<_>>();
        Arc::new(WorkingCalendar::try_new(Week::try_from_bits(week).unwrap(), holidays, extra).unwrap())
    })
}

fn local_time() -> impl Strategy<Value = Time> {
    (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| Time::constant(hour, minute, 0, 0))
}

fn zone() -> impl Strategy<Value = jiff::tz::TimeZone> {
    (0..ZONES.len()).prop_map(|number| time_zone(ZONES[number]).unwrap())
}

fn schedule() -> impl Strategy<Value = ShipSchedule> {
    (zone(), calendar(), proptest::option::of(local_time()), 0..5_u16, 0..5_u16).prop_map(
        |(zone, calendar, cut_off, dock_to_stock_days, handling_days)| ShipSchedule {
            zone,
            calendar,
            cut_off,
            dock_to_stock_days,
            handling_days,
        },
    )
}

fn lane() -> impl Strategy<Value = Lane> {
    (calendar(), 0..6_u16, local_time(), zone()).prop_map(|(calendar, transit_days, pickup_time, destination_zone)| {
        Lane { calendar, transit_days, pickup_time, destination_zone }
    })
}

/// An instant on a day of the year, to the second.
fn instant() -> impl Strategy<Value = Timestamp> {
    (0..DAYS * 86_400)
        .prop_map(|seconds| "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + Span::new().seconds(seconds))
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: backorder_testkit::counts::cases("calendars"),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn later_supply_and_later_orders_never_ship_or_arrive_earlier() {
    proptest!(config(), |(from in schedule(), lane in lane(), now in instant(), later in instant(), a in 0..DAYS, b in 0..DAYS)| {
        let (early, late) = (day(a.min(b)), day(a.max(b)));
        let first = from.supply_ships(early, now).unwrap();
        let second = from.supply_ships(late, now).unwrap();
        prop_assert!(first.ship <= second.ship);
        prop_assert!(lane.delivery_day(first.ship, &from) <= lane.delivery_day(second.ship, &from));
        prop_assert!(from.stock_ships(now.min(later)).unwrap().ship <= from.stock_ships(now.max(later)).unwrap().ship);
    });
}

#[test]
fn goods_leave_and_arrive_on_working_days_and_never_before_what_they_wait_for() {
    proptest!(config(), |(from in schedule(), lane in lane(), now in instant(), supply in 0..DAYS)| {
        for ships in [from.stock_ships(now).unwrap(), from.supply_ships(day(supply), now).unwrap()] {
            prop_assert!(ships.start <= ships.counted && ships.counted <= ships.pickable && ships.pickable <= ships.ship);
            prop_assert!([ships.counted, ships.pickable, ships.ship].iter().all(|day| from.calendar.works_on(*day)));
            prop_assert!(lane.calendar.works_on(lane.delivery_day(ships.ship, &from).unwrap()));
        }
    });
}

#[test]
fn the_latest_ship_day_arrives_in_time_and_the_next_one_does_not() {
    proptest!(config(), |(from in schedule(), lane in lane(), wanted in 20..DAYS)| {
        let wanted = day(wanted);
        let latest = lane.latest_ship_day(wanted, &from).unwrap();
        prop_assert!(from.calendar.works_on(latest));
        prop_assert!(lane.delivery_day(latest, &from).unwrap() <= wanted);
        let next = from.calendar.after(latest).unwrap();
        prop_assert!(lane.delivery_day(next, &from).unwrap() > wanted);
    });
}

#[test]
fn counting_working_days_agrees_with_looking_at_each_day() {
    proptest!(config(), |(calendar in calendar(), from in 0..DAYS, days in 0..9_u16)| {
        let mut left = usize::from(days) + 1;
        let forward = (from..).find(|number| {
            left -= usize::from(calendar.works_on(day(*number)));
            left == 0
        });
        prop_assert_eq!(calendar.advance(day(from), days), forward.map(day));
        let ended = calendar.advance(day(from), days).unwrap();
        prop_assert!(calendar.retreat(ended, days).unwrap() >= day(from));
    });
}
