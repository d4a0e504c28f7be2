//! The reservation horizon: stock is not tied up for goods that leave in three months.

use backorder_proto::allocation::v1::{
    AmendOrderLineRequest, ConfirmationSource, LineBarrier, OrderLine, PromiseConstraint,
};
use jiff::SignedDuration;

use crate::world::{World, because, date, request_id, ship_date};

/// Mugs at `main`, for which stock is reserved a week ahead.
async fn reserves_a_week_ahead(world: &World, stock: i64) {
    world.mug_at_main().await;
    world.reserves_ahead("mug", Some(7)).await;
    if stock > 0 {
        world.receive("mug", "main", stock).await;
    }
}

/// An order for mugs that have to leave in so many days.
async fn wants_in(world: &World, order: &str, quantity: i64, days: i64) -> OrderLine {
    let draft = world.draft(order).line("mug", quantity).requested(world.day(days));
    draft.place().await.expect("accepted").lines.remove(0)
}

pub async fn a_line_beyond_the_horizon_is_promised_and_takes_no_stock(world: &World) {
    reserves_a_week_ahead(world, 10).await;

    let line = wants_in(world, "ann", 6, 30).await;

    assert_eq!((line.open, line.reserved, line.future, line.backordered), (6, 0, 6, 0));
    assert_eq!(line.barriers().collect::<Vec<_>>(), [LineBarrier::BeforeHorizon]);
    let promised = line.current_promised_date.as_ref().and_then(|promised| promised.date);
    assert_eq!(promised, Some(date(world.day(30))));
    assert_eq!(line.confirmations[0].source(), ConfirmationSource::Unreserved);
    assert_eq!(world.position("mug", "main").await.available, 10);
    let explained = world.explain("ann", 1).await;
    assert_eq!(explained.binding_constraint(), PromiseConstraint::Horizon);
    let opens = world.day(23);
    assert!(
        explained.summary.contains(&format!("stock is reserved for them from {opens} on")),
        "{}",
        explained.summary
    );
    assert_eq!(wants_in(world, "bob", 3, 7).await.reserved, 3, "the seventh day is inside");
    world.books_balance().await;
}

pub async fn what_is_free_is_not_promised_twice_beyond_the_horizon(world: &World) {
    reserves_a_week_ahead(world, 10).await;

    let ann = wants_in(world, "ann", 6, 30).await;
    let bob = wants_in(world, "bob", 6, 20).await;
    let cid = wants_in(world, "cid", 1, 40).await;

    assert!(ann.current_promised_date.is_some());
    assert_eq!((bob.future, bob.backordered), (4, 2), "two of his are promised to her");
    assert!(bob.current_promised_date.is_none(), "for two of his no day is known");
    assert!(cid.current_promised_date.is_none());
    world.books_balance().await;
}

pub async fn a_line_beyond_the_horizon_is_pegged_to_supply_that_comes_in_time(world: &World) {
    reserves_a_week_ahead(world, 0).await;
    world.expect_supply("po", "mug", "main", 5, world.day(10)).await;

    let line = wants_in(world, "ann", 5, 30).await;

    assert_eq!((line.open, line.future), (5, 5));
    assert_eq!(line.confirmations[0].source(), ConfirmationSource::Supply);
    world.receive_supply("po", "mug", "main", 5).await;
    world.idle().await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.open, line.reserved), (5, 0), "what came stays free until it is her turn");
    assert_eq!(world.position("mug", "main").await.available, 5);
    world.books_balance().await;
}

pub async fn a_shorter_horizon_lets_go_and_a_longer_one_takes(world: &World) {
    reserves_a_week_ahead(world, 10).await;
    wants_in(world, "ann", 6, 30).await;

    world.reserves_ahead("mug", Some(60)).await;
    assert_eq!(world.line("ann", 1).await.reserved, 6);
    world.reserves_ahead("mug", Some(7)).await;
    assert_eq!(world.line("ann", 1).await.reserved, 6, "what it has it keeps");
    assert_eq!(wants_in(world, "bob", 2, 30).await.open, 2);
    world.reserves_ahead("mug", None).await;
    assert_eq!(world.line("bob", 1).await.reserved, 2, "without a horizon stock is reserved at once");
    world.books_balance().await;
}

pub async fn a_day_that_is_amended_moves_the_line_into_the_horizon(world: &World) {
    reserves_a_week_ahead(world, 4).await;
    wants_in(world, "ann", 4, 30).await;

    let request = AmendOrderLineRequest {
        request_id: request_id(),
        name: world.line_name("ann", 1),
        quantity: None,
        requested_date: Some(ship_date(world.day(3))),
        context: because("customer"),
        unit: String::new(),
    };
    world.allocation.orders.clone().amend_order_line(request).await.expect("amended");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.future), (4, 0));
    assert_eq!(line.barriers().count(), 0);
    world.books_balance().await;
}

pub async fn on_its_day_a_line_comes_into_the_horizon_and_is_served_in_its_place(world: &World) {
    reserves_a_week_ahead(world, 5).await;
    wants_in(world, "ann", 4, 30).await;
    world.moment();
    let bob = wants_in(world, "bob", 5, 20).await;
    assert_eq!(bob.open, 5);

    world.advance(SignedDuration::from_hours(24 * 14));
    backorder_testkit::eventually("the earlier day is served", || async { world.line("bob", 1).await.reserved == 5 })
        .await;
    assert_eq!(world.line("ann", 1).await.open, 4, "her day is not near yet");
    world.advance(SignedDuration::from_hours(24 * 10));
    backorder_testkit::eventually("she waits for what comes", || async {
        world.line("ann", 1).await.barriers().count() == 0
    })
    .await;
    world.idle().await;
    world.receive("mug", "main", 4).await;
    world.idle().await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.future), (4, 0));
    let history = world.explain("ann", 1).await.history;
    assert_eq!(history.last().map(|promise| promise.promised_date.clone()), Some(line.current_promised_date));
    world.books_balance().await;
}

/// On the business clock.
pub async fn what_is_free_on_a_far_day_is_looked_at_every_day(world: &World) {
    reserves_a_week_ahead(world, 10).await;
    wants_in(world, "ann", 6, 30).await;
    world.moment();
    wants_in(world, "bob", 4, 40).await;
    let promised = async |order: &str| world.line(order, 1).await.current_promised_date;
    assert!(promised("ann").await.is_some() && promised("bob").await.is_some());
    let cid = wants_in(world, "cid", 3, 2).await;
    assert_eq!(cid.reserved, 3, "who needs them sooner gets them");
    assert!(promised("bob").await.is_some(), "nobody has looked since");

    world.advance(SignedDuration::from_hours(25));
    backorder_testkit::eventually("bob hears that his day cannot be kept", || async {
        promised("bob").await.is_none()
    })
    .await;
    world.idle().await;
    assert!(promised("ann").await.is_some(), "she stands before him");
    assert_eq!(world.line("bob", 1).await.future, 1, "one is left for him");

    world.receive("mug", "main", 3).await;
    world.idle().await;
    world.advance(SignedDuration::from_hours(25));
    backorder_testkit::eventually("what came is his", || async { promised("bob").await.is_some() }).await;
    world.idle().await;
    assert_eq!(world.position("mug", "main").await.available, 10, "and is not tied up for him");
    world.books_balance().await;
}
