//! Whatever the lines are: quantities sum, groups sum, and the order of rows changes nothing.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use jiff::{ToSpan as _, civil::date};
use proptest::{collection::vec, prelude::*};

use super::{
    ageing,
    assumption::{Assumption, Assumptions},
    demand::{Demand, Ending, EndingKind, Wanted},
    history::{Histories, LineDates, LineHistory, ShippedPart},
    outcome::{Outcome, outcomes},
    samples::{ALL_FACTS, VIEW, units},
    service::{LineSums, OrderSums},
    shortage_cost::{ShortageCosts, view},
    survival::WaitFigures,
};

fn part() -> impl Strategy<Value = ShippedPart> {
    (0..50_i64, 0..12_i64, proptest::option::of(0..900_i64), any::<bool>(), proptest::option::of(0..3_u8)).prop_map(
        |(day, count, freight_nanos, expedited, shipment)| ShippedPart {
            on: date(2026, 1, 1).checked_add(day.days()).unwrap(),
            shipment: shipment.map(|number| number.to_string().into()),
            units: units(count),
            freight_nanos,
            expedited,
        },
    )
}

fn history() -> impl Strategy<Value = LineHistory> {
    let days = (0..40_i64, proptest::option::of(0..40_i64), proptest::option::of(0..60_i64));
    let quantities = (1..30_i64, 0..4_i64, 0..30_i64);
    let money = (proptest::option::of(0..999_i64), proptest::option::of(0..999_i64));
    (0..6_u8, days, quantities, money, vec(part(), 0..4)).prop_map(|(order, days, quantities, money, parts)| {
        let day = |days: i64| date(2026, 1, 1).checked_add(days.days()).unwrap();
        LineHistory {
            order: order.to_string().into(),
            line: "".into(),
            dates: LineDates::of(Some(day(days.0)), days.1.map(day), None).unwrap(),
            ordered: units(quantities.0),
            refused: units(quantities.1),
            cancelled: units(quantities.2),
            cancelled_on: days.2.map(day),
            price_nanos: money.0,
            cost_nanos: money.1,
            parts,
        }
    })
}

fn histories() -> impl Strategy<Value = Vec<LineHistory>> {
    vec(history(), 0..25).prop_map(|mut lines| {
        for (number, line) in lines.iter_mut().enumerate() {
            line.line = format!("{number:03}").into();
        }
        lines
    })
}

type Everything = (LineSums, OrderSums, ageing::Ageing, Option<WaitFigures>, i128, Vec<(String, i128)>);

