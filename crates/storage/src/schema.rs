//! Parts of which services make their migrations: column types that mean the same on both databases, and the tables
//! that every service has.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, Value,
    sea_query::{Check, ColumnDef, Expr, ExprTrait, IntoIden, TableCreateStatement},
};
use sea_orm_migration::SchemaManager;

use crate::{
    StorageError,
    idempotency::RequestKey,
    sql::{rows_of_placeholders, statement},
    sqlite::INT32,
};

/// Makes column definitions for one database. Columns are NOT NULL; chain `.null()` where a value may be missing.
///
/// Constraints are named everywhere, because errors are told apart by name.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    backend: DbBackend,
}

impl Columns {
    /// Columns for the database that the migration runs on.
    #[must_use]
    pub fn of(manager: &SchemaManager<'_>) -> Self {
        Self { backend: manager.get_database_backend() }
    }

    /// An id, or any text that is compared or ordered: bytewise on both databases, as Rust orders it.
    pub fn id_text(self, column: impl IntoIden) -> ColumnDef {
        let mut definition = ColumnDef::new(column);
        if self.backend == DbBackend::Postgres {
            definition.custom("TEXT COLLATE \"C\"");
        } else {
            definition.text();
        }
        definition.not_null().take()
    }

    /// Text that is only kept and shown.
    pub fn text(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).text().not_null().take()
    }

    /// An instant: microseconds since the Unix epoch.
    pub fn instant(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).big_integer().not_null().take()
    }

    /// A civil date, `YYYY-MM-DD`, ordered bytewise.
    pub fn civil_date(self, column: impl IntoIden) -> ColumnDef {
        self.id_text(column)
    }

    /// A whole number without a bound of its own.
    pub fn number(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).big_integer().not_null().take()
    }

    /// A whole number that is read as an `i32`.
    pub fn int32(self, column: impl IntoIden) -> ColumnDef {
        let mut definition = ColumnDef::new(column);
        if self.backend == DbBackend::Postgres {
            definition.integer();
        } else {
            // Rows tell only what a column was declared as.
            definition.custom(INT32);
        }
        definition.not_null().take()
    }

    /// A quantity in base units, with a CHECK of the given name that it is not negative.
    pub fn quantity(self, column: impl IntoIden, check_name: &'static str) -> ColumnDef {
        let name = column.into_iden();
        let check = Check::named(check_name, Expr::col(name.clone()).gte(0));
        ColumnDef::new(name).big_integer().not_null().check(check).take()
    }

    /// An amount of money in nano-units (10⁻⁹ of the currency's unit); its currency stands in a column beside it.
    pub fn money_nanos(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).big_integer().not_null().take()
    }

    /// A currency: three letters of ISO 4217.
    pub fn currency(self, column: impl IntoIden) -> ColumnDef {
        self.id_text(column)
    }

    /// True or false.
    pub fn boolean(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).boolean().not_null().take()
    }

    /// Encoded bytes.
    pub fn bytes(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).blob().not_null().take()
    }

    /// A key that the database numbers, ascending. It is the table's primary key.
    pub fn row_id(self, column: impl IntoIden) -> ColumnDef {
        ColumnDef::new(column).big_integer().not_null().auto_increment().primary_key().take()
    }

    /// Stores the table in the order of its primary key where the database can (SQLite), which saves one tree per
    /// table. For small rows with a primary key of their own.
    pub fn clustered(self, table: &mut TableCreateStatement) -> &mut TableCreateStatement {
        if self.backend == DbBackend::Sqlite { table.extra("WITHOUT ROWID") } else { table }
    }
}

/// Names the columns of an entity whose rows SQLite would give out as another whole number than the model's: where the
/// model may miss it, such a column would be read as missing. For the tests of services; nothing on PostgreSQL.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn misdeclared_columns<E: EntityTrait>(
    connection: &impl ConnectionTrait,
) -> Result<Vec<String>, StorageError> {
    if connection.get_database_backend() == DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let text = format!("SELECT name, type AS declared FROM pragma_table_info('{}')", E::default().table_name());
    let mut declared = HashMap::new();
    for row in connection.query_all_raw(statement(connection, text, [])).await? {
        declared.insert(row.try_get::<String>("", "name")?, row.try_get::<String>("", "declared")?);
    }
    let is_misdeclared = |column: &E::Column| {
        let is_int32 = *column.def().get_column_type() == ColumnType::Integer;
        declared.get(column.as_str()).is_none_or(|declared| (declared == INT32) != is_int32)
    };
    Ok(E::Column::iter().filter(is_misdeclared).map(|column| column.as_str().to_owned()).collect())
}

