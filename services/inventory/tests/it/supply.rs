//! Dated supply, and the waiting lines that are pegged to it.

use backorder_proto::{
    common::v1::{Date, ErrorReason},
    inventory::v1::{self as pb, *},
};
use backorder_testkit::{Backend, on_each_backend};
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::world::{World, day, refusal};

async fn move_date(world: &World, supply: &pb::Supply, date: Date) -> Result<UpdateSupplyResponse, Status> {
    let request = UpdateSupplyRequest {
        request_id: world.id(),
        supply: Some(pb::Supply { expected_date: Some(date), ..supply.clone() }),
        update_mask: Some(FieldMask { paths: vec!["expected_date".to_owned()] }),
        expected_version: supply.version,
        ..UpdateSupplyRequest::default()
    };
    Ok(world.clients.supply.clone().update_supply(request).await?.into_inner())
}

async fn cancel(world: &World, name: &str, quantity: i64) -> Result<CancelSupplyResponse, Status> {
    let request = CancelSupplyRequest { request_id: world.id(), name: name.to_owned(), quantity, ..Default::default() };
    Ok(world.clients.supply.clone().cancel_supply(request).await?.into_inner())
}

fn pegs(claim: &Claim) -> Vec<(&str, i64, i32)> {
    let of = |peg: &Peg| peg.expected_date.map_or(0, |date| date.day);
    claim.pegs.iter().map(|peg| (peg.supply.as_str(), peg.quantity, of(peg))).collect()
}

async fn what_waits_is_pegged_to_the_earliest_supply_and_says_its_date(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("late", "a", "main", 10, day(20)).await;
    world.supply("soon", "a", "main", 3, day(9)).await;
    let claim = world.backorder("a", 5).await;
    assert_eq!(pegs(&claim), [("supplies/soon", 3, 9), ("supplies/late", 2, 20)]);
    assert_eq!(claim.pegged, 5);
    assert_eq!(world.claim(&claim.line).await, claim);
    let unpegged = world.backorder("a", 20).await;
    assert_eq!((unpegged.pegged, unpegged.waiting), (8, 20));
    world.balanced().await;
}

async fn a_moved_date_moves_the_promises_of_those_that_wait(backend: Backend) {
    let world = World::new(backend).await;
    let supply = world.supply("s", "a", "main", 5, day(9)).await;
    let claim = world.backorder("a", 5).await;
    let supply = pb::Supply { version: supply.version + 1, ..supply };
    let moved = move_date(&world, &supply, day(25)).await.unwrap();
    assert_eq!(pegs(&moved.changed_claims[0]), [("supplies/s", 5, 25)]);
    assert!(moved.changed_claims[0].version > claim.version);
    let stale = refusal(move_date(&world, &supply, day(26)).await);
    assert_eq!(stale, (Code::Aborted, ErrorReason::VersionMismatch));
    world.balanced().await;
}

async fn cancelled_units_are_pegged_no_more(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("s", "a", "main", 5, day(9)).await;
    let claim = world.backorder("a", 5).await;
    let cancelled = cancel(&world, "supplies/s", 3).await.unwrap();
    assert_eq!(cancelled.changed_claims[0].pegged, 2);
    assert_eq!(cancelled.supply.as_ref().map(|s| (s.open, s.cancelled, s.pegged)), Some((2, 3, 2)));
    let refused = refusal(cancel(&world, "supplies/s", 3).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::SupplyQuantityConflict));
    cancel(&world, "supplies/s", 0).await.unwrap();
    assert_eq!(world.claim(&claim.line).await.pegged, 0);
    let refused = refusal(cancel(&world, "supplies/s", 0).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::SupplyClosed));
    world.balanced().await;
}

async fn the_same_supply_again_is_left_as_it_is(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.supply("s", "a", "main", 5, day(9)).await;
    assert_eq!(world.supply("s", "a", "main", 5, day(9)).await, first);
    let other = pb::Supply { item: "items/b".to_owned(), ..first.clone() };
    for supply in [pb::Supply { ordered: 6, ..first }, other] {
        let request =
            BatchCreateSuppliesRequest { request_id: world.id(), supplies: vec![supply], ..Default::default() };
        let refused = refusal(world.clients.supply.clone().batch_create_supplies(request).await);
        assert_eq!(refused, (Code::AlreadyExists, ErrorReason::AlreadyExists));
    }
}

