//! One effect per request id, the same answer again, and nothing of what failed.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, counts::cases, on_each_backend};
use tonic::Code;

use crate::world::{World, refusal};

fn receipt(request_id: &str, accepted: i64) -> ReceiveStockRequest {
    let line = ReceiptLine {
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        accepted,
        ..ReceiptLine::default()
    };
    ReceiveStockRequest { request_id: request_id.to_owned(), lines: vec![line], ..ReceiveStockRequest::default() }
}

async fn the_same_write_again_has_the_same_answer_and_no_effect(backend: Backend) {
    let world = World::new(backend).await;
    let id = world.id();
    let first = world.clients.stock.clone().receive_stock(receipt(&id, 5)).await.unwrap().into_inner();
    let again = world.clients.stock.clone().receive_stock(receipt(&id, 5)).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(world.position("a", "main").await.available, 5);
}

async fn the_same_id_for_another_command_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    let id = world.id();
    world.clients.stock.clone().receive_stock(receipt(&id, 5)).await.unwrap();
    let refused = refusal(world.clients.stock.clone().receive_stock(receipt(&id, 6)).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::RequestIdReused));
}

async fn the_same_id_serves_another_method(backend: Backend) {
    let world = World::new(backend).await;
    let id = world.id();
    world.clients.stock.clone().receive_stock(receipt(&id, 5)).await.unwrap();
    let request = QuarantineStockRequest {
        request_id: id,
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        quantity: 2,
        ..QuarantineStockRequest::default()
    };
    world.clients.stock.clone().quarantine_stock(request).await.unwrap();
    world.balanced().await;
}

async fn a_write_that_failed_leaves_its_id_free(backend: Backend) {
    let world = World::new(backend).await;
    let id = world.id();
    let mut request = receipt(&id, 5);
    request.lines[0].item = "items/none".to_owned();
    let refused = refusal(world.clients.stock.clone().receive_stock(request).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::ItemNotFound));
    world.clients.stock.clone().receive_stock(receipt(&id, 5)).await.unwrap();
    assert_eq!(world.position("a", "main").await.available, 5);
}

async fn parallel_sends_of_one_id_have_one_effect_and_one_answer(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 1_000_000).await;
    for _ in 0..cases("idempotency_keys") {
        let before = world.position("a", "main").await.available;
        let request =
            ReserveStockRequest { request_id: world.id(), lines: vec![world.wants("a", 3)], ..Default::default() };
        let sends = (0..cases("idempotency_sends")).map(|_| {
            let (mut client, request) = (world.clients.reservations.clone(), request.clone());
            tokio::spawn(async move { client.reserve_stock(request).await.unwrap().into_inner() })
        });
        let answers = futures::future::join_all(sends).await;
        let first = answers[0].as_ref().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
        assert_eq!(world.position("a", "main").await.available, before - 3);
    }
    world.balanced().await;
}

on_each_backend!(
    the_same_write_again_has_the_same_answer_and_no_effect,
    the_same_id_for_another_command_is_refused,
    the_same_id_serves_another_method,
    a_write_that_failed_leaves_its_id_free,
    parallel_sends_of_one_id_have_one_effect_and_one_answer,
);
