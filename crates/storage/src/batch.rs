//! Statements that are sent together.
//!
//! A transaction decides first and writes last, so everything that it writes is known before the first row is. On SQLite a
//! statement costs two changes of threads, which is more than its rows cost; together they cost them once.

use sea_orm::{DbBackend, Value};

use crate::{
    StorageError, WriteTx,
    sql::{self, ROWS_PER_STATEMENT_MAX},
};

/// Bound values at most in one statement: the lower of the two databases' limits (SQLite 32,766, PostgreSQL 65,535).
pub const BINDS_MAX: usize = 32_766;
/// Values at most in one text of several statements: a longer one is hardly met again, and prepared texts are kept.
const JOINED_VALUES_MAX: usize = 3_000;

/// Writes to be sent, in their order. Events come last.
#[derive(Debug)]
pub struct Batch {
    backend: DbBackend,
    statements: Vec<Prepared>,
    events: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    text: String,
    values: Vec<Value>,
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
        self.statements.push(Prepared { text: text.into(), values });
    }

    pub(crate) fn push_event(&mut self, text: String, values: Vec<Value>) {
        self.events.push(Prepared { text, values });
    }

    /// Adds statements of `width` values per row, as many as the rows need. `text` makes one of so many rows.
    pub(crate) fn push_rows(&mut self, width: usize, values: Vec<Value>, text: impl Fn(usize) -> String) {
        for (text, values) in row_statements(width, values, text) {
            self.push(text, values);
        }
    }

    /// Sends everything; answers how many rows changed.
    ///
    /// # Errors
    /// [`StorageError`] of the first statement that fails.
    pub async fn run(self, tx: &WriteTx<'_>) -> Result<u64, StorageError> {
        let has_events = !self.events.is_empty();
        let mut changed = 0;
        let mut last_row = None;
        for Prepared { text, values } in joined(self.backend, self.statements.into_iter().chain(self.events)) {
            let done = sql::execute_raw(tx, text, values).await?;
            changed += done.rows_affected();
            // Events come last and are numbered by their position, which is so the feed's new head.
            last_row = (self.backend == DbBackend::Sqlite).then(|| done.last_insert_id().cast_signed());
        }
        if has_events {
            tx.note_appended(last_row);
        }
        Ok(changed)
    }
}

/// Cuts the values of many rows into statements.
pub(crate) fn row_statements(
    width: usize,
    values: Vec<Value>,
    text: impl Fn(usize) -> String,
) -> impl Iterator<Item = (String, Vec<Value>)> {
    let width = width.max(1);
    let rows_max = rows_per_statement(width);
    let mut rest = values.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<Value> = rest.by_ref().take(rows_max * width).collect();
        (!chunk.is_empty()).then(|| (text(chunk.len() / width), chunk))
    })
}

fn rows_per_statement(columns: usize) -> usize {
    (BINDS_MAX / columns).clamp(1, ROWS_PER_STATEMENT_MAX)
}

/// PostgreSQL takes one prepared statement at a time, SQLite as many as one text holds.
fn joined(backend: DbBackend, statements: impl Iterator<Item = Prepared>) -> Vec<Prepared> {
    let mut joined: Vec<Prepared> = Vec::new();
    for next in statements {
        match joined.last_mut() {
            Some(last)
                if backend == DbBackend::Sqlite && last.values.len() + next.values.len() <= JOINED_VALUES_MAX =>
            {
                last.text.push_str("; ");
                last.text.push_str(&next.text);
                last.values.extend(next.values);
            }
            _ => joined.push(next),
        }
    }
    joined
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
    fn rows_are_cut_into_statements_and_small_ones_are_sent_together() {
        let values = vec![Value::from(1_i64); 2 * 250];
        let cut: Vec<_> = row_statements(2, values, |rows| format!("{rows} rows")).collect();
        let shape: Vec<_> = cut.iter().map(|(text, values)| (text.as_str(), values.len())).collect();
        assert_eq!(shape, [("100 rows", 200), ("100 rows", 200), ("50 rows", 100)]);
        let statements = || {
            [("a", 10), ("b", JOINED_VALUES_MAX), ("c", 0)]
                .map(|(text, values)| Prepared { text: text.to_owned(), values: vec![Value::from(1_i64); values] })
        };
        let texts = |backend| joined(backend, statements().into_iter()).into_iter().map(|one| one.text);
        assert_eq!(texts(DbBackend::Postgres).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(texts(DbBackend::Sqlite).collect::<Vec<_>>(), ["a", "b; c"]);
    }
}
