//! Stock that is kept for somebody who has not decided yet.

use backorder_proto::allocation::v1::{ConfirmQuoteRequest, OrderState};

use crate::world::{World, reason, request_id};

pub async fn a_confirmed_quote_is_not_counted_twice(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;

    let quoted = world.draft("ann").line("mug", 6).quote(3_600).await.expect("quoted");
    assert_eq!((quoted.state(), quoted.lines[0].reserved), (OrderState::Quoted, 6));
    assert_eq!(world.position("mug", "main").await.available, 4);
    let request = ConfirmQuoteRequest { request_id: request_id(), name: world.order_name("ann"), context: None };
    let answer = world.allocation.orders.clone().confirm_quote(request.clone()).await.expect("confirmed").into_inner();

    let order = answer.order.expect("the order is answered");
    assert_eq!((order.state(), order.lines[0].reserved, order.lines[0].ordered), (OrderState::Open, 6, 6));
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.reserved), (4, 6));
    let twice = ConfirmQuoteRequest { request_id: request_id(), ..request };
    let refused = world.allocation.orders.clone().confirm_quote(twice).await.expect_err("confirmed already");
    assert_eq!(reason(&refused), "QUOTE_GONE");
    world.books_balance().await;
}

pub async fn a_cancelled_quote_gives_its_stock_back(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.draft("ann").line("mug", 6).quote(3_600).await.expect("quoted");

    let order = world.cancel("ann", 1, 0).await.expect("cancelled");
    world.idle().await;

    assert_eq!(order.state(), OrderState::Cancelled);
    assert_eq!(world.position("mug", "main").await.available, 10);
    world.books_balance().await;
}

pub async fn a_quote_ends_by_itself(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.draft("ann").line("mug", 6).quote(1).await.expect("quoted");
    world.place("bob", "mug", 8).await;

    if world.clock.is_some() {
        world.advance(jiff::SignedDuration::from_secs(2));
    }

    backorder_testkit::eventually("the quote's stock serves the queue", || async {
        world.line("bob", 1).await.reserved == 8
    })
    .await;
    world.idle().await;
    assert_eq!(world.order("ann").await.state(), OrderState::Expired);
    world.books_balance().await;
}
