//! A transaction that reads nothing.

use backorder_storage::{
    AtOnce, StorageError, Store, StoreOptions, Written, bulk, feed, idempotency::RequestKey, outbox::NewEvent, row_ids,
};
use backorder_testkit::{Backend, FreshDatabase, fresh_url, on_each_backend};
use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryOrder as _};
use uuid::Uuid;

use crate::{
    noon,
    shelf::{AtOnceMigrator, boxes},
};

fn row(number: i64, quantity: i64) -> boxes::ActiveModel {
    boxes::ActiveModel {
        id: Set(number.to_string()),
        shelf: Set("a".to_owned()),
        quantity: Set(quantity),
        note: Set(None),
    }
}

/// Boxes 1, 2 and 3 with as many things.
async fn boxes_of(backend: Backend) -> (Store, FreshDatabase) {
    let database = fresh_url(backend).await;
    let store = Store::connect(StoreOptions::from_url(database.url())).await.unwrap();
    store.migrate::<AtOnceMigrator>().await.unwrap();
    let rows = || (1..=3).map(|number| row(number, number)).collect();
    store.write("boxes", |tx| Box::pin(async move { bulk::insert(tx, rows()).await })).await.unwrap();
    (store, database)
}

async fn quantities(store: &Store) -> Vec<i64> {
    let rows = boxes::Entity::find().order_by_asc(boxes::Column::Id).all(store.reader()).await.unwrap();
    rows.into_iter().map(|row| row.quantity).collect()
}

/// Sets boxes that were read with a quantity to another, inserts box 4, and answers a request with an event.
async fn write(store: &Store, changes: &[(i64, i64, i64)], request: &str) -> Result<Written, StorageError> {
    let mut writes = AtOnce::new(store);
    let (first, others) = changes.split_at(1);
    let (number, read, quantity) = first[0];
    let values = vec![number.to_string().into(), quantity.into(), read.into()];
    writes.update_unchanged("box", &["id"], &["quantity"], "quantity", values);
    let others = others.iter().map(|(number, read, quantity)| (row(*number, *quantity), (*read).into()));
    writes.replace_unchanged(others.collect(), &[boxes::Column::Id], boxes::Column::Quantity);
    let key = RequestKey { caller: "web".to_owned(), method: "Box/Put".to_owned(), request_id: request.to_owned() };
    writes.rest().insert(vec![row(4, 4)]);
    writes.rest().answered(&key, b"hash", b"answer", noon());
    let event = NewEvent {
        event_id: Uuid::from_u128(1),
        aggregate: "boxes/4".to_owned(),
        sequence: 1,
        event_type: "test.BoxMade".to_owned(),
        payload: Vec::new(),
        occurred_at: noon(),
        traceparent: None,
    };
    writes.rest().append(vec![event]).unwrap();
    writes.draw("numbered", 3);
    store.write_at_once("boxes", writes).await
}

async fn what_is_as_it_was_read_is_written_with_the_rest_and_numbers_are_drawn(backend: Backend) {
    let (store, _database) = boxes_of(backend).await;
    let written = write(&store, &[(1, 1, 10), (2, 2, 20), (3, 3, 30)], "r").await.unwrap();
    assert_eq!(written.drawn, [1, 2, 3]);
    assert_eq!(quantities(&store).await, [10, 20, 30, 4]);
    if backend == Backend::Postgres {
        // Whoever gives events their positions hears of them.
        store.events_to_stamp().await;
        feed::stamp(&store).await.unwrap();
    }
    assert_eq!(store.refresh_feed_head().await.unwrap(), 1);
}

on_each_backend!(what_is_as_it_was_read_is_written_with_the_rest_and_numbers_are_drawn);

