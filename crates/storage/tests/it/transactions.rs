//! The unit of work: all or nothing, tried again after a lost race.

use std::sync::atomic::{AtomicU32, Ordering};

use backorder_storage::{IsRetryable, StorageError, Store, StoreOptions};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, RuntimeErr, Statement};

use crate::{TestStore, shelf::boxes};

#[derive(Debug, thiserror::Error)]
enum UseCaseError {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl IsRetryable for UseCaseError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Refused => false,
            Self::Storage(error) => error.is_retryable(),
        }
    }
}

async fn boxes_in(store: &Store) -> u64 {
    boxes::Entity::find().count(store.reader()).await.unwrap()
}

const INSERT: &str = "INSERT INTO box (id, shelf, quantity) VALUES ('1', 'a', 5)";

async fn what_a_use_case_wrote_is_kept_when_it_answers_ok(backend: Backend) {
    let test = TestStore::new(backend).await;
    let answer = test
        .write("insert", |tx| {
            Box::pin(async move {
                tx.execute_unprepared(INSERT).await.map_err(StorageError::from)?;
                Ok::<_, UseCaseError>(7)
            })
        })
        .await
        .unwrap();
    assert_eq!((answer, boxes_in(&test).await), (7, 1));
}

async fn nothing_is_kept_of_a_use_case_that_fails(backend: Backend) {
    let test = TestStore::new(backend).await;
    let answer = test
        .write("insert_and_refuse", |tx| {
            Box::pin(async move {
                tx.execute_unprepared(INSERT).await.map_err(StorageError::from)?;
                Err::<(), _>(UseCaseError::Refused)
            })
        })
        .await;
    assert!(matches!(answer, Err(UseCaseError::Refused)));
    assert_eq!(boxes_in(&test).await, 0);
}

async fn what_follows_a_commit_is_done_once_and_finds_what_was_written(backend: Backend) {
    let test = TestStore::new(backend).await;
    let (done, mut follows) = tokio::sync::mpsc::unbounded_channel();
    let tries = AtomicU32::new(0);
    let (done, tries) = (&done, &tries);
    let inserted = test.write("insert_after_losing_once", move |tx| {
        Box::pin(async move {
            let done = done.clone();
            tx.after_commit(move || done.send(()).unwrap());
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(UseCaseError::Storage(lost_race()));
            }
            tx.execute_unprepared(INSERT).await.map_err(StorageError::from)?;
            Ok(())
        })
    });
    let followed = async {
        follows.recv().await.unwrap();
        boxes_in(&test).await
    };
    let (inserted, found) = tokio::join!(inserted, followed);
    inserted.unwrap();
    assert_eq!(found, 1);
    follows.try_recv().unwrap_err();
}

fn lost_race() -> StorageError {
    StorageError::Serialization(DbErr::Exec(RuntimeErr::Internal("lost".to_owned())))
}

async fn a_lost_race_runs_the_whole_closure_again(backend: Backend) {
    let test = TestStore::new(backend).await;
    let tries = AtomicU32::new(0);
    let tries = &tries;
    test.write("insert_after_losing_twice", move |tx| {
        Box::pin(async move {
            tx.execute_unprepared(INSERT).await?;
            if tries.fetch_add(1, Ordering::Relaxed) < 2 { Err(lost_race()) } else { Ok(()) }
        })
    })
    .await
    .unwrap();
    assert_eq!((tries.load(Ordering::Relaxed), boxes_in(&test).await), (3, 1));
}

async fn after_five_lost_races_the_caller_hears_of_it(backend: Backend) {
    let test = TestStore::new(backend).await;
    let tries = AtomicU32::new(0);
    let tries = &tries;
    let answer = test
        .write("always_lose", move |_| {
            Box::pin(async move {
                tries.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(lost_race())
            })
        })
        .await;
    assert!(matches!(answer, Err(StorageError::Serialization(_))));
    assert_eq!(tries.load(Ordering::Relaxed), 5);
}

