//! Credit, payment, fraud and other holds: who is on hold keeps the place and gets nothing more.

use backorder_proto::allocation::v1::{
    ConfirmQuoteRequest, HoldDraft, HoldType, LineBarrier, ListBackordersRequest, OrderState, PromiseConstraint,
    SetHoldsRequest,
};
use jiff::SignedDuration;
use prost_types::Timestamp;
use tonic_types::StatusExt as _;

use crate::world::{World, because, reason, request_id};

async fn barriers(world: &World, order: &str) -> Vec<LineBarrier> {
    world.line(order, 1).await.barriers().collect()
}

pub async fn a_line_on_credit_hold_keeps_its_place_and_the_next_is_served(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    world.moment();
    world.place("bob", "mug", 2).await;

    let held = world.hold(&world.order_name("ann"), HoldType::Credit).await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].target, world.line_name("ann", 1));
    assert!(held[0].blocks_allocation, "who may never pay takes no stock");
    world.idle().await;
    world.receive("mug", "main", 4).await;
    world.idle().await;

    let ann = world.line("ann", 1).await;
    assert_eq!((ann.open, ann.reserved), (3, 0));
    assert_eq!(ann.holds[0].context.as_ref().map(|context| context.reason_code.as_str()), Some("over-limit"));
    assert_eq!(world.line("bob", 1).await.reserved, 2, "the next in the queue is served");
    assert_eq!(world.position("mug", "main").await.available, 2, "nothing is put aside for who takes nothing");
    let explained = world.explain("ann", 1).await;
    assert_eq!(explained.binding_constraint(), PromiseConstraint::Hold);
    assert_eq!(explained.summary, "3 units wait, because the credit hold of story keeps the line from taking stock.");

    world.moment();
    world.place("cid", "mug", 4).await;
    let waiting = world.backorders("mug").await;
    let names: Vec<_> = waiting.iter().filter_map(|one| one.line.as_ref()).map(|line| line.name.clone()).collect();
    assert_eq!(names, [world.line_name("ann", 1), world.line_name("cid", 1)], "her place is the old one");
    world.clear_holds(&world.order_name("ann")).await;
    world.idle().await;
    world.receive("mug", "main", 3).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3, "she is served before who came later");
    world.books_balance().await;
}

pub async fn what_a_held_line_loses_it_does_not_take_again(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.hold(&world.order_name("ann"), HoldType::Credit).await;

    world.count("mug", "main", 3).await;
    world.idle().await;
    let ann = world.line("ann", 1).await;
    assert_eq!((ann.reserved, ann.open), (3, 2), "she keeps what is there");
    world.receive("mug", "main", 4).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.open, 2, "who may never pay takes no stock");
    assert_eq!(world.position("mug", "main").await.available, 4);

    world.clear_holds(&world.order_name("ann")).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 5);
    world.books_balance().await;
}

pub async fn clearing_a_hold_serves_the_line_from_what_is_free(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    world.hold(&world.line_name("ann", 1), HoldType::Fraud).await;
    world.idle().await;
    world.receive("mug", "main", 5).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.open, 3);

    let cleared = world.clear_holds(&world.line_name("ann", 1)).await;
    assert_eq!(cleared.iter().map(|hold| hold.r#type()).collect::<Vec<_>>(), [HoldType::Fraud]);
    world.idle().await;

    assert_eq!(world.line("ann", 1).await.reserved, 3);
    assert_eq!(world.position("mug", "main").await.available, 2);
    assert!(world.explain("ann", 1).await.line.expect("the line").barriers.is_empty());
    world.books_balance().await;
}

pub async fn a_hold_that_only_blocks_release_lets_the_line_take_stock(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    world.hold(&world.order_name("ann"), HoldType::Address).await;
    world.idle().await;
    world.receive("mug", "main", 3).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    assert_eq!(barriers(world, "ann").await, [LineBarrier::ReleaseHold]);

    let refused = world.release("ann", 1, 0).await.expect_err("the address is not known");
    assert_eq!(reason(&refused), "LINE_ON_HOLD");
    let info = refused.get_details_error_info().expect("an error info").metadata;
    assert_eq!((info["hold"].as_str(), info["actor"].as_str()), ("address", "story"));
    assert_eq!(info["on"], world.line_name("ann", 1));
    let refused = world.ship("ann", 1, 1).await.expect_err("it does not leave without the gate either");
    assert_eq!(reason(&refused), "LINE_ON_HOLD");
    assert_eq!(world.line("ann", 1).await.reserved, 3);

    world.clear_holds(&world.order_name("ann")).await;
    world.ship("ann", 1, 3).await.expect("shipped");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_hold_on_a_customer_covers_every_later_order(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.hold(&world.customer_name("kim"), HoldType::Credit).await;

    let placed = world.draft("ann").customer("kim").line("mug", 2).place().await.expect("accepted, and kept");
    assert_eq!(placed.lines[0].open, 2, "it takes no stock, though there is some");
    let other = world.draft("bob").customer("lea").line("mug", 2).place().await.expect("accepted");
    assert_eq!(other.lines[0].reserved, 2);
    let line = world.line("ann", 1).await;
    assert_eq!(line.barriers().collect::<Vec<_>>(), [LineBarrier::CustomerHold]);
    assert_eq!(line.holds[0].customer, world.id("kim"));
    let summary = world.explain("ann", 1).await.summary;
    assert!(summary.contains("the credit hold of story on the customer"), "{summary}");

    world.clear_holds(&world.customer_name("kim")).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 2);
    let later = world.draft("cid").customer("kim").line("mug", 1).place().await.expect("accepted");
    assert_eq!(later.lines[0].reserved, 1);
    world.books_balance().await;
}

pub async fn a_hold_on_a_customer_reaches_the_orders_that_are_there(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.draft("ann").customer("kim").line("mug", 3).place().await.expect("two reserved, one waits");
    world.draft("bob").customer("kim").line("mug", 1).place().await.expect("waits");

    world.hold(&world.customer_name("kim"), HoldType::Payment).await;
    let refused = world.release("ann", 1, 0).await.expect_err("at once");
    assert_eq!(reason(&refused), "LINE_ON_HOLD");
    assert_eq!(refused.get_details_error_info().expect("an info").metadata["on"], world.customer_name("kim"));
    world.hold(&world.line_name("bob", 1), HoldType::Manual).await;
    world.idle().await;
    world.receive("mug", "main", 4).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 2, "what it has it keeps, and it takes no more");

    world.clear_holds(&world.customer_name("kim")).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    world.release("ann", 1, 0).await.expect("nothing holds it any more");
    assert_eq!(barriers(world, "bob").await, [LineBarrier::ReleaseHold], "the hold on the line is another one");
    world.books_balance().await;
}

