//! One effect per request id, however often and however parallel it is sent.

use backorder_storage::{
    Batch, StorageError, Store,
    idempotency::{self, Begun, RequestKey},
};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::{TestStore, instant, noon, shelf::boxes};

fn key(request_id: &str) -> RequestKey {
    RequestKey { caller: "web".to_owned(), method: "Shelf/Put".to_owned(), request_id: request_id.to_owned() }
}

async fn begin(store: &Store, key: &RequestKey, hash: &[u8]) -> Begun {
    store.write("begin", move |tx| Box::pin(idempotency::begin_in_tx(tx, key, hash, noon()))).await.unwrap()
}

/// A use case: adds 1 to a box and answers with the new quantity, as stored text.
async fn put(store: &Store, key: &RequestKey, hash: &[u8]) -> Result<Vec<u8>, StorageError> {
    store
        .write("put", move |tx| {
            Box::pin(async move {
                match idempotency::begin_in_tx(tx, key, hash, noon()).await? {
                    Begun::Answered(answer) => return Ok(answer),
                    Begun::Reused => return Ok(b"reused".to_vec()),
                    Begun::Fresh => {}
                }
                let text = "INSERT INTO box (id, shelf, quantity) VALUES ('1', 'a', 1) \
                            ON CONFLICT (id) DO UPDATE SET quantity = box.quantity + 1";
                tx.execute_unprepared(text).await?;
                let row = boxes::Entity::find_by_id("1").one(tx).await?.unwrap();
                let answer = row.quantity.to_string().into_bytes();
                idempotency::answer_in_tx(tx, key, &answer).await?;
                Ok::<_, StorageError>(answer)
            })
        })
        .await
}

async fn a_repeated_request_gets_the_stored_answer(backend: Backend) {
    let test = TestStore::new(backend).await;
    assert_eq!(put(&test, &key("1"), b"h").await.unwrap(), b"1");
    assert_eq!(put(&test, &key("2"), b"h").await.unwrap(), b"2");
    assert_eq!(put(&test, &key("1"), b"h").await.unwrap(), b"1");
}

async fn a_used_id_with_another_command_is_told_apart(backend: Backend) {
    let test = TestStore::new(backend).await;
    put(&test, &key("1"), b"h").await.unwrap();
    assert_eq!(put(&test, &key("1"), b"other").await.unwrap(), b"reused");
}

async fn the_same_id_of_another_caller_is_another_request(backend: Backend) {
    let test = TestStore::new(backend).await;
    put(&test, &key("1"), b"h").await.unwrap();
    let other = RequestKey { caller: "shop".to_owned(), ..key("1") };
    assert_eq!(put(&test, &other, b"h").await.unwrap(), b"2");
}

async fn a_failed_request_leaves_nothing(backend: Backend) {
    let test = TestStore::new(backend).await;
    let (first, hash) = (key("1"), b"h");
    let first = &first;
    test.write("fail", move |tx| {
        Box::pin(async move {
            assert_eq!(idempotency::begin_in_tx(tx, first, hash, noon()).await?, Begun::Fresh);
            tx.execute_unprepared("INSERT INTO no_such_table VALUES (1)").await?;
            Ok::<_, StorageError>(())
        })
    })
    .await
    .unwrap_err();
    assert_eq!(begin(&test, first, hash).await, Begun::Fresh);
}

async fn parallel_sends_of_one_key_have_one_effect_and_one_answer(backend: Backend) {
    let test = TestStore::new(backend).await;
    let sends = (0..64).map(|_| {
        let store = test.store.clone();
        tokio::spawn(async move { put(&store, &key("1"), b"h").await.unwrap() })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap(), b"1");
    }
    assert_eq!(boxes::Entity::find_by_id("1").one(test.reader()).await.unwrap().unwrap().quantity, 1);
}

async fn a_batch_tells_new_answered_and_reused_requests_apart(backend: Backend) {
    let test = TestStore::new(backend).await;
    put(&test, &key("b"), b"h").await.unwrap();
    put(&test, &key("c"), b"h").await.unwrap();
    let keys = [key("a"), key("b"), key("c"), key("d")];
    let keys = &keys;
    let begun = test
        .write("begin_all", move |tx| {
            Box::pin(async move {
                let requests: Vec<(&RequestKey, &[u8])> =
                    vec![(&keys[0], b"h"), (&keys[1], b"h"), (&keys[2], b"other"), (&keys[3], b"h")];
                idempotency::begin_all_in_tx(tx, &requests, noon()).await
            })
        })
        .await
        .unwrap();
    assert_eq!(begun, [Begun::Fresh, Begun::Answered(b"1".to_vec()), Begun::Reused, Begun::Fresh]);
}

async fn old_requests_are_forgotten_in_steps(backend: Backend) {
    let test = TestStore::new(backend).await;
    for id in ["1", "2", "3"] {
        put(&test, &key(id), b"h").await.unwrap();
    }
    let (before, after) = (instant("2026-11-23T11:59:59Z"), instant("2026-11-23T12:00:01Z"));
    assert_eq!(idempotency::purge(&test, before, 10).await.unwrap(), 0);
    assert_eq!(idempotency::purge(&test, after, 2).await.unwrap(), 2);
    assert_eq!(idempotency::purge(&test, after, 2).await.unwrap(), 1);
    assert_eq!(begin(&test, &key("1"), b"other").await, Begun::Fresh);
}

/// The same use case that looks its request up and writes it last.
async fn put_last(store: &Store, key: &RequestKey, hash: &[u8]) -> Result<Vec<u8>, StorageError> {
    store
        .write("put_last", move |tx| {
            Box::pin(async move {
                match idempotency::known_in_tx(tx, &[(key, hash)]).await?.pop() {
                    Some(Begun::Answered(answer)) => return Ok(answer),
                    Some(Begun::Reused) => return Ok(b"reused".to_vec()),
                    Some(Begun::Fresh) | None => {}
                }
                let text = "INSERT INTO box (id, shelf, quantity) VALUES ('1', 'a', 1) \
                            ON CONFLICT (id) DO UPDATE SET quantity = box.quantity + 1";
                tx.execute_unprepared(text).await?;
                let answer = boxes::Entity::find_by_id("1").one(tx).await?.unwrap().quantity.to_string().into_bytes();
                let mut batch = Batch::new(tx);
                batch.answered(key, hash, &answer, noon());
                batch.run(tx).await?;
                Ok::<_, StorageError>(answer)
            })
        })
        .await
}

async fn a_request_that_is_written_last_has_one_effect_however_parallel_it_is_sent(backend: Backend) {
    let test = TestStore::new(backend).await;
    let sends = (0..64).map(|_| {
        let store = test.store.clone();
        tokio::spawn(async move { put_last(&store, &key("1"), b"h").await.unwrap() })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap(), b"1");
    }
    assert_eq!(put_last(&test, &key("1"), b"other").await.unwrap(), b"reused");
    assert_eq!(put_last(&test, &key("2"), b"h").await.unwrap(), b"2");
    assert_eq!(boxes::Entity::find_by_id("1").one(test.reader()).await.unwrap().unwrap().quantity, 2);
}

on_each_backend!(
    a_request_that_is_written_last_has_one_effect_however_parallel_it_is_sent,
    a_repeated_request_gets_the_stored_answer,
    a_used_id_with_another_command_is_told_apart,
    the_same_id_of_another_caller_is_another_request,
    a_failed_request_leaves_nothing,
    parallel_sends_of_one_key_have_one_effect_and_one_answer,
    a_batch_tells_new_answered_and_reused_requests_apart,
    old_requests_are_forgotten_in_steps,
);