async fn nothing_is_written_when_one_row_is_not_as_it_was_read_or_not_there(backend: Backend) {
    let (store, _database) = boxes_of(backend).await;
    for changes in [
        [(1, 7, 10), (2, 2, 20), (3, 3, 30)],
        [(1, 1, 10), (2, 2, 20), (3, 7, 30)],
        [(1, 1, 10), (9, 9, 20), (3, 3, 30)],
    ] {
        let refused = write(&store, &changes, "r").await;
        assert!(matches!(refused, Err(StorageError::Serialization(_))), "{changes:?}: {refused:?}");
        assert_eq!(quantities(&store).await, [1, 2, 3]);
    }
    if backend == Backend::Postgres {
        feed::stamp(&store).await.unwrap();
    }
    assert_eq!(store.refresh_feed_head().await.unwrap(), 0);
    write(&store, &[(1, 1, 10)], "r").await.unwrap();
}

on_each_backend!(nothing_is_written_when_one_row_is_not_as_it_was_read_or_not_there);

async fn a_request_that_was_answered_before_is_a_lost_race_and_a_row_that_is_there_is_named(backend: Backend) {
    let (store, _database) = boxes_of(backend).await;
    write(&store, &[(1, 1, 10)], "r").await.unwrap();
    let refused = write(&store, &[(1, 10, 11)], "another").await.unwrap_err();
    assert!(refused.is_unique_violation_of("pk_box", "box.id"), "{refused:?}");
    store
        .write("end", |tx| {
            Box::pin(async move { boxes::Entity::delete_by_id("4").exec(tx).await.map_err(StorageError::from) })
        })
        .await
        .unwrap();
    let refused = write(&store, &[(1, 10, 11)], "r").await;
    assert!(matches!(refused, Err(StorageError::Serialization(_))), "{refused:?}");
    assert_eq!(quantities(&store).await, [10, 2, 3]);
}

on_each_backend!(a_request_that_was_answered_before_is_a_lost_race_and_a_row_that_is_there_is_named);

/// On SQLite a statement is written for each row anyway.
#[tokio::test]
async fn what_needs_two_statements_is_refused_by_postgresql() {
    let (store, _database) = boxes_of(Backend::Postgres).await;
    let mut writes = AtOnce::new(&store);
    writes.update_unchanged("box", &["id"], &["quantity"], "quantity", vec!["1".into(), 2_i64.into(), 1_i64.into()]);
    writes.rest().insert(vec![row(4, 4)]);
    writes.rest().delete("box", &["id"], vec!["4".into()]);
    assert!(matches!(store.write_at_once("boxes", writes).await, Err(StorageError::Settings(_))));
    assert_eq!(quantities(&store).await, [1, 2, 3]);
}

async fn what_needs_no_row_as_it_was_is_no_such_write(backend: Backend) {
    let (store, _database) = boxes_of(backend).await;
    let mut writes = AtOnce::new(&store);
    writes.rest().insert(vec![row(4, 4)]);
    assert!(matches!(store.write_at_once("boxes", writes).await, Err(StorageError::Settings(_))));
    assert_eq!(quantities(&store).await, [1, 2, 3]);
}

on_each_backend!(what_needs_no_row_as_it_was_is_no_such_write);

/// Numbers are given once, in a transaction and ahead of one, and a row that comes with its number is below the next.
async fn numbers_of_rows_are_given_once(backend: Backend) {
    let (store, _database) = boxes_of(backend).await;
    let in_tx = || {
        store.write("numbers", |tx| {
            Box::pin(async move {
                let mut numbers = row_ids::next_in_tx(tx, "numbered", 2).await?;
                numbers.extend(row_ids::next_in_tx(tx, "numbered", 1).await?);
                Ok::<_, StorageError>(numbers)
            })
        })
    };
    assert_eq!(in_tx().await.unwrap(), [1, 2, 3]);
    assert_eq!(row_ids::draw(&store, "numbered", 2).await.unwrap(), [4, 5]);
    assert_eq!(in_tx().await.unwrap(), [6, 7, 8]);
    assert_eq!(row_ids::draw(&store, "numbered", 0).await.unwrap(), Vec::<i64>::new());
}

on_each_backend!(numbers_of_rows_are_given_once);
