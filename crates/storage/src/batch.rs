//! Writes that are gathered and sent together.
//!
//! A transaction decides first and writes last, so everything that it writes is known before the first row is. PostgreSQL
//! gets few statements of many rows each, as each is a round trip. SQLite gets one short statement per table, row after
//! row, as it keeps these prepared and a call costs next to nothing.

use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, DbBackend, Value};

use crate::{
    StorageError, Store, WriteTx,
    arrays::{self, RowSource, row_source},
    columns,
    event_rows::EventRow,
    idempotency::lost_to_another,
    shapes::Shapes,
    sql::{self, ROWS_PER_STATEMENT_MAX},
    sqlite::RowStatement,
};

/// Bound values at most in one statement with a placeholder per value: the lower of the two databases' limits (SQLite
/// 32,766, PostgreSQL 65,535).
pub const BINDS_MAX: usize = 32_766;
/// Rows at most in one statement with an array per column.
const ROWS_IN_ARRAYS_MAX: usize = 5_000;

/// Writes to be sent, in their order. Events come last.
#[derive(Debug)]
pub struct Batch {
    backend: DbBackend,
    shapes: Arc<Shapes>,
    statements: Vec<Pending>,
    events: Vec<EventRow>,
}

/// A statement that waits to be sent.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The one table that it writes and that no other statement need have written before; `None` where that is not known.
    table: Option<&'static str>,
    statement: RowStatement,
}

/// What is to be sent.
#[derive(Debug)]
pub(crate) struct BatchParts {
    /// The statements, those of events last.
    pub(crate) statements: Vec<Pending>,
    /// The rows of events.
    pub(crate) events: Vec<EventRow>,
}

impl Batch {
    /// An empty batch for a transaction.
    #[must_use]
    pub fn new(tx: &WriteTx<'_>) -> Self {
        let shapes = Arc::clone(tx.shapes());
        Self { backend: tx.backend(), shapes, statements: Vec::new(), events: Vec::new() }
    }

    /// An empty batch that no transaction has yet.
    pub(crate) fn of_store(store: &Store) -> Self {
        let shapes = Arc::clone(store.shapes());
        Self { backend: store.backend(), shapes, statements: Vec::new(), events: Vec::new() }
    }

    /// The database that it is for.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Adds a statement; each `?` in it stands for the next value. It sees what the statements before it wrote.
    pub fn push(&mut self, text: impl Into<String>, values: Vec<Value>) {
        let statement = RowStatement { text: text.into(), width: values.len(), values };
        self.statements.push(Pending { table: None, statement });
    }

    /// Adds statements that write `table` from rows of `width` values each, as many statements as the rows need. `text`
    /// makes one of a query for the rows, whose columns are `column1`, `column2` …
    pub(crate) fn push_rows(
        &mut self,
        table: &'static str,
        width: usize,
        values: Vec<Value>,
        text: impl Fn(&str) -> String,
    ) {
        let statements = self.row_statements(table, width, values, text);
        self.statements.extend(statements.into_iter().map(|statement| Pending { table: Some(table), statement }));
    }

    /// Statements as [`Batch::push_rows`] adds them, for whoever sends them otherwise.
    pub(crate) fn row_statements(
        &self,
        table: &'static str,
        width: usize,
        values: Vec<Value>,
        text: impl Fn(&str) -> String,
    ) -> Vec<RowStatement> {
        row_statements(self.backend, &self.shapes, (table, width), values, text)
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
        let BatchParts { statements, events } = self.into_parts();
        let mut changed = 0;
        let mut last_row = None;
        if let Some(session) = tx.transaction().as_session() {
            let statements: Vec<RowStatement> = statements.into_iter().map(|pending| pending.statement).collect();
            let done = session.run_rows(&statements)?;
            changed = done.rows_affected;
            // Events come last and are numbered by their position, which is so the feed's new head.
            last_row = Some(done.last_insert_id.cast_signed());
        } else {
            for group in groups(statements) {
                changed += send_together(tx, group).await.map_err(lost_to_another)?;
            }
        }
        if !events.is_empty() {
            tx.note_appended(events, last_row);
        }
        Ok(changed)
    }

    /// What is to be sent.
    pub(crate) fn into_parts(self) -> BatchParts {
        let Self { mut statements, events, backend, shapes } = self;
        let of_events = event_statements(backend, &shapes, &events);
        statements.extend(of_events.into_iter().map(|statement| Pending { table: Some("outbox"), statement }));
        BatchParts { statements, events }
    }
}

/// Statements that may be one, because they write tables that differ: each round trip less is time in which a hot row is
/// not locked.
pub(crate) fn groups(statements: Vec<Pending>) -> Vec<Vec<RowStatement>> {
    let mut groups: Vec<Vec<RowStatement>> = Vec::new();
    let mut written: Vec<&'static str> = Vec::new();
    for Pending { table, statement } in statements {
        let joins = table.is_some_and(|table| !written.is_empty() && !written.contains(&table));
        if !joins {
            groups.push(Vec::new());
            written.clear();
        }
        written.extend(table);
        if let Some(group) = groups.last_mut() {
            group.push(statement);
        }
    }
    groups
}

