//! Failures are counted; what cannot be applied is put aside and found again.

use backorder_storage::{Store, dead_letter, feed::FeedEvent};
use backorder_testkit::{Backend, on_each_backend};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{TestStore, noon};

fn event(number: i64) -> FeedEvent {
    FeedEvent {
        position: number,
        event_id: Uuid::from_u128(number.unsigned_abs().into()),
        aggregate: format!("a/{number}"),
        sequence: 1,
        event_type: "test.v1.Changed".to_owned(),
        payload: vec![7].into(),
        occurred_at: noon(),
        traceparent: None,
    }
}

async fn put_aside(store: &Store, consumer: &str, event: &FeedEvent) {
    put_aside_at(store, consumer, event, noon()).await;
}

async fn put_aside_at(store: &Store, consumer: &str, event: &FeedEvent, now: Timestamp) {
    store
        .write("put_aside", move |tx| {
            Box::pin(dead_letter::put_aside_in_tx(tx, consumer, "inventory", event, 5, "no such item", now))
        })
        .await
        .unwrap();
}

async fn failures_are_counted_per_consumer_and_event(backend: Backend) {
    let test = TestStore::new(backend).await;
    let (one, two) = (event(1).event_id, event(2).event_id);
    for (consumer, id, expected) in [("c", one, 1), ("c", one, 2), ("c", two, 1), ("d", one, 1), ("c", one, 3)] {
        assert_eq!(dead_letter::count_failure(&test, consumer, id, "why").await.unwrap(), expected);
    }
    assert_eq!(dead_letter::failing(&test, "c").await.unwrap(), [one, two].into());
    put_aside(&test, "c", &event(1)).await;
    assert_eq!(dead_letter::failing(&test, "c").await.unwrap(), [two].into());
}

async fn dead_letters_are_listed_in_pages_and_removed_once(backend: Backend) {
    let test = TestStore::new(backend).await;
    for number in 1..=3 {
        put_aside(&test, "c", &event(number)).await;
    }
    put_aside(&test, "c", &event(2)).await;
    assert_eq!(dead_letter::count(&test).await.unwrap(), 3);
    let first = dead_letter::list(&test, "c", 0, 2).await.unwrap();
    assert_eq!(first.iter().map(|letter| letter.event.clone()).collect::<Vec<_>>(), [event(1), event(2)]);
    assert_eq!((first[0].tries, first[0].error.as_str(), first[0].source.as_str()), (5, "no such item", "inventory"));
    let id = first[1].id;
    let rest = dead_letter::list(&test, "c", id, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    let remove = || test.write("remove", move |tx| Box::pin(dead_letter::remove_in_tx(tx, id)));
    assert!(remove().await.unwrap());
    assert!(!remove().await.unwrap());
}

async fn a_dead_letter_keeps_the_time_at_which_it_was_put_aside_first(backend: Backend) {
    let test = TestStore::new(backend).await;
    put_aside_at(&test, "c", &event(1), noon()).await;
    put_aside_at(&test, "c", &event(1), noon() + SignedDuration::from_hours(1)).await;
    let letters = dead_letter::list(&test, "c", 0, 10).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.parked_at).collect::<Vec<_>>(), [noon()]);
}

async fn a_long_error_is_cut_between_characters(backend: Backend) {
    let test = TestStore::new(backend).await;
    let long = "ü".repeat(3_000);
    assert_eq!(dead_letter::count_failure(&test, "c", event(1).event_id, &long).await.unwrap(), 1);
}

on_each_backend!(
    failures_are_counted_per_consumer_and_event,
    dead_letters_are_listed_in_pages_and_removed_once,
    a_dead_letter_keeps_the_time_at_which_it_was_put_aside_first,
    a_long_error_is_cut_between_characters,
);
