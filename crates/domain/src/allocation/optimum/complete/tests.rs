//! The rules of what goes together and of splits, and the search against every way to share.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::*;
use crate::{
    allocation::optimum::{
        flow::{Flaw, Served},
        naive::{Naive, NaiveLine},
    },
    quantity::Quantity,
};

/// More nodes than any of these tests needs.
const ENOUGH: u64 = 100_000;

fn units(units: i64) -> Quantity {
    Quantity::try_new(units).unwrap()
}

fn line(item: usize, wanted: i64, unserved_cost: i64, whole: Whole) -> Line {
    Line { item, units: units(wanted), unserved_cost, split_cost: 0, whole }
}

fn supply(item: usize, location: usize, left: i64) -> Supply {
    Supply { item, location, units: units(left) }
}

/// Serving costs nothing wherever it comes from.
fn free(lines: &[Line], supplies: &[Supply]) -> Problem {
    Problem::try_new(lines.to_vec(), supplies.to_vec(), |_, _| Some(0)).unwrap()
}

fn served(plan: &Plan) -> Vec<(usize, usize, i64)> {
    plan.served.iter().map(|served| (served.line, served.supply, served.units.get())).collect()
}

#[test]
fn a_ship_complete_line_is_served_whole_or_leaves_its_units_to_others() {
    let lines = [line(0, 6, 50, Whole::Line), line(0, 5, 10, Whole::No)];
    let plan = solve(&free(&lines, &[supply(0, 0, 5)]), ENOUGH);
    assert_eq!((served(&plan), plan.cost, plan.is_proven()), (vec![(1, 0, 5)], 300, true));
    let plan = solve(&free(&lines, &[supply(0, 0, 6)]), ENOUGH);
    assert_eq!((served(&plan), plan.cost, plan.is_proven()), (vec![(0, 0, 6)], 50, true));
}

#[test]
fn an_order_that_misses_one_item_gives_back_the_other_item_too() {
    let order = Whole::Order(7);
    let lines = [line(0, 2, 90, order), line(1, 2, 90, order), line(0, 2, 10, Whole::No)];
    let plan = solve(&free(&lines, &[supply(0, 0, 2), supply(1, 0, 1)]), ENOUGH);
    assert_eq!((served(&plan), plan.cost), (vec![(2, 0, 2)], 360));
    let plan = solve(&free(&lines, &[supply(0, 0, 2), supply(1, 0, 2)]), ENOUGH);
    assert_eq!((served(&plan), plan.cost), (vec![(0, 0, 2), (1, 1, 2)], 20));
}

#[test]
fn a_split_is_made_only_where_it_costs_less_than_what_it_saves() {
    let supplies = [supply(0, 0, 3), supply(0, 1, 9)];
    let with_split = |split_cost| {
        let wanted = Line { split_cost, ..line(0, 5, 100, Whole::No) };
        let problem = Problem::try_new(vec![wanted], supplies.to_vec(), |_, supply| Some([0, 4][supply])).unwrap();
        let plan = solve(&problem, ENOUGH);
        (served(&plan), plan.cost, plan.is_proven())
    };
    assert_eq!(with_split(11), (vec![(0, 0, 3), (0, 1, 2)], 19, true));
    assert_eq!(with_split(13), (vec![(0, 1, 5)], 20, true));
}

#[test]
fn two_supplies_of_one_location_are_no_split() {
    let wanted = Line { split_cost: 99, ..line(0, 5, 100, Whole::No) };
    let plan = solve(&free(&[wanted], &[supply(0, 4, 3), supply(0, 4, 2)]), ENOUGH);
    assert_eq!((served(&plan), plan.cost), (vec![(0, 0, 3), (0, 1, 2)], 0));
}

#[test]
fn a_search_that_may_not_go_on_states_how_far_it_can_be_from_the_cheapest() {
    // Seventeen units are five wholes of three and two thirds of a sixth, which only the flow may serve.
    let lines: Vec<Line> = (0..12).map(|place| line(0, 3, 10 + place, Whole::Line)).collect();
    let problem = free(&lines, &[supply(0, 0, 17)]);
    let (short, long) = (solve(&problem, 1), solve(&problem, ENOUGH));
    assert!(!short.is_proven() && short.lower_bound < short.cost, "{short:?}");
    assert!(long.is_proven() && short.lower_bound <= long.cost && long.cost <= short.cost, "{short:?} {long:?}");
    assert_eq!(cost_of(&problem, &short.served), Ok(short.cost));
}

