//! What fails is tried again; what cannot be applied is put aside and blocks nothing.

use std::sync::atomic::Ordering;

use backorder_messaging::{DELIVERY_TRIES_MAX, Redriven, redrive};
use backorder_storage::dead_letter;
use backorder_testkit::eventually;

use crate::{
    handler::Fault,
    on_each_bus,
    world::{CONSUMER, Shape, World, noon, settled},
};

async fn a_handler_that_fails_for_a_while_applies_once(shape: Shape) {
    let world = World::new(shape).await;
    world.handler.fail_with("b", Fault::Refuses(3));
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    for aggregate in ["a", "b", "c"] {
        world.emit(aggregate, 1..=2).await;
    }
    settled(&relay, &consumer).await;
    for aggregate in ["a", "b", "c"] {
        assert_eq!(world.applied_of(aggregate).await, [1, 2], "{aggregate}");
    }
    assert_eq!(dead_letter::count(&world.consumer).await.unwrap(), 0);
    assert!(dead_letter::failing(&world.consumer, CONSUMER).await.unwrap().is_empty());
}

async fn an_outage_of_the_store_is_waited_out_and_not_counted(shape: Shape) {
    let world = World::new(shape).await;
    world.handler.fail_with("a", Fault::StoreAway(u32::try_from(DELIVERY_TRIES_MAX).unwrap() + 2));
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=1).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.applied_of("a").await, [1]);
    assert_eq!(dead_letter::count(&world.consumer).await.unwrap(), 0);
}

async fn a_poisonous_event_becomes_a_dead_letter_and_blocks_nothing(shape: Shape) {
    let world = World::new(shape).await;
    world.handler.fail_with("poison", Fault::Refuses(u32::MAX));
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=1).await;
    world.emit("poison", 1..=1).await;
    world.emit("b", 1..=1).await;
    settled(&relay, &consumer).await;
    assert_eq!(world.applied().await, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    let [letter] = dead_letter::list(&world.consumer, CONSUMER, 0, 10).await.unwrap().try_into().unwrap();
    assert_eq!((letter.event.aggregate.as_str(), letter.tries), ("poison", DELIVERY_TRIES_MAX));
    assert_eq!(letter.parked_at, noon());
    assert!(letter.error.contains("poison is poisonous"), "{}", letter.error);

    let still = redrive(&world.consumer, &*world.handler, &letter).await;
    assert!(still.is_err());
    assert_eq!(dead_letter::count(&world.consumer).await.unwrap(), 1);
    world.handler.fail_with("poison", Fault::Refuses(0));
    assert_eq!(redrive(&world.consumer, &*world.handler, &letter).await.unwrap(), Redriven::Applied);
    assert_eq!(redrive(&world.consumer, &*world.handler, &letter).await.unwrap(), Redriven::Gone);
    assert_eq!(world.applied_of("poison").await, [1]);
}

async fn a_dead_letter_does_not_turn_its_aggregate_back(shape: Shape) {
    let world = World::new(shape).await;
    world.handler.fail_with("a", Fault::Refuses(u32::try_from(DELIVERY_TRIES_MAX).unwrap()));
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=1).await;
    settled(&relay, &consumer).await;
    world.emit("a", 2..=2).await;
    settled(&relay, &consumer).await;
    let [letter] = dead_letter::list(&world.consumer, CONSUMER, 0, 10).await.unwrap().try_into().unwrap();
    assert_eq!(redrive(&world.consumer, &*world.handler, &letter).await.unwrap(), Redriven::Superseded);
    assert_eq!(world.applied_of("a").await, [2]);
    assert_eq!(dead_letter::count(&world.consumer).await.unwrap(), 0);
}

async fn failed_tries_are_counted_over_restarts(shape: Shape) {
    let world = World::new(shape).await;
    world.handler.fail_with("a", Fault::Refuses(u32::MAX));
    let (relay, consumer) = (world.start_relay(), world.start_consumer());
    world.emit("a", 1..=1).await;
    eventually("a failure is counted", || async {
        !dead_letter::failing(&world.consumer, CONSUMER).await.unwrap().is_empty()
    })
    .await;
    consumer.stop().await;
    let consumer = world.start_consumer();
    eventually("it is a dead letter", || async { dead_letter::count(&world.consumer).await.unwrap() == 1 }).await;
    // A try that was cut short by the stop may be repeated, no more.
    let tries = i64::try_from(world.handler.calls.load(Ordering::SeqCst)).unwrap();
    assert!((DELIVERY_TRIES_MAX..=DELIVERY_TRIES_MAX + 1).contains(&tries), "{tries}");
    relay.stop().await;
    consumer.stop().await;
}

on_each_bus!(
    a_handler_that_fails_for_a_while_applies_once,
    an_outage_of_the_store_is_waited_out_and_not_counted,
    a_poisonous_event_becomes_a_dead_letter_and_blocks_nothing,
    a_dead_letter_does_not_turn_its_aggregate_back,
    failed_tries_are_counted_over_restarts,
);
