#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::super::key::Characteristics;
use super::*;

const ITEM: u32 = 7;
const HERE: u32 = 3;

fn units(number: i64) -> Quantity {
    Quantity::try_new(number).unwrap()
}

/// A week of 10 days a piece, from day 0, with these maxima.
fn periods(maxima: &[i64]) -> Vec<Period> {
    let starts = (0..).step_by(10);
    let period = |(from_day, maximum): (i32, &i64)| Period {
        from_day,
        until_day: from_day + 10,
        maximum: units(*maximum),
        consumed: Quantity::ZERO,
    };
    starts.zip(maxima).map(period).collect()
}

struct World {
    characteristics: Characteristics,
    quotas: Quotas,
}

impl World {
    fn new() -> Self {
        let names = vec!["tier".to_owned(), "channel".to_owned()];
        Self { characteristics: Characteristics::try_new(names).unwrap(), quotas: Quotas::default() }
    }

    fn plan(&mut self, groups: &[([&str; 2], &[i64])], backward: u32, forward: u32) -> QuotaPlan {
        let group = |(values, maxima): &([&str; 2], &[i64])| GroupQuota {
            combination: self.characteristics.combination(values).unwrap(),
            periods: periods(maxima),
        };
        QuotaPlan { groups: groups.iter().map(group).collect(), backward_periods: backward, forward_periods: forward }
    }

    fn add(&mut self, location: Option<u32>, sequence: Vec<QuotaPlan>) {
        self.quotas.add(Object { item: ITEM, location }, sequence).unwrap();
    }

    fn route(&self, tier: &str) -> Route {
        self.quotas.route(ITEM, HERE, &self.characteristics.demand(&[tier, "web"]).unwrap())
    }

    fn available(&self, tier: &str, day: i32) -> Option<i64> {
        self.quotas.available(&self.route(tier), day).map(Quantity::get)
    }

    fn consume(&mut self, tier: &str, day: i32, number: i64) -> Consumption {
        let route = self.route(tier);
        self.quotas.consume(&route, day, units(number)).unwrap()
    }
}

fn numbers(taken: &[Taken]) -> Vec<(u32, i64)> {
    taken.iter().map(|taken| (taken.period, taken.units.get())).collect()
}

/// One plan of the item: gold customers of any channel, with 10, 20 and 30 in three periods.
fn gold(backward: u32, forward: u32) -> World {
    let mut world = World::new();
    let plan = world.plan(&[(["GOLD", "#"], &[10, 20, 30])], backward, forward);
    world.add(None, vec![plan]);
    world
}

#[test]
fn a_group_may_take_its_maximum_in_each_period() {
    let mut world = gold(0, 0);
    assert_eq!(world.available("GOLD", 15), Some(20));
    world.consume("GOLD", 15, 5);
    assert_eq!((world.available("GOLD", 19), world.available("GOLD", 20)), (Some(15), Some(30)));
}

#[test]
fn a_demand_that_fits_no_group_is_not_restricted() {
    let mut world = gold(0, 0);
    assert_eq!(world.available("STD", 15), None);
    assert!(world.route("STD").is_unrestricted() && !world.route("GOLD").is_unrestricted());
    let consumption = world.consume("STD", 15, 1_000);
    assert_eq!((consumption.quantity().get(), consumption.of_item().len()), (1_000, 0));
    let elsewhere = world.quotas.route(ITEM + 1, HERE, &world.characteristics.demand(&["GOLD", "web"]).unwrap());
    assert_eq!(world.quotas.available(&elsewhere, 15), None);
}

#[test]
fn a_date_in_no_period_is_not_restricted() {
    let world = gold(1, 1);
    assert_eq!((world.available("GOLD", -1), world.available("GOLD", 30)), (None, None));
}

#[test]
fn the_period_of_the_date_is_consumed_first_then_earlier_then_later_ones() {
    let mut world = gold(1, 1);
    assert_eq!(world.available("GOLD", 12), Some(60));
    let consumption = world.consume("GOLD", 12, 35);
    assert_eq!(numbers(consumption.of_item()), [(1, 20), (0, 10), (2, 5)]);
}

