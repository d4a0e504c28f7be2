//! Units that are not what a line asks for: that left all the same, or that stopped to fit.

use backorder_proto::{
    allocation::v1::{ConfirmShipmentRequest, ConfirmShipmentResponse, ConfirmedLine, GetShipmentRequest},
    convert::encode,
    inventory::v1::{Batch, PutBatchesRequest},
};
use jiff::{SignedDuration, Timestamp, civil};

use super::{
    batch_wishes::{asks, bound, has},
    batches::receive,
    shipped_batches::picked,
};
use crate::world::{World, because, date, request_id};

type Told<'a> = Vec<(bool, &'a str, &'a str)>;

fn told(answer: &ConfirmShipmentResponse) -> Told<'_> {
    answer.results.iter().map(|r| (r.taken, r.reason.as_str(), r.detail.as_str())).collect()
}

/// The units of the lines of the shipment that are not what they asked for.
async fn unfit(world: &World, answer: &ConfirmShipmentResponse) -> Vec<i64> {
    let request = GetShipmentRequest { name: answer.shipment.clone() };
    let shipment = world.allocation.shipments.clone().get_shipment(request).await.expect("there").into_inner();
    shipment.lines.iter().map(|line| line.unfit).collect()
}

async fn put_date(world: &World, batch: &str, best_before: civil::Date) {
    let batch = Batch {
        item: world.item_name("mug"),
        batch: batch.to_owned(),
        best_before: Some(date(best_before)),
        supplier_lot: String::new(),
    };
    let request = PutBatchesRequest { request_id: request_id(), batches: vec![batch], context: because("label") };
    world.inventory.stock.clone().put_batches(request).await.expect("kept");
}

pub async fn what_a_warehouse_ships_against_a_wish_is_taken_and_named(world: &World) {
    world.mug_at_main().await;
    receive(world, 2, "red", Some(date(world.day(60))), "").await;
    receive(world, 6, "blue", Some(date(world.day(90))), "").await;
    receive(world, 2, "stale", Some(date(world.day(9))), "").await;
    asks(world, "ann", 2, "red", 0).place().await.expect("placed");
    asks(world, "bob", 2, "", 30).place().await.expect("placed");
    asks(world, "cid", 1, "blue", 30).place().await.expect("placed");
    for order in ["ann", "bob", "cid"] {
        world.release(order, 1, 0).await.expect("released");
    }
    let lines = [("ann", "blue", 2), ("bob", "stale", 2), ("cid", "blue", 1)].map(|(order, batch, units)| {
        ConfirmedLine { picked: vec![picked(batch, "", units)], ..world.confirmed(order, [units, 0, 0]) }
    });

    let answer = world.confirm_shipment("945-1", lines.to_vec()).await.expect("what left has left");

    let not_red = "2 of the units that left are not what the line asks for: batch red";
    let not_fresh = "2 of the units that left are not what the line asks for: 30 days of remaining shelf life";
    let reason = "BATCH_WISH_NOT_MET";
    assert_eq!(told(&answer), [(true, reason, not_red), (true, reason, not_fresh), (true, "", "")]);
    assert_eq!(unfit(world, &answer).await, [2, 2, 0]);

    asks(world, "dan", 2, "red", 0).place().await.expect("placed");
    world.release("dan", 1, 2).await.expect("released");
    let green = ConfirmedLine { picked: vec![picked("green", "", 1)], ..world.confirmed("dan", [2, 0, 0]) };
    let answer = world.confirm_shipment("945-2", vec![green]).await.expect("taken");
    let both = "booked are 2 of batch red, seen were 1 of batch green; \
                1 of the units that left are not what the line asks for: batch red";
    assert_eq!(told(&answer), [(true, reason, both)], "nobody here knows green, but it is what was seen");
    assert_eq!(unfit(world, &answer).await, [1]);
    world.books_balance().await;
}

pub async fn a_batch_that_lasts_less_long_is_taken_from_who_asks_for_more_at_once(world: &World) {
    world.mug_at_main().await;
    receive(world, 4, "one", Some(date(world.day(60))), "").await;
    asks(world, "ann", 1, "", 30).place().await.expect("placed");
    asks(world, "bob", 1, "", 10).place().await.expect("placed");
    asks(world, "cid", 1, "one", 0).place().await.expect("placed");
    asks(world, "dan", 1, "", 30).place().await.expect("placed");
    world.release("dan", 1, 1).await.expect("released");

    put_date(world, "one", world.day(20)).await;

    assert!(bound(world, "ann").await.is_empty(), "it fits no more, and nobody had to wait for the day to end");
    for order in ["bob", "cid", "dan"] {
        assert_eq!(bound(world, order).await, [("one".to_owned(), 1)], "{order}");
    }
    world.idle().await;
    assert_eq!((has(world, "ann").await, world.position("mug", "main").await.available), ((0, 1), 1));

    receive(world, 1, "one", Some(date(world.day(5))), "").await;
    assert!(bound(world, "bob").await.is_empty(), "a receipt says another date too");
    world.idle().await;
    world.books_balance().await;
}

/// On the business clock.
pub async fn units_that_come_back_too_old_are_exchanged_for_others(world: &World) {
    world.mug_at_main().await;
    receive(world, 2, "first", Some(date(world.day(30))), "").await;
    asks(world, "ann", 2, "", 30).place().await.expect("placed");
    world.release("ann", 1, 2).await.expect("released");
    receive(world, 2, "second", Some(date(world.day(60))), "").await;
    world.advance(SignedDuration::from_hours(24));
    world.idle().await;
    assert_eq!(bound(world, "ann").await, [("first".to_owned(), 2)], "what the warehouse has stays");

    let recall = world.recall("ann", 1, 1).await.expect("asked");
    world.answer_recall(&recall.name, 1).await.expect("given back");
    world.idle().await;

    assert_eq!(bound(world, "ann").await, [("first".to_owned(), 1), ("second".to_owned(), 1)]);
    assert_eq!(has(world, "ann").await, (1, 0));
    world.books_balance().await;
}

/// On the business clock.
pub async fn shelf_life_is_judged_on_the_day_on_which_the_goods_left(world: &World) {
    world.mug_at_main().await;
    receive(world, 2, "first", Some(date(world.day(30))), "").await;
    asks(world, "ann", 2, "", 30).place().await.expect("placed");
    world.release("ann", 1, 2).await.expect("released");
    let today = world.now();
    world.advance(SignedDuration::from_hours(24));
    let confirm = |number: &str, at: Timestamp| ConfirmShipmentRequest {
        request_id: request_id(),
        document: world.document(number),
        location: world.location_name("main"),
        lines: vec![world.confirmed("ann", [1, 0, 0])],
        ship_time: Some(encode::timestamp(at)),
        ..Default::default()
    };
    let mut client = world.allocation.feed.clone();

    let told_late = client.confirm_shipment(confirm("945-1", today)).await.expect("taken").into_inner();
    let left_late = client.confirm_shipment(confirm("945-2", world.now())).await.expect("taken").into_inner();

    assert_eq!(told(&told_late), [(true, "", "")]);
    assert_eq!(told(&left_late)[0].1, "BATCH_WISH_NOT_MET");
    assert_eq!((unfit(world, &told_late).await, unfit(world, &left_late).await), (vec![0], vec![1]));
    world.books_balance().await;
}
