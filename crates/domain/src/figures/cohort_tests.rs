//! Rules of the sums of a cohort.

use jiff::civil::date;

use super::*;
use crate::figures::{
    named::{Figure, FigureName, NotMeasured, Statistic, Value, Weight},
    samples::{cancel, deliver, demand, leave, named, units},
};

const TERMS: Terms = Terms { window: DeliveryWindow { days_early: None, days_late: 2 }, old_days: 14 };

fn sums(orders: Vec<Vec<Demand>>) -> CohortSums {
    let mut sums = CohortSums::default();
    for order in orders {
        let fates: Vec<Fate> = order.iter().map(Demand::fate).collect();
        sums.add_order(order.iter().zip(&fates), &TERMS);
    }
    sums
}

fn figure(sums: &CohortSums, name: FigureName, weight: Weight) -> Option<Figure> {
    let is_it = |figure: &Figure| figure.name == name && figure.weight == weight;
    sums.figures().into_iter().find(is_it)
}

fn parts(sums: &CohortSums, name: FigureName, weight: Weight) -> Option<(i128, i128)> {
    figure(sums, name, weight).map(|figure| (figure.numerator, figure.denominator))
}

fn late(ordered: i64, late: i64) -> Demand {
    let mut line = demand(ordered);
    (line.late_when_ordered, line.at_once) = (late, ordered - late);
    if late == 0 {
        line.covered_on = Some(date(2026, 1, 1));
    }
    line
}

fn second(mut demand: Demand) -> Demand {
    demand.history = named(demand.history, "A", "2");
    demand
}

#[test]
fn the_example_of_75_of_80_and_20_of_20() {
    // The field's example: unit 95 %, line 50 %, order 0 %.
    let sums = sums(vec![vec![late(80, 5), second(late(20, 0))]]);
    assert_eq!(parts(&sums, FigureName::FillRate, Weight::Units), Some((95, 100)));
    assert_eq!(parts(&sums, FigureName::FillRate, Weight::Lines), Some((1, 2)));
    assert_eq!(parts(&sums, FigureName::FillRate, Weight::Orders), Some((0, 1)));
    assert_eq!(parts(&sums, FigureName::BackorderRate, Weight::Units), Some((5, 100)));
    assert_eq!(parts(&sums, FigureName::BackorderRate, Weight::Lines), Some((1, 2)));
}

#[test]
fn refused_demand_stays_in_the_denominator() {
    let mut line = late(6, 0);
    line.history.refused = units(4);
    let sums = sums(vec![vec![line]]);
    assert_eq!(parts(&sums, FigureName::FillRate, Weight::Units), Some((6, 10)));
    assert_eq!(parts(&sums, FigureName::RefusedRate, Weight::Units), Some((4, 10)));
    assert_eq!(parts(&sums, FigureName::BackorderRate, Weight::Units), Some((0, 10)));
    assert_eq!(parts(&sums, FigureName::FillRate, Weight::Orders), Some((0, 1)));
}

#[test]
fn fill_does_not_rise_when_backorders_ship_and_secondary_fill_does() {
    let open = late(10, 4);
    let mut shipped = leave(leave(open.clone(), 6, date(2026, 1, 5)), 4, date(2026, 1, 20));
    shipped.covered_on = Some(date(2026, 1, 20));
    let (before, after) = (sums(vec![vec![open]]), sums(vec![vec![shipped.clone()]]));
    assert_eq!(before.filled, after.filled);
    assert_eq!(parts(&before, FigureName::SecondaryFill, Weight::Units), Some((0, 10)));
    assert_eq!(parts(&after, FigureName::SecondaryFill, Weight::Units), Some((4, 10)));
    shipped.returned = 3;
    let returned = sums(vec![vec![shipped]]);
    assert_eq!((returned.filled, returned.secondary), (after.filled, after.secondary), "returns never change fill");
    assert_eq!(parts(&returned, FigureName::RecoveredRevenue, Weight::Units), Some((1, 4)));
}

