//! What a customer asks of the units: a batch, or how long they can still be sold.

use backorder_proto::{
    allocation::v1::{AmendOrderLineRequest, HoldDraft, HoldType, PromiseConstraint, WarehouseOrderLine},
    inventory::v1::{BatchGetClaimsRequest, BatchWish, Claim},
};
use jiff::SignedDuration;

use super::{batches::receive, shipped_batches};
use crate::world::{World, because, date, draft::Draft, fields, request_id, ship_date};

/// An order of one line that asks something of its units.
pub(super) fn asks(world: &World, order: &str, quantity: i64, batch: &str, shelf_life_days: i32) -> Draft {
    let mut draft = world.draft(order).line("mug", quantity);
    let line = &mut draft.order().lines[0];
    batch.clone_into(&mut line.batch);
    line.min_remaining_shelf_life_days = shelf_life_days;
    draft
}

async fn claim(world: &World, order: &str) -> Claim {
    let request = BatchGetClaimsRequest { lines: vec![world.line_name(order, 1)] };
    let answer = world.inventory.reservations.clone().batch_get_claims(request).await.expect("there").into_inner();
    answer.claims.into_iter().next().expect("a claim")
}

/// The batches that the reservations of an order's line are bound to, with their units.
pub(super) async fn bound(world: &World, order: &str) -> Vec<(String, i64)> {
    claim(world, order).await.reservations.into_iter().map(|r| (r.batch, r.quantity)).collect()
}

pub(super) async fn has(world: &World, order: &str) -> (i64, i64) {
    let line = world.line(order, 1).await;
    (line.reserved, line.open)
}

pub async fn a_line_that_asks_for_a_batch_gets_it_and_waits_for_more_of_it(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    receive(world, 2, "red", None, "").await;

    let line = asks(world, "ann", 4, "red", 0).place().await.expect("placed").lines.remove(0);

    assert_eq!((line.reserved, line.open, line.batch.as_str()), (2, 2, "red"));
    assert!(line.expected_ship_date.is_none(), "nobody knows which batches will come");
    assert_eq!(bound(world, "ann").await, [("red".to_owned(), 2)]);
    let wish = BatchWish { batch: "red".to_owned(), min_remaining_shelf_life_days: 0 };
    assert_eq!(claim(world, "ann").await.wish, Some(wish));
    assert_eq!(world.explain("ann", 1).await.binding_constraint(), PromiseConstraint::Batch);
    world.place("bob", "mug", 5).await;
    receive(world, 3, "blue", None, "").await;
    world.idle().await;
    assert_eq!(has(world, "ann").await, (2, 2), "a blue one is not what was asked for");
    assert_eq!(world.position("mug", "main").await.available, 3, "and nothing is kept from others");

    receive(world, 3, "red", None, "").await;
    world.idle().await;
    assert_eq!(has(world, "ann").await, (4, 0));
    assert_eq!(world.position("mug", "main").await.available, 4);
    let shipment = shipped_batches::ship_all(world, "ann").await;
    assert_eq!(shipped_batches::batches(&shipment), [("red", "", 4)]);
    world.books_balance().await;
}

pub async fn a_line_that_asks_for_a_shelf_life_gets_what_lasts_and_waits_for_others(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    receive(world, 3, "short", Some(date(world.day(29))), "").await;
    receive(world, 1, "enough", Some(date(world.day(30))), "").await;
    receive(world, 1, "never", None, "").await;

    asks(world, "ann", 3, "", 30).place().await.expect("placed");
    let mut later = asks(world, "cid", 1, "", 30);
    later = later.requested(world.day(1));
    later.place().await.expect("placed");

    assert_eq!(bound(world, "ann").await, [("enough".to_owned(), 1), ("never".to_owned(), 1)]);
    assert_eq!(has(world, "cid").await, (0, 1), "a day later a day more is asked");
    let explained = world.explain("ann", 1).await;
    assert_eq!(explained.binding_constraint(), PromiseConstraint::ShelfLife);
    assert!(explained.summary.contains("remaining shelf life"), "{}", explained.summary);
    world.place("bob", "mug", 5).await;
    assert_eq!(has(world, "bob").await, (5, 0), "what does not last long enough is there for others");

    receive(world, 1, "stale", Some(date(world.day(5))), "").await;
    receive(world, 2, "fresh", Some(date(world.day(90))), "").await;
    world.idle().await;
    assert_eq!((has(world, "ann").await, has(world, "cid").await), ((3, 0), (1, 0)));
    assert_eq!(world.position("mug", "main").await.available, 1, "the stale one");
    world.books_balance().await;
}

pub async fn who_waits_longer_is_served_before_a_line_that_asks_for_a_batch(world: &World) {
    world.mug_at_main().await;
    world.place("bob", "mug", 2).await;
    world.moment();
    asks(world, "ann", 2, "red", 0).place().await.expect("placed");
    world.moment();
    world.place("cid", "mug", 2).await;

    receive(world, 3, "red", None, "").await;
    world.idle().await;

    assert_eq!([has(world, "bob").await, has(world, "ann").await, has(world, "cid").await], [(2, 0), (1, 1), (0, 2)]);
    world.cancel("ann", 1, 2).await.expect("cancelled");
    world.idle().await;
    assert_eq!(has(world, "cid").await, (1, 1), "what was bound is free for anyone");
    world.books_balance().await;
}

