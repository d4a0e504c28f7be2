//! What happens to units: counts, adjustments, quarantine, scrap and returns.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::Code;

use crate::world::{World, because, day, refusal};

const ITEM: &str = "items/a";
const MAIN: &str = "locations/main";

async fn a_count_takes_reservations_from_the_end_of_the_queue_back_to_their_old_place(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let early = ReserveLine { queue_key: "1".to_owned(), ..world.wants("a", 3) };
    let late = ReserveLine { queue_key: "2".to_owned(), ..world.wants("a", 2) };
    world.reserve(vec![late.clone(), early.clone()]).await.unwrap();
    let line = CountLine { item: ITEM.to_owned(), location: MAIN.to_owned(), counted: 4, ..CountLine::default() };
    let request = CountStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
    let counted = world.clients.stock.clone().count_stock(request).await.unwrap().into_inner();
    assert_eq!(counted.positions[0].on_hand, 4);
    let reduced: Vec<_> = counted.reduced_claims.iter().map(|c| (c.line.as_str(), c.reserved, c.waiting)).collect();
    assert_eq!(reduced, [(late.line.as_str(), 1, 1)]);
    assert_eq!(counted.reduced_claims[0].queue_key, "2");
    assert_eq!(world.claim(&early.line).await.reserved, 3);
    world.balanced().await;
}

async fn units_that_were_found_go_to_the_queue(backend: Backend) {
    let world = World::new(backend).await;
    world.backorder("a", 2).await;
    let line = CountLine { item: ITEM.to_owned(), location: MAIN.to_owned(), counted: 3, ..CountLine::default() };
    let request = CountStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
    let counted = world.clients.stock.clone().count_stock(request).await.unwrap().into_inner();
    assert_eq!((counted.positions[0].held, counted.positions[0].available), (2, 1));
    world.balanced().await;
}

async fn quality_control_and_damaged_units_are_counted_apart(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    world.receive_from("a", "main", 4, "nobody-knows").await.unwrap();
    let line = |state: StockState, counted: i64| CountLine {
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        counted,
        state: i32::from(state),
        ..CountLine::default()
    };
    let count = |lines| CountStockRequest { request_id: world.id(), lines, ..Default::default() };
    let lines = vec![line(StockState::QualityControl, 3), line(StockState::Damaged, 2), line(StockState::Available, 6)];
    let counted = world.clients.stock.clone().count_stock(count(lines)).await.unwrap().into_inner();
    let [position] = counted.positions.as_slice() else { panic!("one position: {:?}", counted.positions) };
    assert_eq!((position.quality_control, position.damaged, position.available), (3, 2, 6));
    let request = ListReceiptsRequest { in_review_only: true, ..Default::default() };
    let in_review = world.clients.receipts.clone().list_receipts(request).await.unwrap().into_inner().lines;
    assert_eq!(in_review.iter().map(|line| line.in_review).collect::<Vec<_>>(), [3]);
    for lines in [vec![line(StockState::Held, 1)], vec![line(StockState::Damaged, 1), line(StockState::Damaged, 2)]] {
        let refused = refusal(world.clients.stock.clone().count_stock(count(lines)).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
    world.balanced().await;
}

async fn an_adjustment_needs_a_reason_and_units_to_take(backend: Backend) {
    let world = World::new(backend).await;
    let adjust = |delta: i64, reason: &str| AdjustStockRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        state: i32::from(StockState::Available),
        delta,
        context: because(reason),
        ..AdjustStockRequest::default()
    };
    let stock = || world.clients.stock.clone();
    let refused = refusal(stock().adjust_stock(adjust(4, "")).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    stock().adjust_stock(adjust(4, "found")).await.unwrap();
    let refused = refusal(stock().adjust_stock(adjust(-5, "lost")).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientStock));
    stock().adjust_stock(adjust(-3, "lost")).await.unwrap();
    assert_eq!(world.position("a", "main").await.available, 1);
    world.balanced().await;
}

async fn units_in_quarantine_are_not_free_until_they_are_released(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let request = QuarantineStockRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        quantity: 4,
        ..QuarantineStockRequest::default()
    };
    let position = world.clients.stock.clone().quarantine_stock(request).await.unwrap().into_inner().position;
    assert_eq!(position.map(|p| (p.available, p.quality_control, p.on_hand)), Some((1, 4, 5)));
    let claim = world.backorder("a", 3).await;
    assert_eq!((claim.reserved, claim.waiting), (1, 2));
    let request = ReleaseQuarantineRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        quantity: 4,
        ..ReleaseQuarantineRequest::default()
    };
    let released = world.clients.stock.clone().release_quarantine(request).await.unwrap().into_inner();
    assert_eq!(released.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [2]);
    assert_eq!(released.position.map(|p| (p.available, p.held)), Some((2, 2)));
    world.balanced().await;
}

