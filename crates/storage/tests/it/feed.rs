//! The feed loses nothing, skips nothing, and keeps the order inside an aggregate.

use backorder_storage::{
    StorageError, Store, WriteTx,
    feed::{self, FeedEvent, Marks},
    outbox::{self, NewEvent, PAYLOAD_BYTES_MAX},
};
use backorder_testkit::{Backend, eventually, on_each_backend};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::{TestStore, noon};

fn event(aggregate: &str, sequence: i64) -> NewEvent {
    NewEvent {
        event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{aggregate}#{sequence}").as_bytes()),
        aggregate: aggregate.to_owned(),
        sequence,
        event_type: "test.v1.Changed".to_owned(),
        payload: vec![1, 2, 3],
        occurred_at: noon(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    }
}

async fn append(store: &Store, events: Vec<NewEvent>) -> Result<(), StorageError> {
    let events = &events;
    store.write("append", move |tx| Box::pin(outbox::append_in_tx(tx, events.clone()))).await
}

async fn feed_of(store: &Store) -> Vec<FeedEvent> {
    feed::read_after(store, 0, 10_000).await.unwrap()
}

fn keys(events: &[FeedEvent]) -> Vec<(i64, &str, i64)> {
    events.iter().map(|event| (event.position, event.aggregate.as_str(), event.sequence)).collect()
}

async fn an_event_comes_out_as_it_went_in(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, vec![event("a", 1)]).await.unwrap();
    feed::stamp(&test).await.unwrap();
    let [stored] = feed_of(&test).await.try_into().unwrap();
    let expected = event("a", 1);
    assert_eq!(
        stored,
        FeedEvent {
            position: 1,
            event_id: expected.event_id,
            aggregate: expected.aggregate,
            sequence: 1,
            event_type: expected.event_type,
            payload: expected.payload.into(),
            occurred_at: expected.occurred_at,
            traceparent: expected.traceparent,
        }
    );
}

async fn positions_are_consecutive_over_batches_and_rolled_back_transactions(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, (1..=450).map(|n| event("a", n)).collect()).await.unwrap();
    let lost: Result<(), StorageError> = test
        .write("append", |tx| {
            Box::pin(async move {
                outbox::append_in_tx(tx, vec![event("b", 1), event("a", 451)]).await?;
                Err(StorageError::Settings("rolled back".to_owned()))
            })
        })
        .await;
    lost.unwrap_err();
    append(&test, vec![event("b", 1), event("a", 451)]).await.unwrap();
    feed::stamp(&test).await.unwrap();
    let events = feed_of(&test).await;
    assert!(events.iter().map(|event| event.position).eq(1..=452));
    assert_eq!(keys(&events)[450..], [(451, "b", 1), (452, "a", 451)]);
    assert_eq!(feed::marks(test.reader()).await.unwrap(), Marks { last: 452, published: 0, oldest: 1 });
    assert_eq!(feed::unstamped(&test).await.unwrap(), 0);
}

async fn an_event_too_large_for_a_broker_is_refused_when_written(backend: Backend) {
    let test = TestStore::new(backend).await;
    let huge = NewEvent { payload: vec![0; PAYLOAD_BYTES_MAX + 1], ..event("a", 1) };
    assert!(matches!(append(&test, vec![huge]).await, Err(StorageError::InvalidRow { .. })));
}

async fn the_watch_tells_of_new_events_and_reading_goes_on_after_a_position(backend: Backend) {
    let test = TestStore::new(backend).await;
    let mut watch = test.feed_watch();
    assert_eq!(*watch.borrow_and_update(), 0);
    append(&test, vec![event("a", 1), event("a", 2), event("a", 3)]).await.unwrap();
    if backend == Backend::Postgres {
        test.events_to_stamp().await;
        feed::stamp(&test).await.unwrap();
    }
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow(), 3);
    let rest = feed::read_after(&test, 1, 1).await.unwrap();
    assert_eq!(keys(&rest), [(2, "a", 2)]);
}

async fn a_restarted_process_knows_the_head(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, vec![event("a", 1)]).await.unwrap();
    feed::stamp(&test).await.unwrap();
    let again = test.another_instance().await;
    again.migrate::<crate::shelf::Migrator>().await.unwrap();
    assert_eq!(*again.feed_watch().borrow(), 1);
}

async fn bump(tx: &WriteTx<'_>, aggregate: &str) -> Result<(), StorageError> {
    let text = format!("UPDATE box SET quantity = quantity + 1 WHERE id = '{aggregate}' RETURNING quantity");
    let row = tx.query_one_raw(Statement::from_string(tx.backend(), text)).await?.unwrap();
    outbox::append_in_tx(tx, vec![event(aggregate, row.try_get("", "quantity")?)]).await
}

