//! A maximum per group and period.

use backorder_proto::inventory::v1::*;
use backorder_testkit::{Backend, on_each_backend};
use jiff::SignedDuration;

use super::{consumed, got, of, put, quota, quotas, reserve, waiting};
use crate::world::World;

async fn a_group_takes_its_quota_and_what_it_may_not_take_stays_free_for_others(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    put(&world, quotas("a", vec![quota(["GOLD", "#"], &[(1, 10, 5)])])).await.unwrap();

    let gold = reserve(&world, of(world.wants("a", 7), "GOLD", "web")).await;
    assert_eq!((got(&gold), gold.limited_by()), ((5, 2, 0), GroupLimit::Quota));
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.held), (5, 0), "nothing is put aside for who may not take it");
    let other = reserve(&world, of(world.wants("a", 2), "STANDARD", "web")).await;
    assert_eq!((got(&other), other.limited_by()), ((2, 0, 0), GroupLimit::Unspecified));
    assert_eq!(got(&reserve(&world, world.wants("a", 1)).await), (1, 0, 0), "what says nothing is of no group");
    assert_eq!(consumed(&world, "a").await, [5]);
    world.balanced().await;
}

async fn a_line_that_does_not_wait_is_refused_for_the_quota(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    put(&world, quotas("a", vec![quota(["GOLD", "web"], &[(1, 10, 5)])])).await.unwrap();
    let line = |shortfall, group: &str| ReserveLine {
        shortfall: i32::from(shortfall),
        all_or_nothing_group: group.to_owned(),
        ..of(world.wants("a", 7), "GOLD", "web")
    };
    for (shortfall, group, expected) in
        [(Shortfall::Refuse, "", (0, 0, 7)), (Shortfall::Refuse, "all", (0, 0, 7)), (Shortfall::Keep, "", (5, 0, 2))]
    {
        let result = reserve(&world, line(shortfall, group)).await;
        assert_eq!((got(&result), result.refusal_reason()), (expected, RefusalReason::Quota), "{shortfall:?} {group}");
        assert_eq!(result.limited_by(), GroupLimit::Quota);
    }
    let waits = reserve(&world, line(Shortfall::Backorder, "all")).await;
    assert_eq!((got(&waits), waits.limited_by()), ((0, 7, 0), GroupLimit::Quota), "all of it or none of it");
    world.balanced().await;
}

async fn units_are_consumed_of_the_group_that_says_most_and_of_the_next_plan_after_the_first(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 20).await;
    let first = vec![quota(["GOLD", "#"], &[(1, 10, 3)]), quota(["GOLD", "web"], &[(1, 10, 2)])];
    let mut groups = quotas("a", first);
    groups.plans.push(QuotaPlan { groups: vec![quota(["#", "#"], &[(1, 10, 4)])], ..QuotaPlan::default() });
    put(&world, groups).await.unwrap();
    let web = reserve(&world, of(world.wants("a", 7), "GOLD", "web")).await;
    assert_eq!(got(&web), (6, 1, 0), "2 of its group and 4 of everybody's");
    let shop = reserve(&world, of(world.wants("a", 7), "GOLD", "shop")).await;
    assert_eq!(got(&shop), (3, 4, 0));
    assert_eq!(consumed(&world, "a").await, [3, 2]);
    world.release(&web.line, 3).await.unwrap();
    let claim = world.claim(&shop.line).await;
    assert_eq!((claim.reserved, claim.waiting), (3, 4));
    assert_eq!(world.position("a", "main").await.held, 2, "what the one gave back the other may take");
    world.balanced().await;
}

async fn what_is_given_back_goes_to_who_waits_in_the_group(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    put(&world, quotas("a", vec![quota(["GOLD", "#"], &[(1, 10, 5)])])).await.unwrap();
    let first = reserve(&world, of(world.wants("a", 5), "GOLD", "web")).await;
    let second = reserve(&world, of(world.wants("a", 4), "GOLD", "shop")).await;
    assert_eq!((got(&second), waiting(&world, "a").await[0].takeable), ((0, 4, 0), Some(0)));

    let released = world.release(&first.line, 2).await.unwrap();
    assert_eq!(released.holds.iter().map(|hold| hold.quantity).sum::<i64>(), 2, "as many as the quota leaves");
    let claim = waiting(&world, "a").await.remove(0);
    assert_eq!((claim.takeable, claim.line.clone()), (Some(2), second.line.clone()));
    let served = world.serve("a", "main", &[(&claim, 3)]).await;
    assert_eq!(served.results[0].outcome(), GainOutcome::Limited, "a gain is never clipped");
    let claim = world.claim(&second.line).await;
    let served = world.serve("a", "main", &[(&claim, 2)]).await;
    assert_eq!(served.results[0].outcome(), GainOutcome::Applied);
    let position = world.position("a", "main").await;
    assert_eq!((position.held, position.available, consumed(&world, "a").await), (0, 5, vec![5]));
    world.balanced().await;
}

async fn a_quota_that_is_raised_and_a_period_that_begins_let_those_who_wait_take(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let rules = |today| quotas("a", vec![quota(["GOLD", "#"], &[(2, 3, today), (3, 4, 6)])]);
    put(&world, rules(1)).await.unwrap();
    let line = reserve(&world, of(world.wants("a", 9), "GOLD", "web")).await;
    assert_eq!((got(&line), world.holds().await.len()), ((1, 8, 0), 0));

    put(&world, rules(3)).await.unwrap();
    assert_eq!(world.holds().await.iter().map(|hold| hold.quantity).sum::<i64>(), 2);
    let claim = world.claim(&line.line).await;
    world.serve("a", "main", &[(&claim, 2)]).await;
    assert_eq!(consumed(&world, "a").await, [3]);

    world.idle().await;
    world.clock.advance(SignedDuration::from_hours(24));
    world.idle().await;
    assert_eq!(world.holds().await.iter().map(|hold| hold.quantity).sum::<i64>(), 6, "of the new period");
    let claim = world.claim(&line.line).await;
    world.serve("a", "main", &[(&claim, 6)]).await;
    assert_eq!(world.claim(&line.line).await.reserved, 9);
    world.balanced().await;
    world.release(&line.line, 9).await.unwrap();
    let periods = super::get(&world, "a").await.plans[0].groups[0].periods.clone();
    assert_eq!(periods.iter().map(|period| period.consumed).collect::<Vec<_>>(), [0, 0], "each period its own");
    world.balanced().await;
}

on_each_backend!(
    a_group_takes_its_quota_and_what_it_may_not_take_stays_free_for_others,
    a_line_that_does_not_wait_is_refused_for_the_quota,
    units_are_consumed_of_the_group_that_says_most_and_of_the_next_plan_after_the_first,
    what_is_given_back_goes_to_who_waits_in_the_group,
    a_quota_that_is_raised_and_a_period_that_begins_let_those_who_wait_take,
);
