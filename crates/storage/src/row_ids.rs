//! Numbers of rows that are known before the rows are written, for rows that name each other.

use sea_orm::{ConnectionTrait, DbBackend, Value};

use crate::{StorageError, Store, WriteTx, sql};

/// An expression of PostgreSQL for the table's next number, for statements that do other things as well. The sequence is
/// looked up once a statement.
#[must_use]
pub fn next_of(table: &'static str) -> String {
    format!("nextval((SELECT CAST(pg_get_serial_sequence('{table}', 'id') AS regclass)))")
}

/// The next `count` numbers of a table whose primary key is [`Columns::row_id`], ascending and above those of all rows that
/// were committed before the call. Nobody else gets them. Numbers of a transaction that fails are not given out again on
/// PostgreSQL, so they may have gaps.
///
/// [`Columns::row_id`]: crate::schema::Columns::row_id
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn next_in_tx(tx: &WriteTx<'_>, table: &'static str, count: usize) -> Result<Vec<i64>, StorageError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if tx.backend() == DbBackend::Postgres {
        return drawn(tx, table, count).await;
    }
    // SQLite's own table of the highest number that each table had, a row that is inserted with its number included.
    let raise = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ? RETURNING seq";
    let row = tx.query_one_raw(sql::statement(tx, raise, [count.into(), table.into()])).await?;
    let newest: i64 = match row {
        Some(row) => row.try_get("", "seq")?,
        None => {
            let begin = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)";
            sql::execute(tx, begin, [table.into(), count.into()]).await?;
            count
        }
    };
    Ok((newest - count + 1..=newest).collect())
}

/// The next `count` numbers of a table as [`next_in_tx`] gives them, for a write that comes later.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn draw(store: &Store, table: &'static str, count: usize) -> Result<Vec<i64>, StorageError> {
    if store.backend() == DbBackend::Postgres {
        return drawn(store.reader(), table, i64::try_from(count).unwrap_or(i64::MAX)).await;
    }
    store.write("draw", move |tx| Box::pin(next_in_tx(tx, table, count))).await
}

async fn drawn(connection: &impl ConnectionTrait, table: &'static str, count: i64) -> Result<Vec<i64>, StorageError> {
    let text = format!("SELECT {} AS id FROM generate_series(1, ?)", next_of(table));
    let rows = connection.query_all_raw(sql::statement(connection, text, [Value::from(count)])).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}
