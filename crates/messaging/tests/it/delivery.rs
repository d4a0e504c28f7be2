//! Every event has its effect once, in the order of its aggregate.

use std::sync::atomic::Ordering;

use backorder_storage::{StorageError, outbox};
use backorder_testkit::eventually;

use crate::{
    on_each_bus,
    world::{CONSUMER, SOURCE, Shape, World, event, execute, settled},
};

async fn events_are_applied_once_in_the_order_of_each_aggregate(shape: Shape) {
    let world = World::new(shape).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    for round in 0..20 {
        world.emit("a", round * 3 + 1..=round * 3 + 3).await;
        world.emit("b", round + 1..=round + 1).await;
    }
    settled(&relay, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=60));
    assert!(world.applied_of("b").await.into_iter().eq(1..=20));
    assert_eq!(world.handler.committed.load(Ordering::SeqCst), 80);
    relay.stop().await;
    consumer.stop().await;
}

async fn a_consumer_that_comes_later_gets_everything(shape: Shape) {
    let world = World::new(shape).await;
    world.emit("a", 1..=1_200).await;
    let relay = world.start_relay();
    let consumer = world.start_consumer();
    settled(&relay, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=1_200));
}

async fn a_restart_goes_on_where_it_stopped(shape: Shape) {
    let world = World::new(shape).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=3).await;
    settled(&relay, &consumer).await;
    relay.stop().await;
    consumer.stop().await;
    let calls = world.handler.calls.load(Ordering::SeqCst);
    world.emit("a", 4..=5).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    settled(&relay, &consumer).await;
    assert!(world.applied_of("a").await.into_iter().eq(1..=5));
    assert!(world.handler.calls.load(Ordering::SeqCst) <= calls + 2, "the first events came again");
}

async fn a_full_replay_changes_nothing(shape: Shape) {
    let world = World::new(shape).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=40).await;
    world.emit("b", 1..=2).await;
    settled(&relay, &consumer).await;
    let (applied, calls) = (world.applied().await, world.handler.calls.load(Ordering::SeqCst));
    consumer.stop().await;
    forget_progress(&world).await;
    let consumer = world.start_consumer();
    settled(&relay, &consumer).await;
    assert_eq!(world.applied().await, applied);
    assert_eq!(world.handler.calls.load(Ordering::SeqCst), calls, "an old event reached the handler");
    assert_eq!(applied.len(), 42);
}

async fn forget_progress(world: &World) {
    if world.shape == Shape::NatsOnPostgres {
        let client = async_nats::connect(backorder_testkit::nats::server().await).await.unwrap();
        let stream = format!("{}-{SOURCE}", world.prefix);
        async_nats::jetstream::new(client).delete_consumer_from_stream(CONSUMER, stream).await.unwrap();
    } else {
        assert_eq!(execute(&world.consumer, "DELETE FROM bus_cursor").await, 1);
    }
}

async fn a_consumer_killed_after_its_commit_does_not_apply_twice(shape: Shape) {
    let world = World::new(shape).await;
    let relay = world.start_relay();
    world.handler.hangs_after_commit.store(true, Ordering::SeqCst);
    let consumer = world.start_consumer();
    world.emit("a", 1..=3).await;
    eventually("the first batch is committed", || async { !world.applied().await.is_empty() }).await;
    consumer.kill().await;
    world.handler.hangs_after_commit.store(false, Ordering::SeqCst);
    world.emit("a", 4..=4).await;
    let consumer = world.start_consumer();
    eventually("the newest state is applied", || async { world.applied_of("a").await.ends_with(&[4]) }).await;
    settled(&relay, &consumer).await;
    // A broker sends again what was in hand after what is new; states that are not newer by then are passed over.
    let applied = world.applied_of("a").await;
    assert!(applied.starts_with(&[1]) && applied.is_sorted_by(|earlier, later| earlier < later), "{applied:?}");
    relay.stop().await;
    consumer.stop().await;
}

async fn only_subscribed_types_are_delivered_and_the_rest_is_not_waited_for(shape: Shape) {
    let mut world = World::new(shape).await;
    world.subscription = world.subscription.clone().only(["test.v1.Wanted"]);
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit_typed("test.v1.Other", "a", 1..=700).await;
    world.emit_typed("test.v1.Wanted", "a", 701..=702).await;
    world.emit_typed("test.v1.Other", "a", 703..=710).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.applied_of("a").await, [701, 702]);
}

async fn events_that_the_handler_does_not_want_cost_no_transaction(shape: Shape) {
    let world = World::new(shape).await;
    *world.handler.unwanted_type.lock().unwrap() = Some("test.v1.Other".to_owned());
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit_typed("test.v1.Other", "a", 1..=5).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.handler.calls.load(Ordering::SeqCst), 0);
    assert_eq!(execute(&world.consumer, "UPDATE bus_cursor SET position = position").await, 0);
    world.emit_typed("test.v1.Changed", "a", 6..=6).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.applied_of("a").await, [6]);
}

async fn nothing_is_delivered_of_a_transaction_that_rolled_back(shape: Shape) {
    let world = World::new(shape).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    let rolled_back = world
        .producer
        .write("roll_back", |tx| {
            Box::pin(async move {
                outbox::append_in_tx(tx, vec![event("test.v1.Changed", "a", 1)]).await?;
                Err::<(), _>(StorageError::Settings("on purpose".to_owned()))
            })
        })
        .await;
    assert!(rolled_back.is_err());
    world.emit("b", 1..=1).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.applied().await, [("b".to_owned(), 1)]);
}

on_each_bus!(
    events_are_applied_once_in_the_order_of_each_aggregate,
    a_consumer_that_comes_later_gets_everything,
    a_restart_goes_on_where_it_stopped,
    a_full_replay_changes_nothing,
    a_consumer_killed_after_its_commit_does_not_apply_twice,
    only_subscribed_types_are_delivered_and_the_rest_is_not_waited_for,
    events_that_the_handler_does_not_want_cost_no_transaction,
    nothing_is_delivered_of_a_transaction_that_rolled_back,
);

async fn a_late_commit_with_a_lower_row_id_is_delivered(shape: Shape) {
    let world = World::new(shape).await;
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    let (appended, go_on) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let (appended, go_on) = (&appended, &go_on);
    let long = world.producer.write("long", move |tx| {
        Box::pin(async move {
            outbox::append_in_tx(tx, vec![event("test.v1.Changed", "long", 1)]).await?;
            appended.notify_one();
            go_on.notified().await;
            Ok::<_, StorageError>(())
        })
    });
    let meanwhile = async {
        appended.notified().await;
        world.emit("short", 1..=50).await;
        eventually("the short ones are applied", || async { world.applied_of("short").await.len() == 50 }).await;
        assert!(world.applied_of("long").await.is_empty());
        go_on.notify_one();
    };
    let (done, ()) = tokio::join!(long, meanwhile);
    done.unwrap();
    settled(&relay, &consumer).await;
    assert_eq!(world.applied_of("long").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_with_a_lower_row_id_is_delivered_by_the_embedded_bus() {
    a_late_commit_with_a_lower_row_id_is_delivered(Shape::EmbeddedOnPostgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_with_a_lower_row_id_is_delivered_by_nats() {
    a_late_commit_with_a_lower_row_id_is_delivered(Shape::NatsOnPostgres).await;
}
