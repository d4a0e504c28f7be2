//! Events are forgotten when they are old and everybody has passed them.

use std::sync::Arc;

use backorder_domain::time::Clock;
use backorder_storage::{feed, idempotency};
use jiff::{SignedDuration, Timestamp};

use crate::{
    on_each_bus,
    world::{SOURCE, Shape, World, settled},
};

struct Later;

impl Clock for Later {
    fn now(&self) -> Timestamp {
        "2026-11-30T12:00:00Z".parse().unwrap()
    }
}

async fn old_events_are_forgotten_when_they_are_applied_or_published(shape: Shape) {
    let world = World::new(shape).await;
    world.emit("a", 1..=20).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    settled(&relay, &consumer).await;
    relay.stop().await;
    let forgetful = world.relay().with_retention(Arc::new(Later), SignedDuration::from_hours(48).unsigned_abs());
    let running = crate::world::start_relay(forgetful);
    backorder_testkit::eventually("the old events are gone", || async {
        feed::oldest(world.producer.reader()).await.unwrap() == 21
    })
    .await;
    assert_eq!(idempotency::purge(&world.producer, Later.now(), 10).await.unwrap(), 0);
    world.emit("a", 21..=22).await;
    settled(&running, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=22));
}

on_each_bus!(old_events_are_forgotten_when_they_are_applied_or_published);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slowest_reader_of_a_feed_decides_what_may_be_forgotten() {
    let world = World::new(Shape::EmbeddedOnSqlite).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=3).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.bus.releasable(SOURCE), Some(3));
    let slow = backorder_messaging::Subscription::new("slow", SOURCE);
    world.bus.expect(&slow);
    assert_eq!(world.bus.releasable(SOURCE), Some(0), "it has not said yet where it stands");
    assert_eq!(world.bus.releasable("allocation"), None);
}
