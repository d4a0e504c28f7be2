//! A transaction that reads nothing: what was decided on rows that were read before is written if they are still as they
//! were read, and refused as a lost race if not.
//!
//! On PostgreSQL it is one statement, and takes one round trip where a transaction that locks, reads and writes takes five. On
//! SQLite it has the one writer for as long as the writing takes, and not while anything is read and decided.

use std::{sync::Arc, time::Instant};

use sea_orm::{
    ActiveModelTrait, ConnectionTrait as _, DbBackend, DbErr, EntityName as _, EntityTrait, RuntimeErr, Value,
    sqlx::PgPool,
};
use sea_orm_migration::SchemaManager;
use tracing::Instrument as _;

use crate::{
    Batch, StorageError, Store, Transaction, WriteTx,
    batch::{BatchParts, Pending, groups},
    bulk,
    idempotency::lost_to_another,
    kept::KeptConnections,
    row_ids, sql,
    sqlite::{RowStatement, Writer},
    store::Connections,
};

const TOO_LARGE: &str = "what is written at once must fit into one statement";
/// The function that refuses. What it answers is never seen; it is a number so that it fits where rows are counted.
const CREATE_LOST_RACE: &str = "CREATE FUNCTION lost_race() RETURNS BIGINT LANGUAGE plpgsql AS $$ BEGIN \
     RAISE EXCEPTION 'a row is not as it was read' USING ERRCODE = 'serialization_failure'; END $$";

/// Makes what [`AtOnce`] needs in the schema; nothing on SQLite. Call it in a migration of a service that uses it.
///
/// # Errors
/// [`sea_orm::DbErr`] of the statement.
pub async fn create_lost_race(manager: &SchemaManager<'_>) -> Result<(), sea_orm::DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(CREATE_LOST_RACE).await?;
    }
    Ok(())
}

/// Writes for a transaction that reads nothing: first the rows that must be as they were read, in their order, then the rest.
#[derive(Debug)]
pub struct AtOnce {
    guards: Vec<Guard>,
    /// Whether a guard has more rows than a statement takes.
    is_too_large: bool,
    rest: Batch,
    drawn: Option<(&'static str, usize)>,
}

/// An update that must change each of its rows.
#[derive(Debug)]
struct Guard {
    rows: usize,
    statement: RowStatement,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The numbers that were asked for with [`AtOnce::draw`], ascending.
    pub drawn: Vec<i64>,
}

impl AtOnce {
    /// Nothing yet.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self { guards: Vec::new(), is_too_large: false, rest: Batch::of_store(store), drawn: None }
    }

    /// What is written if all rows are as they were read: rows of tables that differ, and events.
    pub fn rest(&mut self) -> &mut Batch {
        &mut self.rest
    }