#[test]
fn a_plan_says_how_far_back_and_ahead_is_consumed() {
    assert_eq!(gold(0, 1).available("GOLD", 5), Some(30));
    assert_eq!(gold(1, 0).available("GOLD", 25), Some(50));
    assert_eq!(gold(9, 9).available("GOLD", 25), Some(60));
}

#[test]
fn when_the_first_plan_is_exhausted_the_next_is_taken_from() {
    let mut world = World::new();
    let first = world.plan(&[(["GOLD", "#"], &[10])], 0, 0);
    let second = world.plan(&[(["#", "#"], &[50, 50])], 0, 0);
    world.add(None, vec![first, second]);
    assert_eq!(world.available("GOLD", 5), Some(60));
    assert_eq!(numbers(world.consume("GOLD", 5, 25).of_item()), [(0, 10), (1, 15)]);
    assert_eq!(world.available("STD", 5), Some(35), "the second plan is for all");
    assert_eq!(world.available("GOLD", 15), Some(50), "the first has no such period");
}

#[test]
fn the_item_and_the_item_at_the_location_both_restrict() {
    let mut world = gold(0, 0);
    let here = world.plan(&[(["#", "#"], &[4, 400])], 0, 0);
    world.add(Some(HERE), vec![here]);
    assert_eq!((world.available("GOLD", 5), world.available("GOLD", 15)), (Some(4), Some(20)));
    assert_eq!(world.available("STD", 5), Some(4), "one of them is enough");
    let consumption = world.consume("GOLD", 5, 3);
    assert_eq!((numbers(consumption.of_item()), numbers(consumption.of_location())), (vec![(0, 3)], vec![(3, 3)]));
}

#[test]
fn more_than_the_quotas_leave_is_refused_and_nothing_is_consumed() {
    let mut world = gold(0, 0);
    let route = world.route("GOLD");
    let refused = world.quotas.consume(&route, 5, units(11)).unwrap_err();
    assert_eq!(refused, ConsumptionError::Exhausted { asked: units(11), day: 5, available: units(10) });
    assert_eq!(world.available("GOLD", 5), Some(10));
}

#[test]
fn what_is_cancelled_is_given_back_where_it_was_taken_last() {
    let mut world = gold(1, 1);
    let mut consumption = world.consume("GOLD", 12, 35);
    world.quotas.release(&mut consumption, units(8)).unwrap();
    assert_eq!(numbers(consumption.of_item()), [(1, 20), (0, 7)]);
    let consumed: Vec<_> = (0..3).map(|number| world.quotas.period(number).unwrap().consumed.get()).collect();
    assert_eq!(consumed, [7, 20, 0]);
    world.quotas.release(&mut consumption, units(27)).unwrap();
    assert_eq!((consumption, world.available("GOLD", 12)), (Consumption::default(), Some(60)));
}

#[test]
fn more_than_was_consumed_is_not_given_back() {
    let mut world = gold(0, 0);
    let mut consumption = world.consume("GOLD", 12, 5);
    let refused = world.quotas.release(&mut consumption, units(6)).unwrap_err();
    assert_eq!(refused, ConsumptionError::BeyondConsumed { asked: units(6), consumed: units(5) });
    assert_eq!(world.available("GOLD", 12), Some(15));
}

#[test]
fn a_consumption_moves_with_its_date() {
    let mut world = gold(0, 0);
    let mut consumption = world.consume("GOLD", 5, 10);
    let route = world.route("GOLD");
    world.quotas.move_to(&mut consumption, &route, 25).unwrap();
    assert_eq!(numbers(consumption.of_item()), [(2, 10)]);
    assert_eq!((world.available("GOLD", 5), world.available("GOLD", 25)), (Some(10), Some(20)));
}

#[test]
fn a_consumption_that_cannot_move_stays_as_it_is() {
    let mut world = gold(0, 0);
    let mut consumption = world.consume("GOLD", 25, 15);
    let (before, route) = (consumption.clone(), world.route("GOLD"));
    let refused = world.quotas.move_to(&mut consumption, &route, 5).unwrap_err();
    assert_eq!(refused, ConsumptionError::Exhausted { asked: units(15), day: 5, available: units(10) });
    assert_eq!((consumption, world.available("GOLD", 25)), (before, Some(15)));
}