pub async fn what_the_warehouse_has_ships_from_behind_a_hold(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 2).await.expect("released");

    world.hold(&world.order_name("ann"), HoldType::Export).await;
    let refused = world.ship("ann", 1, 3).await.expect_err("three are not all in the warehouse's hands");
    assert_eq!(reason(&refused), "LINE_ON_HOLD");
    let recall = world.recall("ann", 1, 1).await.expect("asked back as ever");
    world.answer_recall(&recall.name, 1).await.expect("given back");
    world.ship("ann", 1, 0).await.expect("all that the warehouse has");

    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.released, line.reserved), (1, 0, 4));
    let refused = world.ship("ann", 1, 0).await.expect_err("nothing is in its hands now");
    assert_eq!(reason(&refused), "LINE_ON_HOLD");
    world.books_balance().await;
}

pub async fn the_same_hold_set_twice_is_one_and_cleared_twice_is_gone(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    let order = world.order_name("ann");
    let request = SetHoldsRequest {
        request_id: request_id(),
        targets: vec![order.clone()],
        r#type: HoldType::Credit.into(),
        blocks_allocation: Some(true),
        until_time: None,
        context: because("over-limit"),
    };
    let mut client = world.allocation.holds.clone();
    let first = client.set_holds(request.clone()).await.expect("set").into_inner();
    world.moment();
    let again = client.set_holds(request.clone()).await.expect("the same write").into_inner();
    assert_eq!(first, again);
    let anew = SetHoldsRequest {
        request_id: request_id(),
        blocks_allocation: Some(false),
        context: because("under-review"),
        ..request
    };
    client.set_holds(anew).await.expect("another write");

    let on_it = world.holds_on(&order).await;
    assert_eq!(on_it.len(), 1, "{on_it:#?}");
    assert_eq!(on_it[0].set_time, first.holds[0].set_time, "it was set first when it was");
    assert_eq!(on_it[0].context.as_ref().map(|context| context.reason_code.as_str()), Some("under-review"));
    assert_eq!(barriers(world, "ann").await, [LineBarrier::ReleaseHold]);

    assert_eq!(world.clear_holds(&order).await.len(), 1);
    assert_eq!(world.clear_holds(&order).await, [], "what is not there stays away");
    assert_eq!(barriers(world, "ann").await, []);
    let refused = world.try_hold(&world.order_name("none"), HoldType::Credit, None).await.expect_err("no such order");
    assert_eq!(reason(&refused), "ORDER_NOT_FOUND");
    world.books_balance().await;
}

