//! Migrations go one way, all or nothing.

use backorder_storage::{StorageError, Store, StoreOptions};
use backorder_testkit::{Backend, fresh_url, on_each_backend};
use sea_orm::ConnectionTrait;

use crate::{
    TestStore,
    shelf::{BrokenMigrator, Migrator, NewerMigrator},
};

async fn migrating_twice_changes_nothing(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert!(test.is_migrated::<Migrator>().await.unwrap());
    test.migrate::<Migrator>().await.unwrap();
    assert!(!test.is_migrated::<NewerMigrator>().await.unwrap());
    test.migrate::<NewerMigrator>().await.unwrap();
    test.reader().execute_unprepared("SELECT id FROM label").await.unwrap();
}

async fn a_schema_from_a_newer_program_is_refused(backend: Backend) {
    let test = TestStore::new(backend).await;
    test.migrate::<NewerMigrator>().await.unwrap();
    let refused = test.another_instance().await.migrate::<Migrator>().await;
    let Err(StorageError::UnknownSchema { versions }) = &refused else { panic!("{refused:?}") };
    assert_eq!(versions, &["m0002_labels"]);
}

async fn a_migration_that_fails_leaves_the_schema_as_it_was(backend: Backend) {
    let test = TestStore::new(backend).await;
    test.migrate::<BrokenMigrator>().await.unwrap_err();
    test.reader().execute_unprepared("SELECT id FROM half_done").await.unwrap_err();
    test.migrate::<Migrator>().await.unwrap();
}

async fn instances_that_start_together_migrate_once(backend: Backend) {
    let database = fresh_url(backend).await;
    let starts = (0..6).map(|_| {
        let options = StoreOptions::from_url(database.url());
        tokio::spawn(async move {
            let store = Store::connect(options).await.unwrap();
            store.migrate::<NewerMigrator>().await.unwrap();
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
}

on_each_backend!(
    migrating_twice_changes_nothing,
    a_schema_from_a_newer_program_is_refused,
    a_migration_that_fails_leaves_the_schema_as_it_was,
    instances_that_start_together_migrate_once,
);
