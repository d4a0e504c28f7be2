//! The tables of this service: their entities, their migrations, and every query.
//!
//! Functions that take a transaction end in `_in_tx`. Rows are locked in one order everywhere: request keys, then steps,
//! then orders ascending, each with everything that belongs to the order, then pools. Nothing here decides anything.

pub mod backlog;
pub mod bulk_update;
pub mod catalog;
pub mod entity;
pub mod migration;
pub mod orders;
pub mod rules;
pub mod runs;
pub mod steps;
pub mod totals;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// Keys in one list of a statement at most.
const KEYS_PER_QUERY_MAX: usize = 500;

/// A statement of the connection's dialect. Placeholders are `$1`, `$2`, …, each once and in this order.
///
/// SQLite takes `$1` for a name and compares it with all other names, so many of them are slow there; `?` is not.
fn statement(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    let backend = connection.get_database_backend();
    let sql = sql.into();
    let sql = if backend == DbBackend::Sqlite { without_numbers(&sql) } else { sql };
    Statement::from_sql_and_values(backend, sql, values)
}

/// The text with `?` for each `$1`, `$2`, …
fn without_numbers(sql: &str) -> String {
    let mut parts = sql.split('$');
    let mut text = String::with_capacity(sql.len());
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        text.push('?');
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}

/// `($1, $2), ($3, $4)` for two rows of two columns, counted from `first`.
fn placeholders(first: usize, rows: usize, columns: usize) -> String {
    use std::fmt::Write as _;

    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let separator = if column == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}${}", first + row * columns + column);
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_lose_their_numbers_and_nothing_else() {
        let numbered = format!("UPDATE t SET a = $1 WHERE b IN (VALUES {})", placeholders(2, 2, 2));
        assert_eq!(numbered, "UPDATE t SET a = $1 WHERE b IN (VALUES ($2, $3), ($4, $5))");
        assert_eq!(without_numbers(&numbered), "UPDATE t SET a = ? WHERE b IN (VALUES (?, ?), (?, ?))");
        assert_eq!(without_numbers("SELECT 1"), "SELECT 1");
    }
}