#[test]
fn items_that_no_order_couples_are_searched_apart() {
    // Each item alone needs one decision; all of them together would need as many nodes as there are ways.
    let lines: Vec<Line> =
        (0..40).flat_map(|item| [line(item, 3, 10, Whole::Line), line(item, 1, 9, Whole::No)]).collect();
    let supplies: Vec<Supply> = (0..40).map(|item| supply(item, 0, 2)).collect();
    let plan = solve(&free(&lines, &supplies), 10);
    assert_eq!((plan.cost, plan.is_proven(), plan.nodes), (40 * 30, true, 40 * 3));
}

#[test]
fn a_supply_of_another_item_serves_nobody() {
    let plan = solve(&free(&[line(3, 2, 5, Whole::No)], &[supply(2, 0, 9), supply(4, 0, 9)]), ENOUGH);
    assert_eq!((served(&plan), plan.cost, plan.is_proven()), (vec![], 10, true));
}

#[test]
fn quantities_and_costs_at_their_bounds_do_not_overflow() {
    let most = i64::MAX;
    let dear = |whole| Line { split_cost: COST_MAX, ..line(0, most, COST_MAX, whole) };
    let lines = [dear(Whole::Line), dear(Whole::Order(usize::MAX)), line(1, most, 0, Whole::Order(usize::MAX))];
    let supplies = [supply(0, 0, most), supply(0, usize::MAX, most - 1), supply(1, 0, most)];
    let problem = Problem::try_new(lines.to_vec(), supplies.to_vec(), |_, _| Some(COST_MAX)).unwrap();
    let plan = solve(&problem, ENOUGH);
    assert_eq!((plan.cost, plan.is_proven()), (2 * i128::from(most) * i128::from(COST_MAX), true));
    assert_eq!(cost_of(&problem, &plan.served), Ok(plan.cost));
}

#[test]
fn a_cost_out_of_range_is_refused_by_its_field_and_the_place_of_its_line() {
    let refused = |lines: Vec<Line>, cost: i64| {
        let supplies = vec![supply(1, 0, 1)];
        Problem::try_new(lines, supplies, |_, _| Some(cost)).unwrap_err().to_string()
    };
    let good = line(0, 1, 1, Whole::No);
    let split = Line { split_cost: -1, ..good };
    assert!(refused(vec![good, split], 0).starts_with("split_cost of line 1 is -1, "));
    let unserved = Line { unserved_cost: COST_MAX + 1, ..good };
    assert!(refused(vec![good, unserved], 0).starts_with(&format!("unserved_cost of line 1 is {}, ", COST_MAX + 1)));
    assert!(refused(vec![good, line(1, 1, 1, Whole::No)], COST_MAX + 1).starts_with("cost of line 1 is "));
    assert!(refused(vec![good, line(1, 1, 1, Whole::No)], i64::MAX - 1).ends_with(&format!("to {COST_MAX}")));
}

#[test]
fn a_plan_that_tears_an_order_apart_is_found_out() {
    let order = Whole::Order(0);
    let problem = free(&[line(0, 2, 9, order), line(1, 2, 9, order)], &[supply(0, 0, 2), supply(1, 0, 2)]);
    let give = |line, supply, amount| Served { line, supply, units: units(amount) };
    assert_eq!(cost_of(&problem, &[give(0, 0, 2), give(1, 1, 2)]), Ok(0));
    assert_eq!(cost_of(&problem, &[give(0, 0, 2)]), Err(Flaw::ServedInPart { line: 1 }));
    assert_eq!(cost_of(&problem, &[give(1, 0, 1)]), Err(Flaw::NotEligible { line: 1, supply: 0 }));
    assert_eq!(cost_of(&problem, &[give(1, 1, 3)]), Err(Flaw::ServedTooMuch { line: 1, units: 1 }));
    assert_eq!(cost_of(&problem, &[give(2, 1, 1)]), Err(Flaw::NotEligible { line: 2, supply: 1 }));
}

