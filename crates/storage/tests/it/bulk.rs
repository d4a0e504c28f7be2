//! Many rows at once.

use backorder_storage::{
    Batch, StorageError, bulk,
    idempotency::{Begun, RequestKey, known_in_tx},
};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait, QueryOrder};

use crate::{TestStore, noon, shelf::boxes};

fn row(number: i64, quantity: i64) -> boxes::ActiveModel {
    boxes::ActiveModel {
        id: Set(format!("{number:05}")),
        shelf: Set("a".to_owned()),
        quantity: Set(quantity),
        note: Set((number % 2 == 0).then(|| "even".to_owned())),
    }
}

async fn thousands_of_rows_are_inserted_and_updated(backend: Backend) {
    let test = TestStore::new(backend).await;
    let written = test
        .write("upsert", |tx| {
            Box::pin(async move {
                let inserted = bulk::insert(tx, (0..2_500).map(|n| row(n, n)).collect()).await?;
                let replacing = bulk::replacing([boxes::Column::Id], [boxes::Column::Quantity, boxes::Column::Note]);
                let upserted =
                    bulk::upsert(tx, (2_000..3_000).map(|n| row(n, -n + 10_000)).collect(), &replacing).await?;
                assert_eq!(bulk::insert::<boxes::ActiveModel>(tx, Vec::new()).await?, 0);
                Ok::<_, StorageError>((inserted, upserted))
            })
        })
        .await
        .unwrap();
    assert_eq!(written, (2_500, 1_000));
    assert_eq!(boxes::Entity::find().count(test.reader()).await.unwrap(), 3_000);
    let rows = boxes::Entity::find().order_by_asc(boxes::Column::Id).all(test.reader()).await.unwrap();
    assert_eq!((rows[1_999].quantity, rows[2_000].quantity, rows[2_999].quantity), (1_999, 8_000, 7_001));
    assert_eq!(rows[2_001].note, None);
}

async fn a_batch_writes_several_tables_and_a_table_twice_in_its_order(backend: Backend) {
    let test = TestStore::new(backend).await;
    let key = RequestKey { caller: "web".to_owned(), method: "Shelf/Put".to_owned(), request_id: "1".to_owned() };
    let key = &key;
    test.write("insert", |tx| Box::pin(async move { bulk::insert(tx, vec![row(1, 1), row(2, 2)]).await }))
        .await
        .unwrap();
    let changed = test
        .write("several", move |tx| {
            Box::pin(async move {
                let mut batch = Batch::new(tx);
                batch.delete("box", &["id"], vec!["00001".into(), "00009".into()]);
                batch.answered(key, b"hash", b"answer", noon());
                batch.insert(vec![row(1, 7), row(3, 3)]);
                batch.update("box", &["id"], &["quantity"], vec!["00002".into(), 8_i64.into()]);
                batch.run(tx).await
            })
        })
        .await
        .unwrap();
    assert_eq!(changed, 5, "one deleted, one request, two inserted, one updated");
    let rows = boxes::Entity::find().order_by_asc(boxes::Column::Id).all(test.reader()).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.quantity).collect::<Vec<_>>(), [7, 8, 3]);
    let known =
        test.write("known", move |tx| Box::pin(async move { known_in_tx(tx, &[(key, b"hash")]).await })).await.unwrap();
    assert_eq!(known, [Begun::Answered(b"answer".to_vec())]);
}

on_each_backend!(
    thousands_of_rows_are_inserted_and_updated,
    a_batch_writes_several_tables_and_a_table_twice_in_its_order,
);
