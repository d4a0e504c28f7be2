//! Goods that leave and come back.

use backorder_proto::allocation::v1::{Disposition, OrderState, ReturnOrderLinesRequest, ReturnedLine};
use tonic::Status;

use crate::world::{World, because, reason, request_id};

pub async fn fully_reserved_stock_ships_to_the_orders_that_hold_it(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 5).await;

    let shipped = world.ship("ann", 1, 0).await.expect("shipped");

    assert_eq!((shipped[0].shipped, shipped[0].reserved), (5, 0));
    assert!(shipped[0].actual_ship_date.is_some());
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    let position = world.position("mug", "main").await;
    assert_eq!((position.on_hand, position.reserved), (0, 0));
    world.books_balance().await;
}

pub async fn a_line_ships_in_parts(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 5).await;

    world.ship("ann", 1, 2).await.expect("the first part");
    world.receive("mug", "main", 2).await;
    world.idle().await;
    world.ship("ann", 1, 3).await.expect("the second part");

    let order = world.order("ann").await;
    assert_eq!((order.lines[0].shipped, order.lines[0].open), (5, 0));
    assert_eq!(order.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn more_than_is_reserved_does_not_ship(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 5).await;

    let refused = world.ship("ann", 1, 4).await.expect_err("one unit waits");

    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert_eq!(reason(&refused), "LINE_QUANTITY_CONFLICT");
    assert_eq!(world.line("ann", 1).await.shipped, 0);
    world.books_balance().await;
}

pub async fn what_came_back_may_be_sold_again(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.ship("ann", 1, 0).await.expect("shipped");
    world.place("bob", "mug", 2).await;

    take_back(world, "ann", 2, Disposition::Restock).await.expect("returned");
    take_back(world, "ann", 1, Disposition::Quarantine).await.expect("returned");
    world.idle().await;

    assert_eq!(world.line("ann", 1).await.returned, 3);
    assert_eq!(world.line("bob", 1).await.reserved, 2, "what came back serves the queue");
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.reserved, position.quality_control), (0, 2, 1));
    world.books_balance().await;
}

pub async fn no_more_comes_back_than_was_shipped(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.ship("ann", 1, 2).await.expect("shipped");

    let refused = take_back(world, "ann", 3, Disposition::Restock).await.expect_err("only two were shipped");

    assert_eq!(reason(&refused), "LINE_QUANTITY_CONFLICT");
    assert_eq!(world.position("mug", "main").await.on_hand, 3);
    world.books_balance().await;
}

async fn take_back(world: &World, order: &str, quantity: i64, disposition: Disposition) -> Result<(), Status> {
    let request = ReturnOrderLinesRequest {
        request_id: request_id(),
        lines: vec![ReturnedLine {
            name: world.line_name(order, 1),
            quantity,
            location: world.location_name("main"),
            disposition: disposition.into(),
            ..Default::default()
        }],
        return_time: None,
        context: because("did-not-like-it"),
    };
    world.allocation.orders.clone().return_order_lines(request).await.map(|_| ())
}

/// Shipped units of the first line of an order come back and may be sold again.
pub(super) async fn bring_back(world: &World, order: &str, quantity: i64) {
    take_back(world, order, quantity, Disposition::Restock).await.expect("taken back");
}