/// Up to four lines of two items, three supplies, splits and orders over both items.
fn small() -> impl Strategy<Value = (Problem, Naive)> {
    let whole = prop_oneof![3 => Just(Whole::No), 1 => Just(Whole::Line), 3 => (0..2_usize).prop_map(Whole::Order)];
    let cost = prop_oneof![7 => (0..6_i64).prop_map(Some), 1 => Just(None)];
    let line = (0..2_usize, 0..=3_i64, 0..12_i64, 0..9_i64, whole, prop::collection::vec(cost, 4));
    let left = (0..2_usize, 0..2_usize, 0..=3_i64);
    (prop::collection::vec(line, 0..=4), prop::collection::vec(left, 0..=4)).prop_map(|(drawn, drawn_supplies)| {
        let supplies = drawn_supplies.iter().map(|(item, location, left)| supply(*item, *location, *left)).collect();
        let lines = drawn.iter().map(|(item, wanted, unserved_cost, split_cost, whole, _)| Line {
            item: *item,
            units: units(*wanted),
            unserved_cost: *unserved_cost,
            split_cost: *split_cost,
            whole: *whole,
        });
        let lines: Vec<Line> = lines.collect();
        let naive_lines =
            drawn.iter().enumerate().map(|(place, (item, wanted, unserved_cost, split_cost, whole, costs))| {
                let same_item =
                    |(supply, (other, ..)): (usize, &(usize, usize, i64))| costs[supply].filter(|_| other == item);
                NaiveLine {
                    units: *wanted,
                    unserved_cost: *unserved_cost,
                    split_cost: *split_cost,
                    group: match whole {
                        Whole::No => None,
                        Whole::Line => Some(100 + place),
                        Whole::Order(order) => Some(*order),
                    },
                    costs: drawn_supplies.iter().enumerate().map(same_item).collect(),
                }
            });
        let naive = Naive {
            lines: naive_lines.collect(),
            supplies: drawn_supplies.iter().map(|(_, location, left)| (*location, *left)).collect(),
        };
        (Problem::try_new(lines, supplies, |line, supply| drawn[line].5[supply]).unwrap(), naive)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("optimum_complete"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_way_to_share_is_cheaper_than_a_proven_plan((problem, naive) in small()) {
        let plan = solve(&problem, ENOUGH);
        prop_assert!(plan.is_proven());
        prop_assert_eq!(plan.cost, naive.least_cost());
        prop_assert_eq!(cost_of(&problem, &plan.served), Ok(plan.cost));
    }

    #[test]
    fn a_search_cut_short_bounds_the_cheapest_plan_from_both_sides((problem, naive) in small(), nodes in 0..6_u64) {
        let plan = solve(&problem, nodes);
        let least = naive.least_cost();
        prop_assert!(plan.lower_bound <= least && least <= plan.cost);
        prop_assert_eq!(cost_of(&problem, &plan.served), Ok(plan.cost));
    }
}

/// Up to fourteen lines, three items and four locations, with splits and orders over the items: too many for the model.
fn larger() -> impl Strategy<Value = Problem> {
    let whole = prop_oneof![2 => Just(Whole::No), 1 => Just(Whole::Line), 2 => (0..4_usize).prop_map(Whole::Order)];
    let line = (0..3_usize, 0..=12_i64, 0..40_i64, 0..30_i64, whole, prop::collection::vec(0..9_i64, 8));
    let left = (0..3_usize, 0..4_usize, 0..=15_i64);
    (prop::collection::vec(line, 0..=14), prop::collection::vec(left, 0..=8)).prop_map(|(drawn, drawn_supplies)| {
        let lines = drawn.iter().map(|(item, wanted, unserved_cost, split_cost, whole, _)| Line {
            item: *item,
            units: units(*wanted),
            unserved_cost: *unserved_cost,
            split_cost: *split_cost,
            whole: *whole,
        });
        let supplies = drawn_supplies.iter().map(|(item, location, left)| supply(*item, *location, *left));
        Problem::try_new(lines.collect(), supplies.collect(), |line, supply| Some(drawn[line].5[supply])).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("optimum_search"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_longer_search_stays_within_the_bounds_of_a_shorter_one(problem in larger(), nodes in 0..40_u64) {
        let (short, long) = (solve(&problem, nodes), solve(&problem, 2_000));
        prop_assert!(short.lower_bound <= long.lower_bound && long.lower_bound <= long.cost, "{:?} {:?}", short, long);
        prop_assert!(long.cost <= short.cost, "{:?} {:?}", short, long);
        for plan in [short, long] {
            prop_assert_eq!(cost_of(&problem, &plan.served), Ok(plan.cost));
        }
    }
}
