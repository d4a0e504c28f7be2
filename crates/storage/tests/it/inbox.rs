//! A consumer applies only what is newer.

use backorder_storage::{StorageError, Store, cursor, inbox};
use backorder_testkit::{Backend, on_each_backend};

use crate::TestStore;

async fn accept(store: &Store, consumer: &str, events: &[(&str, i64)]) -> Vec<bool> {
    store.write("accept", move |tx| Box::pin(inbox::accept_newer_in_tx(tx, consumer, events))).await.unwrap()
}

async fn duplicates_and_older_events_are_not_accepted(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert_eq!(accept(&test, "c", &[("a", 1), ("b", 4), ("a", 2), ("a", 2)]).await, [true, true, true, false]);
    assert_eq!(accept(&test, "c", &[("a", 1), ("b", 5), ("a", 3), ("b", 4)]).await, [false, true, true, false]);
    assert_eq!(accept(&test, "c", &[("a", 3), ("b", 5)]).await, [false, false]);
}

async fn gaps_are_accepted_because_events_carry_state(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert_eq!(accept(&test, "c", &[("a", 7)]).await, [true]);
    assert_eq!(accept(&test, "c", &[("a", 9), ("a", 8)]).await, [true, false]);
}

async fn consumers_do_not_share_an_inbox(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert_eq!(accept(&test, "c", &[("a", 1)]).await, [true]);
    assert_eq!(accept(&test, "d", &[("a", 1)]).await, [true]);
}

async fn a_rolled_back_transaction_accepted_nothing(backend: Backend) {
    let test = TestStore::new(backend).await;
    let failed = test
        .write("fail", |tx| {
            Box::pin(async move {
                inbox::accept_newer_in_tx(tx, "c", &[("a", 1)]).await?;
                Err::<(), _>(StorageError::Settings("on purpose".to_owned()))
            })
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(accept(&test, "c", &[("a", 1)]).await, [true]);
}

async fn a_large_batch_is_accepted_once_by_instances_that_race(backend: Backend) {
    let test = TestStore::new(backend).await;
    let names: Vec<String> = (0..700).map(|n| format!("aggregates/{n}")).collect();
    let racers = (0..4).map(|_| {
        let (store, names) = (test.store.clone(), names.clone());
        tokio::spawn(async move {
            let events: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
            accept(&store, "c", &events).await.into_iter().filter(|accepted| *accepted).count()
        })
    });
    let mut accepted = 0;
    for racer in racers.collect::<Vec<_>>() {
        accepted += racer.await.unwrap();
    }
    assert_eq!(accepted, 700);
}

async fn a_cursor_never_goes_back(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert_eq!(cursor::read(&test, "c", "inventory").await.unwrap(), None);
    for position in [5, 9, 7] {
        test.write("advance", move |tx| Box::pin(cursor::advance_in_tx(tx, "c", "inventory", position))).await.unwrap();
    }
    assert_eq!(cursor::read(&test, "c", "inventory").await.unwrap(), Some(9));
}

on_each_backend!(
    duplicates_and_older_events_are_not_accepted,
    gaps_are_accepted_because_events_carry_state,
    consumers_do_not_share_an_inbox,
    a_rolled_back_transaction_accepted_nothing,
    a_large_batch_is_accepted_once_by_instances_that_race,
    a_cursor_never_goes_back,
);
