//! The store's promises, one list of cases for SQLite and PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "tests"
)]

mod at_once;
mod bulk;
mod commits;
mod connect;
mod dead_letters;
mod errors;
mod feed;
mod follow;
mod idempotency;
mod inbox;
mod keyed;
mod kills;
mod leases;
mod log;
mod migrations;
mod outages;
mod shelf;
mod transactions;

use backorder_storage::{Store, StoreOptions};
use backorder_testkit::{Backend, FreshDatabase, fresh_url};
use jiff::Timestamp;

/// A store with the tables of [`shelf`]; the database goes with it.
struct TestStore {
    store: Store,
    database: FreshDatabase,
}

impl TestStore {
    async fn new(backend: Backend) -> Self {
        let database = fresh_url(backend).await;
        let store = Store::connect(StoreOptions::from_url(database.url())).await.unwrap();
        store.migrate::<shelf::Migrator>().await.unwrap();
        Self { store, database }
    }

    /// Another process on the same database.
    async fn another_instance(&self) -> Store {
        Store::connect(StoreOptions::from_url(self.database.url())).await.unwrap()
    }
}

impl std::ops::Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    instant("2026-11-23T12:00:00Z")
}
