//! Small parts of SQL text that both databases understand.
//!
//! A placeholder is `?` and stands for the next value. PostgreSQL gets them numbered. SQLite must not: it takes `$1` for a
//! name and compares it with the names of all others, which is slow where there are thousands. A text that needs a value
//! twice numbers its placeholders itself, which both accept.

use std::borrow::Cow;

use sea_orm::{ConnectionTrait, DbBackend, ExecResult, Statement, Value, sea_query::ArrayType};

use crate::StorageError;

/// Rows at most in one multi-row statement: few distinct texts, so that prepared statements are found again, and small
/// ones, because each connection keeps hundreds of them.
pub const ROWS_PER_STATEMENT_MAX: usize = 100;

/// A statement of the connection's dialect.
pub fn statement<'a>(
    connection: &impl ConnectionTrait,
    sql: impl Into<Cow<'a, str>>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    let (backend, sql) = (connection.get_database_backend(), sql.into());
    let sql = if backend == DbBackend::Postgres { numbered(&sql) } else { sql.into_owned() };
    Statement::from_sql_and_values(backend, sql, values)
}

/// The text with `$1`, `$2`, … for each `?`.
pub(crate) fn numbered(sql: &str) -> String {
    use std::fmt::Write as _;

    let mut text = String::with_capacity(sql.len() * 2);
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, "${number}");
        }
        text.push_str(part);
    }
    text
}

/// Texts as one value for `= ANY(?)` of PostgreSQL: the statement's text stays the same for any number of them.
pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    let texts = texts.into_iter().map(Value::from).collect();
    Value::Array(ArrayType::String, Some(Box::new(texts)))
}

/// Runs a statement and tells how many rows it changed.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn execute<'a>(
    connection: &impl ConnectionTrait,
    sql: impl Into<Cow<'a, str>>,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StorageError> {
    Ok(execute_raw(connection, sql, values).await?.rows_affected())
}

pub(crate) async fn execute_raw<'a>(
    connection: &impl ConnectionTrait,
    sql: impl Into<Cow<'a, str>>,
    values: impl IntoIterator<Item = Value>,
) -> Result<ExecResult, StorageError> {
    Ok(connection.execute_raw(statement(connection, sql, values)).await?)
}

/// `(?, ?), (?, ?)` for two rows of two columns.
#[must_use]
pub fn rows_of_placeholders(rows: usize, columns: usize) -> String {
    repeated(&format!("({})", placeholders(columns)), rows)
}

/// `?, ?, ?` for three values.
#[must_use]
pub fn placeholders(count: usize) -> String {
    repeated("?", count)
}

fn repeated(part: &str, count: usize) -> String {
    const SEPARATOR: &str = ", ";
    let mut text = (part.to_owned() + SEPARATOR).repeat(count);
    text.truncate(text.len().saturating_sub(SEPARATOR.len()));
    text
}

/// Locks the selected rows on PostgreSQL; on SQLite the writing transaction is alone already.
pub(crate) fn for_update(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres { " FOR UPDATE" } else { "" }
}

/// The database's own time in microseconds since the epoch, for leases, which must not depend on a process's clock.
pub(crate) fn database_now_micros(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
    } else {
        "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_where_the_database_wants_it() {
        assert_eq!(rows_of_placeholders(2, 2), "(?, ?), (?, ?)");
        assert_eq!((placeholders(1), placeholders(0)), ("?".to_owned(), String::new()));
        let text = format!("UPDATE t SET a = ? WHERE b IN (VALUES {})", rows_of_placeholders(2, 1));
        assert_eq!(numbered(&text), "UPDATE t SET a = $1 WHERE b IN (VALUES ($2), ($3))");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
