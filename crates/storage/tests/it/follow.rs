//! A follower gets every event once and in order, and is told when it cannot.

use std::time::Duration;

use backorder_storage::{
    StorageError, Store,
    feed::{self, FeedEvent},
    follow::{FeedFollower, FollowError},
    outbox::{self, NewEvent},
};
use backorder_testkit::{Backend, on_each_backend};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::{TestStore, noon};

/// Longer than any test: only the watch may wake a follower.
const NEVER: Duration = Duration::from_secs(3_600);

async fn append(store: &Store, sequences: std::ops::RangeInclusive<i64>) {
    append_unstamped(store, sequences).await;
    feed::stamp(store).await.unwrap();
}

async fn append_unstamped(store: &Store, sequences: std::ops::RangeInclusive<i64>) {
    let event = |sequence| NewEvent {
        event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("follow#{sequence}").as_bytes()),
        aggregate: "a".to_owned(),
        sequence,
        event_type: "test.v1.Changed".to_owned(),
        payload: Vec::new(),
        occurred_at: noon(),
        traceparent: None,
    };
    let events: &Vec<NewEvent> = &sequences.map(event).collect();
    store.write("append", move |tx| Box::pin(outbox::append_in_tx(tx, events.clone()))).await.unwrap();
}

fn positions(events: &[FeedEvent]) -> Vec<i64> {
    events.iter().map(|event| event.position).collect()
}

async fn a_follower_gets_what_came_before_it_and_what_comes(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, 1..=3).await;
    let mut follower = FeedFollower::start(&test, Some(1), NEVER).await.unwrap();
    assert_eq!(positions(&follower.next_batch(1).await.unwrap()), [2]);
    assert_eq!(positions(&follower.next_batch(10).await.unwrap()), [3]);
    let (next, ()) = tokio::join!(follower.next_batch(10), append(&test, 4..=5));
    assert_eq!(positions(&next.unwrap()), [4, 5]);
    assert_eq!(follower.position(), 5);
}

async fn a_follower_without_a_position_begins_at_the_end(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, 1..=3).await;
    let mut follower = FeedFollower::start(&test, None, NEVER).await.unwrap();
    append(&test, 4..=4).await;
    assert_eq!(positions(&follower.next_batch(10).await.unwrap()), [4]);
}

async fn commits_of_another_process_are_seen(backend: Backend) {
    let test = TestStore::new(backend).await;
    let mut follower = FeedFollower::start(&test, None, Duration::from_millis(20)).await.unwrap();
    append(&test.another_instance().await, 1..=1).await;
    assert_eq!(positions(&follower.next_batch(10).await.unwrap()), [1]);
}

async fn a_follower_is_told_of_forgotten_events(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, 1..=2).await;
    append(&test, 3..=3).await;
    let mut late = FeedFollower::start(&test, Some(0), NEVER).await.unwrap();
    feed::purge(&test, noon() + SignedDuration::from_secs(1), 2).await.unwrap();
    let forgotten = late.next_batch(10).await.unwrap_err();
    assert!(matches!(forgotten, FollowError::Forgotten { oldest: 3, position: 0 }), "{forgotten:?}");
    let refused = FeedFollower::start(&test, Some(1), NEVER).await.err().unwrap();
    assert!(matches!(refused, FollowError::Forgotten { oldest: 3, position: 1 }), "{refused:?}");
    assert!(FeedFollower::start(&test, Some(2), NEVER).await.is_ok());
}

async fn a_position_that_was_never_given_is_refused(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, 1..=1).await;
    let refused = FeedFollower::start(&test, Some(2), NEVER).await.err().unwrap();
    assert!(matches!(refused, FollowError::BeyondHead { head: 1, position: 2 }), "{refused:?}");
}

async fn caught_up(follower: &mut FeedFollower, limit: u32) -> Vec<i64> {
    let mut caught = Vec::new();
    let take = |events: Vec<FeedEvent>| {
        caught.extend(positions(&events));
        Ok(())
    };
    follower.catch_up(limit, take).await.unwrap();
    caught
}

async fn who_catches_up_has_what_any_process_committed_before(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, 1..=1).await;
    let mut follower = FeedFollower::start(&test, None, NEVER).await.unwrap();
    assert_eq!(caught_up(&mut follower, 10).await, [0_i64; 0]);
    append_unstamped(&test.another_instance().await, 2..=4).await;
    assert_eq!(caught_up(&mut follower, 2).await, [2, 3, 4], "nobody else gave them positions");
    assert_eq!(caught_up(&mut follower, 2).await, [0_i64; 0]);
}

async fn what_could_not_be_taken_in_comes_again(backend: Backend) {
    let test = TestStore::new(backend).await;
    let mut follower = FeedFollower::start(&test, None, NEVER).await.unwrap();
    append(&test, 1..=3).await;
    let refuse = |_| Err(StorageError::Settings("refused".to_owned()));
    let failure = follower.catch_up(2, refuse).await.unwrap_err();
    assert!(matches!(failure, FollowError::Storage(StorageError::Settings(_))), "{failure:?}");
    assert_eq!(caught_up(&mut follower, 2).await, [1, 2, 3]);
}

async fn who_catches_up_is_told_of_forgotten_events(backend: Backend) {
    let test = TestStore::new(backend).await;
    let mut late = FeedFollower::start(&test, None, NEVER).await.unwrap();
    append(&test, 1..=2).await;
    feed::purge(&test, noon() + SignedDuration::from_secs(1), 2).await.unwrap();
    let forgotten = late.catch_up(10, |_| Ok(())).await.unwrap_err();
    assert!(matches!(forgotten, FollowError::Forgotten { oldest: 3, position: 0 }), "{forgotten:?}");
}

on_each_backend!(
    who_catches_up_has_what_any_process_committed_before,
    what_could_not_be_taken_in_comes_again,
    who_catches_up_is_told_of_forgotten_events,
    a_follower_gets_what_came_before_it_and_what_comes,
    a_follower_without_a_position_begins_at_the_end,
    commits_of_another_process_are_seen,
    a_follower_is_told_of_forgotten_events,
    a_position_that_was_never_given_is_refused,
);
