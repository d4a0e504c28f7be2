//! Batches: what goes first, what a batch can be promised for, and what happens when it is too old.

use backorder_proto::{
    common::v1::Date,
    inventory::v1::{
        Batch, BatchStock, ListBatchesRequest, ListMovementsRequest, ListStockByBatchRequest, ListStockByBatchResponse,
        Movement, PutBatchesRequest, QuarantineStockRequest, ReceiptLine, ReceiveStockRequest, ReservationStrength,
        ReserveLine, ReserveStockRequest, ShipStockRequest, Shortfall, StockState,
    },
};
use jiff::SignedDuration;

use crate::world::{World, because, date, reason, request_id};

pub(super) async fn receive(world: &World, quantity: i64, batch: &str, best_before: Option<Date>, owner: &str) {
    let line = ReceiptLine {
        item: world.item_name("mug"),
        location: world.location_name("main"),
        accepted: quantity,
        batch: batch.to_owned(),
        best_before,
        owner: owner.to_owned(),
        ..Default::default()
    };
    let request = ReceiveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
    world.inventory.stock.clone().receive_stock(request).await.expect("received");
}

pub(super) async fn stock(world: &World) -> ListStockByBatchResponse {
    let request = ListStockByBatchRequest { item: world.item_name("mug"), ..Default::default() };
    world.inventory.stock.clone().list_stock_by_batch(request).await.expect("listed").into_inner()
}

/// State, batch, owner and units of each row.
pub(super) fn rows(stocks: &[BatchStock]) -> Vec<(StockState, &str, &str, i64)> {
    stocks.iter().map(|row| (row.state(), row.batch.as_str(), row.owner.as_str(), row.quantity)).collect()
}

/// The movements that left the stock, oldest first.
pub(super) async fn left(world: &World) -> Vec<Movement> {
    let request = ListMovementsRequest { item: world.item_name("mug"), ..Default::default() };
    let answer = world.inventory.stock.clone().list_movements(request).await.expect("listed").into_inner();
    let outside = |movement: &Movement| movement.to_state() == StockState::External;
    answer.movements.into_iter().rev().filter(outside).collect()
}

async fn bind(world: &World, line: &str, batch: &str, quantity: i64) -> (i64, i64) {
    let line = ReserveLine {
        line: world.id(line),
        part: 1,
        item: world.item_name("mug"),
        quantity,
        locations: vec![world.location_name("main")],
        shortfall: Shortfall::Backorder.into(),
        strength: ReservationStrength::Hard.into(),
        batch: batch.to_owned(),
        eligible: true,
        ..Default::default()
    };
    let request = ReserveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
    let answer = world.inventory.reservations.clone().reserve_stock(request).await.expect("decided").into_inner();
    let outcome = &answer.results[0];
    (outcome.claim.as_ref().map_or(0, |claim| claim.reserved), outcome.refused)
}

pub async fn what_expires_first_leaves_first_and_the_sum_of_batches_is_the_position(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    receive(world, 3, "late", Some(date(world.day(90))), "").await;
    receive(world, 4, "early", Some(date(world.day(30))), "").await;

    let before = stock(world).await;
    use StockState::Available;
    assert_eq!(rows(&before.stocks), [(Available, "early", "", 4), (Available, "late", "", 3), (Available, "", "", 2)]);
    assert_eq!(before.stocks[0].best_before, Some(date(world.day(30))));
    world.place("ann", "mug", 6).await;
    assert_eq!(rows(&stock(world).await.stocks), rows(&before.stocks), "nobody says which units are reserved");
    world.ship("ann", 1, 6).await.expect("shipped");

    let shipped: Vec<_> = left(world).await.iter().map(|m| (m.batch.clone(), m.quantity)).collect();
    assert_eq!(shipped, [("early".to_owned(), 4), ("late".to_owned(), 2)]);
    assert_eq!(rows(&stock(world).await.stocks), [(Available, "late", "", 1), (Available, "", "", 2)]);
    world.books_balance().await;
}

pub async fn a_reservation_of_a_batch_counts_what_is_there_of_it_and_others_leave_it_alone(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    receive(world, 3, "red", Some(date(world.day(30))), "").await;

    assert_eq!(bind(world, "ann", "red", 2).await, (2, 0));
    assert_eq!(bind(world, "bob", "red", 4).await, (1, 3), "one is left of the batch, and nobody waits for more");
    assert_eq!(bind(world, "cid", "blue", 1).await, (0, 1));
    let red = stock(world).await.stocks[0].clone();
    assert_eq!((red.batch.as_str(), red.quantity, red.bound), ("red", 3, 3));

    let request = ShipStockRequest {
        request_id: request_id(),
        item: world.item_name("mug"),
        location: world.location_name("main"),
        quantity: 1,
        batch: "red".to_owned(),
        context: because("sample"),
        ..Default::default()
    };
    let refused = world.inventory.stock.clone().ship_stock(request).await.expect_err("all red ones are bound");
    assert_eq!(reason(&refused), "INSUFFICIENT_STOCK");
    world.place("eve", "mug", 4).await;
    world.ship("eve", 1, 4).await.expect("shipped");
    assert!(left(world).await.iter().all(|movement| movement.batch.is_empty()), "though red ones expire first");
    world.books_balance().await;
}

