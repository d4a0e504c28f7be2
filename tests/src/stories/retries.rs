//! Messages that come twice, and messages that cannot be done.

use std::collections::BTreeSet;

use crate::world::{World, reason, request_id};

pub async fn the_same_request_again_deducts_once(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let draft = world.draft("ann").line("mug", 4);

    let first = draft.send().await.expect("placed");
    let again = draft.send().await.expect("answered again");

    assert_eq!(first, again);
    assert_eq!(world.position("mug", "main").await.available, 6);
    world.books_balance().await;
}

pub async fn the_same_request_id_for_another_order_is_refused(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let draft = world.draft("ann").line("mug", 4);
    draft.send().await.expect("placed");

    let refused = draft.line("mug", 1).send().await.expect_err("another order under the same request id");

    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    assert_eq!(world.position("mug", "main").await.available, 6);
}

pub async fn an_order_id_names_one_order_for_ever(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.draft("ann").line("mug", 4).place().await.expect("placed");

    // Other request ids, as after a restart of the caller.
    let same = world.draft("ann").line("mug", 4).place().await.expect("the same order is answered");
    let other = world.draft("ann").line("mug", 5).place().await.expect_err("another order of the same id");

    assert_eq!(same.lines[0].reserved, 4);
    assert_eq!(other.code(), tonic::Code::AlreadyExists);
    assert_eq!(reason(&other), "ALREADY_EXISTS");
    assert_eq!(world.position("mug", "main").await.available, 6);
    world.books_balance().await;
}

pub async fn sixty_four_parallel_sends_place_one_order(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let draft = world.draft("ann").line("mug", 4);

    let sends = (0..64).map(|_| {
        let draft = draft.clone();
        async move { draft.send().await }
    });
    let answers = futures::future::join_all(sends).await;

    let names: BTreeSet<(String, i64)> = answers
        .into_iter()
        .map(|answer| answer.expect("every send is answered").order.expect("with the order"))
        .map(|order| (order.name, order.lines[0].reserved))
        .collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), [(world.order_name("ann"), 4)]);
    assert_eq!(world.position("mug", "main").await.available, 6);
    world.books_balance().await;
}

pub async fn an_order_for_an_unknown_item_leaves_nothing_behind(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;

    let refused = world.draft("ann").line("mug", 4).line("ghost", 1).send().await.expect_err("no such item");

    assert_eq!(refused.code(), tonic::Code::NotFound);
    assert_eq!(reason(&refused), "ITEM_NOT_FOUND");
    assert_eq!(world.position("mug", "main").await.available, 10, "nothing was half done");
    let request = backorder_proto::allocation::v1::GetOrderRequest { name: world.order_name("ann") };
    let missing = world.allocation.orders.clone().get_order(request).await.expect_err("the order is not there");
    assert_eq!(reason(&missing), "ORDER_NOT_FOUND");
    // The id is still free for the corrected order, also under a new request id.
    let mut corrected = world.draft("ann").line("mug", 4).request();
    corrected.request_id = request_id();
    world.allocation.orders.clone().place_order(corrected).await.expect("the corrected order is placed");
    world.books_balance().await;
}