pub async fn a_held_order_can_be_amended_and_cancelled(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.place("ann", "mug", 3).await;
    world.hold(&world.order_name("ann"), HoldType::Credit).await;
    world.idle().await;
    world.receive("mug", "main", 4).await;
    world.idle().await;

    world.amend("ann", 1, 5).await.expect("more may be wanted");
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.open), (2, 3), "the raised part takes nothing either");
    world.cancel("ann", 1, 1).await.expect("less too");
    world.cancel("ann", 1, 0).await.expect("and nothing");

    assert_eq!(world.order("ann").await.state(), OrderState::Cancelled);
    assert_eq!(world.position("mug", "main").await.available, 6);
    assert_eq!(world.holds_on(&world.order_name("ann")).await, [], "holds of an order that is over hold nothing");
    let refused = world.try_hold(&world.order_name("ann"), HoldType::Fraud, None).await.expect_err("it is over");
    assert_eq!(reason(&refused), "ORDER_STATE_CONFLICT");
    world.books_balance().await;
}

pub async fn a_quote_that_is_confirmed_behind_a_hold_keeps_what_it_had(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.draft("ann").customer("kim").line("mug", 3).quote(3_600).await.expect("two reserved, one waits");
    world.hold(&world.customer_name("kim"), HoldType::Credit).await;
    world.idle().await;
    world.receive("mug", "main", 3).await;
    world.idle().await;

    let request = ConfirmQuoteRequest { request_id: request_id(), name: world.order_name("ann"), context: None };
    world.allocation.orders.clone().confirm_quote(request).await.expect("confirmed");
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.open), (2, 1));
    world.clear_holds(&world.customer_name("kim")).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    world.books_balance().await;
}

pub async fn the_backlog_is_filtered_by_holds(world: &World) {
    world.mug_at_main().await;
    world.draft("ann").customer("kim").line("mug", 1).place().await.expect("waits");
    world.place("bob", "mug", 1).await;
    world.place("cid", "mug", 1).await;
    world.hold(&world.customer_name("kim"), HoldType::Credit).await;
    world.hold(&world.order_name("bob"), HoldType::Address).await;

    let listed = async |on_hold: bool, hold_type: HoldType| {
        let request = ListBackordersRequest {
            item: world.item_name("mug"),
            on_hold,
            hold_type: hold_type.into(),
            ..Default::default()
        };
        let answer = world.allocation.backlog.clone().list_backorders(request).await.expect("listed").into_inner();
        answer.backorders.into_iter().filter_map(|one| one.line).map(|line| line.name).collect::<Vec<_>>()
    };
    assert_eq!(listed(false, HoldType::Unspecified).await.len(), 3);
    let (ann, bob) = (world.line_name("ann", 1), world.line_name("bob", 1));
    assert_eq!(listed(true, HoldType::Unspecified).await, [ann.clone(), bob.clone()]);
    assert_eq!(listed(false, HoldType::Credit).await, [ann]);
    assert_eq!(listed(true, HoldType::Address).await, [bob]);
    assert!(listed(false, HoldType::Fraud).await.is_empty());
    world.books_balance().await;
}

fn after(world: &World, hours: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: world.now().as_second() + hours * 3_600, nanos: 0 })
}

pub async fn a_hold_ends_by_itself(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    let order = world.order_name("ann");
    let past = world.try_hold(&order, HoldType::Payment, after(world, 0)).await.expect_err("it is over already");
    assert_eq!(reason(&past), "INVALID_REQUEST");
    world.try_hold(&order, HoldType::Payment, after(world, 48)).await.expect("set");
    world.idle().await;
    world.receive("mug", "main", 3).await;
    world.idle().await;

    world.advance(SignedDuration::from_hours(47));
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.open, 3);
    world.advance(SignedDuration::from_hours(2));
    backorder_testkit::eventually("the hold has ended", || async { world.holds_on(&order).await.is_empty() }).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    world.books_balance().await;
}

pub async fn a_hold_on_a_customer_ends_by_itself(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    let kim = world.customer_name("kim");
    world.try_hold(&kim, HoldType::Credit, after(world, 24)).await.expect("set");
    world.draft("ann").customer("kim").line("mug", 3).place().await.expect("waits");

    world.advance(SignedDuration::from_hours(25));
    backorder_testkit::eventually("the line is served", || async { world.line("ann", 1).await.reserved == 3 }).await;
    assert_eq!(world.holds_on(&kim).await, []);
    assert_eq!(barriers(world, "ann").await, []);
    world.books_balance().await;
}

pub async fn an_order_may_begin_on_hold(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    let mut draft = world.draft("ann").line("mug", 3);
    draft.order().holds =
        [HoldType::Payment, HoldType::Address].map(|one| HoldDraft { r#type: one.into(), ..Default::default() }).into();

    let placed = draft.place().await.expect("accepted, and kept");
    assert_eq!(placed.lines[0].open, 3);
    assert_eq!(placed.lines[0].barriers().collect::<Vec<_>>(), [LineBarrier::Hold, LineBarrier::ReleaseHold]);
    assert_eq!(draft.place().await.expect("the same write").lines[0].open, 3);
    assert_eq!(world.holds_on(&world.order_name("ann")).await.len(), 2);

    world.clear_holds(&world.order_name("ann")).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    world.books_balance().await;
}
