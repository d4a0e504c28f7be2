//! What is kept for groups at a location against others.

use backorder_proto::inventory::v1::*;
use backorder_testkit::{Backend, on_each_backend};

use super::{get, got, kept, of, protections, put, quota, quotas, reserve, waiting};
use crate::world::World;

/// Priority 1 keeps 80, priority 2 keeps 50, and 100 are there.
async fn scarce(world: &World) {
    world.receive("a", "main", 100).await;
    let groups = vec![kept(["A", "#"], 1, 1, 80), kept(["B", "#"], 1, 2, 50)];
    put(world, protections("a", groups)).await.unwrap();
}

/// The vector of SAP supply protection (domain.md 2.3).
async fn a_group_gets_what_those_that_outrank_it_leave(backend: Backend) {
    let world = World::new(backend).await;
    scarce(&world).await;
    let line = ReserveLine { locations: vec!["locations/main".to_owned()], ..world.wants("a", 50) };
    let b = reserve(&world, of(line, "B", "web")).await;
    assert_eq!((got(&b), b.limited_by()), ((20, 30, 0), GroupLimit::Protection));
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.held), (80, 0), "what is kept for A is not held for B");
    assert_eq!(waiting(&world, "a").await[0].takeable, Some(0));

    let nobody = ReserveLine { shortfall: i32::from(Shortfall::Keep), ..world.wants("a", 1) };
    let nobody = reserve(&world, nobody).await;
    assert_eq!((got(&nobody), nobody.refusal_reason()), ((0, 0, 1), RefusalReason::Protection));
    let a = reserve(&world, of(world.wants("a", 80), "A", "web")).await;
    assert_eq!(got(&a), (80, 0, 0));
    let consumed: Vec<i64> = get(&world, "a").await.protections[0].groups.iter().map(|group| group.consumed).collect();
    assert_eq!(consumed, [80, 20]);
    world.balanced().await;
}

async fn a_protection_that_is_lowered_and_units_that_come_let_those_who_wait_take(backend: Backend) {
    let world = World::new(backend).await;
    scarce(&world).await;
    let b = reserve(&world, of(world.wants("a", 50), "B", "web")).await;
    put(&world, protections("a", vec![kept(["A", "#"], 1, 1, 70), kept(["B", "#"], 1, 2, 50)])).await.unwrap();
    assert_eq!(world.position("a", "main").await.held, 10);
    let receipt = world.receive("a", "main", 7).await;
    assert_eq!(receipt.holds.iter().map(|hold| hold.quantity).sum::<i64>(), 7, "beyond what is kept for A");
    let claim = world.claim(&b.line).await;
    let served = world.serve("a", "main", &[(&claim, 17)]).await;
    assert_eq!(served.results[0].outcome(), GainOutcome::Applied);
    assert_eq!((world.position("a", "main").await.available, world.claim(&b.line).await.waiting), (70, 13));
    world.balanced().await;
}

async fn a_quota_and_a_protection_both_apply(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 100).await;
    let groups = vec![kept(["A", "#"], 1, 1, 80), kept(["B", "#"], 1, 2, 50)];
    let plans = quotas("a", vec![quota(["B", "#"], &[(1, 30, 5)])]).plans;
    put(&world, ItemGroups { plans, ..protections("a", groups) }).await.unwrap();
    let b = reserve(&world, of(world.wants("a", 50), "B", "web")).await;
    assert_eq!((got(&b), b.limited_by()), ((5, 45, 0), GroupLimit::Quota), "the smaller of the two");
    world.balanced().await;
}

async fn what_is_kept_at_one_location_does_not_bind_another(backend: Backend) {
    let world = World::new(backend).await;
    scarce(&world).await;
    world.receive("a", "north", 40).await;
    let b = reserve(&world, of(world.wants("a", 60), "C", "web")).await;
    assert_eq!((got(&b), b.limited_by()), ((40, 20, 0), GroupLimit::Protection));
    assert_eq!(b.claim.unwrap().reservations[0].location, "locations/north");
    world.balanced().await;
}

on_each_backend!(
    a_group_gets_what_those_that_outrank_it_leave,
    a_protection_that_is_lowered_and_units_that_come_let_those_who_wait_take,
    a_quota_and_a_protection_both_apply,
    what_is_kept_at_one_location_does_not_bind_another,
);
