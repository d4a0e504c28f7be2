//! Stock that moves against us: who loses when units are gone, and what those who lost are told.

use backorder_proto::{
    allocation::v1::PromiseReason,
    inventory::v1::{
        AdjustStockRequest, AdjustStockResponse, CountLine, CountStockRequest, QuarantineStockRequest,
        QuarantineStockResponse, StockState, TakenAway,
    },
};

use crate::world::{World, because, date, request_id};

async fn damage(world: &World, quantity: i64) -> QuarantineStockResponse {
    let request = QuarantineStockRequest {
        request_id: request_id(),
        item: world.item_name("mug"),
        location: world.location_name("main"),
        quantity,
        damaged: true,
        context: because("forklift"),
        ..Default::default()
    };
    world.inventory.stock.clone().quarantine_stock(request).await.expect("damage is never refused").into_inner()
}

async fn adjust(world: &World, delta: i64) -> AdjustStockResponse {
    let request = AdjustStockRequest {
        request_id: request_id(),
        item: world.item_name("mug"),
        location: world.location_name("main"),
        state: StockState::Available.into(),
        delta,
        context: because("theft"),
        ..Default::default()
    };
    world.inventory.stock.clone().adjust_stock(request).await.expect("a loss is never refused").into_inner()
}

fn lost(taken_away: &[TakenAway]) -> Vec<(&str, i64)> {
    taken_away.iter().map(|taken| (taken.line.as_str(), taken.quantity)).collect()
}

/// The reason and the cause of the last change of a line's promise, and the date that it has now.
async fn told(world: &World, order: &str) -> (PromiseReason, String, Option<backorder_proto::common::v1::Date>) {
    let explained = world.explain(order, 1).await;
    let last = explained.history.last().expect("a promise was made");
    let promised = explained.line.and_then(|line| line.current_promised_date).and_then(|promised| promised.date);
    (last.reason(), last.cause.clone(), promised)
}

pub async fn damage_takes_the_last_in_the_queue_and_the_order_says_why(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("first", "mug", 4).await;
    world.moment();
    world.place("second", "mug", 5).await;
    world.expect_supply("po", "mug", "main", 2, world.day(6)).await;

    let answer = damage(world, 3).await;
    world.idle().await;

    assert_eq!(lost(&answer.taken_away), [(world.line_name("second", 1).as_str(), 2)]);
    let second = world.line("second", 1).await;
    assert_eq!((second.reserved, second.open), (3, 2));
    let (reason, cause, promised) = told(world, "second").await;
    assert_eq!((reason, cause.as_str()), (PromiseReason::StockLost, "damage"));
    assert_eq!(promised, Some(date(world.day(6))), "what it lost is expected with the free supply");
    assert_eq!(world.line("first", 1).await.reserved, 4);
    let position = world.position("mug", "main").await;
    assert_eq!((position.damaged, position.reserved, position.on_hand), (3, 7, 10));
    world.books_balance().await;
}

pub async fn who_lost_units_is_served_before_a_newcomer(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 6).await;
    world.place("ann", "mug", 6).await;
    world.moment();

    let answer = adjust(world, -4).await;
    world.idle().await;
    assert_eq!(lost(&answer.taken_away), [(world.line_name("ann", 1).as_str(), 4)]);
    let (reason, cause, promised) = told(world, "ann").await;
    assert_eq!((reason, cause.as_str(), promised), (PromiseReason::StockLost, "adjustment: theft", None));
    world.place("newcomer", "mug", 3).await;
    world.receive("mug", "main", 4).await;
    world.idle().await;

    assert_eq!((world.line("ann", 1).await.reserved, world.line("newcomer", 1).await.reserved), (6, 0));
    world.books_balance().await;
}

pub async fn units_put_aside_for_the_queue_are_lost_before_reserved_ones(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 3).await;
    world.place("bob", "mug", 2).await;

    // The receipt is held for bob until the run; whether the run came first or not, ann keeps what she has.
    world.receive("mug", "main", 2).await;
    damage(world, 2).await;
    world.idle().await;

    assert_eq!((world.line("ann", 1).await.reserved, world.line("bob", 1).await.reserved), (3, 0));
    assert_eq!(world.position("mug", "main").await.held, 0);
    world.books_balance().await;
}

pub async fn who_loses_at_one_location_is_served_from_another(world: &World) {
    world.item("mug").await;
    world.warehouse("main", 1).await;
    world.warehouse("store", 2).await;
    world.receive("mug", "main", 4).await;
    world.receive("mug", "store", 4).await;
    world.draft("ann").line("mug", 4).from(&["main", "store"]).place().await.expect("placed");

    damage(world, 4).await;
    world.idle().await;

    let ann = world.line("ann", 1).await;
    assert_eq!((ann.reserved, ann.open), (4, 0));
    assert_eq!(world.position("mug", "store").await.reserved, 4);
    world.books_balance().await;
}

pub async fn a_count_tells_its_victims_that_it_was_a_count(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;

    let request = CountStockRequest {
        request_id: request_id(),
        lines: vec![CountLine {
            item: world.item_name("mug"),
            location: world.location_name("main"),
            counted: 2,
            ..Default::default()
        }],
        effective_time: None,
        context: because("cycle-count"),
    };
    let answer = world.inventory.stock.clone().count_stock(request).await.expect("count").into_inner();
    world.idle().await;

    assert_eq!(lost(&answer.taken_away), [(world.line_name("ann", 1).as_str(), 3)]);
    let (reason, cause, _) = told(world, "ann").await;
    assert_eq!((reason, cause.as_str()), (PromiseReason::StockLost, "count"));
    world.books_balance().await;
}
