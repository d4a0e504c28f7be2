//! The rules of the cheapest plan, and the plan against every other.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::*;
use crate::{
    allocation::optimum::{
        generated::{GeneratedDemand, Shape},
        naive::{Naive, NaiveLine},
    },
    quantity::Quantity,
};

fn units(units: i64) -> Quantity {
    Quantity::try_new(units).unwrap()
}

/// A problem of lines as (units, unserved cost, cost by supply).
fn problem(lines: &[(i64, i64, &[Option<i64>])], supplies: &[i64]) -> Problem {
    let wanted =
        lines.iter().map(|(wanted, unserved_cost, _)| Line { units: units(*wanted), unserved_cost: *unserved_cost });
    let supplies = supplies.iter().copied().map(units).collect();
    Problem::try_new(wanted.collect(), supplies, |line, supply| lines[line].2[supply]).unwrap()
}

fn served(plan: &Plan) -> Vec<(usize, usize, i64)> {
    plan.served.iter().map(|served| (served.line, served.supply, served.units.get())).collect()
}

/// Random lines and supplies of one item, with costs from a small range so that ties are frequent.
fn naive(lines: usize, units: i64, supplies: usize, left: i64) -> impl Strategy<Value = Naive> {
    (1..=supplies).prop_flat_map(move |width| {
        let cost = prop_oneof![5 => (0..9_i64).prop_map(Some), 1 => Just(None)];
        let line =
            (0..=units, 0..12_i64, prop::collection::vec(cost, width)).prop_map(|(units, unserved_cost, costs)| {
                NaiveLine { units, unserved_cost, split_cost: 0, group: None, costs }
            });
        let supplies = prop::collection::vec((0..1_usize, 0..=left), width);
        (prop::collection::vec(line, 0..=lines), supplies).prop_map(|(lines, supplies)| Naive { lines, supplies })
    })
}

fn asked(naive: &Naive) -> Problem {
    let lines: Vec<_> = naive.lines.iter().map(|l| (l.units, l.unserved_cost, l.costs.as_slice())).collect();
    let supplies: Vec<i64> = naive.supplies.iter().map(|(_, units)| *units).collect();
    problem(&lines, &supplies)
}

/// Looks for a round of moves that makes the plan cheaper: a negative cycle among all lines, all supplies and a place
/// for units that nobody uses, by Bellman and Ford. It knows no prices.
fn has_cheaper_round(problem: &Problem, plan: &Plan) -> bool {
    let (lines, supplies) = (problem.lines().len(), problem.supplies().len());
    let idle = lines + supplies;
    let mut unserved: Vec<i64> = problem.lines().iter().map(|line| line.units.get()).collect();
    let mut left: Vec<i64> = problem.supplies().iter().map(|units| units.get()).collect();
    let mut edges = Vec::new();
    for served in &plan.served {
        unserved[served.line] -= served.units.get();
        left[served.supply] -= served.units.get();
        let cost = problem.cost(served.line, served.supply).unwrap();
        edges.push((lines + served.supply, served.line, -cost));
    }
    for (line, unserved) in unserved.into_iter().enumerate() {
        let wants = problem.lines()[line].units.get() > 0;
        edges.extend((0..supplies).filter_map(|supply| Some((line, lines + supply, problem.cost(line, supply)?))));
        if wants {
            edges.push((line, idle, problem.lines()[line].unserved_cost));
        }
        if unserved > 0 {
            edges.push((idle, line, -problem.lines()[line].unserved_cost));
        }
    }
    for (supply, left) in left.iter().enumerate() {
        if *left > 0 {
            edges.push((lines + supply, idle, 0));
        }
        if *left < problem.supplies()[supply].get() {
            edges.push((idle, lines + supply, 0));
        }
    }
    let mut distance = vec![0_i64; idle + 1];
    for _ in 0..=idle {
        let mut changed = false;
        for (from, to, cost) in &edges {
            if distance[*from] + cost < distance[*to] {
                distance[*to] = distance[*from] + cost;
                changed = true;
            }
        }
        if !changed {
            return false;
        }
    }
    true
}