#[test]
fn a_cancelled_backorder_stays_a_backorder() {
    let sums = sums(vec![vec![cancel(late(10, 4), 4, date(2026, 1, 9))]]);
    assert_eq!(parts(&sums, FigureName::FillRate, Weight::Units), Some((6, 10)));
    assert_eq!(parts(&sums, FigureName::CancelRate, Weight::Units), Some((4, 4)));
    assert_eq!(parts(&sums, FigureName::RecoveredRevenue, Weight::Value), Some((0, 40_000_000_000)));
}

#[test]
fn a_backorder_of_a_good_customer_weighs_more_by_margin() {
    let mut dear = late(10, 10);
    dear.history.price_nanos = Some(106_000_000_000);
    let sums = sums(vec![vec![dear], vec![late(10, 0)]]);
    let shown = |weight| match figure(&sums, FigureName::FillRate, weight).map(|figure| figure.value) {
        Some(Value::Is(ratio)) => ratio.scaled(1_000),
        _ => -1,
    };
    // 100 of 1,160 in value, 40 of 1,040 in margin.
    assert_eq!([Weight::Units, Weight::Value, Weight::Margin].map(shown), [500, 86, 38]);
}

#[test]
fn misses_alone_measure_no_delivery_where_nobody_confirms_arrivals() {
    let left = leave(late(5, 0), 5, date(2026, 1, 5));
    let mut short = leave(late(5, 0), 5, date(2026, 1, 5));
    short.history.refused = units(2);
    let value = |lines: Vec<Demand>| {
        let sums = sums(vec![lines]);
        let names = [FigureName::OnTimeInFull, FigureName::InFull];
        names.map(|name| figure(&sums, name, Weight::Lines).map(|figure| (figure.value, figure.left_out)))
    };
    let unknown = Some((Value::NotMeasured(NotMeasured::NoDelivery), 2));
    assert_eq!(value(vec![left, short.clone()]), [unknown, unknown]);
    let missed = crate::figures::ratio::Ratio::of(0, 1).map(|ratio| (Value::Is(ratio), 0));
    assert_eq!(value(vec![short]), [missed, missed], "of what was refused nobody could confirm more");
}

#[test]
fn what_cannot_be_measured_says_why_and_is_never_everything() {
    let mut line = leave(late(5, 0), 5, date(2026, 1, 5));
    line.history.price_nanos = None;
    let sums = sums(vec![vec![line]]);
    let reason = |name, weight| match figure(&sums, name, weight).map(|figure| (figure.value, figure.left_out)) {
        Some((Value::NotMeasured(reason), left_out)) => Some((reason, left_out)),
        _ => None,
    };
    assert_eq!(reason(FigureName::OnTimeInFull, Weight::Orders), Some((NotMeasured::NoDelivery, 1)));
    assert_eq!(reason(FigureName::PerfectOrder, Weight::Orders), Some((NotMeasured::NoDelivery, 1)));
    assert_eq!(reason(FigureName::OrderCycleTime, Weight::Orders), Some((NotMeasured::NoDelivery, 1)));
    assert_eq!(reason(FigureName::ReceiptWait, Weight::Lines), Some((NotMeasured::NoDelivery, 0)));
    assert_eq!(reason(FigureName::FillRate, Weight::Value), Some((NotMeasured::NoPrice, 1)));
    assert_eq!(reason(FigureName::FillRate, Weight::Margin), Some((NotMeasured::NoCost, 1)));
    assert_eq!(reason(FigureName::PromiseSlip, Weight::Lines), Some((NotMeasured::NoPromise, 1)));
    assert_eq!(reason(FigureName::PromiseCalibration, Weight::Lines), Some((NotMeasured::NoQuantiles, 1)));
    assert_eq!(reason(FigureName::CancelRate, Weight::Units), Some((NotMeasured::Nothing, 0)));
    let nothing = CohortSums::default().figures();
    assert!(nothing.iter().all(|figure| matches!(figure.value, Value::NotMeasured(NotMeasured::Nothing))));
}