/// The tables that every service has, version 1, which [`change_shared_tables_to_v2`] changes: `request`, `outbox`, `feed`, `inbox`, `bus_cursor`,
/// `delivery_failure`, `dead_letter`, `lease`. Call it in the service's first migration.
///
/// # Errors
/// [`DbErr`] of the statements.
pub async fn create_shared_tables_v1(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let outbox: &[&str] = if backend == DbBackend::Postgres { &OUTBOX_POSTGRES_V1 } else { &OUTBOX_SQLITE_V1 };
    for template in SHARED_TABLES_V1.iter().chain(outbox) {
        manager.get_connection().execute_unprepared(&of_dialect(template, backend)).await?;
    }
    Ok(())
}

fn of_dialect(template: &str, backend: DbBackend) -> String {
    let (id_text, bytes, row_id, clustered) = if backend == DbBackend::Postgres {
        ("TEXT COLLATE \"C\"", "BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY", "")
    } else {
        ("TEXT", "BLOB", "INTEGER", " WITHOUT ROWID")
    };
    template
        .replace("{id}", id_text)
        .replace("{bytes}", bytes)
        .replace("{row_id}", row_id)
        .replace("{clustered}", clustered)
}

/// Changes the shared tables to version 2: requests are found by [`RequestKey::id`] alone, and PostgreSQL compresses events by
/// LZ4 where it was built with it, which takes a fraction of the time. Call it in a migration after [`create_shared_tables_v1`].
///
/// # Errors
/// [`DbErr`] of the statements.
pub async fn change_shared_tables_to_v2(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
    connection.execute_unprepared(&of_dialect(REQUEST_V2, backend)).await?;
    let mut after = RequestKey { caller: String::new(), method: String::new(), request_id: String::new() };
    while let Some(last) = copy_requests(connection, &after).await? {
        after = last;
    }
    let rest: &[&str] = if backend == DbBackend::Postgres { &[LZ4_IF_IT_IS_THERE] } else { &[] };
    for text in REQUEST_RENAMED_V2.iter().chain(rest) {
        connection.execute_unprepared(text).await?;
    }
    Ok(())
}

/// Copies some requests, those after `after`; answers the last one, `None` when there was none.
async fn copy_requests(connection: &impl ConnectionTrait, after: &RequestKey) -> Result<Option<RequestKey>, DbErr> {
    let text = "SELECT caller, method, request_id, command_hash, answer, created_at FROM request \
                WHERE (caller, method, request_id) > (?, ?, ?) ORDER BY caller, method, request_id LIMIT ?";
    let key = [&after.caller, &after.method, &after.request_id].map(|text| Value::from(text.as_str()));
    let values = key.into_iter().chain([Value::from(REQUESTS_AT_ONCE)]);
    let (mut copied, mut last) = (Vec::new(), None);
    for row in connection.query_all_raw(statement(connection, text, values)).await? {
        let column = |name: &str| row.try_get::<String>("", name);
        let key =
            RequestKey { caller: column("caller")?, method: column("method")?, request_id: column("request_id")? };
        copied.extend([
            Value::from(key.id().to_vec()),
            Value::from(row.try_get::<Vec<u8>>("", "command_hash")?),
            Value::Bytes(row.try_get("", "answer")?),
            Value::from(row.try_get::<i64>("", "created_at")?),
        ]);
        last = Some(key);
    }
    if last.is_some() {
        let rows = rows_of_placeholders(copied.len() / 4, 4);
        let text = format!("INSERT INTO request_by_id (id, command_hash, answer, created_at) VALUES {rows}");
        connection.execute_raw(statement(connection, text, copied)).await?;
    }
    Ok(last)
}

/// Requests that are copied at once.
const REQUESTS_AT_ONCE: i64 = 1_000;

const REQUEST_V2: &str = "CREATE TABLE request_by_id (
        id {bytes} NOT NULL,
        command_hash {bytes} NOT NULL,
        answer {bytes},
        created_at BIGINT NOT NULL,
        CONSTRAINT pk_request_by_id PRIMARY KEY (id))";

