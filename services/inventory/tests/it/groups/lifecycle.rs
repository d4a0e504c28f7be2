//! What consumes, what gives back, and what does not.

use backorder_proto::inventory::v1::*;
use backorder_testkit::{Backend, on_each_backend};
use jiff::SignedDuration;

use super::{consumed, got, of, put, quota, quotas, reserve, waiting};
use crate::{
    operations::tamper,
    world::{World, because},
};

async fn gold_may_take(world: &World, maximum: i64) {
    put(world, quotas("a", vec![quota(["GOLD", "#"], &[(1, 30, maximum)])])).await.unwrap();
}

async fn what_is_shipped_stays_consumed_and_what_is_lost_is_given_back(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    gold_may_take(&world, 6).await;
    let line = reserve(&world, of(world.wants("a", 6), "GOLD", "web")).await.line;
    world.post(&line, 2).await.unwrap();
    assert_eq!(consumed(&world, "a").await, [6]);
    let count = CountStockRequest {
        request_id: world.id(),
        lines: vec![CountLine {
            item: "items/a".to_owned(),
            location: "locations/main".to_owned(),
            counted: 1,
            ..CountLine::default()
        }],
        context: because("count"),
        ..CountStockRequest::default()
    };
    world.clients.stock.clone().count_stock(count).await.unwrap();
    assert_eq!(consumed(&world, "a").await, [3], "2 shipped and 1 that is left");
    world.release(&line, 4).await.unwrap();
    assert_eq!(consumed(&world, "a").await, [2]);
    world.balanced().await;
}

async fn a_soft_claim_consumes_until_it_ends_or_is_taken_over(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    gold_may_take(&world, 5).await;
    let expire_time = Some(prost_types::Timestamp { seconds: world.clock_now().as_second() + 60, nanos: 0 });
    let strength = i32::from(ReservationStrength::Soft);
    let soft = |quantity| of(ReserveLine { strength, expire_time, ..world.wants("a", quantity) }, "GOLD", "web");
    let (first, second) = (reserve(&world, soft(3)).await, reserve(&world, soft(2)).await);
    assert_eq!((got(&first), got(&second), consumed(&world, "a").await), ((3, 0, 0), (2, 0, 0), vec![5]));
    let order = ReserveLine { takes_over_line: first.line, ..world.wants("a", 4) };
    let order = reserve(&world, of(order, "GOLD", "shop")).await;
    assert_eq!((got(&order), order.limited_by()), ((3, 1, 0), GroupLimit::Quota), "its own units, and no more");
    world.clock.advance(SignedDuration::from_mins(2));
    world.idle().await;
    assert_eq!((consumed(&world, "a").await, world.position("a", "main").await.held), (vec![3], 1));
    world.balanced().await;
}

async fn a_person_is_not_bound_and_consumes_all_the_same(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    gold_may_take(&world, 2).await;
    let line = reserve(&world, of(world.wants("a", 5), "GOLD", "web")).await.line;
    let request = AssignByHandRequest {
        request_id: world.id(),
        to_line: line.clone(),
        location: "locations/main".to_owned(),
        from_free: 3,
        context: because("customer called"),
        ..AssignByHandRequest::default()
    };
    world.clients.reservations.clone().assign_by_hand(request).await.unwrap();
    assert_eq!((consumed(&world, "a").await, world.claim(&line).await.reserved), (vec![5], 5));
    let next = reserve(&world, of(world.wants("a", 1), "GOLD", "web")).await;
    assert_eq!(got(&next), (0, 1, 0));
    world.release(&line, 4).await.unwrap();
    assert_eq!((consumed(&world, "a").await, world.position("a", "main").await.held), (vec![1], 1));
    world.balanced().await;
}

