//! How far a consumer has come in the feed of a source, kept beside the effects of the events.

use sea_orm::{ConnectionTrait, Value};

use crate::{StorageError, Store, WriteTx, sql};

/// The position up to which the consumer has seen the source's feed; `None` when it never has.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn read(store: &Store, consumer: &str, source: &str) -> Result<Option<i64>, StorageError> {
    let statement = sql::statement(
        store.reader(),
        "SELECT position FROM bus_cursor WHERE consumer = ? AND source = ?",
        [Value::from(consumer), Value::from(source)],
    );
    let row = store.reader().query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "position")).transpose()?)
}

/// Moves the cursor forward, in the transaction of the events' effects. It never goes back.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn advance_in_tx(tx: &WriteTx<'_>, consumer: &str, source: &str, position: i64) -> Result<(), StorageError> {
    sql::execute(
        tx,
        "INSERT INTO bus_cursor (consumer, source, position) VALUES (?, ?, ?) \
         ON CONFLICT (consumer, source) DO UPDATE SET position = excluded.position \
         WHERE bus_cursor.position < excluded.position",
        [Value::from(consumer), Value::from(source), Value::from(position)],
    )
    .await?;
    Ok(())
}
