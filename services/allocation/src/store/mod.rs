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

use sea_orm::{ConnectionTrait, Statement, Value};

/// Keys in one list of a statement at most.
const KEYS_PER_QUERY_MAX: usize = 500;

/// A statement of the connection's dialect.
fn statement(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
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
