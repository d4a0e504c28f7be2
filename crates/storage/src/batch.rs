//! Writes that are gathered and sent together.
//!
//! A transaction decides first and writes last, so everything that it writes is known before the first row is. PostgreSQL
//! gets few statements of many rows each, as each is a round trip. SQLite gets one short statement per table, row after
//! row, as it keeps these prepared and a call costs next to nothing.

use sea_orm::{DbBackend, Value};

use crate::{
    StorageError, WriteTx, columns,
    event_rows::EventRow,
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
    events: Vec<EventRow>,
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

    /// Adds a row of events.
    pub(crate) fn push_events(&mut self, row: EventRow) {
        self.events.push(row);
    }

    /// Sends everything; answers how many rows changed.
    ///
    /// # Errors
    /// [`StorageError`] of the first statement that fails.
    pub async fn run(self, tx: &WriteTx<'_>) -> Result<u64, StorageError> {
        let Self { mut statements, events, backend } = self;
        statements.extend(event_statements(backend, &events));
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
        if !events.is_empty() {
            tx.note_appended(events, last_row);
        }
        Ok(changed)
    }
}

/// Writes rows of events. On SQLite they get their positions here: counted back from the feed's new head.
fn event_statements(backend: DbBackend, rows: &[EventRow]) -> Vec<RowStatement> {
    let values =
        |row: &EventRow| [Value::from(row.count), columns::micros(row.newest_at).into(), row.events.to_vec().into()];
    if backend == DbBackend::Postgres {
        let text = |rows| {
            let rows = sql::rows_of_placeholders(rows, 3);
            format!("INSERT INTO outbox (event_count, newest_at, events) VALUES {rows}")
        };
        return row_statements(backend, 3, rows.iter().flat_map(values).collect(), text);
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let mut before_head = rows.iter().map(|row| row.count).sum::<i64>();
    let raise = RowStatement {
        text: "UPDATE feed SET last_position = last_position + ? WHERE id = 1".to_owned(),
        width: 1,
        values: vec![before_head.into()],
    };
    let mut insert = RowStatement {
        text: "INSERT INTO outbox (event_count, newest_at, events, last_position) \
               VALUES (?, ?, ?, (SELECT last_position FROM feed WHERE id = 1) - ?)"
            .to_owned(),
        width: 4,
        values: Vec::with_capacity(rows.len() * 4),
    };
    for row in rows {
        before_head -= row.count;
        insert.values.extend(values(row));
        insert.values.push(before_head.into());
    }
    vec![raise, insert]
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