#[test]
fn a_stored_consumption_is_given_back_where_it_was_taken() {
    let mut world = gold(1, 1);
    let stored = world.consume("GOLD", 12, 35);
    let mut restored = world.quotas.restored(units(35), stored.of_item().to_vec(), vec![]).unwrap();
    assert_eq!(restored, stored);
    world.quotas.release(&mut restored, units(35)).unwrap();
    assert_eq!(world.available("GOLD", 12), Some(60));
}

#[test]
fn a_stored_consumption_that_its_periods_do_not_have_is_refused() {
    let mut world = gold(1, 1);
    world.consume("GOLD", 12, 5);
    let restored = |quantity, period, number| {
        let taken = vec![Taken { period, units: units(number) }];
        world.quotas.restored(units(quantity), taken, vec![]).unwrap_err()
    };
    let refused = |quantity| ConsumptionError::Inconsistent { quantity: units(quantity) };
    assert_eq!((restored(6, 1, 6), restored(6, 1, 5), restored(1, 9, 1)), (refused(6), refused(6), refused(1)));
}

#[test]
fn a_move_inside_one_period_may_use_its_own_units() {
    let mut world = gold(0, 0);
    let mut consumption = world.consume("GOLD", 12, 20);
    let route = world.route("GOLD");
    world.quotas.move_to(&mut consumption, &route, 18).unwrap();
    assert_eq!(world.available("GOLD", 12), Some(0));
}

#[test]
fn a_maximum_that_was_lowered_below_what_is_consumed_leaves_nothing() {
    let mut world = World::new();
    let mut plan = world.plan(&[(["GOLD", "#"], &[10])], 0, 0);
    plan.groups[0].periods[0].consumed = units(12);
    world.add(None, vec![plan]);
    assert_eq!(world.available("GOLD", 5), Some(0));
}

#[test]
fn plans_that_cannot_be_are_refused_and_leave_nothing_behind() {
    let mut world = gold(0, 0);
    let object = Object { item: ITEM, location: Some(HERE) };
    let mut overlapping = world.plan(&[(["#", "#"], &[1, 2])], 0, 0);
    overlapping.groups[0].periods[1].from_day = 9;
    let refused = world.quotas.add(object, vec![overlapping]).unwrap_err();
    assert_eq!(refused, InvalidQuota::PeriodsOverlap { plan: 0, group: 0, day: 9 });
    let mut empty = world.plan(&[(["#", "#"], &[1])], 0, 0);
    empty.groups[0].periods[0].until_day = 0;
    let refused = world.quotas.add(object, vec![empty]).unwrap_err();
    assert_eq!(refused, InvalidQuota::EmptyPeriod { plan: 0, group: 0, from_day: 0, until_day: 0 });
    let twice = world.plan(&[(["#", "#"], &[1]), (["#", "#"], &[1])], 0, 0);
    let source = InvalidKey::CombinationTwice { first: 0, second: 1 };
    assert_eq!(world.quotas.add(object, vec![twice]).unwrap_err(), InvalidQuota::Groups { plan: 0, source });
    let of_item = Object { item: ITEM, location: None };
    assert_eq!(world.quotas.add(of_item, vec![]).unwrap_err(), InvalidQuota::ObjectTwice(of_item));
    assert_eq!((world.available("STD", 5), world.quotas.period(3)), (None, None));
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    let mut world = World::new();
    let plan = world.plan(&[(["#", "#"], &[i64::MAX, i64::MAX])], u32::MAX, u32::MAX);
    world.add(None, vec![plan]);
    assert_eq!(world.available("GOLD", 5), Some(i64::MAX));
    let consumption = world.consume("GOLD", 5, i64::MAX);
    assert_eq!(numbers(consumption.of_item()), [(0, i64::MAX)]);
    assert_eq!(world.available("GOLD", 5), Some(i64::MAX));
}
