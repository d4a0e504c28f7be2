//! Numbered commits to a SQLite file: what the file holds shows which of them it has.
//!
//! Each leaves a small row of its own, and writes one of a fixed number of large rows over. So the file stays small while
//! much goes through its log, and almost every page of the log is the newest of its kind: carrying it over takes long.

use backorder_storage::{StorageError, Store, sql};
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Large rows, as many as it takes to fill the log up to where it is carried over.
const LARGE_ROWS: i64 = 128;
/// Bytes of a large row: 32 pages.
const LARGE_BYTES: usize = 128 * 1024;

/// Commits the number, which must follow the last one.
pub async fn commit(store: &Store, number: i64) -> Result<(), StorageError> {
    let work = store.write("numbered", move |tx| {
        Box::pin(async move {
            let small = "INSERT INTO box (id, shelf, quantity) VALUES (?, 'a', ?)";
            sql::execute(tx, small, [Value::from(number.to_string()), Value::from(number)]).await?;
            let large = "INSERT INTO box (id, shelf, quantity, note) VALUES (?, 'b', ?, ?) \
                         ON CONFLICT (id) DO UPDATE SET quantity = excluded.quantity, note = excluded.note";
            let values = [Value::from(large_row(number)), Value::from(number), Value::from(large_text(number))];
            sql::execute(tx, large, values).await?;
            Ok::<_, StorageError>(())
        })
    });
    work.await
}

/// The last number that the file has; 0 for none.
pub async fn last(store: &Store) -> i64 {
    let rows = rows(store, "SELECT COALESCE(MAX(quantity), 0) AS quantity FROM box WHERE shelf = 'a'").await;
    rows[0].try_get("", "quantity").unwrap()
}

/// Asserts that the file is sound and has every commit from 1 to the last one, each once and whole; answers the last one.
pub async fn assert_whole(store: &Store) -> i64 {
    let sound = rows(store, "PRAGMA integrity_check").await;
    assert_eq!(sound[0].try_get_by_index::<String>(0).unwrap(), "ok");
    let small = rows(store, "SELECT quantity FROM box WHERE shelf = 'a' ORDER BY quantity").await;
    let numbers: Vec<i64> = small.iter().map(|row| row.try_get("", "quantity").unwrap()).collect();
    let last = i64::try_from(numbers.len()).unwrap();
    if let Some((number, expected)) = numbers.iter().zip(1..).find(|(number, expected)| *number != expected) {
        panic!("commit {expected} is missing or doubled, {number} comes in its place");
    }
    let large = rows(store, "SELECT id, quantity, note FROM box WHERE shelf = 'b'").await;
    assert_eq!(i64::try_from(large.len()).unwrap(), last.min(LARGE_ROWS));
    for row in large {
        let (id, number): (String, i64) = (row.try_get("", "id").unwrap(), row.try_get("", "quantity").unwrap());
        assert!(number > last - LARGE_ROWS && id == large_row(number), "{id} is of {number}, the last is {last}");
        assert!(row.try_get::<String>("", "note").unwrap() == large_text(number), "{id} is not whole");
    }
    last
}

/// A number that SQLite answers to a PRAGMA on the connection that writes.
pub async fn setting_of_the_writer(store: &Store, pragma: &'static str) -> u64 {
    let work = store.write("setting", move |tx| {
        Box::pin(async move {
            let row = tx.query_one_raw(sql::statement(tx, pragma, [])).await?.unwrap();
            Ok::<i64, StorageError>(row.try_get_by_index(0)?)
        })
    });
    u64::try_from(work.await.unwrap()).expect("a bound")
}

async fn rows(store: &Store, text: &'static str) -> Vec<QueryResult> {
    store.reader().query_all_raw(sql::statement(store.reader(), text, [])).await.unwrap()
}

fn large_row(number: i64) -> String {
    format!("large-{}", number % LARGE_ROWS)
}

fn large_text(number: i64) -> String {
    format!("{number:016}").repeat(LARGE_BYTES / 16)
}
