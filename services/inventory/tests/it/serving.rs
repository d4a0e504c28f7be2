//! Reserving, receiving, holding for the queue, serving it, posting and giving back.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::Code;

use crate::world::{World, refusal};

async fn what_is_free_is_reserved_and_the_rest_waits(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 3).await;
    let claim = world.backorder("a", 5).await;
    assert_eq!((claim.reserved, claim.waiting, claim.version), (3, 2, 1));
    assert_eq!(claim.reservations[0].location, "locations/main");
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.reserved, position.on_hand), (0, 3, 3));
    assert_eq!(world.claim(&claim.line).await, claim);
    world.balanced().await;
}

async fn stock_that_arrives_is_held_for_the_queue_and_a_new_order_cannot_overtake_it(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.backorder("a", 4).await;
    let receipt = world.receive("a", "main", 10).await;
    assert_eq!(receipt.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [4]);
    assert_eq!((receipt.positions[0].held, receipt.positions[0].available), (4, 6));

    let second = world.backorder("a", 8).await;
    assert_eq!((second.reserved, second.waiting), (6, 2), "held units are not free");

    let served = world.serve("a", "main", &[(&first, 4)]).await;
    assert_eq!(served.results[0].outcome(), GainOutcome::Applied);
    assert_eq!(world.claim(&first.line).await.reserved, 4);
    assert!(world.holds().await.is_empty());
    world.balanced().await;
}

async fn a_gain_for_a_claim_that_changed_is_skipped_and_its_units_are_held_anew(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.backorder("a", 4).await;
    world.receive("a", "main", 4).await;
    let stale = Claim { version: first.version + 7, ..first.clone() };
    let served = world.serve("a", "main", &[(&stale, 4)]).await;
    assert_eq!(served.results[0].outcome(), GainOutcome::Stale);
    assert_eq!(world.claim(&first.line).await.reserved, 0);
    assert_eq!(served.holds.iter().map(|hold| hold.quantity).sum::<i64>(), 4);
    world.balanced().await;
}

async fn what_was_passed_over_becomes_free_at_the_end_of_the_run(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.backorder("a", 4).await;
    world.receive("a", "main", 4).await;
    let holds = world.holds().await.into_iter().map(|hold| hold.name).collect();
    let passed = PassedOver { line: claim.line.clone(), part: 1, expected_version: claim.version };
    let request = ApplyAllocationRequest {
        request_id: world.id(),
        run: "runs/1".to_owned(),
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        holds,
        passed_over: vec![passed],
        final_chunk: true,
        ..ApplyAllocationRequest::default()
    };
    world.clients.reservations.clone().apply_allocation(request).await.unwrap();
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.held), (4, 0));
    assert!(!world.claim(&claim.line).await.eligible);
    world.balanced().await;
}

async fn what_a_line_that_may_take_none_gets_is_held_anew_for_those_that_may(backend: Backend) {
    let world = World::new(backend).await;
    let barred = ReserveLine { eligible: false, ..world.wants("a", 5) };
    let barred = world.reserve(vec![barred]).await.unwrap().remove(0).claim.unwrap();
    world.backorder("a", 5).await;
    world.receive("a", "main", 10).await;
    let holds = world.holds().await.into_iter().map(|hold| hold.name).collect();
    let gain = AllocationGain { line: barred.line, part: 1, quantity: 3, expected_version: barred.version };
    let request = ApplyAllocationRequest {
        request_id: world.id(),
        run: "runs/1".to_owned(),
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        holds,
        gains: vec![gain],
        ..ApplyAllocationRequest::default()
    };
    let served = world.clients.reservations.clone().apply_allocation(request).await.unwrap().into_inner();
    assert_eq!(served.results[0].outcome(), GainOutcome::Applied);
    let position = world.position("a", "main").await;
    assert_eq!((position.reserved, position.held, position.available), (3, 5, 2));
    world.balanced().await;
}

async fn posting_a_part_leaves_the_rest_reserved(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let claim = world.backorder("a", 5).await;
    let posted = world.post(&claim.line, 2).await.unwrap();
    assert_eq!((posted.claims[0].reserved, posted.claims[0].posted), (3, 2));
    assert_eq!(posted.posted[0].quantity, 2);
    let refused = refusal(world.post(&claim.line, 4).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientReservation));
    assert_eq!(world.position("a", "main").await.on_hand, 3);
    world.balanced().await;
}

async fn released_units_go_to_the_queue_before_they_are_free(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let first = world.backorder("a", 5).await;
    world.backorder("a", 2).await;
    let released = world.release(&first.line, 3).await.unwrap();
    assert_eq!(released.claims[0].reserved, 2);
    assert_eq!(released.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [2]);
    assert_eq!(world.position("a", "main").await.available, 1);
    world.balanced().await;
}

