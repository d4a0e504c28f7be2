//! Connections have the settings that durability and speed rest on.

use backorder_storage::{StorageError, Store, StoreOptions};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::TestStore;

async fn text_of(connection: &impl ConnectionTrait, sql: &str) -> String {
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await.unwrap().unwrap();
    match backend {
        DbBackend::Sqlite => row
            .try_get_by_index::<String>(0)
            .or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string()))
            .unwrap(),
        _ => row.try_get_by_index(0).unwrap(),
    }
}

async fn writing_connections_are_durable(backend: Backend) {
    let test = TestStore::new(backend).await;
    let settings = test
        .write("settings", |tx| {
            Box::pin(async move {
                let names: &[&str] = match tx.backend() {
                    DbBackend::Sqlite => {
                        &["PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys", "PRAGMA busy_timeout"]
                    }
                    _ => &[
                        "SHOW transaction_isolation",
                        "SHOW synchronous_commit",
                        "SHOW lock_timeout",
                        // What plans rest on.
                        "SHOW enable_seqscan",
                        "SHOW jit",
                        "SHOW plan_cache_mode",
                    ],
                };
                let mut values = Vec::new();
                for name in names {
                    values.push(text_of(tx, name).await);
                }
                Ok::<_, StorageError>(values)
            })
        })
        .await
        .unwrap();
    match backend {
        Backend::Sqlite => assert_eq!(settings, ["wal", "2", "1", "5000"]),
        Backend::Postgres => assert_eq!(settings, ["read committed", "on", "5s", "off", "off", "force_generic_plan"]),
    }
}

async fn readers_of_a_file_cannot_write(backend: Backend) {
    let test = TestStore::new(backend).await;
    let written = test.reader().execute_unprepared("DELETE FROM box").await;
    assert_eq!(written.is_err(), backend == Backend::Sqlite);
}

async fn a_closed_store_refuses_quickly(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert!(test.is_reachable().await);
    test.close().await.unwrap();
    assert!(!test.is_reachable().await);
    let written = test.write("after_close", |_| Box::pin(async { Ok::<_, StorageError>(()) })).await;
    assert!(matches!(written, Err(StorageError::Unavailable(_))), "{written:?}");
}

on_each_backend!(writing_connections_are_durable, readers_of_a_file_cannot_write, a_closed_store_refuses_quickly);

#[tokio::test]
async fn the_file_and_its_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/with ?strange% name/a.sqlite");
    let store = Store::connect(StoreOptions::from_url(format!("sqlite:{}", path.display()))).await.unwrap();
    assert!(path.exists());
    store.close().await.unwrap();
}

/// SQLite answers BUSY at once, whatever its busy timeout, to those that make a write-ahead log at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn those_that_make_a_file_together_all_open_it() {
    const OPENERS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    for round in 0..50 {
        let url = format!("sqlite:{}", folder.path().join(format!("{round}.sqlite")).display());
        let start = std::sync::Arc::new(tokio::sync::Barrier::new(OPENERS));
        let openers = (0..OPENERS).map(|_| {
            let (options, start) = (StoreOptions::from_url(&url), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                Store::connect(options).await
            })
        });
        for opener in openers.collect::<Vec<_>>() {
            let store = opener.await.unwrap();
            store.unwrap_or_else(|error| panic!("round {round}: {error}")).close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let options = StoreOptions {
        acquire_timeout: std::time::Duration::from_millis(500),
        ..StoreOptions::from_url("postgres://nobody@127.0.0.1:9/none")
    };
    let connected = Store::connect(options).await;
    assert!(matches!(connected, Err(StorageError::Unavailable(_))), "{:?}", connected.err());
}
