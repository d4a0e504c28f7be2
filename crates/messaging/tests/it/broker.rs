//! What happens to the broker does not happen to the events.

use std::sync::Arc;

use backorder_messaging::{BusError, EmbeddedBus, EventBus, NatsBus, NatsOptions, Subscription};
use backorder_storage::feed;
use backorder_testkit::{eventually, nats::NatsServer};

use crate::world::{SOURCE, Shape, World, execute, nats_options, settled, start_relay};

async fn messages_in_stream(url: &str, world: &World) -> u64 {
    let client = async_nats::connect(url).await.unwrap();
    let mut stream = async_nats::jetstream::new(client).get_stream(format!("{}-{SOURCE}", world.prefix)).await.unwrap();
    stream.info().await.unwrap().state.messages
}

async fn published(world: &World) -> i64 {
    feed::marks(world.producer.reader()).await.unwrap().published
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_between_publish_and_mark_loses_nothing() {
    let world = World::new(Shape::NatsOnPostgres).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=30).await;
    eventually("the events are applied", || async { world.applied_of("a").await.len() == 30 }).await;
    relay.kill().await;
    // The mark may have been written in time; take it back, as if the process had died just before.
    execute(&world.producer, "UPDATE feed SET published_position = 10").await;
    world.emit("a", 31..=32).await;
    let relay = world.start_relay();
    settled(&relay, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=32));
    eventually("the mark has caught up", || async { published(&world).await == 32 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_holds_up_no_command_and_gets_everything_later() {
    let mut server = NatsServer::start().unwrap();
    let world = World::with_broker(Shape::NatsOnPostgres, &server.url()).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=5).await;
    settled(&relay, &consumer).await;
    server.kill();
    world.emit("a", 6..=10).await;
    eventually("the feed goes on", || async { feed::head(world.producer.reader()).await.unwrap() == 10 }).await;
    assert!(relay.progress.pending().await.unwrap() >= 5);
    server.restart().unwrap();
    settled(&relay, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_start_without_a_broker() {
    let mut server = NatsServer::start().unwrap();
    server.kill();
    let world = World::with_broker(Shape::NatsOnPostgres, &server.url()).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=3).await;
    assert!(matches!(consumer.progress.pending().await, Err(BusError::NotSubscribed(_))));
    server.restart().unwrap();
    settled(&relay, &consumer).await;
    assert_eq!(world.applied_of("a").await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_wiped_under_a_running_relay_is_refilled_from_the_database() {
    let mut server = NatsServer::start().unwrap();
    let world = World::with_broker(Shape::NatsOnPostgres, &server.url()).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=20).await;
    settled(&relay, &consumer).await;
    eventually("the mark is written", || async { published(&world).await == 20 }).await;
    server.wipe().unwrap();
    world.emit("b", 1..=3).await;
    eventually("the new events are applied", || async { world.applied_of("b").await.len() == 3 }).await;
    settled(&relay, &consumer).await;
    assert_eq!(messages_in_stream(&server.url(), &world).await, 23);
    assert!(world.applied_of("a").await.into_iter().eq(1..=20), "the refill had an effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_wiped_while_nobody_ran_is_refilled_at_the_start() {
    let mut server = NatsServer::start().unwrap();
    let world = World::with_broker(Shape::NatsOnPostgres, &server.url()).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=20).await;
    settled(&relay, &consumer).await;
    consumer.stop().await;
    relay.stop().await;
    assert_eq!(published(&world).await, 20, "a stopped relay has marked what it published");
    server.wipe().unwrap();
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    settled(&relay, &consumer).await;
    assert_eq!(messages_in_stream(&server.url(), &world).await, 20);
    assert!(world.applied_of("a").await.into_iter().eq(1..=20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_relays_one_publishes_and_the_other_takes_over() {
    let world = World::new(Shape::NatsOnPostgres).await;
    let url = backorder_testkit::nats::server().await;
    let other_store = world.another_producer().await;
    let other_bus = Arc::new(NatsBus::connect(nats_options(&url, &world.prefix)).await.unwrap());
    let consumer = world.start_consumer();
    let first = world.start_relay();
    world.emit("a", 1..=100).await;
    settled(&first, &consumer).await;
    let second = start_relay(
        backorder_messaging::Relay::new(other_store, other_bus, SOURCE).with_lease_time(crate::world::LEASE_TIME),
    );
    world.emit("a", 101..=200).await;
    settled(&first, &consumer).await;
    assert_eq!(messages_in_stream(&url, &world).await, 200);
    first.kill().await;
    world.emit("a", 201..=210).await;
    settled(&second, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=210));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_event_is_dropped_and_blocks_nothing() {
    let world = World::new(Shape::NatsOnPostgres).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=1).await;
    settled(&relay, &consumer).await;
    let client = async_nats::connect(backorder_testkit::nats::server().await).await.unwrap();
    let subject = format!("{}.events.{SOURCE}.test.v1.Changed", world.prefix);
    client.publish(subject, "not an event".into()).await.unwrap();
    client.flush().await.unwrap();
    world.emit("a", 2..=2).await;
    eventually("the next event is applied", || async { world.applied_of("a").await == [1, 2] }).await;
    settled(&relay, &consumer).await;
}

#[tokio::test]
async fn names_that_mean_something_to_a_broker_are_refused() {
    let world = World::new(Shape::NatsOnPostgres).await;
    for (consumer, source) in [("a.b", SOURCE), ("", SOURCE), ("ok", "in>ventory"), ("ok", "in ventory")] {
        let refused = world.bus.subscribe(&Subscription::new(consumer, source), &world.consumer).await;
        assert!(matches!(refused.err(), Some(BusError::Settings(_))), "{consumer} {source}");
    }
    let refused = NatsBus::connect(NatsOptions::from_url("nats://127.0.0.1:1").with_prefix("a*")).await;
    assert!(matches!(refused.err(), Some(BusError::Settings(_))));
}

#[tokio::test]
async fn a_source_that_is_not_on_the_embedded_bus_is_named() {
    let bus = EmbeddedBus::new();
    assert!(matches!(bus.publisher("nobody").await.err(), Some(BusError::UnknownSource(name)) if name == "nobody"));
}
