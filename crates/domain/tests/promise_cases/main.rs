//! Sixty promise cases against dates that were computed without this crate: `check.py` beside this file computes them
//! with nothing but Python's `datetime` and `zoneinfo`, and explains the columns of `cases.csv`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use std::{collections::HashMap, sync::Arc};

use backorder_domain::{
    calendar::{Lane, ShipSchedule, Week, WorkingCalendar},
    time::time_zone,
};
use jiff::civil::{Date, Time};

/// Cases that the table must have.
const CASES: usize = 60;

/// One row of the table, by column.
struct Case(HashMap<&'static str, &'static str>);

impl Case {
    fn text(&self, column: &str) -> &'static str {
        self.0.get(column).unwrap_or_else(|| panic!("column {column}"))
    }

    fn name(&self) -> &'static str {
        self.text("name")
    }

    fn number(&self, column: &str) -> u16 {
        self.text(column).parse().unwrap_or_else(|error| panic!("{}: {column}: {error}", self.name()))
    }

    fn date(&self, column: &str) -> Option<Date> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.parse().unwrap_or_else(|error| panic!("{}: {column}: {error}", self.name())))
    }

    fn time(&self, column: &str) -> Option<Time> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.parse().unwrap_or_else(|error| panic!("{}: {column}: {error}", self.name())))
    }

    fn calendar(&self, of: &str) -> Arc<WorkingCalendar> {
        let days = |column: &str| {
            let text = self.text(&format!("{of}_{column}"));
            text.split_whitespace().map(|day| day.parse::<Date>().unwrap()).collect::<Vec<_>>()
        };
        let digits = self.text(&format!("{of}_week")).chars().enumerate();
        let bits = digits.fold(0, |bits, (weekday, digit)| bits | (i32::from(digit == '1') << weekday));
        let week = Week::try_from_bits(bits).unwrap();
        Arc::new(WorkingCalendar::try_new(week, days("holidays"), days("extra")).unwrap())
    }

    fn schedule(&self) -> ShipSchedule {
        ShipSchedule {
            zone: time_zone(self.text("zone")).unwrap(),
            calendar: self.calendar("ship"),
            cut_off: self.time("cut_off"),
            dock_to_stock_days: self.number("dock_days"),
            handling_days: self.number("handling_days"),
        }
    }

    fn lane(&self) -> Lane {
        Lane {
            calendar: self.calendar("lane"),
            transit_days: self.number("transit_days"),
            pickup_time: self.time("pickup").unwrap(),
            destination_zone: time_zone(self.text("lane_zone")).unwrap(),
        }
    }
}

fn cases() -> Vec<Case> {
    let mut lines = include_str!("cases.csv").lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines.map(|line| Case(columns.iter().copied().zip(line.split(',')).collect())).collect()
}

#[test]
fn every_promise_of_the_table_is_the_one_that_was_computed_elsewhere() {
    let cases = cases();
    assert_eq!(cases.len(), CASES);
    for case in cases {
        let (from, lane) = (case.schedule(), case.lane());
        let now = case.text("now").parse().unwrap();
        let ships = match case.date("supply") {
            Some(expected) => from.supply_ships(expected, now),
            None => from.stock_ships(now),
        }
        .unwrap();
        let computed = [
            ("counted", from.counted_day(now)),
            ("ships", Some(ships.ship)),
            ("arrives", lane.delivery_day(ships.ship, &from)),
            ("latest_ship", case.date("deliver").and_then(|wanted| lane.latest_ship_day(wanted, &from))),
        ];
        for (column, date) in computed {
            assert_eq!(date, case.date(column), "{}: {column}", case.name());
        }
    }
}
