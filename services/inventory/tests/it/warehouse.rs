//! The release gate: units in the warehouse's hands.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, day, refusal};

impl World {
    async fn hand_over(&self, line: &str, quantity: i64) -> Result<WarehouseAnswer, Status> {
        let request = ReleaseToWarehouseRequest {
            request_id: self.id(),
            lines: vec![WarehouseLine { line: line.to_owned(), quantity, ..WarehouseLine::default() }],
            ..ReleaseToWarehouseRequest::default()
        };
        Ok(self.clients.warehouse.clone().release_to_warehouse(request).await?.into_inner())
    }

    async fn recall(&self, line: &str, quantity: i64) -> Result<WarehouseAnswer, Status> {
        let request = RecallFromWarehouseRequest {
            request_id: self.id(),
            lines: vec![WarehouseLine { line: line.to_owned(), quantity, ..WarehouseLine::default() }],
            ..RecallFromWarehouseRequest::default()
        };
        Ok(self.clients.warehouse.clone().recall_from_warehouse(request).await?.into_inner())
    }

    async fn short(&self, line: &str, quantity: i64, damaged: bool) -> Result<WarehouseAnswer, Status> {
        let lines = vec![ShortPickLine { line: line.to_owned(), quantity, damaged, ..ShortPickLine::default() }];
        let request = ReportShortPickRequest { request_id: self.id(), lines, ..ReportShortPickRequest::default() };
        Ok(self.clients.warehouse.clone().report_short_pick(request).await?.into_inner())
    }
}

async fn what_is_handed_over_is_frozen_until_it_ships_or_is_recalled(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let claim = world.backorder("a", 6).await;
    let answer = world.hand_over(&claim.line, 4).await.unwrap();
    assert_eq!((answer.claims[0].reserved, answer.claims[0].released), (6, 4));
    assert_eq!(answer.moved[0].location, "locations/main");
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.reserved, position.released, position.on_hand), (4, 2, 4, 10));

    let frozen = refusal(world.release(&claim.line, 3).await);
    assert_eq!(frozen, (Code::FailedPrecondition, ErrorReason::InsufficientWaiting));
    let too_many = refusal(world.recall(&claim.line, 5).await);
    assert_eq!(too_many, (Code::FailedPrecondition, ErrorReason::InsufficientReservation));

    world.recall(&claim.line, 1).await.unwrap();
    world.post(&claim.line, 5).await.unwrap();
    let claim = world.claim(&claim.line).await;
    assert_eq!((claim.reserved, claim.released, claim.posted), (1, 0, 5), "what it had in hands left first");
    world.balanced().await;
}

async fn a_short_pick_waits_again_at_its_old_place_and_the_next_arrival_serves_it(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let first = world.backorder("a", 5).await;
    world.supply("po", "a", "main", 4, day(9)).await;
    world.hand_over(&first.line, 5).await.unwrap();
    world.short(&first.line, 2, false).await.unwrap();
    let answer = world.short(&first.line, 1, true).await.unwrap();
    let claim = &answer.claims[0];
    assert_eq!((claim.reserved, claim.released, claim.waiting, claim.pegged), (2, 2, 3, 3));
    let position = world.position("a", "main").await;
    assert_eq!((position.released, position.damaged, position.on_hand), (2, 1, 3));
    let later = world.backorder("a", 2).await;
    let receipt = world.receive_from("a", "main", 4, "po").await.unwrap();
    assert_eq!(receipt.holds.iter().map(|hold| hold.quantity).sum::<i64>(), 4);
    let waiting = world.claim(&later.line).await;
    assert_eq!(waiting.waiting, 2, "a later line does not overtake it");
    world.balanced().await;
}

async fn a_hand_over_is_done_once_and_wholly_or_not_at_all(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let claim = world.backorder("a", 5).await;
    let line = |quantity| WarehouseLine { line: claim.line.clone(), quantity, ..WarehouseLine::default() };
    let request = ReleaseToWarehouseRequest {
        request_id: world.id(),
        lines: vec![line(2)],
        ..ReleaseToWarehouseRequest::default()
    };
    let mut client = world.clients.warehouse.clone();
    let once = client.release_to_warehouse(request.clone()).await.unwrap().into_inner();
    let again = client.release_to_warehouse(request.clone()).await.unwrap().into_inner();
    assert_eq!(once, again);
    let other = ReleaseToWarehouseRequest { request_id: world.id(), lines: vec![line(1), line(3)], ..request };
    let refused = refusal(client.release_to_warehouse(other).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientReservation));
    assert_eq!(world.claim(&claim.line).await.released, 2, "nothing of the refused call was done");
    let bad = ShortPickLine { line: String::new(), quantity: 0, location: "x".to_owned(), part: -1, damaged: false };
    let request = ReportShortPickRequest { request_id: world.id(), lines: vec![bad], ..Default::default() };
    let status = client.report_short_pick(request).await.unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["lines[0].line", "lines[0].part", "lines[0].location", "lines[0].quantity"]);
    world.balanced().await;
}

on_each_backend!(
    what_is_handed_over_is_frozen_until_it_ships_or_is_recalled,
    a_short_pick_waits_again_at_its_old_place_and_the_next_arrival_serves_it,
    a_hand_over_is_done_once_and_wholly_or_not_at_all,
);