async fn damage_takes_reserved_units_from_the_end_of_the_queue_and_names_who_lost(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 6).await;
    world.supply("po", "a", "main", 1, day(9)).await;
    let early = ReserveLine { queue_key: "1".to_owned(), ..world.wants("a", 3) };
    let late = ReserveLine { queue_key: "2".to_owned(), ..world.wants("a", 2) };
    world.reserve(vec![late.clone(), early.clone()]).await.unwrap();
    let damage = |quantity: i64| QuarantineStockRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        quantity,
        damaged: true,
        ..QuarantineStockRequest::default()
    };
    let stock = || world.clients.stock.clone();
    let answer = stock().quarantine_stock(damage(4)).await.unwrap().into_inner();
    let lost: Vec<_> = answer.taken_away.iter().map(|t| (t.line.as_str(), t.part, t.quantity)).collect();
    assert_eq!(lost, [(late.line.as_str(), 1, 2), (early.line.as_str(), 1, 1)]);
    let reduced: Vec<_> = answer.reduced_claims.iter().map(|c| (c.reserved, c.waiting, c.pegged)).collect();
    assert_eq!(reduced, [(0, 2, 1), (2, 1, 0)], "what is free of the supply goes to who lost first");
    assert_eq!(answer.position.map(|p| (p.available, p.reserved, p.damaged, p.on_hand)), Some((0, 2, 4, 6)));
    let refused = refusal(stock().quarantine_stock(damage(3)).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientStock));
    world.balanced().await;
}

async fn units_that_are_lost_leave_the_claims_that_had_them(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let claim = world.backorder("a", 4).await;
    let adjust = |delta: i64| AdjustStockRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        state: i32::from(StockState::Available),
        delta,
        context: because("lost"),
        ..AdjustStockRequest::default()
    };
    let answer = world.clients.stock.clone().adjust_stock(adjust(-3)).await.unwrap().into_inner();
    let lost: Vec<_> = answer.taken_away.iter().map(|t| (t.line.as_str(), t.location.as_str(), t.quantity)).collect();
    assert_eq!(lost, [(claim.line.as_str(), MAIN, 2)]);
    let found = world.clients.stock.clone().adjust_stock(adjust(2)).await.unwrap().into_inner();
    assert_eq!(found.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [2], "found units are held for it");
    world.balanced().await;
}

async fn scrap_leaves_only_out_of_free_units(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    world.backorder("a", 3).await;
    let ship = |quantity: i64| ShipStockRequest {
        request_id: world.id(),
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        quantity,
        context: because("scrap"),
        ..ShipStockRequest::default()
    };
    let refused = refusal(world.clients.stock.clone().ship_stock(ship(3)).await);
    assert_eq!(refused, (Code::FailedPrecondition, ErrorReason::InsufficientStock));
    world.clients.stock.clone().ship_stock(ship(2)).await.unwrap();
    assert_eq!(world.position("a", "main").await.on_hand, 3);
    world.balanced().await;
}

async fn returned_units_go_where_their_disposition_says(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 6).await;
    let shipped = world.backorder("a", 6).await;
    world.post(&shipped.line, 6).await.unwrap();
    world.backorder("a", 1).await;
    let line = |disposition: ReturnDisposition, quantity: i64| ReturnLine {
        item: ITEM.to_owned(),
        location: MAIN.to_owned(),
        quantity,
        disposition: i32::from(disposition),
        line: shipped.line.clone(),
        ..ReturnLine::default()
    };
    let lines = vec![
        line(ReturnDisposition::Restock, 3),
        line(ReturnDisposition::Quarantine, 2),
        line(ReturnDisposition::Scrap, 1),
    ];
    let request = ReceiveReturnRequest { request_id: world.id(), lines, ..Default::default() };
    let answer = world.clients.stock.clone().receive_return(request).await.unwrap().into_inner();
    let position = &answer.positions[0];
    assert_eq!((position.held, position.available), (1, 2));
    assert_eq!((position.quality_control, position.damaged, position.on_hand), (2, 1, 6));
    world.balanced().await;
}

async fn every_change_is_a_movement_that_says_who_and_why(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let claim = world.backorder("a", 2).await;
    world.post(&claim.line, 2).await.unwrap();
    let mut movements = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListMovementsRequest { item: ITEM.to_owned(), page_size: 2, page_token, ..Default::default() };
        let page = world.clients.stock.clone().list_movements(request).await.unwrap().into_inner();
        movements.extend(page.movements);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let said: Vec<_> = movements.iter().map(|m| (m.from_state(), m.to_state(), m.quantity)).collect();
    let newest_first = [
        (StockState::Reserved, StockState::External, 2),
        (StockState::Available, StockState::Reserved, 2),
        (StockState::External, StockState::Available, 5),
    ];
    assert_eq!(said, newest_first);
    assert!(movements.iter().all(|m| m.context.as_ref().is_some_and(|c| c.actor == "test")));
    let receipt = movements.iter().find(|m| m.from_state() == StockState::External).unwrap();
    assert_eq!((receipt.cause.as_str(), receipt.to_location.as_str()), ("doc-1", MAIN));
}

on_each_backend!(
    a_count_takes_reservations_from_the_end_of_the_queue_back_to_their_old_place,
    units_that_were_found_go_to_the_queue,
    quality_control_and_damaged_units_are_counted_apart,
    an_adjustment_needs_a_reason_and_units_to_take,
    units_in_quarantine_are_not_free_until_they_are_released,
    damage_takes_reserved_units_from_the_end_of_the_queue_and_names_who_lost,
    units_that_are_lost_leave_the_claims_that_had_them,
    scrap_leaves_only_out_of_free_units,
    returned_units_go_where_their_disposition_says,
    every_change_is_a_movement_that_says_who_and_why,
);
