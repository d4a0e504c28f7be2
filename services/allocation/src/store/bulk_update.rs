//! Changes some columns of many rows in few statements, where an upsert would have to bind all columns.

use backorder_storage::{StorageError, WriteTx};
use sea_orm::{ConnectionTrait, Value};

use super::{placeholders, statement};

/// Rows in one statement at most: few distinct texts, so that prepared statements are found again.
const ROWS_MAX: usize = 200;

/// Sets `columns` of the rows with the given `key` columns. Each row gives its key first, then its columns.
///
/// Both databases name the columns of VALUES `column1`, `column2`, …, and every value is bound with its type.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn bulk_update_in_tx(
    tx: &WriteTx<'_>,
    table: &'static str,
    key: &[&'static str],
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<(), StorageError> {
    let width = key.len() + columns.len();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(ROWS_MAX).collect();
        let sql = update_text(table, key, columns, &placeholders(1, chunk.len(), width));
        tx.execute_raw(statement(tx, sql, chunk.into_iter().flatten())).await?;
    }
    Ok(())
}

fn update_text(table: &str, key: &[&str], columns: &[&str], values: &str) -> String {
    let set: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| format!("{column} = v.column{}", key.len() + index + 1))
        .collect();
    let matches: Vec<String> =
        key.iter().enumerate().map(|(index, column)| format!("{table}.{column} = v.column{}", index + 1)).collect();
    format!("UPDATE {table} SET {} FROM (VALUES {values}) AS v WHERE {}", set.join(", "), matches.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_first_in_every_row() {
        assert_eq!(
            update_text("t", &["a", "b"], &["c"], "($1, $2, $3)"),
            "UPDATE t SET c = v.column3 FROM (VALUES ($1, $2, $3)) AS v WHERE t.a = v.column1 AND t.b = v.column2"
        );
    }
}