/// Sends statements as one; answers how many rows changed.
async fn send_together(tx: &WriteTx<'_>, mut group: Vec<RowStatement>) -> Result<u64, StorageError> {
    if group.len() < 2 {
        return match group.pop() {
            Some(RowStatement { text, values, .. }) => sql::execute(tx, text, values).await,
            None => Ok(0),
        };
    }
    let named = group.iter().enumerate().map(|(number, one)| format!("s{number} AS ({} RETURNING 1)", one.text));
    let named = named.collect::<Vec<_>>().join(", ");
    let counted = (0..group.len()).map(|number| format!("(SELECT COUNT(*) FROM s{number})"));
    let counted = counted.collect::<Vec<_>>().join(" + ");
    let text = format!("WITH {named} SELECT {counted} AS changed");
    let values = group.into_iter().flat_map(|one| one.values);
    let row = tx.query_one_raw(sql::statement(tx, text, values)).await?;
    let changed: i64 = row.map(|row| row.try_get("", "changed")).transpose()?.unwrap_or_default();
    Ok(changed.unsigned_abs())
}

/// Writes rows of events. On SQLite they get their positions here: counted back from the feed's new head.
fn event_statements(backend: DbBackend, shapes: &Shapes, rows: &[EventRow]) -> Vec<RowStatement> {
    let values =
        |row: &EventRow| [Value::from(row.count), columns::micros(row.newest_at).into(), row.events.to_vec().into()];
    if backend == DbBackend::Postgres {
        let text = |rows: &str| format!("INSERT INTO outbox (event_count, newest_at, events) {rows}");
        return row_statements(backend, shapes, ("outbox", 3), rows.iter().flat_map(values).collect(), text);
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

/// Puts the values of many rows of a table into statements; with the table goes how many values a row has.
fn row_statements(
    backend: DbBackend,
    shapes: &Shapes,
    (table, width): (&'static str, usize),
    values: Vec<Value>,
    text: impl Fn(&str) -> String,
) -> Vec<RowStatement> {
    if values.is_empty() {
        return Vec::new();
    }
    if backend == DbBackend::Sqlite {
        return vec![RowStatement { text: text(&values_of(1, width)), width, values }];
    }
    let in_arrays = arrays::fit(width, &values);
    let rows_max = if in_arrays { ROWS_IN_ARRAYS_MAX } else { rows_per_statement(width) };
    let mut rest = values.into_iter();
    let mut statements = Vec::new();
    loop {
        let chunk: Vec<Value> = rest.by_ref().take(rows_max * width).collect();
        if chunk.is_empty() {
            return statements;
        }
        let source = if in_arrays {
            let same = shapes.choose(table, width, &chunk);
            row_source(width, chunk, same)
        } else {
            RowSource { text: values_of(chunk.len() / width, width), values: chunk }
        };
        let text = text(&source.text);
        statements.push(RowStatement { text, width: source.values.len(), values: source.values });
    }
}

fn values_of(rows: usize, width: usize) -> String {
    format!("VALUES {}", sql::rows_of_placeholders(rows, width))
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
        let shape = |backend, value: Value| {
            let values = vec![value; 2 * 250];
            let statements =
                row_statements(backend, &Shapes::default(), ("t", 2), values, |rows| rows.chars().take(6).collect());
            statements.into_iter().map(|one| (one.text, one.width, one.values.len())).collect::<Vec<_>>()
        };
        let of = |text: &str, width, values| (text.to_owned(), width, values);
        assert_eq!(shape(DbBackend::Postgres, Value::from(1_i64)), [of("SELECT", 2, 2)]);
        let without_arrays = [of("VALUES", 200, 200), of("VALUES", 200, 200), of("VALUES", 100, 100)];
        assert_eq!(shape(DbBackend::Postgres, Value::from('c')), without_arrays);
        assert_eq!(shape(DbBackend::Sqlite, Value::from(1_i64)), [of("VALUES", 2, 500)]);
        assert!(
            row_statements(DbBackend::Sqlite, &Shapes::default(), ("t", 2), Vec::new(), |_| String::new()).is_empty()
        );
    }

    #[test]
    fn statements_of_different_tables_are_sent_together_and_those_that_may_build_on_others_are_not() {
        let of = |table: Option<&'static str>, text: &str| Pending {
            table,
            statement: RowStatement { text: text.to_owned(), width: 0, values: Vec::new() },
        };
        let statements =
            vec![of(Some("a"), "1"), of(Some("b"), "2"), of(Some("a"), "3"), of(None, "4"), of(Some("b"), "5")];
        let grouped = groups(statements).into_iter().map(|group| group.into_iter().map(|one| one.text).collect());
        assert_eq!(grouped.collect::<Vec<Vec<String>>>(), [vec!["1", "2"], vec!["3"], vec!["4"], vec!["5"]]);
    }
}