pub async fn a_batch_in_doubt_takes_those_that_are_bound_to_it(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    receive(world, 3, "red", None, "").await;
    bind(world, "ann", "red", 2).await;

    let request = QuarantineStockRequest {
        request_id: request_id(),
        item: world.item_name("mug"),
        location: world.location_name("main"),
        quantity: 3,
        batch: "red".to_owned(),
        context: because("recall"),
        ..Default::default()
    };
    let answer = world.inventory.stock.clone().quarantine_stock(request).await.expect("set aside").into_inner();

    let lost: Vec<_> = answer.taken_away.iter().map(|lost| (lost.line.clone(), lost.quantity)).collect();
    assert_eq!(lost, [(world.id("ann"), 2)], "not the free units of no batch");
    use StockState::{Available, QualityControl};
    world.idle().await;
    assert_eq!(rows(&stock(world).await.stocks), [(Available, "", "", 4), (QualityControl, "red", "", 3)]);
    world.books_balance().await;
}

/// On the business clock.
pub async fn a_batch_that_is_too_old_is_set_aside_and_who_had_it_waits(world: &World) {
    world.mug_at_main().await;
    receive(world, 3, "old", None, "").await;
    world.receive("mug", "main", 1).await;
    world.place("ann", "mug", 4).await;
    let batch = Batch {
        item: world.item_name("mug"),
        batch: "old".to_owned(),
        best_before: Some(date(world.day(1))),
        supplier_lot: "L-77".to_owned(),
    };
    let request = PutBatchesRequest { request_id: request_id(), batches: vec![batch], context: because("label") };
    world.inventory.stock.clone().put_batches(request).await.expect("kept");
    world.advance(SignedDuration::from_hours(24));
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 4, "its last day is not over");

    world.advance(SignedDuration::from_hours(24));
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.open), (1, 3));
    let stocks = stock(world).await.stocks;
    use StockState::{Available, QualityControl};
    assert_eq!(rows(&stocks), [(Available, "", "", 1), (QualityControl, "old", "", 3)]);
    assert_eq!(stocks[1].supplier_lot, "L-77");
    world.books_balance().await;
}

pub async fn the_batches_of_an_item_are_listed_page_by_page_with_what_there_is_of_them(world: &World) {
    world.mug_at_main().await;
    world.warehouse("north", 2).await;
    world.receive("mug", "main", 1).await;
    receive(world, 3, "late", Some(date(world.day(90))), "").await;
    receive(world, 2, "early", Some(date(world.day(30))), "acme").await;
    receive(world, 4, "early", None, "").await;
    let batch = Batch { item: world.item_name("mug"), batch: "sold".to_owned(), ..Default::default() };
    let request = PutBatchesRequest { request_id: request_id(), batches: vec![batch], context: because("label") };
    world.inventory.stock.clone().put_batches(request).await.expect("kept");
    assert_eq!(bind(world, "ann", "late", 1).await, (1, 0));

    let mut request = ListBatchesRequest { item: world.item_name("mug"), page_size: 2, ..Default::default() };
    let mut client = world.inventory.stock.clone();
    let first = client.list_batches(request.clone()).await.expect("listed").into_inner();
    request.page_token = first.next_page_token;
    let second = client.list_batches(request.clone()).await.expect("listed").into_inner();
    let said = first.batches.iter().chain(&second.batches).map(|sum| {
        let name = sum.batch.as_ref().map(|batch| batch.batch.clone()).unwrap_or_default();
        (name, sum.sellable, sum.consigned, sum.bound)
    });
    let expected = [("early", 6, 2, 0), ("late", 3, 0, 1), ("sold", 0, 0, 0)];
    assert_eq!(said.collect::<Vec<_>>(), expected.map(|(name, units, of, bound)| (name.to_owned(), units, of, bound)));
    assert!(second.next_page_token.is_empty());
    let in_stock = ListBatchesRequest { in_stock_only: true, page_size: 0, page_token: String::new(), ..request };
    assert_eq!(client.list_batches(in_stock).await.expect("listed").into_inner().batches.len(), 2);

    let mut request = ListStockByBatchRequest { item: world.item_name("mug"), page_size: 1, ..Default::default() };
    let mut pages = Vec::new();
    loop {
        let page = client.list_stock_by_batch(request.clone()).await.expect("listed").into_inner();
        assert_eq!((page.own_quantity, page.consigned_quantity), (8, 2), "the sums are of all pages");
        pages.extend(page.stocks);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(rows(&pages), rows(&stock(world).await.stocks), "each row on one page");
    assert_eq!(pages.len(), 4);
}
