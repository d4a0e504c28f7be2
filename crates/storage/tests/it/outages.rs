//! A database that goes away and comes back.

use std::time::{Duration, Instant};

use backorder_storage::{StorageError, Store, StoreOptions};
use backorder_testkit::{
    Backend, eventually,
    postgres::{Cluster, TestDatabase},
};
use sea_orm::ConnectionTrait;

use crate::{TestStore, shelf};

async fn rename(store: &Store) -> Result<u64, StorageError> {
    store
        .write("rename", |tx| {
            Box::pin(async move {
                let text = "UPDATE shelf SET code = 'renamed' WHERE id = 'a'";
                Ok::<_, StorageError>(tx.execute_unprepared(text).await?.rows_affected())
            })
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_server_is_unavailable_at_once_and_used_again_when_it_is_back() {
    let mut cluster = Cluster::start().unwrap();
    let database = TestDatabase::create(&cluster.url()).unwrap();
    let acquire_timeout = Duration::from_millis(500);
    let options = StoreOptions { acquire_timeout, ..StoreOptions::from_url(&database.url) };
    let store = Store::connect(options).await.unwrap();
    store.migrate::<shelf::Migrator>().await.unwrap();
    assert_eq!(rename(&store).await.unwrap(), 1);

    cluster.crash();
    for _ in 0..3 {
        let started = Instant::now();
        let refused = rename(&store).await.unwrap_err();
        assert!(matches!(refused, StorageError::Unavailable(_)), "{refused:?}");
        assert!(started.elapsed() < acquire_timeout * 10, "{:?}", started.elapsed());
    }
    assert!(!store.is_reachable().await);

    cluster.restart().unwrap();
    eventually("the store writes again", || async { rename(&store).await.is_ok() }).await;
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_loses_its_server_is_unavailable_and_leaves_nothing() {
    let mut cluster = Cluster::start().unwrap();
    let database = TestDatabase::create(&cluster.url()).unwrap();
    let store = Store::connect(StoreOptions::from_url(&database.url)).await.unwrap();
    store.migrate::<shelf::Migrator>().await.unwrap();
    let server = std::sync::Mutex::new(&mut cluster);
    let server = &server;
    let lost = store
        .write("lose_server", move |tx| {
            Box::pin(async move {
                tx.execute_unprepared("UPDATE shelf SET code = 'lost' WHERE id = 'a'").await?;
                server.lock().unwrap().crash();
                tx.execute_unprepared("UPDATE shelf SET code = 'lost too' WHERE id = 'b'").await?;
                Ok::<_, StorageError>(())
            })
        })
        .await;
    assert!(matches!(lost, Err(StorageError::Unavailable(_))), "{lost:?}");
    cluster.restart().unwrap();
    eventually("the store answers again", || async { store.is_reachable().await }).await;
    let text = "SELECT id FROM shelf WHERE code LIKE 'lost%'";
    let statement = sea_orm::Statement::from_string(store.backend(), text);
    assert!(store.reader().query_all_raw(statement).await.unwrap().is_empty());
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_a_busy_file_is_made_long_and_the_file_stays_sound() {
    let test = TestStore::new(Backend::Sqlite).await;
    let file = test.database.url().strip_prefix("sqlite:").unwrap().to_owned();
    let log_bytes = || std::fs::metadata(format!("{file}-wal")).unwrap().len();
    for _ in 0..150 {
        rename(&test).await.unwrap();
    }
    let before = log_bytes();
    for _ in 0..100 {
        rename(&test).await.unwrap();
    }
    assert!(before < 4 << 20, "{before}");
    assert!(log_bytes() >= 20 << 20, "{}", log_bytes());
    let statement = sea_orm::Statement::from_string(test.backend(), "PRAGMA integrity_check");
    let row = test.reader().query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "ok");
    let tables =
        sea_orm::Statement::from_string(test.backend(), "SELECT name FROM sqlite_schema WHERE name LIKE 'log%'");
    assert!(test.reader().query_all_raw(tables).await.unwrap().is_empty());
}