    /// Sets `columns` of the rows with the given `key` if each still has in the column `unchanged` what it was read with.
    /// `values` holds row after row, each with its key first, then its columns and then what it was read with. Rows are locked in
    /// the given order: sort by key before.
    pub fn update_unchanged(
        &mut self,
        table: &'static str,
        key: &[&'static str],
        columns: &[&'static str],
        unchanged: &'static str,
        values: Vec<Value>,
    ) {
        let width = key.len() + columns.len() + 1;
        let rows = values.len() / width;
        let is_sqlite = self.rest.backend() == DbBackend::Sqlite;
        let text = |source: &str| {
            if is_sqlite {
                let text = bulk::update_one_text(table, key, columns);
                return format!("{text} AND \"{unchanged}\" = ?{width}");
            }
            let text = bulk::update_text(table, key, columns, source);
            format!("{text} AND \"{table}\".\"{unchanged}\" = v.column{width}")
        };
        let statements = self.rest.row_statements(table, width, values, text);
        self.is_too_large |= statements.len() > 1;
        self.guards.extend(statements.into_iter().map(|statement| Guard { rows, statement }));
    }

    /// Overwrites rows as [`Batch::replace`] does, if each still has in the column `unchanged` what stands beside it.
    pub fn replace_unchanged<A: ActiveModelTrait>(
        &mut self,
        models: Vec<(A, Value)>,
        key: &[<A::Entity as EntityTrait>::Column],
        unchanged: <A::Entity as EntityTrait>::Column,
    ) {
        let Some((first, _)) = models.first() else { return };
        let others = bulk::other_columns(first, key);
        let columns: Vec<_> = key.iter().chain(&others).copied().collect();
        let values = models.into_iter().flat_map(|(model, seen)| {
            let mut values = bulk::values_of(vec![model], &columns);
            values.push(seen);
            values
        });
        let (key, others) = (bulk::names(key.iter().copied()), bulk::names(others));
        let unchanged = bulk::names([unchanged]).first().copied().unwrap_or_default();
        self.update_unchanged(A::Entity::default().table_name(), &key, &others, unchanged, values.collect());
    }

    /// Asks for numbers of a table whose primary key is [`row_id`](crate::schema::Columns::row_id), for a later write.
    pub fn draw(&mut self, table: &'static str, count: usize) {
        self.drawn = Some((table, count));
    }

    /// The text and its values. The guards are counted one after the other before anything else is written: what nothing refers
    /// to runs when the last line is done.
    fn into_statement(self) -> Result<(String, Vec<Value>, BatchParts), StorageError> {
        let Self { guards, is_too_large, rest, drawn } = self;
        if is_too_large {
            return Err(StorageError::Settings(TOO_LARGE.to_owned()));
        }
        let mut parts = rest.into_parts();
        let group = only_group(std::mem::take(&mut parts.statements))?;
        let (mut named, mut values, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for (number, Guard { rows, statement }) in guards.into_iter().enumerate() {
            named.push(format!("g{number} AS ({} RETURNING 1)", statement.text));
            values.extend(statement.values);
            refusals.push((number, rows));
        }
        for (number, statement) in group.into_iter().enumerate() {
            named.push(format!("s{number} AS ({})", statement.text));
            values.extend(statement.values);
        }
        let mut refused = String::new();
        for (number, rows) in refusals {
            refused += &format!("WHEN (SELECT COUNT(*) FROM g{number}) <> ? THEN lost_race() ");
            values.push(Value::from(i64::try_from(rows).unwrap_or(i64::MAX)));
        }
        let (table, count) = drawn.unwrap_or(("movement", 0));
        values.push(Value::from(i64::try_from(count).unwrap_or(i64::MAX)));
        let text = format!(
            "WITH {} SELECT CASE {refused}END, ARRAY(SELECT {} FROM generate_series(1, ?)) AS drawn",
            named.join(", "),
            row_ids::next_of(table),
        );
        Ok((text, values, parts))
    }
}

/// The statements, which must fit together.
fn only_group(statements: Vec<Pending>) -> Result<Vec<RowStatement>, StorageError> {
    let mut groups = groups(statements).into_iter();
    let group = groups.next().unwrap_or_default();
    if groups.next().is_some() {
        return Err(StorageError::Settings(TOO_LARGE.to_owned()));
    }
    Ok(group)
}

impl Store {
    /// Writes it as a transaction of its own, on PostgreSQL in one round trip. It is not tried again: who lost a race reads anew.
    ///
    /// # Errors
    /// [`StorageError::Serialization`] when a row is not as it was read; [`StorageError::Settings`] without such rows, and on
    /// PostgreSQL for writes that need more than one statement; [`StorageError::CommitUnknown`] when the effect may be there; else
    /// that of the statement.
    pub async fn write_at_once(&self, name: &'static str, writes: AtOnce) -> Result<Written, StorageError> {
        if writes.guards.is_empty() {
            return Err(StorageError::Settings(
                "what is written at once needs a row that must be as it was".to_owned(),
            ));
        }
        let started = Instant::now();
        let span = tracing::info_span!("transaction", name, at_once = true);
        let written = match self.connections() {
            Connections::Postgres { pool, kept } => {
                let pool = pool.get_postgres_connection_pool();
                self.write_in_one_statement(kept, pool, writes).instrument(span).await
            }
            Connections::Sqlite { writer, .. } => self.write_without_reading(writer, writes).instrument(span).await,
        };
        if written.is_ok() {
            metrics::histogram!("backorder_storage_transaction_seconds", "transaction" => name)
                .record(started.elapsed().as_secs_f64());
        }
        written
    }

    async fn write_in_one_statement(
        &self,
        kept: &KeptConnections,
        pool: &PgPool,
        writes: AtOnce,
    ) -> Result<Written, StorageError> {
        let (text, values, parts) = writes.into_statement()?;
        let row = kept.query_one(pool, &sql::numbered(&text), values).await;
        let row = row.map_err(|error| lost_to_another(StorageError::of_commit(error)))?;
        if !parts.events.is_empty() {
            self.tell_of_events();
        }
        let mut drawn: Vec<i64> = row.map(|row| row.try_get("", "drawn")).transpose()?.unwrap_or_default();
        drawn.sort_unstable();
        Ok(Written { drawn })
    }

    async fn write_without_reading(&self, writer: &Writer, writes: AtOnce) -> Result<Written, StorageError> {
        let AtOnce { guards, is_too_large: _, rest, drawn } = writes;
        let session = writer.begin().await?;
        for Guard { rows, statement } in &guards {
            let changed = session.run_rows(std::slice::from_ref(statement))?.rows_affected;
            if usize::try_from(changed) != Ok(*rows) {
                return Err(lost_race());
            }
        }
        let tx = WriteTx::new(Transaction::from(session), Arc::clone(self.shapes()));
        rest.run(&tx).await.map_err(lost_to_another)?;
        let drawn = match drawn {
            Some((table, count)) => row_ids::next_in_tx(&tx, table, count).await?,
            None => Vec::new(),
        };
        self.commit(tx).await?;
        Ok(Written { drawn })
    }
}

fn lost_race() -> StorageError {
    StorageError::Serialization(DbErr::Exec(RuntimeErr::Internal("a row is not as it was read".to_owned())))
}
