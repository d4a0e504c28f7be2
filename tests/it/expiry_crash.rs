//! The service dies while it sets expired batches aside: after a restart each of them is set aside once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use backorder_cli::services::Configs;
use backorder_inventory::CRASH_POINTS;
use backorder_proto::{
    common::v1::Date,
    inventory::v1::{ListMovementsRequest, ReceiptLine, ReceiveStockRequest, StockState},
};
use backorder_service_kit::crash_point::CrashPoint;
use backorder_testkit::{Backend, eventually, on_each_backend};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, date, request_id},
};
use jiff::SignedDuration;

const ITEMS: [&str; 2] = ["mug", "pot"];

async fn a_service_that_dies_at_an_expiry_sets_each_batch_aside_once(backend: Backend) {
    for point in CRASH_POINTS {
        println!("{point}");
        die_at(backend, point).await;
    }
}

on_each_backend!(a_service_that_dies_at_an_expiry_sets_each_batch_aside_once);

async fn die_at(backend: Backend, point: &'static str) {
    let died = Arc::new(AtomicBool::new(false));
    let cluster = InProcess::start_configured(backend, dying_at(point, &died)).await;
    let world = cluster.world("expiry");
    world.warehouse("main", 1).await;
    for item in ITEMS {
        world.item(item).await;
        receive(&world, item, date(world.day(1))).await;
    }
    world.draft("ann").line("mug", 3).line("pot", 3).place().await.expect("placed");
    world.idle().await;

    world.advance(SignedDuration::from_hours(72));
    eventually("the service has died", || async { died.load(Ordering::SeqCst) }).await;
    let units: i64 = set_aside(&world).await.iter().sum();
    assert_eq!(units, if point.ends_with("committed") { 3 } else { 0 }, "{point}");

    let cluster = cluster.restart_with(backorder_allocation::Config::default()).await;
    let world = cluster.world("expiry");
    world.idle().await;
    assert_eq!(set_aside(&world).await, [3, 3], "{point}");
    for (line, item) in (1..).zip(ITEMS) {
        let line = world.line("ann", line).await;
        assert_eq!((line.reserved, line.open), (0, 3), "{point}: {item}");
        assert_eq!(times_set_aside(&world, item).await, 1, "{point}: {item}");
    }
    world.books_balance().await;
    cluster.stop().await;
}

/// Inventory dies at a point, and then does nothing more.
fn dying_at(point: &'static str, died: &Arc<AtomicBool>) -> Configs {
    let died = Arc::clone(died);
    let crash_point = CrashPoint::new(move |passed| {
        let dies = passed == point || died.load(Ordering::SeqCst);
        died.fetch_or(dies, Ordering::SeqCst);
        dies
    });
    let inventory = backorder_inventory::Config { crash_point: Some(crash_point), ..Default::default() };
    Configs { inventory, ..Configs::default() }
}

async fn receive(world: &World, item: &str, best_before: Date) {
    let line = ReceiptLine {
        item: world.item_name(item),
        location: world.location_name("main"),
        accepted: 3,
        batch: "old".to_owned(),
        best_before: Some(best_before),
        ..Default::default()
    };
    let request = ReceiveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
    world.inventory.stock.clone().receive_stock(request).await.expect("received");
}

/// Units of each item in quality control.
async fn set_aside(world: &World) -> [i64; 2] {
    [world.position("mug", "main").await.quality_control, world.position("pot", "main").await.quality_control]
}

async fn times_set_aside(world: &World, item: &str) -> usize {
    let request = ListMovementsRequest { item: world.item_name(item), ..Default::default() };
    let answer = world.inventory.stock.clone().list_movements(request).await.expect("listed").into_inner();
    answer.movements.iter().filter(|movement| movement.to_state() == StockState::QualityControl).count()
}