fn everything(lines: Vec<LineHistory>) -> Everything {
    let assumptions = Assumptions::default().with(Assumption::PenaltyShare, 30_000_000).unwrap();
    let histories = Histories::new(lines);
    let seen = outcomes(&histories, &view(VIEW.as_of, &assumptions));
    let costs = ShortageCosts::of(&histories, &seen, ALL_FACTS, VIEW.as_of, &assumptions);
    let by_line = histories.lines().iter().enumerate();
    let mut by_line: Vec<_> = by_line.map(|(place, line)| (line.line.to_string(), costs.line_nanos(place))).collect();
    by_line.sort();
    (
        LineSums::of(&histories, &seen),
        OrderSums::of(&histories, &seen),
        ageing::by_order_date(&histories, &seen, VIEW.as_of),
        WaitFigures::of(seen.iter().filter_map(|outcome| outcome.wait)),
        costs.sum().total().nanos,
        by_line,
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("shortage_figures"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_quantities_of_a_line_sum(line in history()) {
        let outcome = Outcome::of(&line, &VIEW);
        let ordered = outcome.filled + outcome.cancelled_before_due + outcome.backordered();
        prop_assert_eq!(ordered, if outcome.is_due { line.ordered.get() } else { 0 });
        let parts = [outcome.filled, outcome.shipped_late, outcome.cancelled_waiting, outcome.open];
        prop_assert!(parts.iter().all(|units| *units >= 0) && outcome.unit_days >= 0 && outcome.line_days >= 0);
        let longest = i128::from(outcome.line_days) * i128::from(outcome.backordered());
        prop_assert!(outcome.unit_days <= longest);
    }

    #[test]
    fn the_order_of_lines_changes_nothing(lines in histories(), turn in 0..25_usize) {
        let mut other = lines.clone();
        other.reverse();
        other.rotate_left(turn.min(lines.len()));
        for line in &mut other {
            line.parts.reverse();
        }
        prop_assert_eq!(everything(lines), everything(other));
    }

    #[test]
    fn orders_of_one_line_sum(mut lines in histories()) {
        // The chance of a cancellation is that of all lines, so lines with open units do not sum.
        lines.retain(|line| Outcome::of(line, &VIEW).open == 0);
        for (number, line) in lines.iter_mut().enumerate() {
            line.order = number.to_string().into();
        }
        let whole = everything(lines.clone());
        let mut sum = 0;
        let mut orders = OrderSums::default();
        for line in lines {
            let one = everything(vec![line]);
            sum += one.4;
            orders.orders += one.1.orders;
            orders.orders_filled += one.1.orders_filled;
        }
        prop_assert_eq!((whole.4, whole.1), (sum, orders));
        prop_assert_eq!(whole.5.iter().map(|(_, nanos)| nanos).sum::<i128>(), sum);
    }

    #[test]
    fn a_later_shipment_never_fills_more_nor_waits_less(lines in histories(), later in 1..9_i64) {
        let waits = |lines: &[LineHistory]| {
            let histories = Histories::new(lines.to_vec());
            let sums = LineSums::of(&histories, &outcomes(&histories, &VIEW));
            (sums.unit_days, sums.line_days, sums.units_filled)
        };
        let mut prompt = lines;
        prompt.iter_mut().for_each(|line| (line.cancelled, line.cancelled_on) = (units(0), None));
        let mut delayed = prompt.clone();
        for part in delayed.iter_mut().flat_map(|line| &mut line.parts) {
            part.on = part.on.checked_add(later.days()).unwrap();
        }
        let (before, after) = (waits(&prompt), waits(&delayed));
        prop_assert!(after.0 >= before.0 && after.1 >= before.1 && after.2 <= before.2);
    }
}

fn demanded() -> impl Strategy<Value = Demand> {
    let answers = (0..30_i64, 0..30_i64, proptest::option::of(0..60_i64), 0..10_i64, 0..10_i64);
    let endings = vec((0..60_i64, 1..12_i64, any::<bool>()), 0..4);
    (history(), answers, endings, 0..60_i64).prop_map(|(history, answers, endings, as_of)| {
        let day = |days: i64| date(2026, 1, 1).checked_add(days.days()).unwrap();
        let kind = |is_cancelled| if is_cancelled { EndingKind::Cancelled } else { EndingKind::SentInstead };
        let wanted = history.dates.requested().or(history.dates.ordered()).unwrap();
        let mut demand = Demand {
            as_of: day(as_of),
            due_on: wanted,
            released_on: None,
            wanted: Wanted { on: wanted, is_arrival: false },
            late_when_ordered: answers.0,
            at_once: answers.1,
            covered_on: answers.2.map(day),
            lost: answers.3,
            substituted: answers.4,
            endings: endings.into_iter().map(|(on, units, is)| Ending { on: day(on), units, kind: kind(is) }).collect(),
            arrivals: Vec::new(),
            returned: 0,
            promised: Vec::new(),
            history,
        };
        demand.cut();
        demand
    })
}

impl Demand {
    /// Takes out what is later than the view.
    fn cut(&mut self) {
        let as_of = self.as_of;
        self.history.parts.retain(|part| part.on <= as_of);
        self.endings.retain(|ending| ending.on <= as_of);
        self.covered_on = self.covered_on.filter(|day| *day <= as_of);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("service_figures"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_unit_of_a_demand_has_one_fate(demand in demanded()) {
        let fate = demand.fate();
        let outcome = &fate.outcome;
        let ordered = demand.history.ordered.get();
        let left: i64 = demand.history.parts.iter().map(|part| part.units.get()).sum::<i64>() - outcome.shipped_beyond;
        let cancelled = outcome.cancelled_waiting + fate.in_time_cancelled;
        prop_assert_eq!(ordered, left + fate.sent_instead + cancelled + fate.outstanding());
        if outcome.is_due {
            prop_assert_eq!(ordered, outcome.filled + outcome.backordered());
            prop_assert_eq!(outcome.backordered(), demand.missed());
        } else {
            prop_assert_eq!((outcome.filled, outcome.backordered(), outcome.refused), (0, 0, 0));
        }
        let counts = [outcome.filled, outcome.shipped_late, outcome.cancelled_waiting, outcome.open, fate.sent_instead];
        prop_assert!(counts.iter().all(|units| *units >= 0) && fate.in_time_unshipped >= 0 && outcome.unit_days >= 0);
        prop_assert!(outcome.unit_days <= i128::from(outcome.line_days) * i128::from(outcome.backordered()));
    }

    #[test]
    fn fill_never_rises_after_the_day_on_which_the_line_was_due(demand in demanded(), later in 1..40_i64) {
        let mut before = demand.clone();
        before.as_of = demand.as_of.max(demand.due_on.checked_add(1.days()).unwrap());
        let mut after = before.clone();
        after.as_of = before.as_of.checked_add(later.days()).unwrap();
        before.cut();
        // What is covered or left later changes nothing; the rest of its fate does not belong to the first attempt.
        prop_assert!(after.fate().outcome.filled <= before.fate().outcome.filled);
    }
}
