//! Rows that are read by their keys: what most transactions begin with.
//!
//! PostgreSQL is asked for many keys at once, as each question is a round trip. SQLite is asked for one after the other:
//! that text stays prepared, and the row is read where it lies.

use rusqlite::types::FromSql;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, TryGetable, Value};

use crate::{StorageError, Transaction, WriteTx, arrays::is_one_of, sql};

/// Keys at most in one statement of PostgreSQL.
const KEYS_PER_STATEMENT_MAX: usize = 1_000;

/// A row of a table whose columns are read in one order. [`keyed_row!`](crate::keyed_row) implements it.
pub trait KeyedRow: Sized + Send {
    /// The table.
    const TABLE: &'static str;
    /// The columns, in the order in which [`KeyedRow::from_row`] takes them.
    const COLUMNS: &'static [&'static str];

    /// The row from its columns.
    ///
    /// # Errors
    /// [`StorageError`] for a column that holds what it must not.
    fn from_row(row: &mut RowReader<'_>) -> Result<Self, StorageError>;
}

/// Implements [`KeyedRow`] for a model: `keyed_row!(Model, "shelf" { id, code });` names every field.
#[macro_export]
macro_rules! keyed_row {
    ($model:ty, $table:literal { $($field:ident),* $(,)? }) => {
        impl $crate::KeyedRow for $model {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn from_row(row: &mut $crate::RowReader<'_>) -> Result<Self, $crate::StorageError> {
                Ok(Self { $($field: row.column()?),* })
            }
        }
    };
}

/// The columns of one row, one after the other.
pub struct RowReader<'r> {
    row: Row<'r>,
    columns: &'static [&'static str],
    next: usize,
}

enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    SeaOrm(&'r QueryResult),
}

impl<'r> RowReader<'r> {
    pub(crate) fn of_sqlite<R: KeyedRow>(row: &'r rusqlite::Row<'r>) -> Self {
        Self { row: Row::Sqlite(row), columns: R::COLUMNS, next: 0 }
    }

    fn of_sea_orm<R: KeyedRow>(row: &'r QueryResult) -> Self {
        Self { row: Row::SeaOrm(row), columns: R::COLUMNS, next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    /// [`StorageError`] when it holds something else or there is none.
    pub fn column<T: FromSql + TryGetable>(&mut self) -> Result<T, StorageError> {
        let index = self.next;
        self.next += 1;
        match self.row {
            Row::Sqlite(row) => row.get(index).map_err(|error| DbErr::Type(error.to_string()).into()),
            Row::SeaOrm(row) => Ok(row.try_get("", self.columns.get(index).copied().unwrap_or_default())?),
        }
    }
}

/// A connection that rows can be read from by key.
pub trait Reads: ConnectionTrait {
    /// The transaction behind it, where there is one.
    fn as_transaction(&self) -> Option<&Transaction>;
}

impl Reads for Transaction {
    fn as_transaction(&self) -> Option<&Transaction> {
        Some(self)
    }
}

impl Reads for WriteTx<'_> {
    fn as_transaction(&self) -> Option<&Transaction> {
        Some(self.transaction())
    }
}

impl Reads for DatabaseConnection {
    fn as_transaction(&self) -> Option<&Transaction> {
        None
    }
}

/// Reads the rows whose `key` has one of the values. `keys` holds key after key, each once; the order of rows is not
/// given.
///
/// # Errors
/// [`StorageError`] of the query or of a row.
pub async fn rows_by_key<R: KeyedRow>(
    connection: &impl Reads,
    key: &[&str],
    keys: Vec<Value>,
) -> Result<Vec<R>, StorageError> {
    let select = format!("SELECT {} FROM {} WHERE ", R::COLUMNS.join(", "), R::TABLE);
    if let Some(session) = connection.as_transaction().and_then(Transaction::as_session) {
        let is_key: Vec<String> = key.iter().map(|column| format!("{column} = ?")).collect();
        return session.rows_by_key(&format!("{select}{}", is_key.join(" AND ")), key.len(), &keys);
    }
    let width = key.len().max(1);
    let mut found = Vec::with_capacity(keys.len() / width);
    for chunk in keys.chunks(KEYS_PER_STATEMENT_MAX * width) {
        let (is_key, values) = is_one_of(connection.get_database_backend(), key, chunk.to_vec());
        let query = sql::statement(connection, format!("{select}{is_key}"), values);
        for row in connection.query_all_raw(query).await? {
            found.push(R::from_row(&mut RowReader::of_sea_orm::<R>(&row))?);
        }
    }
    Ok(found)
}
