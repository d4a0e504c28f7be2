//! What came back is replaced: a line of its own that takes its turn.

use backorder_proto::allocation::v1::{
    Disposition, OrderState, ReturnOrderLinesRequest, ReturnOrderLinesResponse, ReturnedLine, ShortageInstruction,
};
use tonic::Status;

use crate::world::{World, because, date, reason, request_id};

fn returned(world: &World, order: &str, quantity: i64, disposition: Disposition) -> ReturnOrderLinesRequest {
    let line = ReturnedLine {
        name: world.line_name(order, 1),
        quantity,
        location: world.location_name("main"),
        disposition: disposition.into(),
        replace: true,
        ..Default::default()
    };
    ReturnOrderLinesRequest {
        request_id: request_id(),
        lines: vec![line],
        return_time: None,
        context: because("broken"),
    }
}

async fn send(world: &World, request: ReturnOrderLinesRequest) -> Result<ReturnOrderLinesResponse, Status> {
    Ok(world.allocation.orders.clone().return_order_lines(request).await?.into_inner())
}

pub async fn broken_units_are_replaced_from_stock(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 3).await;
    world.ship("ann", 1, 3).await.expect("shipped");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);

    let answer = send(world, returned(world, "ann", 2, Disposition::Scrap)).await.expect("taken back and replaced");

    assert_eq!((answer.lines[0].returned, answer.lines[0].replaced, answer.lines[0].shipped), (2, 2, 3));
    let added = &answer.replacements[0];
    assert_eq!(
        (added.name.as_str(), added.replaces.as_str()),
        (&*world.line_name("ann", 2), &*world.line_name("ann", 1))
    );
    assert_eq!((added.ordered, added.reserved, added.filled_at_once), (2, 2, 2));
    assert_eq!(added.unit_price, answer.lines[0].unit_price, "it ranks as what it replaces");
    assert_eq!(added.current_promised_date.clone().and_then(|day| day.date), Some(date(world.day(0))));
    assert_eq!(world.order("ann").await.state(), OrderState::Open, "there is something to ship again");
    assert_eq!(world.refunds("ann").await, [], "nothing is paid back for what is replaced");
    world.ship("ann", 2, 2).await.expect("shipped");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.damaged, position.on_hand), (0, 2, 2));
    world.books_balance().await;
}

pub async fn a_replacement_that_is_not_there_takes_its_turn_in_the_queue(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 3).await;
    world.ship("ann", 1, 3).await.expect("shipped");
    world.place("bob", "mug", 1).await;
    world.moment();

    let answer = send(world, returned(world, "ann", 1, Disposition::Quarantine)).await.expect("taken back");
    assert_eq!((answer.replacements[0].open, answer.replacements[0].backordered), (1, 1));
    world.receive("mug", "main", 1).await;
    world.idle().await;
    assert_eq!((world.line("bob", 1).await.reserved, world.line("ann", 2).await.open), (1, 1), "who waits is first");
    world.receive("mug", "main", 1).await;
    world.idle().await;
    assert_eq!(world.line("ann", 2).await.reserved, 1);
    world.books_balance().await;
}

pub async fn a_unit_that_is_sold_again_may_replace_itself(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.place("ann", "mug", 2).await;
    world.ship("ann", 1, 2).await.expect("shipped");

    let answer = send(world, returned(world, "ann", 1, Disposition::Restock)).await.expect("taken back");

    assert_eq!((answer.lines[0].returned, answer.replacements[0].reserved), (1, 1));
    world.books_balance().await;
}

pub async fn a_return_that_is_sent_again_adds_one_line(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    world.place("ann", "mug", 3).await;
    world.ship("ann", 1, 3).await.expect("shipped");
    let request = returned(world, "ann", 1, Disposition::Scrap);

    let first = send(world, request.clone()).await.expect("taken back");
    let again = send(world, request).await.expect("the same answer");

    assert_eq!(first, again);
    assert_eq!(world.order("ann").await.lines.len(), 2);
    let refused = send(world, returned(world, "ann", 3, Disposition::Scrap)).await.expect_err("two are left");
    assert_eq!(reason(&refused), "LINE_QUANTITY_CONFLICT");
    assert_eq!(world.order("ann").await.lines.len(), 2, "what is refused adds nothing");
    world.books_balance().await;
}

pub async fn a_return_to_an_unknown_place_adds_nothing(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    world.place("ann", "mug", 3).await;
    world.ship("ann", 1, 3).await.expect("shipped");
    let mut request = returned(world, "ann", 1, Disposition::Scrap);
    request.lines[0].location = world.location_name("nowhere");

    let refused = send(world, request).await.expect_err("no such place");

    assert_eq!(reason(&refused), "LOCATION_NOT_FOUND");
    let order = world.order("ann").await;
    assert_eq!((order.lines.len(), order.state(), order.lines[0].returned), (1, OrderState::Completed, 0));
    send(world, returned(world, "ann", 1, Disposition::Scrap)).await.expect("the order is free again");
    world.books_balance().await;
}

pub async fn who_does_not_want_to_wait_gets_no_replacement_that_is_not_there(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    let draft = world.draft("ann").line("mug", 2).on_shortage(ShortageInstruction::NoBackOrder);
    draft.place().await.expect("placed");
    world.ship("ann", 1, 2).await.expect("shipped");

    let answer = send(world, returned(world, "ann", 1, Disposition::Scrap)).await.expect("taken back");

    assert_eq!((answer.replacements[0].ordered, answer.replacements[0].refused), (0, 1));
    assert_eq!(answer.lines[0].replaced, 0);
    assert_eq!(world.refunds("ann").await.iter().map(|refund| refund.quantity).collect::<Vec<_>>(), [1], "paid back");
    assert_eq!(answer.lost_demand.iter().map(|lost| lost.quantity).collect::<Vec<_>>(), [1]);
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}
