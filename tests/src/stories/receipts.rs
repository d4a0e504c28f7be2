//! The pallet that is not what the purchase order says.

use backorder_proto::{
    allocation::v1::PromiseReason,
    inventory::v1::{
        BlindReason, BlindResolution, ListReceiptsRequest, OverReceiptTolerance, ReceiptLine, ReceiveStockRequest,
        ReceiveStockResponse, ReceivedLine, ResolveBlindReceiptRequest, ResolveBlindReceiptResponse, ReversalLine,
        ReverseReceiptRequest, ReverseReceiptResponse, Supply, UpdateSupplyRequest,
    },
};

use crate::world::{World, because, date, request_id};

async fn receive(world: &World, supply: &str, line: ReceiptLine) -> ReceiveStockResponse {
    let line = ReceiptLine {
        item: world.item_name("mug"),
        location: world.location_name("main"),
        supply: world.supply_name(supply),
        ..line
    };
    let request = ReceiveStockRequest {
        request_id: request_id(),
        lines: vec![line],
        document: world.id("delivery-note"),
        ..Default::default()
    };
    world.inventory.stock.clone().receive_stock(request).await.expect("a receipt is never refused").into_inner()
}

async fn reverse(
    world: &World,
    receipt: &str,
    lines: Vec<ReversalLine>,
    reopens_supply: bool,
) -> ReverseReceiptResponse {
    let request = ReverseReceiptRequest {
        request_id: request_id(),
        receipt: receipt.to_owned(),
        lines,
        reopens_supply,
        context: because("wrong-pallet"),
        ..Default::default()
    };
    world.inventory.receipts.clone().reverse_receipt(request).await.expect("the receipt is reversed").into_inner()
}

async fn resolve(
    world: &World,
    line: &ReceivedLine,
    resolution: BlindResolution,
    supply: &str,
) -> ResolveBlindReceiptResponse {
    let request = ResolveBlindReceiptRequest {
        request_id: request_id(),
        receipt: line.receipt.clone(),
        line: line.line,
        resolution: resolution.into(),
        supply: if supply.is_empty() { String::new() } else { world.supply_name(supply) },
        context: because("checked-by-ada"),
        ..Default::default()
    };
    world.inventory.receipts.clone().resolve_blind_receipt(request).await.expect("a decision").into_inner()
}

/// Blind lines of this story that await a decision.
async fn in_review(world: &World) -> Vec<ReceivedLine> {
    let request = ListReceiptsRequest { item: world.item_name("mug"), in_review_only: true, ..Default::default() };
    world.inventory.receipts.clone().list_receipts(request).await.expect("listed").into_inner().lines
}

async fn promised(world: &World, order: &str) -> Option<backorder_proto::common::v1::Date> {
    world.line(order, 1).await.current_promised_date.and_then(|promised| promised.date)
}

pub async fn each_unit_is_booked_in_its_condition_and_refused_ones_are_still_expected(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;
    world.place("ann", "mug", 10).await;

    let arrived = ReceiptLine { accepted: 5, damaged: 2, quality_hold: 1, refused: 2, ..Default::default() };
    let answer = receive(world, "po", arrived).await;
    world.idle().await;

    assert_eq!((answer.supplies[0].received, answer.supplies[0].open), (8, 2));
    assert_eq!(world.line("ann", 1).await.reserved, 5);
    let position = world.position("mug", "main").await;
    assert_eq!((position.damaged, position.quality_control, position.on_hand), (2, 1, 8));
    assert_eq!((answer.lines[0].refused, answer.lines[0].damaged), (2, 2));
    world.books_balance().await;
}

pub async fn more_than_the_tolerance_waits_for_quality_control(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;
    let supply = Supply {
        name: world.supply_name("po"),
        over_receipt_tolerance: Some(OverReceiptTolerance { percent: 0, units: 2 }),
        ..Default::default()
    };
    let request = UpdateSupplyRequest {
        request_id: request_id(),
        supply: Some(supply),
        update_mask: Some(prost_types::FieldMask { paths: vec!["over_receipt_tolerance".to_owned()] }),
        ..Default::default()
    };
    world.inventory.supply.clone().update_supply(request).await.expect("the tolerance is set");

    let answer = receive(world, "po", ReceiptLine { accepted: 17, ..Default::default() }).await;

    assert_eq!((answer.lines[0].over_receipt, answer.lines[0].quarantined), (7, 5));
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.quality_control), (12, 5));
    world.books_balance().await;
}

pub async fn a_short_delivery_says_when_the_rest_comes(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;
    world.place("ann", "mug", 6).await;
    world.place("bob", "mug", 4).await;

    let short = ReceiptLine { accepted: 6, rest_expected_date: Some(date(world.day(12))), ..Default::default() };
    let answer = receive(world, "po", short).await;
    world.idle().await;

    assert_eq!((answer.supplies[0].open, answer.supplies[0].expected_date), (4, Some(date(world.day(12)))));
    assert_eq!(world.line("ann", 1).await.reserved, 6);
    assert_eq!(promised(world, "bob").await, Some(date(world.day(12))));
    let told = world.explain("bob", 1).await.history;
    assert_eq!(told.last().map(|revision| revision.reason()), Some(PromiseReason::SupplyChanged));
    world.books_balance().await;
}

