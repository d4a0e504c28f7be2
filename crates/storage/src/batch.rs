//! Writes that are gathered and sent together.
//!
//! A transaction decides first and writes last, so everything that it writes is known before the first row is. PostgreSQL
//! gets few statements of many rows each, as each is a round trip. SQLite gets one short statement per table, row after
//! row, as it keeps these prepared and a call costs next to nothing.

use sea_orm::{DbBackend, Value};

use crate::{
    StorageError, WriteTx,
    sql::{self, ROWS_PER_STATEMENT_MAX},
    sqlite::RowStatement,
};

/// Bound values at most in one statement: the lower of the two databases' limits (SQLite 32,766, PostgreSQL 65,535).
pub const BINDS_MAX: usize = 32_766;

/// Writes to be sent, in their order. Events come last.
#[derive(Debug)]
pub struct Batch {
    backend: DbBackend,
    statements: Vec<RowStatement>,
    events: Vec<RowStatement>,
}

impl Batch {
    /// An empty batch for a transaction.
    #[must_use]
    pub fn new(tx: &WriteTx<'_>) -> Self {
        Self { backend: tx.backend(), statements: Vec::new(), events: Vec::new() }
    }

    /// The database that it is for.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Adds a statement; each `?` in it stands for the next value.
    pub fn push(&mut self, text: impl Into<String>, values: Vec<Value>) {
        self.statements.push(RowStatement { text: text.into(), width: values.len(), values });
    }

    /// Adds statements of `width` values per row, as many as the rows need. `text` makes one of so many rows.
    pub(crate) fn push_rows(&mut self, width: usize, values: Vec<Value>, text: impl Fn(usize) -> String) {
        self.statements.extend(row_statements(self.backend, width, values, text));
    }

    /// As [`Batch::push_rows`], for events.
    pub(crate) fn push_events(&mut self, width: usize, values: Vec<Value>, text: impl Fn(usize) -> String) {
        self.events.extend(row_statements(self.backend, width, values, text));
    }

    /// Sends everything; answers how many rows changed.
    ///
    /// # Errors
    /// [`StorageError`] of the first statement that fails.
    pub async fn run(self, tx: &WriteTx<'_>) -> Result<u64, StorageError> {
        let Self { mut statements, events, .. } = self;
        let has_events = !events.is_empty();
        statements.extend(events);
        let mut changed = 0;
        let mut last_row = None;
        if let Some(session) = tx.transaction().as_session() {
            let done = session.run_rows(&statements)?;
            changed = done.rows_affected;
            // Events come last and are numbered by their position, which is so the feed's new head.
            last_row = Some(done.last_insert_id.cast_signed());
        } else {
            for RowStatement { text, values, .. } in statements {
                changed += sql::execute(tx, text, values).await?;
            }
        }
        if has_events {
            tx.note_appended(last_row);
        }
        Ok(changed)
    }
}

/// Puts the values of many rows into statements.
fn row_statements(
    backend: DbBackend,
    width: usize,
    values: Vec<Value>,
    text: impl Fn(usize) -> String,
) -> Vec<RowStatement> {
    if values.is_empty() {
        return Vec::new();
    }
    if backend == DbBackend::Sqlite {
        return vec![RowStatement { text: text(1), width, values }];
    }
    let rows_max = rows_per_statement(width);
    let mut rest = values.into_iter();
    let chunks = std::iter::from_fn(move || {
        let chunk: Vec<Value> = rest.by_ref().take(rows_max * width).collect();
        (!chunk.is_empty()).then(|| RowStatement { text: text(chunk.len() / width), width: chunk.len(), values: chunk })
    });
    chunks.collect()
}

fn rows_per_statement(columns: usize) -> usize {
    (BINDS_MAX / columns.max(1)).clamp(1, ROWS_PER_STATEMENT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_stays_below_the_bind_limit_and_takes_at_least_one_row() {
        assert_eq!(rows_per_statement(8), ROWS_PER_STATEMENT_MAX);
        assert!(rows_per_statement(328) * 328 <= BINDS_MAX);
        assert_eq!(rows_per_statement(BINDS_MAX + 1), 1);
    }

    #[test]
    fn postgres_gets_many_rows_in_a_statement_and_sqlite_one_statement_for_each() {
        let shape = |backend| {
            let values = vec![Value::from(1_i64); 2 * 250];
            let statements = row_statements(backend, 2, values, |rows| format!("{rows} rows"));
            statements.into_iter().map(|one| (one.text, one.width, one.values.len())).collect::<Vec<_>>()
        };
        let of = |text: &str, width, values| (text.to_owned(), width, values);
        let many = [of("100 rows", 200, 200), of("100 rows", 200, 200), of("50 rows", 100, 100)];
        assert_eq!(shape(DbBackend::Postgres), many);
        assert_eq!(shape(DbBackend::Sqlite), [of("1 rows", 2, 500)]);
        assert!(row_statements(DbBackend::Sqlite, 2, Vec::new(), |_| String::new()).is_empty());
    }
}