async fn writers_in_parallel_with_stampers_keep_the_order_of_each_aggregate(backend: Backend) {
    const AGGREGATES: [&str; 3] = ["x", "y", "z"];
    const ROUNDS: usize = 12;
    const WRITERS: usize = 6;
    let test = TestStore::new(backend).await;
    test.write("insert", |tx| {
        Box::pin(async move {
            let text = "INSERT INTO box (id, shelf, quantity) VALUES ('x', 'a', 0), ('y', 'a', 0), ('z', 'a', 0)";
            tx.execute_unprepared(text).await.map_err(StorageError::from)
        })
    })
    .await
    .unwrap();
    let other_instance = test.another_instance().await;
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let store = test.store.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let aggregate = AGGREGATES[(writer + round) % AGGREGATES.len()];
                store.write("bump", move |tx| Box::pin(bump(tx, aggregate))).await.unwrap();
            }
        }));
    }
    for store in [test.store.clone(), other_instance] {
        tasks.push(tokio::spawn(async move {
            while feed::head(store.reader()).await.unwrap() < i64::try_from(WRITERS * ROUNDS).unwrap() {
                feed::stamp(&store).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let events = feed_of(&test).await;
    assert!(events.iter().map(|event| event.position).eq(1..=i64::try_from(WRITERS * ROUNDS).unwrap()));
    for aggregate in AGGREGATES {
        let sequences = events.iter().filter(|event| event.aggregate == aggregate).map(|event| event.sequence);
        assert!(sequences.eq(1..=i64::try_from(WRITERS * ROUNDS / AGGREGATES.len()).unwrap()));
    }
}

async fn old_events_are_forgotten_from_the_oldest_on_and_only_as_far_as_read(backend: Backend) {
    let test = TestStore::new(backend).await;
    let at = |hours: i64| noon().checked_add(SignedDuration::from_hours(hours)).unwrap();
    let aged = |sequence, hours| NewEvent { occurred_at: at(hours), ..event("a", sequence) };
    for event in [aged(1, 0), aged(2, 1), aged(3, 9), aged(4, 2)] {
        append(&test, vec![event]).await.unwrap();
    }
    append(&test, vec![aged(5, 1), aged(6, 9)]).await.unwrap();
    feed::stamp(&test).await.unwrap();
    let purge = |before: Timestamp, through| {
        let store = test.store.clone();
        async move { feed::purge(&store, before, through).await.unwrap() }
    };
    assert_eq!(purge(at(5), 1).await, 1, "the second event was not read by everybody");
    assert_eq!(purge(at(5), 5).await, 1, "the third event is young, so the fourth stays behind it");
    assert_eq!(feed::oldest(test.reader()).await.unwrap(), 3);
    assert_eq!(keys(&feed_of(&test).await), [(3, "a", 3), (4, "a", 4), (5, "a", 5), (6, "a", 6)]);
    assert_eq!(
        purge(at(10), 5).await,
        2,
        "the sixth event was not read by everybody, and the fifth was written with it"
    );
    assert_eq!(purge(at(10), 6).await, 2);
    assert_eq!(feed::marks(test.reader()).await.unwrap(), Marks { last: 6, published: 0, oldest: 7 });
    append(&test, vec![event("a", 7)]).await.unwrap();
    feed::stamp(&test).await.unwrap();
    assert_eq!(keys(&feed_of(&test).await), [(7, "a", 7)]);
}

async fn the_published_mark_only_goes_forward(backend: Backend) {
    let test = TestStore::new(backend).await;
    append(&test, vec![event("a", 1), event("a", 2)]).await.unwrap();
    feed::stamp(&test).await.unwrap();
    feed::mark_published(&test, 2).await.unwrap();
    feed::mark_published(&test, 1).await.unwrap();
    assert_eq!(feed::marks(test.reader()).await.unwrap().published, 2);
    assert!(feed::mark_published(&test, 3).await.unwrap_err().is_check_violation_of("ck_feed_published"));
}

on_each_backend!(
    an_event_comes_out_as_it_went_in,
    positions_are_consecutive_over_batches_and_rolled_back_transactions,
    an_event_too_large_for_a_broker_is_refused_when_written,
    the_watch_tells_of_new_events_and_reading_goes_on_after_a_position,
    a_restarted_process_knows_the_head,
    writers_in_parallel_with_stampers_keep_the_order_of_each_aggregate,
    old_events_are_forgotten_from_the_oldest_on_and_only_as_far_as_read,
    the_published_mark_only_goes_forward,
);

/// The classic loss: a reader pages by id, and an event with a lower id commits behind its back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_long_transaction_with_a_lower_row_id_is_not_skipped() {
    let test = TestStore::new(Backend::Postgres).await;
    let (appended, go_on) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let (appended, go_on) = (&appended, &go_on);
    let long = test.write("long", move |tx| {
        Box::pin(async move {
            outbox::append_in_tx(tx, vec![event("long", 1)]).await?;
            appended.notify_one();
            go_on.notified().await;
            Ok::<_, StorageError>(())
        })
    });
    let meanwhile = async {
        appended.notified().await;
        append(&test, vec![event("short", 1)]).await.unwrap();
        feed::stamp(&test).await.unwrap();
        assert_eq!(keys(&feed_of(&test).await), [(1, "short", 1)]);
        go_on.notify_one();
    };
    let (done, ()) = tokio::join!(long, meanwhile);
    done.unwrap();
    eventually("the late event has a position", || async {
        feed::stamp(&test).await.unwrap();
        feed::head(test.reader()).await.unwrap() == 2
    })
    .await;
    assert_eq!(keys(&feed::read_after(&test, 1, 10).await.unwrap()), [(2, "long", 1)]);
}