async fn a_shipment_notice_takes_units_over_with_a_date_of_its_own(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("po", "a", "main", 10, day(20)).await;
    let claim = world.backorder("a", 4).await;
    let request = AdviseShipmentRequest {
        request_id: world.id(),
        supply: "supplies/po".to_owned(),
        shipment_notice_id: "asn".to_owned(),
        quantity: 6,
        expected_date: Some(day(6)),
        ..AdviseShipmentRequest::default()
    };
    let advised = world.clients.supply.clone().advise_shipment(request).await.unwrap().into_inner();
    assert_eq!(advised.supply.map(|s| (s.open, s.advised)), Some((4, 6)));
    assert_eq!(advised.shipment_notice.map(|s| (s.open, s.parent)), Some((6, "supplies/po".to_owned())));
    assert_eq!(pegs(&world.claim(&claim.line).await), [("supplies/asn", 4, 6)]);

    let receipt = world.receive_from("a", "main", 6, "asn").await.unwrap();
    assert_eq!(receipt.holds[0].quantity, 4);
    assert_eq!(receipt.supplies[0].state(), SupplyState::Received);
    assert_eq!(world.claim(&claim.line).await.pegged, 0, "what is held needs no supply");
    world.balanced().await;
}

async fn a_transfer_is_in_transit_until_it_is_received(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let waits = ReserveLine { locations: vec!["locations/north".to_owned()], ..world.wants("a", 4) };
    let line = waits.line.clone();
    world.reserve(vec![waits]).await.unwrap();
    let request = TransferStockRequest {
        request_id: world.id(),
        item: "items/a".to_owned(),
        from_location: "locations/main".to_owned(),
        to_location: "locations/north".to_owned(),
        quantity: 6,
        expected_date: Some(day(4)),
        supply_id: "t".to_owned(),
        ..TransferStockRequest::default()
    };
    let sent = world.clients.stock.clone().transfer_stock(request).await.unwrap().into_inner();
    assert_eq!(sent.from_position.map(|p| p.available), Some(4));
    assert_eq!(sent.to_position.map(|p| (p.in_transit, p.on_hand)), Some((6, 0)));
    assert_eq!(pegs(&world.claim(&line).await), [("supplies/t", 4, 4)]);
    world.balanced().await;
    world.receive_from("a", "north", 6, "t").await.unwrap();
    let position = world.position("a", "north").await;
    assert_eq!((position.in_transit, position.held, position.available), (0, 4, 2));
    world.balanced().await;
}

async fn supplies_are_listed_by_date_page_by_page(backend: Backend) {
    let world = World::new(backend).await;
    for (id, at) in [("z", 3), ("x", 8), ("y", 3)] {
        world.supply(id, "a", "main", 1, day(at)).await;
    }
    cancel(&world, "supplies/z", 0).await.unwrap();
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListSuppliesRequest { page_size: 1, page_token, open_only: true, ..Default::default() };
        let page = world.clients.supply.clone().list_supplies(request).await.unwrap().into_inner();
        names.extend(page.supplies.into_iter().map(|supply| supply.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["supplies/y", "supplies/x"]);
    let request = GetSupplyRequest { name: "supplies/none".to_owned() };
    let refused = refusal(world.clients.supply.clone().get_supply(request).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::SupplyNotFound));
}

on_each_backend!(
    what_waits_is_pegged_to_the_earliest_supply_and_says_its_date,
    a_moved_date_moves_the_promises_of_those_that_wait,
    cancelled_units_are_pegged_no_more,
    the_same_supply_again_is_left_as_it_is,
    a_shipment_notice_takes_units_over_with_a_date_of_its_own,
    a_transfer_is_in_transit_until_it_is_received,
    supplies_are_listed_by_date_page_by_page,
);