#[test]
fn the_line_whose_lost_sale_costs_more_is_served_first() {
    let plan = solve(&problem(&[(5, 10, &[Some(0)]), (5, 30, &[Some(0)])], &[7]));
    assert_eq!(served(&plan), [(0, 0, 2), (1, 0, 5)]);
    assert_eq!((plan.cost, plan.prices.as_slice()), (30, [10].as_slice()));
}

#[test]
fn a_line_makes_room_for_one_that_has_no_other_supply() {
    let plan = solve(&problem(&[(4, 100, &[Some(0), Some(3)]), (4, 50, &[Some(0), None])], &[4, 4]));
    assert_eq!(served(&plan), [(0, 1, 4), (1, 0, 4)]);
    assert_eq!(plan.cost, 12);
}

#[test]
fn a_unit_whose_transfer_costs_more_than_its_lost_sale_is_not_served() {
    let plan = solve(&problem(&[(3, 4, &[Some(5)])], &[9]));
    assert_eq!((served(&plan), plan.cost, plan.prices), (vec![], 12, vec![0]));
}

#[test]
fn an_empty_supply_is_priced_at_what_its_first_unit_would_save() {
    let plan = solve(&problem(&[(2, 20, &[Some(1), Some(4)]), (1, 9, &[Some(2), None])], &[0, 1]));
    assert_eq!((served(&plan), plan.prices), (vec![(0, 1, 1)], vec![19, 16]));
}

#[test]
fn no_lines_and_no_supplies_cost_nothing() {
    assert_eq!(solve(&problem(&[], &[3])), Plan { served: vec![], cost: 0, prices: vec![0] });
    assert_eq!(solve(&problem(&[(2, 7, &[])], &[])), Plan { served: vec![], cost: 14, prices: vec![] });
}

#[test]
fn quantities_and_costs_at_their_bounds_do_not_overflow() {
    let (most, dear) = (i64::MAX, COST_MAX);
    let lines: [(i64, i64, &[Option<i64>]); 3] = [
        (most, dear, &[Some(0), Some(dear)]),
        (most, dear, &[Some(1), Some(dear - 1)]),
        (most, 0, &[Some(dear), Some(dear)]),
    ];
    let problem = problem(&lines, &[most, most]);
    let plan = solve(&problem);
    assert_eq!(verify(&problem, &plan), Ok(()));
    let most = i128::from(i64::MAX);
    assert_eq!(plan.cost, most * i128::from(dear - 1), "the first at no cost, the second a hair below its lost sale");
}

#[test]
fn a_cost_out_of_range_is_refused_by_its_field() {
    let line = Line { units: units(1), unserved_cost: COST_MAX + 1 };
    let refused = Problem::try_new(vec![line], vec![], |_, _| None).unwrap_err();
    let expected = format!("unserved_cost of line 0 is {}, it must be from 0 to {COST_MAX}", COST_MAX + 1);
    assert_eq!(refused.to_string(), expected);
    let line = Line { units: units(1), unserved_cost: 1 };
    let refused = Problem::try_new(vec![line], vec![units(1)], |_, _| Some(-1)).unwrap_err();
    assert!(refused.to_string().starts_with("cost of line 0 is -1, it must be from 0"), "{refused}");
}

#[test]
fn more_supplies_than_the_tables_hold_are_refused() {
    let refused = Problem::try_new(vec![], vec![Quantity::ZERO; SUPPLIES_MAX + 1], |_, _| None).unwrap_err();
    assert_eq!(refused, ProblemError::TooManySupplies { count: SUPPLIES_MAX + 1 });
}