async fn a_claim_stands_once_under_line_and_part(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.backorder("a", 1).await;
    for item in ["a", "b"] {
        let again = ReserveLine { line: claim.line.clone(), ..world.wants(item, 1) };
        let refused = refusal(world.reserve(vec![again]).await);
        assert_eq!(refused, (Code::AlreadyExists, ErrorReason::ClaimExists));
    }
    let part = ReserveLine { line: claim.line.clone(), part: 2, ..world.wants("a", 1) };
    world.reserve(vec![part]).await.unwrap();
}

async fn a_soft_claim_is_taken_over_without_counting_twice(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let soft = ReserveLine {
        strength: i32::from(ReservationStrength::Soft),
        expire_time: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
        ..world.wants("a", 4)
    };
    let quote = soft.line.clone();
    world.reserve(vec![soft]).await.unwrap();
    let firm = ReserveLine { takes_over_line: quote.clone(), ..world.wants("a", 3) };
    let results = world.reserve(vec![firm.clone()]).await.unwrap();
    assert_eq!(results[0].claim.as_ref().unwrap().reserved, 3);
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.reserved), (2, 3));

    let late = ReserveLine { takes_over_line: quote, ..world.wants("a", 1) };
    let refused = refusal(world.reserve(vec![late]).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::SoftReservationGone));
    world.balanced().await;
}

async fn a_group_gets_all_or_waits_whole(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let group = |line: ReserveLine| ReserveLine { all_or_nothing_group: "g".to_owned(), ..line };
    let results = world.reserve(vec![group(world.wants("a", 5)), group(world.wants("b", 1))]).await.unwrap();
    let claims: Vec<_> = results.iter().map(|r| r.claim.as_ref().unwrap()).collect();
    assert_eq!(claims.iter().map(|claim| (claim.reserved, claim.waiting)).collect::<Vec<_>>(), [(0, 5), (0, 1)]);
    world.balanced().await;
}

async fn what_may_not_wait_is_refused_and_leaves_nothing(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 2).await;
    let refuse = ReserveLine { shortfall: i32::from(Shortfall::Refuse), ..world.wants("a", 3) };
    let keep = ReserveLine { shortfall: i32::from(Shortfall::Keep), ..world.wants("a", 3) };
    let limited = ReserveLine { waiting_limit: Some(1), ..world.wants("a", 3) };
    let results = world.reserve(vec![refuse, keep, limited]).await.unwrap();
    assert!(results[0].claim.is_none());
    assert_eq!((results[0].refused, results[0].refusal_reason()), (3, RefusalReason::NotAvailable));
    assert_eq!((results[1].claim.as_ref().unwrap().reserved, results[1].refused), (2, 1));
    assert_eq!((results[2].claim.as_ref().unwrap().waiting, results[2].refused), (1, 2));
    assert_eq!(results[2].refusal_reason(), RefusalReason::WaitingLimit);
}

async fn a_validated_reservation_answers_as_if_and_keeps_nothing(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 2).await;
    let lines = vec![world.wants("a", 3)];
    let request = ReserveStockRequest { lines, validate_only: true, ..ReserveStockRequest::default() };
    let answer = world.clients.reservations.clone().reserve_stock(request).await.unwrap().into_inner();
    assert_eq!(answer.results[0].claim.as_ref().unwrap().reserved, 2);
    assert_eq!(world.position("a", "main").await.available, 2);
    world.balanced().await;
}

async fn a_line_is_filled_from_its_locations_in_their_order(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 4).await;
    world.receive("a", "north", 4).await;
    let split = ReserveLine {
        locations: vec!["locations/north".to_owned(), "locations/main".to_owned()],
        ..world.wants("a", 6)
    };
    let claim = world.reserve(vec![split]).await.unwrap()[0].claim.clone().unwrap();
    let taken: Vec<_> = claim.reservations.iter().map(|r| (r.location.as_str(), r.quantity)).collect();
    assert_eq!(taken, [("locations/north", 4), ("locations/main", 2)]);
    assert_eq!(world.claim(&claim.line).await, claim, "the order is kept");
}

on_each_backend!(
    what_is_free_is_reserved_and_the_rest_waits,
    stock_that_arrives_is_held_for_the_queue_and_a_new_order_cannot_overtake_it,
    a_gain_for_a_claim_that_changed_is_skipped_and_its_units_are_held_anew,
    what_was_passed_over_becomes_free_at_the_end_of_the_run,
    what_a_line_that_may_take_none_gets_is_held_anew_for_those_that_may,
    posting_a_part_leaves_the_rest_reserved,
    released_units_go_to_the_queue_before_they_are_free,
    a_claim_stands_once_under_line_and_part,
    a_soft_claim_is_taken_over_without_counting_twice,
    a_group_gets_all_or_waits_whole,
    what_may_not_wait_is_refused_and_leaves_nothing,
    a_validated_reservation_answers_as_if_and_keeps_nothing,
    a_line_is_filled_from_its_locations_in_their_order,
);
