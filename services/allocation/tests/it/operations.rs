//! Looking into the service.

use backorder_proto::{allocation::v1::*, common::v1::ErrorReason};
use backorder_storage::StorageError;
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::ConnectionTrait as _;
use tonic::Code;

use crate::world::{World, refusal};

async fn totals_add_up_all_lines(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 7);
    world.place(world.order("a", 5)).await;
    world.place(world.order("a", 5)).await;
    let mut refused = world.order("b", 3);
    refused.lines[0].shortage_instruction = ShortageInstruction::NoBackOrder.into();
    world.place(refused).await;
    let totals =
        world.clients.operations.clone().get_order_totals(GetOrderTotalsRequest {}).await.unwrap().into_inner();
    let expected = GetOrderTotalsResponse {
        orders: 3,
        lines: 3,
        ordered: 10,
        open: 3,
        reserved: 7,
        refused: 3,
        filled_at_once: 7,
        backordered: 3,
        ..GetOrderTotalsResponse::default()
    };
    assert_eq!(totals, expected);
}

async fn orders_that_follow_their_claims_are_balanced(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 7);
    world.place(world.order("a", 5)).await;
    world.place(world.order("a", 5)).await;
    let proof = world.verify().await;
    assert_eq!((proof.balanced, proof.orders, proof.lines), (true, 2, 2), "{:?}", proof.differences);
}

async fn a_claim_that_differs_from_its_copy_is_found(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 5)).await;
    world.place(world.order("a", 5)).await;
    world.inventory.books().claims.get_mut(&("orders/A-1/lines/1".to_owned(), 1)).unwrap().waiting = 4;
    world.inventory.books().claims.remove(&("orders/A-2/lines/1".to_owned(), 1));
    let proof = world.verify().await;
    assert!(!proof.balanced);
    let found: Vec<_> = proof.differences.iter().map(|d| (d.line.as_str(), d.booked, d.expected)).collect();
    assert_eq!(found, [("orders/A-1/lines/1", 5, 4), ("orders/A-2/lines/1", 5, 0)]);
}

async fn a_line_that_differs_from_its_claims_is_found(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 5)).await;
    world
        .app
        .store()
        .write("break_the_line", |tx| {
            Box::pin(async move {
                tx.execute_unprepared("UPDATE order_line SET open = 4, cancelled = 1").await?;
                Ok::<_, StorageError>(())
            })
        })
        .await
        .unwrap();
    let proof = world.verify().await;
    let found: Vec<_> = proof.differences.iter().map(|d| (d.quantity.as_str(), d.booked, d.expected)).collect();
    assert_eq!((proof.balanced, found), (false, vec![("open", 4, 5)]));
}

async fn a_service_without_work_is_idle(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.place(world.order("a", 5)).await;
    world.idle().await;
}

async fn an_event_that_is_not_parked_cannot_be_driven_again(backend: Backend) {
    let world = World::new(backend).await;
    let request = ListDeadLettersRequest::default();
    let letters = world.clients.operations.clone().list_dead_letters(request).await.unwrap().into_inner();
    assert!(letters.dead_letters.is_empty());
    let redrive = async |event_id: String| {
        let request = RedriveDeadLetterRequest { event_id };
        world.clients.operations.clone().redrive_dead_letter(request).await
    };
    assert_eq!(refusal(redrive(world.id()).await), (Code::NotFound, ErrorReason::DeadLetterNotFound));
    assert_eq!(refusal(redrive("x".to_owned()).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

on_each_backend!(
    totals_add_up_all_lines,
    orders_that_follow_their_claims_are_balanced,
    a_claim_that_differs_from_its_copy_is_found,
    a_line_that_differs_from_its_claims_is_found,
    a_service_without_work_is_idle,
    an_event_that_is_not_parked_cannot_be_driven_again,
);
