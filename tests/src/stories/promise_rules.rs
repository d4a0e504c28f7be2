//! When a promise moves: what is expected moves at once, a message to a person is sent by rule.

use backorder_proto::{
    allocation::v1::{PromiseReason, PromiseRule},
    common::v1::ZonedDate,
};
use jiff::{SignedDuration, civil};

use crate::world::{World, date};

/// An order of five mugs that wait for a supply on a day, under a rule.
async fn waits_until(world: &World, day: civil::Date, rule: PromiseRule) {
    world.mug_at_main().await;
    world.policy("rule", |policy| policy.promise_rule = Some(rule)).await;
    world.expect_supply("po", "mug", "main", 10, day).await;
    world.place("ann", "mug", 5).await;
}

/// The promised day and the expected one, after the supply was moved.
async fn moved(world: &World, day: civil::Date) -> (civil::Date, civil::Date) {
    world.move_supply("po", day).await;
    world.idle().await;
    dates(world).await
}

async fn dates(world: &World) -> (civil::Date, civil::Date) {
    let line = world.line("ann", 1).await;
    (day_of(line.current_promised_date.as_ref()), day_of(line.expected_ship_date.as_ref()))
}

fn day_of(zoned: Option<&ZonedDate>) -> civil::Date {
    let date = zoned.and_then(|zoned| zoned.date).expect("a date is known");
    let part = |number: i32| i8::try_from(number).expect("a valid date");
    civil::date(i16::try_from(date.year).expect("a valid date"), part(date.month), part(date.day))
}

async fn reasons(world: &World) -> Vec<PromiseReason> {
    world.explain("ann", 1).await.history.iter().map(|revision| revision.reason()).collect()
}

pub async fn a_promise_stands_while_a_later_day_is_within_the_tolerance(world: &World) {
    waits_until(world, world.day(7), PromiseRule { later_days: 3, ..Default::default() }).await;

    assert_eq!(moved(world, world.day(10)).await, (world.day(7), world.day(10)));
    assert_eq!(reasons(world).await, [PromiseReason::Placed]);
    assert!(world.explain("ann", 1).await.promise_review_time.is_some(), "nobody would tell that it is missed");

    assert_eq!(moved(world, world.day(11)).await, (world.day(11), world.day(11)));
    assert_eq!(reasons(world).await, [PromiseReason::Placed, PromiseReason::SupplyChanged]);
    let original = world.line("ann", 1).await.original_promised_date;
    assert_eq!(original.and_then(|original| original.date), Some(date(world.day(7))));
}

pub async fn a_promise_stands_while_an_earlier_day_is_not_worth_a_message(world: &World) {
    waits_until(world, world.day(10), PromiseRule { earlier_days: 3, ..Default::default() }).await;

    assert_eq!(moved(world, world.day(8)).await, (world.day(10), world.day(8)));
    assert_eq!(moved(world, world.day(10)).await, (world.day(10), world.day(10)));
    assert_eq!(reasons(world).await, [PromiseReason::Placed]);
    assert_eq!(moved(world, world.day(7)).await, (world.day(7), world.day(7)));
    assert_eq!(reasons(world).await, [PromiseReason::Placed, PromiseReason::SupplyChanged]);
}

pub async fn a_customer_who_amends_is_told_the_day_that_is_expected(world: &World) {
    waits_until(world, world.day(7), PromiseRule { later_days: 9, ..Default::default() }).await;
    assert_eq!(moved(world, world.day(10)).await, (world.day(7), world.day(10)));

    world.amend("ann", 1, 6).await.expect("raise the line");
    world.idle().await;

    assert_eq!(dates(world).await, (world.day(10), world.day(10)));
    assert_eq!(reasons(world).await, [PromiseReason::Placed, PromiseReason::Amended]);
}

pub async fn a_better_day_is_told_when_it_has_stood(world: &World) {
    let (promised, better) = (world.day(10), world.day(6));
    waits_until(world, promised, PromiseRule { earlier_days: 1, stable_hours: 24, ..Default::default() }).await;
    assert_eq!(moved(world, better).await, (promised, better));

    world.advance(SignedDuration::from_hours(23));
    world.idle().await;
    assert_eq!(dates(world).await, (promised, better));
    world.advance(SignedDuration::from_hours(2));

    backorder_testkit::eventually("the better day is told", || async { dates(world).await == (better, better) }).await;
    assert_eq!(reasons(world).await, [PromiseReason::Placed, PromiseReason::SupplyChanged]);
}

pub async fn a_promise_that_is_certain_to_be_missed_is_told_on_its_day(world: &World) {
    let (promised, later) = (world.day(2), world.day(5));
    waits_until(world, promised, PromiseRule { later_days: 5, ..Default::default() }).await;
    assert_eq!(moved(world, later).await, (promised, later));

    world.advance(SignedDuration::from_hours(48));

    backorder_testkit::eventually("the later day is told", || async { dates(world).await == (later, later) }).await;
}
