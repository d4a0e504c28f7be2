//! SQLite in this process: a write-ahead log synced at each commit, one writer, a few readers.

mod failure;
mod log;
mod pool;
mod proxy;
mod session;
mod values;

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::Instant;

pub(crate) use self::{
    failure::SqliteFailure,
    log::WriteAheadLog,
    proxy::over_session,
    session::{RowStatement, Session},
    values::INT32,
};
use self::{
    failure::{failed, is_busy},
    log::RESERVED_LOG_MIB,
    pool::{Pool, waiting},
    session::Refused,
};
use crate::{StorageError, StoreOptions};

/// Readers of a file beside the one writer.
const READERS_MAX: u32 = 4;
/// Pages of 4 KiB in the log after which it is carried over into the file, beside the writer.
const CHECKPOINT_PAGES: u64 = 4_096;
/// Pages in the log after which a commit carries it over itself, should nobody have done it before.
const AUTO_CHECKPOINT_PAGES: u64 = 4 * CHECKPOINT_PAGES;
/// The wait before BEGIN is tried again while another process writes; it doubles up to [`BEGIN_WAIT_MAX`].
const BEGIN_WAIT_FIRST: Duration = Duration::from_millis(1);
const BEGIN_WAIT_MAX: Duration = Duration::from_millis(50);

/// Opens the writer and the readers of the file at `path`, and makes it and its folder when they are missing.
pub(crate) async fn open(options: &StoreOptions, path: &Path) -> Result<(Writer, Readers), StorageError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| StorageError::Settings(format!("folder {} cannot be made: {error}", folder.display())))?;
    }
    let writer = waiting(|| connect(options, path, Role::Writer)).map_err(failed)?;
    let writer = Writer { pool: Pool::new(vec![writer], options.acquire_timeout), lock_timeout: options.lock_timeout };
    let readers = (0..options.pool_size.clamp(1, READERS_MAX)).map(|_| connect(options, path, Role::Reader));
    let readers = waiting(|| readers.collect::<rusqlite::Result<Vec<_>>>()).map_err(failed)?;
    let pool = Pool::new(readers, options.acquire_timeout);
    let connection = proxy::over_pool(Arc::clone(&pool)).await?;
    Ok((writer, Readers { pool, connection }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

fn connect(options: &StoreOptions, path: &Path, role: Role) -> rusqlite::Result<Connection> {
    // Each connection is used by one task at a time, and a path is not a URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.lock_timeout)?;
    connection.set_prepared_statement_cache_capacity(options.statement_cache_size);
    keep_log(&connection, options.lock_timeout)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY")?;
    // A negative cache size is in KiB.
    let of_role = match role {
        Role::Writer => format!(
            "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = {AUTO_CHECKPOINT_PAGES}; \
             PRAGMA journal_size_limit = {}",
            RESERVED_LOG_MIB * 4 * 1024 * 1024
        ),
        // A reader forgets all its pages whenever somebody has written, and that takes as long as it has room for pages.
        Role::Reader => "PRAGMA cache_size = -512; PRAGMA query_only = ON".to_owned(),
    };
    connection.execute_batch(&of_role)?;
    // Else a text with a value that is compared in a partial index's condition is planned anew at each run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Gives the file a write-ahead log, or finds that it has one.
///
/// When several processes open a new file, all want to turn it from reading to exclusive at once. SQLite then answers
/// BUSY without asking its busy handler, as waiting would be a deadlock, so the whole statement is tried again.
fn keep_log(connection: &Connection, timeout: Duration) -> rusqlite::Result<()> {
    let until = Instant::now() + timeout;
    let mut wait = BEGIN_WAIT_FIRST;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Err(error) if is_busy(&error) && Instant::now() + wait <= until => std::thread::sleep(wait),
            answered => return answered,
        }
        wait = BEGIN_WAIT_MAX.min(wait * 2);
    }
}

/// The one connection that writes. Whoever begins a transaction has it until the transaction ends; the others queue.
pub(crate) struct Writer {
    pool: Arc<Pool>,
    lock_timeout: Duration,
}

impl Writer {
    /// Begins a transaction as soon as nobody else writes, in this process or in another.
    pub(crate) async fn begin(&self) -> Result<Session, DbErr> {
        let session = Session::on(self.pool.take().await?);
        // The others of this process must be able to end theirs meanwhile, so no thread waits for them.
        session.set_busy_timeout(Duration::ZERO)?;
        let until = Instant::now() + self.lock_timeout;
        let mut wait = BEGIN_WAIT_FIRST;
        loop {
            match session.begin("BEGIN IMMEDIATE") {
                Ok(()) => break,
                Err(Refused::Busy(_)) if Instant::now() + wait <= until => tokio::time::sleep(wait).await,
                Err(refused) => return Err(refused.into()),
            }
            wait = BEGIN_WAIT_MAX.min(wait * 2);
        }
        session.set_busy_timeout(self.lock_timeout)?;
        Ok(session)
    }

    /// Runs a text of statements outside of a transaction.
    async fn run(&self, text: &str) -> Result<(), DbErr> {
        let taken = self.pool.take().await?;
        waiting(|| taken.connection()?.execute_batch(text).map_err(failed))
    }

    /// Closes the connection after the transaction that has it.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        self.pool.close().await
    }
}

/// The connections that read.
pub(crate) struct Readers {
    pool: Arc<Pool>,
    /// Each statement runs on any of them.
    pub(crate) connection: DatabaseConnection,
}

impl Readers {
    /// Begins a transaction that sees what is committed at its first query.
    pub(crate) async fn snapshot(&self) -> Result<Session, DbErr> {
        let session = Session::on(self.pool.take().await?);
        session.begin("BEGIN DEFERRED")?;
        Ok(session)
    }

    /// Closes the connections after the queries that have them.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        self.pool.close().await
    }
}