async fn sets_and_runs_keep_to_what_groups_may_take(backend: Backend) {
    let world = World::new(backend).await;
    gold_may_take(&world, 4).await;
    let together = |line: ReserveLine| ReserveLine { all_or_nothing_group: "set".to_owned(), ..line };
    let set = of(together(world.wants("a", 5)), "GOLD", "web");
    let alone = of(world.wants("a", 3), "GOLD", "web");
    let (set, alone) = (reserve(&world, set).await, reserve(&world, alone).await);
    world.receive("a", "main", 10).await;
    let request = CoverSetsRequest {
        request_id: world.id(),
        sets: vec![SetToCover { lines: vec![set.line.clone()], ..SetToCover::default() }],
        ..CoverSetsRequest::default()
    };
    let covered = world.clients.reservations.clone().cover_sets(request).await.unwrap().into_inner();
    assert_eq!(covered.covers, [i32::from(SetCover::Incomplete)], "5 are there and 4 may be taken");
    let claim = world.claim(&alone.line).await;
    let gain = |quantity| RunUnits {
        line: claim.line.clone(),
        part: 1,
        location: "locations/main".to_owned(),
        quantity,
        expected_version: claim.version,
    };
    gold_may_take(&world, 2).await;
    for (quantity, outcome) in [(3, GainOutcome::Limited), (2, GainOutcome::Applied)] {
        let request = CommitRunRequest {
            request_id: world.id(),
            run: "runs/1".to_owned(),
            item: "items/a".to_owned(),
            gains: vec![gain(quantity)],
            ..CommitRunRequest::default()
        };
        let answer = world.clients.reservations.clone().commit_run(request).await.unwrap().into_inner();
        assert_eq!(answer.gains[0].outcome(), outcome, "{quantity}");
    }
    assert_eq!((consumed(&world, "a").await, waiting(&world, "a").await.len()), (vec![2], 2));
    world.balanced().await;
}

async fn claims_from_before_are_of_no_group_and_rules_that_are_gone_keep_what_is_consumed(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let before = reserve(&world, of(world.wants("a", 3), "GOLD", "web")).await;
    gold_may_take(&world, 2).await;
    assert_eq!(consumed(&world, "a").await, [0]);
    let line = reserve(&world, of(world.wants("a", 2), "GOLD", "web")).await.line;
    put(&world, ItemGroups { item: "items/a".to_owned(), ..ItemGroups::default() }).await.unwrap();
    assert_eq!(got(&reserve(&world, of(world.wants("a", 2), "GOLD", "web")).await), (2, 0, 0), "no rule, no limit");
    world.release(&line, 1).await.unwrap();
    world.release(&before.line, 3).await.unwrap();
    gold_may_take(&world, 2).await;
    assert_eq!(consumed(&world, "a").await, [1]);
    world.balanced().await;
}

async fn what_is_consumed_is_proven_by_what_claims_took(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    gold_may_take(&world, 6).await;
    let line = reserve(&world, of(world.wants("a", 4), "GOLD", "web")).await.line;
    world.balanced().await;
    for (damage, repair, name) in [
        (
            "UPDATE group_balance SET consumed = consumed + 1 WHERE item_id = 'a'",
            "UPDATE group_balance SET consumed = consumed - 1 WHERE item_id = 'a'",
            "items/a/groups/quota/0/2026-03-01/GOLD/#".to_owned(),
        ),
        (
            "UPDATE claim SET posted = posted + 1 WHERE item_id = 'a'",
            "UPDATE claim SET posted = posted - 1 WHERE item_id = 'a'",
            format!("claims/{line}/parts/1"),
        ),
    ] {
        tamper(&world, damage).await;
        let books = world.verify().await;
        let found = books.differences.iter().filter(|difference| difference.kind == "group");
        assert_eq!(found.map(|difference| &difference.name).collect::<Vec<_>>(), [&name], "{:?}", books.differences);
        tamper(&world, repair).await;
    }
    world.balanced().await;
}

on_each_backend!(
    what_is_consumed_is_proven_by_what_claims_took,
    what_is_shipped_stays_consumed_and_what_is_lost_is_given_back,
    a_soft_claim_consumes_until_it_ends_or_is_taken_over,
    a_person_is_not_bound_and_consumes_all_the_same,
    sets_and_runs_keep_to_what_groups_may_take,
    claims_from_before_are_of_no_group_and_rules_that_are_gone_keep_what_is_consumed,
);
