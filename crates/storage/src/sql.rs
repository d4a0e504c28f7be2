//! Small parts of SQL text that both databases understand.
//!
//! Both accept numbered placeholders (`$1`), so one text serves both unless a function here says otherwise.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::StorageError;

/// Rows at most in one multi-row statement: few distinct texts, so that prepared statements are found again, and small
/// ones, because each connection keeps hundreds of them.
pub(crate) const ROWS_PER_STATEMENT_MAX: usize = 100;

/// A statement of the connection's dialect.
pub(crate) fn statement(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// Runs a statement and tells how many rows it changed.
pub(crate) async fn execute(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StorageError> {
    Ok(connection.execute_raw(statement(connection, sql, values)).await?.rows_affected())
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(crate) fn rows_of_placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        write_placeholders(&mut text, row * columns + 1, columns);
        text.push(')');
    }
    text
}

/// `$3, $4, $5` for `first` 3 and `count` 3.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 6);
    write_placeholders(&mut text, first, count);
    text
}

fn write_placeholders(text: &mut String, first: usize, count: usize) {
    for number in first..first + count {
        let separator = if number == first { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}${number}");
    }
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
    fn placeholders_are_numbered_through_all_rows() {
        assert_eq!(rows_of_placeholders(2, 2), "($1, $2), ($3, $4)");
        assert_eq!(placeholders(3, 3), "$3, $4, $5");
    }
}
