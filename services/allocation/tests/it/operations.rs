//! Looking into the service.

use backorder_proto::{allocation::v1::*, common::v1::ErrorReason, inventory::v1::Claim};
use backorder_storage::outbox::{self, NewEvent};
use backorder_testkit::{Backend, eventually, on_each_backend};
use tonic::Code;

use crate::world::{NOW, World, days_ago, refusal};

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
        filled_at_once_left: 7,
        // Without kits and substitutes what was ordered is what the lines have.
        as_ordered: Some(CustomerTotals {
            lines: 3,
            ordered: 10,
            open: 3,
            covered: 7,
            refused: 3,
            filled_at_once: 7,
            backordered: 3,
            ..CustomerTotals::default()
        }),
        ..GetOrderTotalsResponse::default()
    };
    assert_eq!(totals, expected);
}

async fn units_that_are_cancelled_were_filled_at_once_all_the_same(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 5);
    world.place(world.order("a", 5)).await;
    world.execute("UPDATE order_line SET reserved = 2, cancelled = 3").await;
    let totals =
        world.clients.operations.clone().get_order_totals(GetOrderTotalsRequest {}).await.unwrap().into_inner();
    assert_eq!((totals.filled_at_once, totals.filled_at_once_left, totals.cancelled), (5, 2, 3));
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

async fn an_open_claim_without_an_order_is_found_and_one_of_an_unfinished_step_is_not(backend: Backend) {
    let world = World::new(backend).await;
    for order in ["A-1", "A-2", "A-3"] {
        world.place(OrderDraft { order_id: order.to_owned(), ..world.order("a", 5) }).await;
    }
    {
        let mut books = world.inventory.books();
        let of = |line: &str| Claim { line: line.to_owned(), ..books.claims.values().next().unwrap().clone() };
        let strangers = ["orders/B-1/lines/1", "orders/A-1/lines/9", "orders/A-3/lines/9", "carts/7/lines/1"].map(of);
        books.claims.extend(strangers.map(|claim| ((claim.line.clone(), 1), claim)));
    }
    world.execute("UPDATE customer_order SET busy_step = 'step' WHERE id = 'A-3'").await;
    let proof = world.verify().await;
    let found: Vec<_> = proof.differences.iter().map(|d| (d.line.as_str(), d.booked, d.expected)).collect();
    assert_eq!(found, [("orders/A-1/lines/9", 0, 5), ("orders/B-1/lines/1", 0, 5)]);
}

async fn a_line_that_differs_from_its_claims_is_found(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 5)).await;
    world.execute("UPDATE order_line SET open = 4, cancelled = 1").await;
    let proof = world.verify().await;
    let found: Vec<_> = proof.differences.iter().map(|d| (d.quantity.as_str(), d.booked, d.expected)).collect();
    assert_eq!((proof.balanced, found), (false, vec![("open", 4, 5), ("refunds of cancelled", 0, 1)]));
}

async fn an_order_whose_state_is_not_that_of_its_lines_is_found(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 5)).await;
    world.execute("UPDATE customer_order SET state = 'CANCELLED'").await;
    let proof = world.verify().await;
    let found: Vec<_> = proof.differences.iter().map(|d| (d.line.as_str(), d.booked, d.expected)).collect();
    assert_eq!((proof.balanced, found), (false, vec![("orders/A-1", 1, 0)]));
}

async fn a_poisonous_event_is_parked_and_shown_and_stays_until_it_can_be_applied(backend: Backend) {
    let world = World::new(backend).await;
    let event_id = uuid::Uuid::from_u128(7);
    let poison = NewEvent {
        event_id,
        aggregate: "claims/x/parts/1".to_owned(),
        // The first state of a claim is in an answer already, so its news is passed over.
        sequence: 2,
        event_type: "backorder.inventory.v1.ClaimChanged".to_owned(),
        payload: vec![0xff],
        occurred_at: NOW.parse().unwrap(),
        traceparent: None,
    };
    world.app.store().write("poison", |tx| Box::pin(outbox::append_in_tx(tx, vec![poison.clone()]))).await.unwrap();
    world.app.spawn_jobs(&world.jobs);
    eventually("the event is parked", || async { world.activity().await.dead_letters == 1 }).await;
    world.idle().await;
    let list = async || {
        let request = ListDeadLettersRequest::default();
        world.clients.operations.clone().list_dead_letters(request).await.unwrap().into_inner().dead_letters
    };
    let letters = list().await;
    let event = letters[0].event.as_ref().unwrap();
    assert_eq!((event.id.as_str(), event.source.as_str()), (event_id.to_string().as_str(), "inventory"));
    assert_eq!(letters[0].park_time, days_ago(0));
    assert_eq!((event.data.as_slice(), letters[0].failure.is_empty()), (poison.payload.as_slice(), false));
    let request = RedriveDeadLetterRequest { event_id: event_id.to_string() };
    let redriven = world.clients.operations.clone().redrive_dead_letter(request).await;
    assert_eq!(refusal(redriven), (Code::Internal, ErrorReason::Internal));
    assert_eq!(list().await, letters);
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
    units_that_are_cancelled_were_filled_at_once_all_the_same,
    orders_that_follow_their_claims_are_balanced,
    a_claim_that_differs_from_its_copy_is_found,
    an_open_claim_without_an_order_is_found_and_one_of_an_unfinished_step_is_not,
    a_line_that_differs_from_its_claims_is_found,
    an_order_whose_state_is_not_that_of_its_lines_is_found,
    a_poisonous_event_is_parked_and_shown_and_stays_until_it_can_be_applied,
    a_service_without_work_is_idle,
    an_event_that_is_not_parked_cannot_be_driven_again,
);
