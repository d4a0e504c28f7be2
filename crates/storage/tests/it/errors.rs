//! Errors are told apart by constraint, on both databases.

use std::time::Duration;

use backorder_storage::{StorageError, Store, StoreOptions};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::ConnectionTrait;

use crate::TestStore;

async fn error_of(store: &Store, sql: &'static str) -> StorageError {
    store
        .write("fail", move |tx| Box::pin(async move { Ok::<_, StorageError>(tx.execute_unprepared(sql).await?) }))
        .await
        .expect_err("the statement must fail")
}

async fn a_second_row_with_a_key_is_a_unique_violation(backend: Backend) {
    let test = TestStore::new(backend).await;
    let error = error_of(&test, "INSERT INTO shelf (id, code) VALUES ('c', 'A')").await;
    assert!(error.is_unique_violation_of("uq_shelf_code", "shelf.code"), "{error:?}");
    let error = error_of(&test, "INSERT INTO shelf (id, code) VALUES ('a', 'C')").await;
    assert!(error.is_unique_violation_of("pk_shelf", "shelf.id"), "{error:?}");
}

async fn a_row_without_its_parent_is_a_foreign_key_violation(backend: Backend) {
    let test = TestStore::new(backend).await;
    let error = error_of(&test, "INSERT INTO box (id, shelf, quantity) VALUES ('1', 'none', 1)").await;
    let StorageError::ForeignKey { constraint, .. } = &error else { panic!("{error:?}") };
    assert!(backend == Backend::Sqlite || constraint == "fk_box_shelf", "{constraint}");
}

async fn a_negative_quantity_is_a_check_violation_by_name(backend: Backend) {
    let test = TestStore::new(backend).await;
    let error = error_of(&test, "INSERT INTO box (id, shelf, quantity) VALUES ('1', 'a', -1)").await;
    assert!(error.is_check_violation_of("ck_box_quantity"), "{error:?}");
    assert!(!error.is_transient());
}

async fn a_fault_in_a_query_is_neither_transient_nor_a_constraint(backend: Backend) {
    let test = TestStore::new(backend).await;
    let error = error_of(&test, "INSERT INTO no_such_table VALUES (1)").await;
    assert!(matches!(error, StorageError::Other(_)), "{error:?}");
}

async fn ids_order_bytewise_in_the_database_as_in_rust(backend: Backend) {
    let test = TestStore::new(backend).await;
    test.write("insert", |tx| {
        Box::pin(async move {
            let text =
                "INSERT INTO shelf (id, code) VALUES ('Z', '1'), ('_', '2'), ('É', '3'), ('10', '4'), ('9', '5')";
            tx.execute_unprepared(text).await.map_err(StorageError::from)
        })
    })
    .await
    .unwrap();
    let statement = sea_orm::Statement::from_string(test.backend(), "SELECT id FROM shelf ORDER BY id");
    let rows = test.reader().query_all_raw(statement).await.unwrap();
    let ids: Vec<String> = rows.iter().map(|row| row.try_get("", "id").unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(ids.len(), 7);
}

async fn waiting_too_long_for_a_lock_is_unavailable(backend: Backend) {
    let test = TestStore::new(backend).await;
    let options =
        StoreOptions { lock_timeout: Duration::from_millis(200), ..StoreOptions::from_url(test.database.url()) };
    let impatient = Store::connect(options).await.unwrap();
    let impatient = &impatient;
    let error = test
        .write("hold_lock", move |tx| {
            Box::pin(async move {
                tx.execute_unprepared("UPDATE shelf SET code = 'AA' WHERE id = 'a'").await?;
                Ok::<_, StorageError>(error_of(impatient, "UPDATE shelf SET code = 'AB' WHERE id = 'a'").await)
            })
        })
        .await
        .unwrap();
    assert!(matches!(error, StorageError::Unavailable(_)), "{error:?}");
}

on_each_backend!(
    a_second_row_with_a_key_is_a_unique_violation,
    a_row_without_its_parent_is_a_foreign_key_violation,
    a_negative_quantity_is_a_check_violation_by_name,
    a_fault_in_a_query_is_neither_transient_nor_a_constraint,
    ids_order_bytewise_in_the_database_as_in_rust,
    waiting_too_long_for_a_lock_is_unavailable,
);
