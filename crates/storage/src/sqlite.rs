//! How a SQLite file is opened: a write-ahead log synced at each commit, one writer, a few readers.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr};

use crate::{StorageError, StoreOptions, store};

/// Readers of a file beside the one writer.
const READERS_MAX: u32 = 4;
/// Pages of 4 KiB in the log after which it is carried over into the file.
const CHECKPOINT_PAGES: u64 = 4_096;
/// MiB that a busy file's log is made long. More than a checkpoint's worth, so that the log never has to grow after.
const RESERVED_LOG_MIB: u64 = 20;
/// KiB of the value that makes the log long.
const RESERVE_STEP_KIB: u64 = 512;
/// Commits of this process after which a file counts as busy.
const BUSY_AFTER_COMMITS: u64 = 200;

/// Opens the writer and the readers of the file at `path`, and makes it and its folder when they are missing.
pub(crate) async fn open(
    options: &StoreOptions,
    path: &Path,
) -> Result<(DatabaseConnection, DatabaseConnection), StorageError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| StorageError::Settings(format!("folder {} cannot be made: {error}", folder.display())))?;
    }
    let writer = store::open(connect_options(options, path, Role::Writer)).await?;
    let reader = store::open(connect_options(options, path, Role::Reader)).await?;
    Ok((writer, reader))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

fn connect_options(options: &StoreOptions, path: &Path, role: Role) -> ConnectOptions {
    // The path is set below: it may hold characters that mean something in a url.
    let mut connect = ConnectOptions::new("sqlite:by-path");
    let path = path.to_owned();
    let (cache_size, lock_timeout) = (options.statement_cache_size, options.lock_timeout);
    let connections = if role == Role::Writer { 1 } else { options.pool_size.min(READERS_MAX) };
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |driver| {
            let driver = driver
                .filename(&path)
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(lock_timeout)
                .statement_cache_capacity(cache_size)
                .row_buffer_size(512)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("temp_store", "MEMORY");
            match role {
                // A negative cache size is in KiB.
                Role::Writer => driver
                    .pragma("cache_size", "-16384")
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
                    .pragma("journal_size_limit", (RESERVED_LOG_MIB * 4 * 1024 * 1024).to_string()),
                Role::Reader => driver.pragma("cache_size", "-8192").pragma("query_only", "ON"),
            }
        });
    connect
}

/// The log beside a file. Once the file proves busy, the log is made as long as it will ever need to be.
///
/// Syncing a file that grows also syncs the file system's own records, which took 1.9 to 2.5 ms per commit where
/// syncing a part that is written over took 0.4 to 0.6 ms.
pub(crate) struct WriteAheadLog {
    path: PathBuf,
    commits: AtomicU64,
}

impl WriteAheadLog {
    pub(crate) fn of(file: &Path) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), commits: AtomicU64::new(0) }
    }

    /// Counts a commit; the one that makes the file a busy one waits for the reservation. Failing costs only speed.
    pub(crate) async fn note_commit(&self, writer: &DatabaseConnection) {
        if self.commits.fetch_add(1, Ordering::Relaxed) + 1 != BUSY_AFTER_COMMITS {
            return;
        }
        let long_enough = tokio::fs::metadata(&self.path).await.is_ok_and(|log| log.len() >= RESERVED_LOG_MIB << 20);
        if long_enough {
            return;
        }
        if let Err(error) = reserve(writer).await {
            tracing::warn!(log = %self.path.display(), error = %error, "log could not be made longer, commits stay slow");
        }
    }
}

/// Fills the log by writing one value over and over, and lets it be carried over into the file only then; what is written
/// next starts at the log's beginning. The value is random, as SQLite leaves a page alone whose bytes stay the same. It
/// is small, as each page that becomes free with it is given out in an order that makes SQLite look through its whole
/// cache at the end of the commit.
async fn reserve(writer: &DatabaseConnection) -> Result<(), DbErr> {
    writer.execute_unprepared("PRAGMA wal_autocheckpoint = 0").await?;
    let filled = fill_log(writer).await;
    writer.execute_unprepared(&format!("PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")).await?;
    writer.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await?;
    filled
}

async fn fill_log(writer: &DatabaseConnection) -> Result<(), DbErr> {
    writer.execute_unprepared("CREATE TABLE IF NOT EXISTS log_reserve (fill BLOB)").await?;
    writer.execute_unprepared("INSERT INTO log_reserve VALUES (NULL)").await?;
    let fill = format!("UPDATE log_reserve SET fill = randomblob({RESERVE_STEP_KIB} * 1024)");
    for _ in 0..RESERVED_LOG_MIB * 1024 / RESERVE_STEP_KIB {
        writer.execute_unprepared(&fill).await?;
    }
    writer.execute_unprepared("DROP TABLE log_reserve").await?;
    Ok(())
}
