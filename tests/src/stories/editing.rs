//! Orders that change while others wait.

use crate::world::{World, reason};

pub async fn raising_an_order_leaves_the_units_of_others_alone(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("ann", "mug", 6).await;
    world.place("bob", "mug", 4).await;

    let ann = world.amend("ann", 1, 9).await.expect("amended");

    assert_eq!((ann.lines[0].ordered, ann.lines[0].reserved, ann.lines[0].open), (9, 6, 3));
    assert_eq!(world.line("bob", 1).await.reserved, 4);
    world.books_balance().await;
}

pub async fn lowering_an_order_serves_the_next_in_the_queue(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("ann", "mug", 10).await;
    world.place("bob", "mug", 4).await;

    let ann = world.amend("ann", 1, 7).await.expect("amended");
    // A newcomer must not get between.
    let eve = world.place("eve", "mug", 3).await;
    world.idle().await;

    assert_eq!((ann.lines[0].ordered, ann.lines[0].reserved), (7, 7));
    assert_eq!(eve.lines[0].reserved, 0);
    assert_eq!(world.line("bob", 1).await.reserved, 3);
    world.books_balance().await;
}

pub async fn cancelling_serves_the_next_in_the_queue(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 5).await;

    let ann = world.cancel("ann", 1, 0).await.expect("cancelled");
    world.idle().await;

    assert_eq!(ann.state(), backorder_proto::allocation::v1::OrderState::Cancelled);
    assert_eq!((ann.lines[0].cancelled, ann.lines[0].reserved), (5, 0));
    assert_eq!(world.line("bob", 1).await.reserved, 5);
    world.books_balance().await;
}

pub async fn a_raised_quantity_queues_behind_those_who_waited_before(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 4).await;
    world.amend("ann", 1, 7).await.expect("amended");

    world.receive("mug", "main", 9).await;
    world.idle().await;

    assert_eq!(world.line("bob", 1).await.reserved, 4, "bob waited before ann asked for more");
    let ann = world.line("ann", 1).await;
    assert_eq!((ann.reserved, ann.open), (5, 2));
    world.books_balance().await;
}

pub async fn a_line_cannot_be_lowered_below_what_shipped(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.ship("ann", 1, 3).await.expect("shipped");

    let refused = world.amend("ann", 1, 2).await.expect_err("less than shipped");

    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert_eq!(reason(&refused), "LINE_QUANTITY_CONFLICT");
    let line = world.line("ann", 1).await;
    assert_eq!((line.ordered, line.shipped, line.reserved), (5, 3, 2), "nothing was half done");
    world.books_balance().await;
}

pub async fn an_order_that_is_done_cannot_be_changed(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.ship("ann", 1, 0).await.expect("shipped");

    let amended = world.amend("ann", 1, 9).await.expect_err("completed");
    let cancelled = world.cancel("ann", 1, 1).await.expect_err("completed");

    assert_eq!(reason(&amended), "ORDER_STATE_CONFLICT");
    assert_eq!(reason(&cancelled), "ORDER_STATE_CONFLICT");
    world.books_balance().await;
}
