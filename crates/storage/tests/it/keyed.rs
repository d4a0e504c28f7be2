//! Rows read by their keys, and the types of their columns.

use backorder_storage::{Reads, StorageError, keyed_row, rows_by_key, schema::Columns};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ConnectionTrait, Statement, Value, sea_query::Table};
use sea_orm_migration::SchemaManager;

use crate::TestStore;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kinds {
    id: String,
    part: i32,
    big: i64,
    flag: bool,
    note: Option<String>,
    bytes: Vec<u8>,
    missing: Option<i32>,
}

keyed_row!(Kinds, "kinds" { id, part, big, flag, note, bytes, missing });

/// One row for each id and part.
fn kinds(id: &str, part: i32) -> Kinds {
    Kinds {
        id: id.to_owned(),
        part,
        big: i64::MAX - i64::from(part),
        flag: part % 2 == 0,
        note: (part > 1).then(|| "?".to_owned()),
        bytes: vec![0, 255],
        missing: None,
    }
}

struct Initial;

impl sea_orm_migration::MigrationName for Initial {
    fn name(&self) -> &str {
        "m0002_kinds"
    }
}

#[async_trait::async_trait]
impl sea_orm_migration::MigrationTrait for Initial {
    async fn up(&self, manager: &SchemaManager) -> Result<(), sea_orm::DbErr> {
        let columns = Columns::of(manager);
        let mut table = Table::create();
        table
            .table("kinds")
            .col(columns.id_text("id"))
            .col(columns.int32("part"))
            .col(columns.number("big"))
            .col(columns.boolean("flag"))
            .col(columns.text("note").null())
            .col(columns.bytes("bytes"))
            .col(columns.int32("missing").null());
        manager.create_table(table).await
    }
}

struct Migrator;

impl sea_orm_migration::MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
        vec![Box::new(crate::shelf::Initial), Box::new(Initial)]
    }
}

async fn store(backend: Backend) -> TestStore {
    let test = TestStore::new(backend).await;
    test.migrate::<Migrator>().await.unwrap();
    test.write("insert", |tx| {
        Box::pin(async move {
            for row in (0..300).map(|n| kinds(if n % 2 == 0 { "a" } else { "b" }, n)) {
                let mark = if tx.backend() == sea_orm::DbBackend::Postgres {
                    "$1, $2, $3, $4, $5, $6, NULL"
                } else {
                    "?, ?, ?, ?, ?, ?, NULL"
                };
                let text = format!("INSERT INTO kinds VALUES ({mark})");
                let values: [Value; 6] = [
                    row.id.into(),
                    row.part.into(),
                    row.big.into(),
                    row.flag.into(),
                    row.note.into(),
                    row.bytes.into(),
                ];
                tx.execute_raw(Statement::from_sql_and_values(tx.backend(), text, values)).await?;
            }
            Ok::<_, StorageError>(())
        })
    })
    .await
    .unwrap();
    test
}

async fn wanted(connection: &impl Reads) -> Vec<Kinds> {
    let keys = (0..250).flat_map(|part| [Value::from("a"), Value::from(part)]).collect();
    let mut rows: Vec<Kinds> = rows_by_key(connection, &["id", "part"], keys).await.unwrap();
    rows.sort_by_key(|row| row.part);
    rows
}

async fn every_row_of_the_keys_is_read_whole(backend: Backend) {
    let test = store(backend).await;
    let expected: Vec<Kinds> = (0..250).step_by(2).map(|part| kinds("a", part)).collect();
    assert_eq!(wanted(test.reader()).await, expected);
    let in_tx =
        test.write("read", |tx| Box::pin(async move { Ok::<_, StorageError>(wanted(tx).await) })).await.unwrap();
    assert_eq!(in_tx, expected);
    let in_snapshot =
        test.snapshot("read", |tx| Box::pin(async move { Ok::<_, StorageError>(wanted(&**tx).await) })).await.unwrap();
    assert_eq!(in_snapshot, expected);
    let none: Vec<Kinds> = rows_by_key(test.reader(), &["id"], Vec::new()).await.unwrap();
    assert_eq!(none, []);
}

async fn a_column_is_read_by_name_as_what_it_was_declared(backend: Backend) {
    let test = store(backend).await;
    let query = Statement::from_string(test.backend(), "SELECT * FROM kinds WHERE part = 3");
    let row = test.reader().query_one_raw(query).await.unwrap().unwrap();
    let read = Kinds {
        id: row.try_get("", "id").unwrap(),
        part: row.try_get("", "part").unwrap(),
        big: row.try_get("", "big").unwrap(),
        flag: row.try_get("", "flag").unwrap(),
        note: row.try_get("", "note").unwrap(),
        bytes: row.try_get("", "bytes").unwrap(),
        missing: row.try_get("", "missing").unwrap(),
    };
    assert_eq!(read, kinds("b", 3));
    assert!(row.try_get::<i64>("", "missing").is_err() && row.try_get::<String>("", "big").is_err());
}

on_each_backend!(every_row_of_the_keys_is_read_whole, a_column_is_read_by_name_as_what_it_was_declared);
