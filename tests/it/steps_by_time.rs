//! What a job begins because its time has come stands between two services for a moment, like any other step.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use backorder_allocation::{Config, CrashPoint};
use backorder_proto::allocation::v1::{AfterWait, VerifyOrdersRequest, VerifyOrdersResponse};
use backorder_testkit::{Backend, eventually, on_each_backend};
use backorder_tests::{cluster::in_process::InProcess, world::World};
use jiff::SignedDuration;

/// A service in which cancellations stop when inventory has decided, as long as the first switch is on; the second tells
/// that one did.
fn stopping_cancellations() -> (Config, Arc<AtomicBool>, Arc<AtomicBool>) {
    let (stops, stopped) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (switch, told) = (Arc::clone(&stops), Arc::clone(&stopped));
    let crash_point = CrashPoint::new(move |passed| {
        let stops = passed == "cancel.decided" && switch.load(Ordering::SeqCst);
        told.fetch_or(stops, Ordering::SeqCst);
        stops
    });
    (Config { crash_point: Some(crash_point), ..Config::default() }, stops, stopped)
}

async fn verified(world: &World) -> VerifyOrdersResponse {
    world.allocation.operations.clone().verify_orders(VerifyOrdersRequest {}).await.expect("verified").into_inner()
}

async fn a_cancellation_by_the_clock_is_work_and_no_difference(backend: Backend) {
    let (config, stops, stopped) = stopping_cancellations();
    let cluster = InProcess::start_with(backend, config).await;
    let world = cluster.world("clock");
    world.mug_at_main().await;
    world
        .policy("patience", |policy| {
            policy.acceptable_wait_days = Some(1);
            policy.after_wait = AfterWait::Cancel.into();
        })
        .await;
    world.place("ann", "mug", 5).await;
    world.idle().await;

    world.advance(SignedDuration::from_hours(72));
    assert!(!world.is_idle().await, "what is due is to be done");
    eventually("inventory has decided", || async { stopped.load(Ordering::SeqCst) }).await;
    // The outcome is not recorded: the news of it may have come, and may not.
    let orders = verified(&world).await;
    assert!(orders.balanced, "{:#?}", orders.differences);
    assert!(!world.is_idle().await);

    stops.store(false, Ordering::SeqCst);
    world.books_balance().await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.open, line.cancelled), (0, 5));
    cluster.stop().await;
}

/// Writes that settle a line without asking inventory.
#[derive(Debug, Clone, Copy)]
enum Write {
    Deliver,
    Recall,
    EndPin,
}

/// Ann has four mugs of six, in the state that the write is about. Then stock is reserved a week ahead only, and she is
/// to get hers in a month.
async fn ann_waits_for_two(world: &World, write: Write) -> String {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    world.draft("ann").line("mug", 6).requested(world.day(30)).place().await.expect("placed");
    let subject = match write {
        Write::Deliver => world.ship_together(&["ann"], Default::default()).await.expect("shipped").name,
        Write::Recall => world.release("ann", 1, 4).await.map(|()| String::new()).expect("released"),
        Write::EndPin => world.pin("ann", None).await.expect("pinned").name,
    };
    world.reserves_ahead("mug", Some(7)).await;
    assert_eq!(world.line("ann", 1).await.barriers().count(), 1, "two wait for their time");
    subject
}

async fn a_line_that_any_write_finds_in_its_horizon_is_served_at_once(backend: Backend) {
    // What is not told at once is told after an hour.
    let tick = Duration::from_hours(1);
    for write in [Write::Deliver, Write::Recall, Write::EndPin] {
        let config = Config { job_tick: tick, hold_tick: tick, ..Config::default() };
        let cluster = InProcess::start_with(backend, config).await;
        let world = cluster.world("horizon");
        let subject = ann_waits_for_two(&world, write).await;

        world.advance(SignedDuration::from_hours(24 * 24));
        world.receive("mug", "main", 2).await;
        match write {
            Write::Deliver => drop(world.deliver(&subject, Vec::new()).await.expect("delivered")),
            Write::Recall => drop(world.recall("ann", 1, 0).await.expect("asked back")),
            Write::EndPin => drop(world.end_override(&subject).await.expect("ended")),
        }
        eventually("the two are hers", || async { world.line("ann", 1).await.open == 0 }).await;
        assert_eq!(world.position("mug", "main").await.available, 0, "{write:?}");
        world.books_balance().await;
        cluster.stop().await;
    }
}

on_each_backend!(
    a_cancellation_by_the_clock_is_work_and_no_difference,
    a_line_that_any_write_finds_in_its_horizon_is_served_at_once,
);
