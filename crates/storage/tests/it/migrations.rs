//! Migrations go one way, all or nothing.

use backorder_storage::{
    StorageError, Store, StoreOptions, WriteTx,
    idempotency::{self, Begun, RequestKey, known_in_tx},
};
use backorder_testkit::{Backend, fresh_url, on_each_backend};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::{
    TestStore,
    shelf::{BrokenMigrator, Migrator, NewerMigrator, V1Migrator, V2Migrator},
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

/// More requests than are copied at once, of which one id was used by two callers for two methods.
async fn requests_are_known_by_their_short_key_after_the_migration(backend: Backend) {
    let database = fresh_url(backend).await;
    let store = Store::connect(StoreOptions::from_url(database.url())).await.unwrap();
    store.migrate::<V1Migrator>().await.unwrap();
    let key = |number: u32| RequestKey {
        caller: format!("caller {}", number % 2),
        method: format!("Shelf/{}", number % 3),
        request_id: (number / 6).to_string(),
    };
    let insert = move |tx: &WriteTx<'_>| {
        let text = "INSERT INTO request (caller, method, request_id, command_hash, answer, created_at) VALUES ";
        let rows: Vec<String> = (0..2_500)
            .map(|number| {
                let RequestKey { caller, method, request_id } = key(number);
                let hash = if tx.backend() == DbBackend::Postgres { "'\\x07'" } else { "x'07'" };
                let answer = if tx.backend() == DbBackend::Postgres {
                    format!("'\\x{number:08x}'")
                } else {
                    format!("x'{number:08x}'")
                };
                format!("('{caller}', '{method}', '{request_id}', {hash}, {answer}, {number})")
            })
            .collect();
        format!("{text}{}", rows.join(", "))
    };
    store
        .write("requests", move |tx| {
            Box::pin(async move { tx.execute_unprepared(&insert(tx)).await.map_err(StorageError::from) })
        })
        .await
        .unwrap();
    store.migrate::<V2Migrator>().await.unwrap();
    let known = store.write("known", move |tx| {
        Box::pin(async move {
            let keys: Vec<RequestKey> = (0..2_501).map(key).collect();
            known_in_tx(tx, &keys.iter().map(|key| (key, &[7_u8][..])).collect::<Vec<_>>()).await
        })
    });
    let known = known.await.unwrap();
    let answer = |number: u32| Begun::Answered(number.to_be_bytes().to_vec());
    assert!(known.iter().zip(0..2_500).all(|(known, number)| *known == answer(number)));
    assert_eq!(known[2_500], Begun::Fresh);
    assert_eq!(idempotency::purge(&store, "1970-01-01T00:00:00.0024Z".parse().unwrap(), 5_000).await.unwrap(), 2_400);
}

on_each_backend!(
    migrating_twice_changes_nothing,
    a_schema_from_a_newer_program_is_refused,
    a_migration_that_fails_leaves_the_schema_as_it_was,
    instances_that_start_together_migrate_once,
    requests_are_known_by_their_short_key_after_the_migration,
);
