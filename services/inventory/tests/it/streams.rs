//! `StreamReservations`: many requests on one stream, each with its own answer.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use futures::{StreamExt as _, stream};
use prost::Message as _;
use stream_reservations_response::Outcome;

use crate::world::World;

async fn answers(world: &World, requests: Vec<ReserveStockRequest>) -> Vec<StreamReservationsResponse> {
    let requests = requests.into_iter().map(|request| StreamReservationsRequest { request: Some(request) });
    let answers = world.clients.reservations.clone().stream_reservations(stream::iter(requests)).await.unwrap();
    answers.into_inner().map(Result::unwrap).collect().await
}

fn request(id: String, line: ReserveLine) -> ReserveStockRequest {
    ReserveStockRequest { request_id: id, lines: vec![line], ..Default::default() }
}

async fn every_request_of_a_stream_is_answered_in_its_order(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 400).await;
    let requests: Vec<_> = (0..600).map(|_| request(world.id(), world.wants("a", 1))).collect();
    let answers = answers(&world, requests.clone()).await;
    let ids = |requests: &[ReserveStockRequest]| requests.iter().map(|one| one.request_id.clone()).collect::<Vec<_>>();
    assert_eq!(answers.iter().map(|one| one.request_id.clone()).collect::<Vec<_>>(), ids(&requests));
    let reserved = |answer: &StreamReservationsResponse| match answer.outcome.as_ref() {
        Some(Outcome::Reserved(done)) => done.results[0].claim.as_ref().map_or(0, |claim| claim.reserved),
        _ => 0,
    };
    assert_eq!(answers.iter().map(reserved).sum::<i64>(), 400);
    world.balanced().await;
}

async fn a_refusal_is_an_answer_and_does_not_end_the_stream(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let line = world.wants("a", 1);
    let nowhere = ReserveLine { item: "items/none".to_owned(), ..world.wants("a", 1) };
    let requests = vec![
        request(world.id(), line.clone()),
        request(world.id(), line),
        request("no id".to_owned(), world.wants("a", 1)),
        request(world.id(), nowhere),
        request(world.id(), world.wants("a", 1)),
    ];
    let reasons = answers(&world, requests).await.into_iter().map(|answer| match answer.outcome {
        Some(Outcome::Error(error)) => {
            let status = tonic_types::pb::Status::decode(error.value.as_slice()).unwrap();
            let info = status.details.iter().find(|detail| detail.type_url.ends_with("ErrorInfo")).unwrap();
            let info = tonic_types::pb::ErrorInfo::decode(info.value.as_slice()).unwrap();
            ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason))
        }
        _ => None,
    });
    let (exists, invalid, none) = (ErrorReason::ClaimExists, ErrorReason::InvalidRequest, ErrorReason::ItemNotFound);
    assert_eq!(reasons.collect::<Vec<_>>(), [None, Some(exists), Some(invalid), Some(none), None]);
    assert_eq!(world.position("a", "main").await.reserved, 2);
    world.balanced().await;
}

async fn a_request_of_a_stream_that_is_sent_again_by_itself_has_its_answer(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let request = request(world.id(), world.wants("a", 3));
    let streamed = answers(&world, vec![request.clone(), request.clone()]).await;
    let alone = world.clients.reservations.clone().reserve_stock(request).await.unwrap().into_inner();
    assert_eq!(streamed[0].outcome, Some(Outcome::Reserved(alone)));
    assert_eq!(streamed[0], streamed[1]);
    assert_eq!(world.position("a", "main").await.reserved, 3);
}

/// All calls arrive at once, so most of them are in batches; each doomed one stands among others.
async fn a_refusal_in_a_batch_meets_only_its_caller(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 1_000).await;
    let used = world.wants("a", 1);
    world.reserve(vec![used.clone()]).await.unwrap();
    let calls = (0..120).map(|number| {
        let line = if number % 10 == 3 { used.clone() } else { world.wants("a", 1) };
        let (mut client, request) = (world.clients.reservations.clone(), request(world.id(), line));
        tokio::spawn(async move { client.reserve_stock(request).await.is_ok() })
    });
    let answered = futures::future::join_all(calls.collect::<Vec<_>>()).await;
    let refused: Vec<usize> = (0..120).filter(|number| !answered[*number].as_ref().unwrap()).collect();
    assert_eq!(refused, (0..12).map(|ten| ten * 10 + 3).collect::<Vec<_>>());
    assert_eq!(world.position("a", "main").await.reserved, 1 + 108);
    world.balanced().await;
}

on_each_backend!(
    every_request_of_a_stream_is_answered_in_its_order,
    a_refusal_is_an_answer_and_does_not_end_the_stream,
    a_request_of_a_stream_that_is_sent_again_by_itself_has_its_answer,
    a_refusal_in_a_batch_meets_only_its_caller,
);
