//! What a company with many warehouses is answered is large, because a claim names every place that may serve it.

use backorder_testkit::{Backend, on_each_backend};
use backorder_tests::cluster::in_process::InProcess;

/// With names of some 40 characters, what inventory answers about the order is more than the 4 MiB that clients take as they come.
const WAREHOUSES: i32 = 150;
const LINES: usize = 1_000;

async fn an_order_of_a_thousand_lines_is_placed_where_any_warehouse_may_serve_it(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("a-company-with-many-warehouses");
    for rank in 0..WAREHOUSES {
        world.warehouse(&format!("w{rank}"), rank).await;
    }
    world.item("mug").await;
    world.receive("mug", "w149", 600).await;

    let draft = (0..LINES).fold(world.draft("large"), |draft, _| draft.line("mug", 1));
    let placed = draft.place().await.expect("placed");

    let reserved: i64 = placed.lines.iter().map(|line| line.reserved).sum();
    assert_eq!((placed.lines.len(), reserved), (LINES, 600));
    world.idle().await;
    assert_eq!(world.position("mug", "w149").await.reserved, 600);
    world.receive("mug", "w0", 400).await;
    world.idle().await;
    assert!(world.order("large").await.lines.iter().all(|line| (line.open, line.reserved) == (0, 1)), "all are served");
    world.books_balance().await;
    cluster.stop().await;
}

on_each_backend!(an_order_of_a_thousand_lines_is_placed_where_any_warehouse_may_serve_it);
