//! Many rows at once.

use backorder_storage::{StorageError, bulk};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait, QueryOrder};

use crate::{TestStore, shelf::boxes};

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

on_each_backend!(thousands_of_rows_are_inserted_and_updated);