pub async fn a_short_delivery_that_closes_its_order_moves_the_promises_on(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;
    world.expect_supply("next", "mug", "main", 4, world.day(20)).await;
    world.place("ann", "mug", 10).await;

    let answer = receive(world, "po", ReceiptLine { accepted: 7, closes_supply: true, ..Default::default() }).await;
    world.idle().await;

    assert_eq!((answer.lines[0].closed, answer.supplies[0].open), (3, 0));
    let ann = world.line("ann", 1).await;
    assert_eq!((ann.reserved, ann.open), (7, 3));
    assert_eq!(promised(world, "ann").await, Some(date(world.day(20))));
    world.books_balance().await;
}

pub async fn a_delivery_that_nobody_knows_waits_for_review_and_serves_the_queue_when_it_is_attached(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;

    let answer = receive(world, "typo", ReceiptLine { accepted: 5, ..Default::default() }).await;
    world.idle().await;
    assert_eq!(answer.lines[0].blind_reason(), BlindReason::UnknownSupply);
    assert_eq!(world.line("ann", 1).await.reserved, 0, "units in review serve nobody");
    let found = in_review(world).await;
    assert_eq!(found.iter().map(|line| line.in_review).collect::<Vec<_>>(), [5]);
    assert_eq!(found[0].document, world.id("delivery-note"));

    world.expect_supply("po", "mug", "main", 5, world.day(3)).await;
    let attached = resolve(world, &found[0], BlindResolution::Attach, "po").await;
    world.idle().await;

    assert_eq!(attached.supply.map(|supply| (supply.received, supply.open)), Some((5, 0)));
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    assert!(in_review(world).await.is_empty());
    assert_eq!(world.position("mug", "main").await.available, 2);
    world.books_balance().await;
}

pub async fn a_second_delivery_of_a_closed_order_is_not_lost(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 5, world.day(3)).await;
    receive(world, "po", ReceiptLine { accepted: 5, ..Default::default() }).await;

    let second = receive(world, "po", ReceiptLine { accepted: 5, ..Default::default() }).await;
    assert_eq!(second.lines[0].blind_reason(), BlindReason::ClosedSupply);
    assert_eq!(world.position("mug", "main").await.available, 5, "what was delivered twice is not sold twice");
    resolve(world, &second.lines[0], BlindResolution::ReturnToSupplier, "").await;

    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.on_hand), (5, 5));
    world.books_balance().await;
}

pub async fn a_reversed_receipt_takes_the_last_in_the_queue_and_the_order_says_why(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 8, world.day(9)).await;
    world.place("first", "mug", 4).await;
    world.moment();
    world.place("second", "mug", 4).await;
    let receipt = receive(world, "po", ReceiptLine { accepted: 8, ..Default::default() }).await.lines.remove(0).receipt;
    world.idle().await;
    assert_eq!(world.line("second", 1).await.reserved, 4);

    let part = ReversalLine { line: 1, accepted: 3, ..Default::default() };
    let answer = reverse(world, &receipt, vec![part], true).await;
    world.idle().await;

    let lost: Vec<_> = answer.taken_away.iter().map(|taken| (taken.line.clone(), taken.quantity)).collect();
    assert_eq!(lost, [(world.line_name("second", 1), 3)]);
    assert_eq!((answer.supplies[0].open, answer.supplies[0].received), (3, 5));
    let explained = world.explain("second", 1).await;
    let last = explained.history.last().expect("a promise was made");
    assert_eq!((last.reason(), last.cause.as_str()), (PromiseReason::StockLost, "receipt reversed"));
    assert_eq!(promised(world, "second").await, Some(date(world.day(9))), "the units are expected again");
    assert_eq!(world.line("first", 1).await.reserved, 4);
    world.books_balance().await;
}

pub async fn a_receipt_that_is_reversed_for_good_leaves_no_date(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 4, world.day(9)).await;
    world.place("ann", "mug", 4).await;
    let receipt = receive(world, "po", ReceiptLine { accepted: 4, ..Default::default() }).await.lines.remove(0).receipt;
    world.idle().await;

    let answer = reverse(world, &receipt, Vec::new(), false).await;
    world.idle().await;

    assert_eq!((answer.supplies[0].open, answer.supplies[0].cancelled), (0, 4));
    assert_eq!(promised(world, "ann").await, None);
    let position = world.position("mug", "main").await;
    assert_eq!((position.on_hand, position.held), (0, 0));
    // The place in the queue is the old one: what comes next serves ann before a newcomer.
    world.place("newcomer", "mug", 4).await;
    world.receive("mug", "main", 4).await;
    world.idle().await;
    assert_eq!((world.line("ann", 1).await.reserved, world.line("newcomer", 1).await.reserved), (4, 0));
    world.books_balance().await;
}