#[test]
fn preorders_and_future_demand_are_counted_and_in_no_rate() {
    let mut preorder = late(10, 0);
    preorder.released_on = Some(date(2026, 3, 1));
    let mut future = late(10, 10);
    future.due_on = date(2026, 3, 1);
    let sums = sums(vec![vec![preorder], vec![future]]);
    assert_eq!((sums.lines, sums.lines_preorder, sums.lines_future), (0, 1, 1));
    assert_eq!((sums.orders_filled.counted, sums.open.lines, sums.unit_days), (0, 0, 0));
}

#[test]
fn an_open_line_is_in_the_wait_as_longer_than_it_has_waited() {
    let mut sent = leave(late(5, 0), 5, date(2026, 1, 3));
    sent.promised = vec![Some(date(2026, 1, 5))];
    let sums = sums(vec![vec![sent], vec![late(5, 5)]]);
    let wait = |name, statistic| {
        let is_it = |figure: &Figure| figure.name == name && figure.statistic == statistic;
        sums.figures().into_iter().find(is_it).map(|figure| (figure.value, figure.counted, figure.censored))
    };
    let is = |days| crate::figures::ratio::Ratio::of(days, 1);
    assert_eq!(wait(FigureName::CustomerWait, Statistic::P50), is(2).map(|days| (Value::Is(days), 2, 1)));
    assert_eq!(wait(FigureName::CustomerWait, Statistic::P85), is(30).map(|days| (Value::AtLeast(days), 2, 1)));
    assert_eq!(wait(FigureName::BackorderWait, Statistic::P50), is(30).map(|days| (Value::AtLeast(days), 1, 1)));
}

#[test]
fn open_units_are_aged_from_the_order_and_from_the_first_promise() {
    let mut line = late(10, 4);
    line.promised = vec![None, Some(date(2026, 1, 21)), Some(date(2026, 2, 9))];
    let sums = sums(vec![vec![line]]);
    assert_eq!(sums.ageing[0][2].units, 4);
    assert_eq!((sums.ageing[1][1].units, sums.ageing[1][1].value_nanos), (4, 40_000_000_000));
    assert_eq!((sums.unit_days, sums.orders_old.part), (4 * 26, 1));
}

#[test]
fn a_slip_runs_from_the_first_promise_and_without_a_day_at_least_to_the_view() {
    let mut moved = late(1, 1);
    moved.promised = vec![Some(date(2026, 1, 10)), Some(date(2026, 1, 14)), Some(date(2026, 1, 12))];
    let mut lost = late(1, 1);
    lost.promised = vec![Some(date(2026, 1, 10)), None];
    let mut kept = leave(late(1, 0), 1, date(2026, 1, 5));
    kept.promised = vec![Some(date(2026, 1, 5)), Some(date(2026, 1, 5))];
    let sums = sums(vec![vec![moved], vec![lost], vec![kept]]);
    assert_eq!((sums.slip.sum.part, sums.slip.at_least), (2 + 21, 1));
    assert_eq!((sums.revisions.sum.part, sums.revisions.sum.whole), (3, 3));
    assert_eq!((sums.never_revised.part, sums.never_revised.whole), (1, 3));
    assert_eq!((sums.components[1].part, sums.components[1].whole), (1, 3));
}

#[test]
fn an_order_is_received_with_its_last_line() {
    let both = vec![deliver(late(1, 0), 1, date(2026, 1, 4)), second(deliver(late(1, 0), 1, date(2026, 1, 9)))];
    let half = vec![deliver(late(1, 0), 1, date(2026, 1, 4)), second(leave(late(1, 0), 1, date(2026, 1, 4)))];
    let sums = sums(vec![both, half]);
    // Wanted on the 5th, received on the 11th.
    assert_eq!((sums.cycle.sum.part, sums.cycle.sum.whole, sums.cycle.sum.left_out), (6, 1, 1));
    assert_eq!((sums.orders_on_time.part, sums.orders_on_time.whole, sums.orders_on_time.left_out), (0, 1, 1));
    assert_eq!((sums.orders_perfect.whole, sums.lines_on_time.part), (0, 2));
}