async fn counters_raced_for_by_many_lose_no_update(backend: Backend) {
    let test = TestStore::new(backend).await;
    test.write("insert", |tx| Box::pin(async move { tx.execute_unprepared(INSERT).await.map_err(StorageError::from) }))
        .await
        .unwrap();
    let writers = (0..20).map(|_| {
        let store = test.store.clone();
        tokio::spawn(async move {
            store
                .write("increment", |tx| {
                    Box::pin(async move {
                        let select = if tx.backend() == sea_orm::DbBackend::Postgres {
                            "SELECT quantity FROM box WHERE id = '1' FOR UPDATE"
                        } else {
                            "SELECT quantity FROM box WHERE id = '1'"
                        };
                        let row = tx.query_one_raw(Statement::from_string(tx.backend(), select)).await?.unwrap();
                        let quantity: i64 = row.try_get("", "quantity")?;
                        let update = format!("UPDATE box SET quantity = {} WHERE id = '1'", quantity + 1);
                        tx.execute_unprepared(&update).await?;
                        Ok::<_, StorageError>(())
                    })
                })
                .await
                .unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let row = boxes::Entity::find_by_id("1").one(test.reader()).await.unwrap().unwrap();
    assert_eq!(row.quantity, 25);
}

async fn a_dropped_use_case_leaves_nothing_and_gives_its_connection_back(backend: Backend) {
    let test = TestStore::new(backend).await;
    let reached = tokio::sync::Notify::new();
    let reached = &reached;
    let stuck = test.write("insert_and_wait", move |tx| {
        Box::pin(async move {
            tx.execute_unprepared(INSERT).await?;
            reached.notify_one();
            std::future::pending::<Result<(), StorageError>>().await
        })
    });
    tokio::select! {
        _ = stuck => panic!("it cannot end"),
        () = reached.notified() => {}
    }
    test.write("next", |_| Box::pin(async { Ok::<_, StorageError>(()) })).await.unwrap();
    assert_eq!(boxes_in(&test).await, 0);
}

async fn a_snapshot_does_not_see_later_commits(backend: Backend) {
    let test = TestStore::new(backend).await;
    let store = &test.store;
    let (before, after) = store
        .snapshot("count_twice", move |tx| {
            Box::pin(async move {
                let before = boxes::Entity::find().count(&**tx).await.map_err(StorageError::from)?;
                store
                    .write("insert", |tx| {
                        Box::pin(async move { tx.execute_unprepared(INSERT).await.map_err(StorageError::from) })
                    })
                    .await?;
                Ok::<_, StorageError>((before, boxes::Entity::find().count(&**tx).await?))
            })
        })
        .await
        .unwrap();
    assert_eq!((before, after, boxes_in(store).await), (0, 0, 1));
}

on_each_backend!(
    what_a_use_case_wrote_is_kept_when_it_answers_ok,
    nothing_is_kept_of_a_use_case_that_fails,
    what_follows_a_commit_is_done_once_and_finds_what_was_written,
    a_lost_race_runs_the_whole_closure_again,
    after_five_lost_races_the_caller_hears_of_it,
    counters_raced_for_by_many_lose_no_update,
    a_dropped_use_case_leaves_nothing_and_gives_its_connection_back,
    a_snapshot_does_not_see_later_commits,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_resolved_by_running_the_victim_again() {
    let test = TestStore::new(Backend::Postgres).await;
    test.write("insert", |tx| {
        Box::pin(async move {
            let text = "INSERT INTO box (id, shelf, quantity) VALUES ('1', 'a', 0), ('2', 'a', 0)";
            tx.execute_unprepared(text).await.map_err(StorageError::from)
        })
    })
    .await
    .unwrap();
    let both_hold_one = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let writers = [("1", "2"), ("2", "1")].map(|(first, second)| {
        let (store, barrier) = (test.store.clone(), both_hold_one.clone());
        tokio::spawn(async move {
            let tries = AtomicU32::new(0);
            let (tries, barrier) = (&tries, &barrier);
            store
                .write("cross", move |tx| {
                    Box::pin(async move {
                        let update = |id| format!("UPDATE box SET quantity = quantity + 1 WHERE id = '{id}'");
                        tx.execute_unprepared(&update(first)).await?;
                        if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                            barrier.wait().await;
                        }
                        tx.execute_unprepared(&update(second)).await?;
                        Ok::<_, StorageError>(())
                    })
                })
                .await
                .unwrap();
            tries.load(Ordering::Relaxed)
        })
    });
    let [one, other] = writers;
    assert_eq!(one.await.unwrap() + other.await.unwrap(), 3, "exactly one of the two had to run again");
    let rows = boxes::Entity::find().all(test.reader()).await.unwrap();
    assert!(rows.iter().all(|row| row.quantity == 2), "{rows:?}");
}

/// On one thread: a waiter that held it would keep the one it waits for from ending.
#[tokio::test]
async fn who_waits_for_another_store_of_the_file_does_not_hold_the_thread() {
    let test = TestStore::new(Backend::Sqlite).await;
    let other = Store::connect(StoreOptions::from_url(test.database.url())).await.unwrap();
    let (begun, go_on) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let (begun, go_on) = (&begun, &go_on);
    let first = test.write("insert", move |tx| {
        Box::pin(async move {
            tx.execute_unprepared(INSERT).await?;
            begun.notify_one();
            go_on.notified().await;
            Ok::<_, StorageError>(())
        })
    });
    let second = async {
        begun.notified().await;
        let text = "UPDATE box SET quantity = 7 WHERE id = '1'";
        let update = other.write("update", move |tx| {
            Box::pin(async move { Ok::<_, StorageError>(tx.execute_unprepared(text).await?.rows_affected()) })
        });
        let release = async { go_on.notify_one() };
        tokio::join!(update, release).0
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(second.unwrap(), 1);
    other.close().await.unwrap();
}
