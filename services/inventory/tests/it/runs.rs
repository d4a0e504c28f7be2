//! Committing what an allocation run decided: who loses, who gains, what is skipped.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, refusal};

/// Units of a claim at a location, on the version that it has now.
fn units(claim: &Claim, location: &str, quantity: i64) -> RunUnits {
    RunUnits {
        line: claim.line.clone(),
        part: claim.part,
        location: format!("locations/{location}"),
        quantity,
        expected_version: claim.version,
    }
}

fn moves(world: &World, reductions: Vec<RunUnits>, gains: Vec<RunUnits>) -> CommitRunRequest {
    CommitRunRequest {
        request_id: world.id(),
        run: "runs/1".to_owned(),
        item: "items/a".to_owned(),
        reductions,
        gains,
        ..CommitRunRequest::default()
    }
}

async fn commit(world: &World, request: CommitRunRequest) -> Result<CommitRunResponse, Status> {
    Ok(world.clients.reservations.clone().commit_run(request).await?.into_inner())
}

/// A claim that has five units of `main`, and one that waits for four.
async fn scarce(world: &World) -> (Claim, Claim) {
    world.receive("a", "main", 5).await;
    (world.backorder("a", 5).await, world.backorder("a", 4).await)
}

async fn units_change_hands_and_the_giver_waits_at_its_old_place(backend: Backend) {
    let world = World::new(backend).await;
    let (holder, waiting) = scarce(&world).await;
    let request = moves(&world, vec![units(&holder, "main", 3)], vec![units(&waiting, "main", 3)]);
    let answer = commit(&world, request.clone()).await.unwrap();
    assert_eq!(answer.reductions[0].outcome(), ReductionOutcome::Applied);
    assert_eq!(answer.gains[0].outcome(), GainOutcome::Applied);
    let (loser, winner) = (world.claim(&holder.line).await, world.claim(&waiting.line).await);
    assert_eq!((loser.reserved, loser.waiting, loser.queue_time), (2, 3, holder.queue_time));
    assert_eq!((winner.reserved, winner.waiting), (3, 1));
    assert_eq!(commit(&world, request).await.unwrap(), answer, "the same request, the same answer");
    world.balanced().await;
}

async fn units_that_nobody_got_are_held_for_the_queue(backend: Backend) {
    let world = World::new(backend).await;
    let (holder, waiting) = scarce(&world).await;
    let request = moves(&world, vec![units(&holder, "main", 5)], vec![units(&waiting, "main", 2)]);
    let answer = commit(&world, request).await.unwrap();
    assert_eq!(answer.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [3]);
    let position = world.position("a", "main").await;
    assert_eq!((position.reserved, position.held, position.available), (2, 3, 0));
    world.balanced().await;
}

async fn a_claim_loses_at_one_location_and_gains_at_another(backend: Backend) {
    let world = World::new(backend).await;
    let (holder, waiting) = scarce(&world).await;
    world.receive("a", "north", 6).await;
    let (holder, waiting) = (world.claim(&holder.line).await, world.claim(&waiting.line).await);
    let lost = vec![units(&holder, "main", 4)];
    let won = vec![units(&waiting, "main", 4), units(&holder, "north", 4)];
    let answer = commit(&world, moves(&world, lost, won)).await.unwrap();
    assert!(answer.gains.iter().all(|gain| gain.outcome() == GainOutcome::Applied), "{answer:?}");
    let (holder, waiting) = (world.claim(&holder.line).await, world.claim(&waiting.line).await);
    assert_eq!((holder.reserved, holder.waiting, waiting.reserved), (5, 0, 4));
    world.balanced().await;
}

async fn what_changed_since_and_what_is_not_there_is_skipped(backend: Backend) {
    let world = World::new(backend).await;
    let (holder, waiting) = scarce(&world).await;
    let stale = RunUnits { expected_version: holder.version + 1, ..units(&holder, "main", 5) };
    let answer = commit(&world, moves(&world, vec![stale], vec![units(&waiting, "main", 4)])).await.unwrap();
    assert_eq!(answer.reductions[0].outcome(), ReductionOutcome::Stale);
    assert_eq!(answer.gains[0].outcome(), GainOutcome::NoCover);
    assert!(answer.claims.is_empty());
    assert_eq!(world.claim(&holder.line).await, holder);
    world.balanced().await;
}

async fn who_is_passed_over_waits_without_a_claim_on_what_is_free(backend: Backend) {
    let world = World::new(backend).await;
    let (holder, waiting) = scarce(&world).await;
    let passed = |claim: &Claim| PassedOver { line: claim.line.clone(), part: 1, expected_version: claim.version };
    let request = CommitRunRequest {
        passed_over: vec![passed(&holder), passed(&waiting)],
        ..moves(&world, vec![units(&holder, "main", 5)], vec![])
    };
    commit(&world, request).await.unwrap();
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.reserved, position.held), (5, 0, 0));
    assert!(!world.claim(&holder.line).await.eligible);
    world.balanced().await;
}

async fn bad_input_names_its_field(backend: Backend) {
    let world = World::new(backend).await;
    let (holder, waiting) = scarce(&world).await;
    let nothing = refusal(commit(&world, moves(&world, vec![], vec![])).await);
    assert_eq!(nothing, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let none = RunUnits { quantity: 0, ..units(&waiting, "main", 1) };
    let refused = commit(&world, moves(&world, vec![], vec![none])).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["gains[0].quantity"]);
    let nowhere = vec![units(&holder, "nowhere", 1)];
    let refused = refusal(commit(&world, moves(&world, nowhere, vec![])).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::LocationNotFound));
    let many = vec![units(&holder, "main", 1); 1_001];
    let refused = refusal(commit(&world, moves(&world, many, vec![])).await);
    assert_eq!(refused.0, Code::InvalidArgument);
}

on_each_backend!(
    units_change_hands_and_the_giver_waits_at_its_old_place,
    units_that_nobody_got_are_held_for_the_queue,
    a_claim_loses_at_one_location_and_gains_at_another,
    what_changed_since_and_what_is_not_there_is_skipped,
    who_is_passed_over_waits_without_a_claim_on_what_is_free,
    bad_input_names_its_field,
);
