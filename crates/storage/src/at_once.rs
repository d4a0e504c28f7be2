//! A transaction that is one statement: what was decided on rows that were read before is written if they are still as they
//! were read, and refused as a lost race if not.
//!
//! It takes one round trip where a transaction that locks, reads and writes takes five. Only for PostgreSQL, where a round
//! trip is what counts: on SQLite a writing transaction costs no more.

use std::time::Instant;

use sea_orm::{ActiveModelTrait, ConnectionTrait as _, DbBackend, EntityName as _, EntityTrait, Value};
use sea_orm_migration::SchemaManager;
use tracing::Instrument as _;

use crate::{
    Batch, StorageError, Store,
    batch::{BatchParts, Pending, groups},
    bulk,
    idempotency::lost_to_another,
    row_ids, sql,
    sqlite::RowStatement,
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

/// Writes for one statement: first the rows that must be as they were read, in their order, then the rest.
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
    /// How many rows, those that had to be as they were read left out.
    pub rows: u64,
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
        let text = |source: &str| {
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

    /// The text and its values. The guards are counted one after the other before anything else is written: the parts of the
    /// last line are evaluated from left to right, and each when it is reached.
    fn into_statement(self) -> Result<(String, Vec<Value>, BatchParts), StorageError> {
        let Self { guards, is_too_large, rest, drawn } = self;
        if guards.is_empty() {
            return Err(StorageError::Settings(
                "what is written at once needs a row that must be as it was".to_owned(),
            ));
        }
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
        let mut counted = vec!["CAST(0 AS BIGINT)".to_owned()];
        for (number, statement) in group.into_iter().enumerate() {
            named.push(format!("s{number} AS ({} RETURNING 1)", statement.text));
            values.extend(statement.values);
            counted.push(format!("(SELECT COUNT(*) FROM s{number})"));
        }
        let mut refused = String::new();
        for (number, rows) in refusals {
            refused += &format!("WHEN (SELECT COUNT(*) FROM g{number}) <> ? THEN lost_race() ");
            values.push(Value::from(i64::try_from(rows).unwrap_or(i64::MAX)));
        }
        let (table, count) = drawn.unwrap_or(("movement", 0));
        values.push(Value::from(i64::try_from(count).unwrap_or(i64::MAX)));
        let text = format!(
            "WITH {} SELECT CASE {refused}ELSE {} END AS changed, ARRAY(SELECT {} FROM generate_series(1, ?)) AS drawn",
            named.join(", "),
            counted.join(" + "),
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
    /// Writes it as a transaction of its own, in one round trip. It is not tried again: who lost a race reads anew.
    ///
    /// # Errors
    /// [`StorageError::Serialization`] when a row is not as it was read; [`StorageError::Settings`] on SQLite, and for writes
    /// that need more than one statement; [`StorageError::CommitUnknown`] when the effect may be there; else that of the
    /// statement.
    pub async fn write_at_once(&self, name: &'static str, writes: AtOnce) -> Result<Written, StorageError> {
        let Connections::Postgres { pool, kept } = self.connections() else {
            return Err(StorageError::Settings("only PostgreSQL writes at once".to_owned()));
        };
        let started = Instant::now();
        let (text, values, parts) = writes.into_statement()?;
        let span = tracing::info_span!("transaction", name, at_once = true);
        let pool = pool.get_postgres_connection_pool();
        let row = kept.query_one(pool, &sql::numbered(&text), values).instrument(span).await;
        let row = row.map_err(|error| lost_to_another(StorageError::of_commit(error)))?;
        if !parts.events.is_empty() {
            self.tell_of_events();
        }
        metrics::histogram!("backorder_storage_transaction_seconds", "transaction" => name)
            .record(started.elapsed().as_secs_f64());
        let Some(row) = row else { return Ok(Written { rows: 0, drawn: Vec::new() }) };
        let changed: i64 = row.try_get("", "changed")?;
        let mut drawn: Vec<i64> = row.try_get("", "drawn")?;
        drawn.sort_unstable();
        Ok(Written { rows: changed.unsigned_abs(), drawn })
    }
}