pub async fn what_a_line_asks_outlives_a_quote_a_hold_and_a_raise(world: &World) {
    world.mug_at_main().await;
    receive(world, 3, "red", None, "").await;
    receive(world, 3, "blue", None, "").await;

    asks(world, "ann", 2, "red", 0).quote(600).await.expect("quoted");
    world.confirm_quote("ann").await.expect("confirmed");
    assert_eq!(bound(world, "ann").await, [("red".to_owned(), 2)]);
    world.amend("ann", 1, 4).await.expect("raised");
    assert_eq!(has(world, "ann").await, (3, 1), "one red one was left");

    let mut held = asks(world, "bob", 2, "blue", 0);
    held.order().holds = vec![HoldDraft { r#type: HoldType::Credit.into(), ..Default::default() }];
    held.place().await.expect("placed");
    assert_eq!(has(world, "bob").await, (0, 2));
    world.clear_holds(&world.order_name("bob")).await;
    world.idle().await;
    assert_eq!(bound(world, "bob").await, [("blue".to_owned(), 2)], "it takes what fits as soon as it may");
    world.books_balance().await;
}

pub async fn what_cannot_be_kept_of_a_wish_is_refused_with_its_field(world: &World) {
    world.mug_at_main().await;
    let refused = |draft: Draft| async move { fields(&draft.place().await.expect_err("refused")) };
    let mut together = asks(world, "a", 1, "red", 0);
    "one".clone_into(&mut together.order().lines[0].ship_set);
    assert_eq!(refused(together).await, ["order.lines[0].batch"]);
    let mut exchanged = asks(world, "b", 1, "", 5);
    exchanged.order().lines[0].substitution_allowed = true;
    assert_eq!(refused(exchanged).await, ["order.lines[0].substitution_allowed"]);
    assert_eq!(refused(asks(world, "c", 1, "", -1)).await, ["order.lines[0].min_remaining_shelf_life_days"]);
    assert_eq!(refused(asks(world, "d", 1, "a/b", 0)).await, ["order.lines[0].batch"]);

    asks(world, "ann", 1, "", 5).place().await.expect("placed");
    let request = AmendOrderLineRequest {
        request_id: request_id(),
        name: world.line_name("ann", 1),
        quantity: None,
        requested_date: Some(ship_date(world.day(9))),
        context: because("customer"),
        ..AmendOrderLineRequest::default()
    };
    let refused = world.allocation.orders.clone().amend_order_line(request).await.expect_err("refused");
    assert_eq!(fields(&refused), ["requested_date"]);
}

pub async fn an_order_to_a_warehouse_says_which_batches_to_pick(world: &World) {
    world.mug_at_main().await;
    receive(world, 2, "red", Some(date(world.day(60))), "").await;
    receive(world, 3, "blue", Some(date(world.day(90))), "").await;
    receive(world, 2, "stale", Some(date(world.day(9))), "").await;
    asks(world, "ann", 4, "", 30).place().await.expect("placed");
    asks(world, "bob", 1, "blue", 0).place().await.expect("placed");
    world.place("cid", "mug", 1).await;
    for order in ["ann", "bob", "cid"] {
        world.release(order, 1, 0).await.expect("released");
        world.moment();
    }
    let recall = world.recall("ann", 1, 1).await.expect("asked");

    let orders = world.warehouse_orders("main").await;
    let told: Vec<_> = orders.iter().map(|order| order.lines.iter().map(to_pick).collect::<Vec<_>>()).collect();
    let expected = [
        vec![(4, "", 30, vec![("blue", 2), ("red", 2)])],
        vec![(1, "blue", 0, vec![("blue", 1)])],
        vec![(1, "", 0, vec![])],
        vec![(1, "", 30, vec![])],
    ];
    assert_eq!(told, expected, "any unit may be picked of what is bound to nothing, and any may come back");
    world.answer_recall(&recall.name, 1).await.expect("given back");
    world.books_balance().await;
}

type ToPick<'a> = (i64, &'a str, i32, Vec<(&'a str, i64)>);

fn to_pick(line: &WarehouseOrderLine) -> ToPick<'_> {
    let bound = line.bound.iter().map(|units| (units.batch.as_str(), units.quantity)).collect();
    (line.quantity, line.batch.as_str(), line.min_remaining_shelf_life_days, bound)
}

/// On the business clock.
pub async fn units_that_grow_too_old_for_a_line_are_exchanged_for_others(world: &World) {
    world.mug_at_main().await;
    receive(world, 2, "first", Some(date(world.day(30))), "").await;
    asks(world, "ann", 2, "", 30).place().await.expect("placed");
    receive(world, 1, "second", Some(date(world.day(60))), "").await;
    world.idle().await;
    assert_eq!(bound(world, "ann").await, [("first".to_owned(), 2)]);

    world.advance(SignedDuration::from_hours(24));
    world.idle().await;

    assert_eq!((bound(world, "ann").await, has(world, "ann").await), (vec![("second".to_owned(), 1)], (1, 1)));
    assert_eq!(world.position("mug", "main").await.available, 2, "what is too old for ann is there for others");
    world.books_balance().await;
}