#[test]
fn a_worse_plan_and_one_that_cannot_be_carried_out_are_found_out() {
    let problem = problem(&[(2, 10, &[Some(0)]), (2, 30, &[Some(0)])], &[2]);
    let good = solve(&problem);
    let give = |line, amount| vec![Served { line, supply: 0, units: units(amount) }];
    let worse = Plan { served: give(0, 2), cost: 60, ..good.clone() };
    assert_eq!(verify(&problem, &worse), Err(Flaw::NotCheapest { line: 0, paid: 30, least: 10 }));
    let idle = Plan { served: give(1, 1), cost: 50, ..good.clone() };
    assert_eq!(verify(&problem, &idle), Err(Flaw::PriceOfLeftUnits { supply: 0, price: 30 }));
    assert_eq!(verify(&problem, &Plan { cost: 1, ..good }), Err(Flaw::WrongCost { stated: 1, actual: 20 }));
    assert_eq!(cost_of(&problem, &give(1, 3)), Err(Flaw::ServedTooMuch { line: 1, units: 1 }));
    assert_eq!(cost_of(&problem, &give(2, 1)), Err(Flaw::NotEligible { line: 2, supply: 0 }));
    assert_eq!(cost_of(&problem, &[give(0, 2), give(1, 1)].concat()), Err(Flaw::GivenTooMuch { supply: 0, units: 1 }));
}

#[test]
fn generated_demand_of_hot_items_over_many_arrivals_is_served_at_a_proven_optimum() {
    let shape = Shape { lines: 1_500, items: 3, locations: 4, arrivals: 6, seed: backorder_testkit::seed() };
    let demand = GeneratedDemand::try_new(shape).unwrap();
    let mut solver = Solver::default();
    for (item, lines) in (0..).zip(demand.lines_by_item()) {
        let problem = demand.problem(item, &lines).unwrap();
        let plan = solver.solve(&problem);
        assert_eq!(verify(&problem, &plan), Ok(()), "item {item}");
        assert!(!has_cheaper_round(&problem, &plan), "item {item}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("optimum_flow"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_way_to_share_the_units_is_cheaper_than_the_plan(naive in naive(4, 3, 3, 4)) {
        let problem = asked(&naive);
        let plan = solve(&problem);
        prop_assert_eq!(plan.cost, naive.least_cost());
        prop_assert_eq!(verify(&problem, &plan), Ok(()));
    }

    #[test]
    fn the_price_of_a_supply_is_what_one_unit_less_of_it_costs(naive in naive(4, 3, 3, 4)) {
        let plan = solve(&asked(&naive));
        let cost_with = |supply: usize, units: i64| {
            let mut other = naive.clone();
            other.supplies[supply].1 = units;
            solve(&asked(&other)).cost
        };
        for (supply, (price, (_, units))) in plan.prices.iter().zip(&naive.supplies).enumerate() {
            let price = i128::from(*price);
            if *units > 0 {
                prop_assert_eq!(cost_with(supply, units - 1) - plan.cost, price);
            } else {
                prop_assert!(plan.cost - cost_with(supply, 1) <= price);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("optimum_proof"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn plans_of_many_lines_are_proven_and_no_round_of_moves_makes_them_cheaper(naive in naive(150, 30, 8, 400)) {
        let problem = asked(&naive);
        let plan = solve(&problem);
        prop_assert_eq!(verify(&problem, &plan), Ok(()));
        prop_assert!(!has_cheaper_round(&problem, &plan));
    }

    #[test]
    fn the_cost_does_not_depend_on_the_order_of_lines_nor_on_what_was_solved_before(
        naive in naive(60, 30, 6, 120),
        before in naive(60, 30, 6, 120),
    ) {
        let plan = solve(&asked(&naive));
        let mut solver = Solver::default();
        let _ = solver.solve(&asked(&before));
        prop_assert_eq!(&solver.solve(&asked(&naive)), &plan);
        let mut reversed = naive;
        reversed.lines.reverse();
        prop_assert_eq!(solver.solve(&asked(&reversed)).cost, plan.cost);
    }
}
