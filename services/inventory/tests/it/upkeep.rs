//! What the passing of business time does by itself: soft claims end, supply becomes past due.

use backorder_proto::inventory::v1::*;
use backorder_testkit::{Backend, on_each_backend};
use jiff::SignedDuration;
use prost_types::Timestamp;

use crate::world::{World, day};

/// 2026-03-02T13:00:00Z, one hour after every world begins.
const IN_AN_HOUR: Timestamp = Timestamp { seconds: 1_772_456_400, nanos: 0 };

fn soft(world: &World, quantity: i64) -> ReserveLine {
    ReserveLine {
        strength: i32::from(ReservationStrength::Soft),
        expire_time: Some(IN_AN_HOUR),
        shortfall: i32::from(Shortfall::Keep),
        ..world.wants("a", quantity)
    }
}

async fn a_soft_claim_ends_at_its_time_and_its_units_are_free(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let quote = soft(&world, 4);
    world.reserve(vec![quote.clone()]).await.unwrap();

    world.clock.advance(SignedDuration::from_mins(59));
    world.idle().await;
    assert_eq!(world.claim(&quote.line).await.reserved, 4, "it is not time yet");

    world.clock.advance(SignedDuration::from_mins(1));
    world.idle().await;
    let claim = world.claim(&quote.line).await;
    assert_eq!((claim.reserved, claim.waiting, claim.posted), (0, 0, 0));
    assert_eq!(world.position("a", "main").await.available, 5);
    world.balanced().await;
}

async fn units_of_an_ended_claim_go_to_the_queue_first(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    world.reserve(vec![soft(&world, 5)]).await.unwrap();
    world.backorder("a", 3).await;
    world.clock.advance(SignedDuration::from_hours(1));
    world.idle().await;
    let position = world.position("a", "main").await;
    assert_eq!((position.held, position.available), (3, 2));
    world.balanced().await;
}

async fn a_claim_that_was_confirmed_in_time_does_not_end(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let quote = soft(&world, 4);
    world.reserve(vec![quote.clone()]).await.unwrap();
    let order = ReserveLine { takes_over_line: quote.line, ..world.wants("a", 4) };
    world.reserve(vec![order.clone()]).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(2));
    world.idle().await;
    assert_eq!(world.claim(&order.line).await.reserved, 4);
    world.balanced().await;
}

async fn claims_move_to_later_supply_when_a_day_ends_without_theirs(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("p1", "a", "main", 5, day(3)).await;
    world.supply("p2", "a", "main", 5, day(9)).await;
    let first = world.backorder("a", 4).await;
    let second = world.backorder("a", 4).await;
    let pegs = async |claim: &Claim| -> Vec<(String, i64)> {
        let claim = world.claim(&claim.line).await;
        claim.pegs.into_iter().map(|peg| (peg.supply, peg.quantity)).collect()
    };
    let peg = |supply: &str, quantity: i64| (format!("supplies/{supply}"), quantity);
    assert_eq!(pegs(&first).await, [peg("p1", 4)]);
    assert_eq!(pegs(&second).await, [peg("p1", 1), peg("p2", 3)]);

    world.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(world.activity().await.runs_waiting, 1, "the work is seen as soon as the clock has moved");
    world.idle().await;
    assert_eq!(pegs(&first).await, [peg("p2", 4)]);
    assert_eq!(pegs(&second).await, [peg("p2", 1)]);
    assert_eq!(world.claim(&first.line).await.version, first.version + 1);
    world.balanced().await;
}

async fn on_its_own_day_supply_still_counts(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("p1", "a", "main", 5, day(3)).await;
    let claim = world.backorder("a", 4).await;
    world.clock.advance(SignedDuration::from_hours(35));
    world.idle().await;
    assert_eq!(world.claim(&claim.line).await, claim, "it is 23:00 of the day");
}

on_each_backend!(
    a_soft_claim_ends_at_its_time_and_its_units_are_free,
    units_of_an_ended_claim_go_to_the_queue_first,
    a_claim_that_was_confirmed_in_time_does_not_end,
    claims_move_to_later_supply_when_a_day_ends_without_theirs,
    on_its_own_day_supply_still_counts,
);
