//! A transaction on a SQLite file.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;
use sea_orm::{DbErr, ProxyExecResult, ProxyRow, Statement, Value};

use super::{
    failure::{failed, is_busy},
    pool::{Taken, waiting},
    values::{bind, read_all},
};
use crate::{KeyedRow, RowReader, StorageError};

/// Values bound in a batch from which on it may take long.
const LONG_BATCH_VALUES: usize = 20_000;

/// One statement for many rows.
#[derive(Debug)]
pub(crate) struct RowStatement {
    /// The text for one row.
    pub(crate) text: String,
    /// Values per row; 0 for a statement without values, which runs once.
    pub(crate) width: usize,
    /// The values, row after row.
    pub(crate) values: Vec<Value>,
}

/// A transaction. Dropped before it was committed, it is rolled back.
///
/// A statement on pages in memory takes microseconds, and handing it to another thread and back takes more than that. So
/// the statements of a transaction run on the task that has it (docs/adr/0010), and its commit with them: telling the
/// runtime first costs a change of threads as well. Only what may take long tells it.
#[derive(Debug)]
pub(crate) struct Session {
    /// Calls come one after another; the lock only lets the transaction be shared between threads.
    taken: Mutex<Open>,
}

#[derive(Debug)]
struct Open(Taken);

/// Why a transaction could not be begun.
pub(super) enum Refused {
    /// Another connection writes.
    Busy(DbErr),
    Other(DbErr),
}

impl From<Refused> for DbErr {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy(error) | Refused::Other(error) => error,
        }
    }
}

impl Session {
    /// Takes a connection for a transaction that [`Session::begin`] begins.
    pub(super) fn on(taken: Taken) -> Self {
        Self { taken: Mutex::new(Open(taken)) }
    }

    pub(super) fn begin(&self, text: &str) -> Result<(), Refused> {
        let taken = self.taken();
        run(taken.0.connection().map_err(Refused::Other)?, text)
            .map_err(|error| if is_busy(&error) { Refused::Busy(failed(error)) } else { Refused::Other(failed(error)) })
    }

    pub(super) fn set_busy_timeout(&self, timeout: Duration) -> Result<(), DbErr> {
        self.taken().0.set_busy_timeout(timeout)
    }

    /// Runs all statements.
    pub(crate) fn run_rows(&self, statements: &[RowStatement]) -> Result<ProxyExecResult, DbErr> {
        let taken = self.taken();
        let run = || {
            counted(taken.0.connection()?, |connection| {
                statements.iter().try_for_each(|statement| run_rows(connection, statement))
            })
        };
        let values: usize = statements.iter().map(|statement| statement.values.len()).sum();
        if values < LONG_BATCH_VALUES { run() } else { waiting(run) }
    }

    pub(crate) fn execute(&self, statement: Statement) -> Result<ProxyExecResult, DbErr> {
        let values = statement.values.map_or_else(Vec::new, |values| values.0);
        self.run_rows(&[RowStatement { text: statement.sql, width: values.len(), values }])
    }

    /// Runs a text of one or more statements.
    pub(crate) fn execute_text(&self, text: &str) -> Result<ProxyExecResult, DbErr> {
        let taken = self.taken();
        waiting(|| counted(taken.0.connection()?, |connection| connection.execute_batch(text)))
    }

    /// Runs a query; answers at most `limit` rows.
    pub(crate) fn query(&self, statement: &Statement, limit: usize) -> Result<Vec<ProxyRow>, DbErr> {
        query(self.taken().0.connection()?, statement, limit)
    }

    /// Reads the rows of keys of `width` values each, with the query of one key.
    pub(crate) fn rows_by_key<R: KeyedRow>(
        &self,
        text: &str,
        width: usize,
        keys: &[Value],
    ) -> Result<Vec<R>, StorageError> {
        let taken = self.taken();
        let mut prepared = taken.0.connection()?.prepare_cached(text).map_err(failed)?;
        let mut found = Vec::with_capacity(keys.len() / width.max(1));
        for key in keys.chunks(width.max(1)) {
            bind(&mut prepared, key).map_err(failed)?;
            let mut rows = prepared.raw_query();
            while let Some(row) = rows.next().map_err(failed)? {
                found.push(R::from_row(&mut RowReader::of_sqlite::<R>(row))?);
            }
        }
        Ok(found)
    }

    /// Commits it.
    pub(crate) fn commit(&self) -> Result<(), DbErr> {
        run(self.taken().0.connection()?, "COMMIT").map_err(failed)
    }

    fn taken(&self) -> MutexGuard<'_, Open> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // A commit and some failures have ended the transaction already.
        let Ok(connection) = self.0.connection() else { return };
        if !connection.is_autocommit()
            && let Err(error) = run(connection, "ROLLBACK")
        {
            tracing::error!(error = %error, "transaction could not be rolled back");
        }
    }
}

/// Runs a query; answers at most `limit` rows.
pub(super) fn query(connection: &Connection, statement: &Statement, limit: usize) -> Result<Vec<ProxyRow>, DbErr> {
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(failed)?;
    bind(&mut prepared, statement.values.iter().flat_map(|values| &values.0)).map_err(failed)?;
    read_all(&mut prepared, limit).map_err(failed)
}

/// Runs work and answers what it changed.
pub(super) fn counted(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> Result<ProxyExecResult, DbErr> {
    let before = connection.total_changes();
    work(connection).map_err(failed)?;
    Ok(ProxyExecResult {
        last_insert_id: connection.last_insert_rowid().cast_unsigned(),
        rows_affected: connection.total_changes() - before,
    })
}

/// Runs a statement for each of its rows.
pub(super) fn run_rows(connection: &Connection, statement: &RowStatement) -> rusqlite::Result<()> {
    let mut prepared = connection.prepare_cached(&statement.text)?;
    if statement.width == 0 {
        prepared.raw_execute()?;
    }
    for row in statement.values.chunks(statement.width.max(1)) {
        bind(&mut prepared, row)?;
        prepared.raw_execute()?;
    }
    Ok(())
}

fn run(connection: &Connection, text: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(text)?.raw_execute().map(drop)
}