const REQUEST_RENAMED_V2: [&str; 3] = [
    "DROP TABLE request",
    "ALTER TABLE request_by_id RENAME TO request",
    "CREATE INDEX ix_request_created_at ON request (created_at)",
];

const LZ4_IF_IT_IS_THERE: &str = "DO $$ BEGIN ALTER TABLE outbox ALTER COLUMN events SET COMPRESSION lz4; \
     EXCEPTION WHEN feature_not_supported THEN NULL; END $$";

/// On SQLite a row of events gets its position when it is written, so the position is the row's number and no further
/// tree is needed.
const OUTBOX_SQLITE_V1: [&str; 1] = ["CREATE TABLE outbox (
        last_position INTEGER NOT NULL,
        event_count BIGINT NOT NULL,
        newest_at BIGINT NOT NULL,
        events {bytes} NOT NULL,
        CONSTRAINT pk_outbox PRIMARY KEY (last_position),
        CONSTRAINT ck_outbox_event_count CHECK (event_count > 0))"];

const OUTBOX_POSTGRES_V1: [&str; 3] = [
    "CREATE TABLE outbox (
        id {row_id} NOT NULL,
        event_count BIGINT NOT NULL,
        newest_at BIGINT NOT NULL,
        events {bytes} NOT NULL,
        last_position BIGINT,
        CONSTRAINT pk_outbox PRIMARY KEY (id),
        CONSTRAINT ck_outbox_event_count CHECK (event_count > 0))",
    "CREATE UNIQUE INDEX uq_outbox_last_position ON outbox (last_position) WHERE last_position IS NOT NULL",
    "CREATE INDEX ix_outbox_unstamped ON outbox (id) WHERE last_position IS NULL",
];

const SHARED_TABLES_V1: [&str; 9] = [
    "CREATE TABLE request (
        caller {id} NOT NULL,
        method {id} NOT NULL,
        request_id {id} NOT NULL,
        command_hash {bytes} NOT NULL,
        answer {bytes},
        created_at BIGINT NOT NULL,
        CONSTRAINT pk_request PRIMARY KEY (caller, method, request_id))",
    "CREATE INDEX ix_request_created_at ON request (created_at)",
    "CREATE TABLE feed (
        id INTEGER NOT NULL,
        last_position BIGINT NOT NULL,
        published_position BIGINT NOT NULL,
        oldest_position BIGINT NOT NULL,
        CONSTRAINT pk_feed PRIMARY KEY (id),
        CONSTRAINT ck_feed_one_row CHECK (id = 1),
        CONSTRAINT ck_feed_published CHECK (published_position <= last_position))",
    "INSERT INTO feed (id, last_position, published_position, oldest_position) VALUES (1, 0, 0, 1)",
    "CREATE TABLE inbox (
        consumer {id} NOT NULL,
        aggregate {id} NOT NULL,
        sequence BIGINT NOT NULL,
        CONSTRAINT pk_inbox PRIMARY KEY (consumer, aggregate)){clustered}",
    "CREATE TABLE bus_cursor (
        consumer {id} NOT NULL,
        source {id} NOT NULL,
        position BIGINT NOT NULL,
        CONSTRAINT pk_bus_cursor PRIMARY KEY (consumer, source)){clustered}",
    "CREATE TABLE delivery_failure (
        consumer {id} NOT NULL,
        event_id {id} NOT NULL,
        tries BIGINT NOT NULL,
        last_error TEXT NOT NULL,
        CONSTRAINT pk_delivery_failure PRIMARY KEY (consumer, event_id)){clustered}",
    "CREATE TABLE dead_letter (
        id {row_id} NOT NULL,
        consumer {id} NOT NULL,
        source {id} NOT NULL,
        event_id {id} NOT NULL,
        aggregate {id} NOT NULL,
        sequence BIGINT NOT NULL,
        event_type {id} NOT NULL,
        payload {bytes} NOT NULL,
        occurred_at BIGINT NOT NULL,
        traceparent {id},
        position BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        error TEXT NOT NULL,
        parked_at BIGINT NOT NULL,
        CONSTRAINT pk_dead_letter PRIMARY KEY (id),
        CONSTRAINT uq_dead_letter_event UNIQUE (consumer, event_id))",
    "CREATE TABLE lease (
        name {id} NOT NULL,
        holder {id} NOT NULL,
        token BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        CONSTRAINT pk_lease PRIMARY KEY (name)){clustered}",
];
