//! The store: its connections, and the one way to write.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Notify, watch};
use tracing::Instrument;

use crate::{IsRetryable, StorageError, StoreOptions, WriteTx, feed, options::Location};

/// How often one unit of work is tried when it loses races, the first try included.
const TRIES_MAX: u32 = 5;
/// The upper bound of the wait before the second try; it doubles with every further try.
const BACKOFF_FIRST: Duration = Duration::from_millis(10);
/// Readers of a SQLite file beside the one writer.
const SQLITE_READERS_MAX: u32 = 8;
/// A connection that was idle for this long is tested before it is given out.
const IDLE_BEFORE_TEST: Duration = Duration::from_secs(20);

/// A service's database. Cheap to clone; all clones share connections and signals.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: DbBackend,
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    events_appended: Notify,
    feed_head: watch::Sender<i64>,
}

impl Store {
    /// Connects. On SQLite the file and its folder are created when they are missing.
    ///
    /// # Errors
    /// [`StorageError::Settings`] for settings that make no sense, [`StorageError::Unavailable`] when the database does
    /// not answer.
    pub async fn connect(options: StoreOptions) -> Result<Self, StorageError> {
        let (backend, writer, reader) = match options.location()? {
            Location::Postgres => {
                let pool = open(postgres_options(&options)).await?;
                (DbBackend::Postgres, pool.clone(), pool)
            }
            Location::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    tokio::fs::create_dir_all(folder).await.map_err(|error| {
                        StorageError::Settings(format!("folder {} cannot be made: {error}", folder.display()))
                    })?;
                }
                let writer = open(sqlite_options(&options, path.clone(), SqliteRole::Writer)).await?;
                let reader = open(sqlite_options(&options, path, SqliteRole::Reader)).await?;
                (DbBackend::Sqlite, writer, reader)
            }
        };
        let (feed_head, _) = watch::channel(0);
        let inner = Inner { backend, writer, reader, events_appended: Notify::new(), feed_head };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The database behind the store.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.inner.backend
    }

    /// Connections for queries outside a transaction. Each statement sees what is committed when it starts.
    ///
    /// On SQLite these connections refuse to write.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    /// Runs `work` in one writing transaction, named `name` in spans and metrics, and commits it when it answers `Ok`.
    ///
    /// SQLite: `BEGIN IMMEDIATE` on the only writer, so the whole closure is alone. PostgreSQL: READ COMMITTED, so
    /// `work` locks what it decides on. A lost race (serialization failure, deadlock) runs the whole closure again, five
    /// times in all, after a random wait. After the commit the relay is woken when events were appended.
    ///
    /// The closure may borrow from its surroundings:
    /// `store.write("reserve", move |tx| Box::pin(async move { … }))`.
    ///
    /// # Errors
    /// What `work` answers (the transaction is rolled back), or a [`StorageError`] of BEGIN or COMMIT;
    /// [`StorageError::CommitUnknown`] means that the effect may be there.
    pub async fn write<'env, T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'tx> Fn(&'tx WriteTx<'env>) -> BoxFuture<'tx, Result<T, E>> + Send + Sync,
        T: Send,
        E: From<StorageError> + IsRetryable + Send,
    {
        let span = tracing::info_span!("transaction", name, tries = tracing::field::Empty);
        let record = span.clone();
        async move {
            let mut tries = 1;
            loop {
                let result = self.try_write(name, &work).await;
                match result {
                    Err(error) if error.is_retryable() && tries < TRIES_MAX => {
                        metrics::counter!("backorder_storage_retries_total", "transaction" => name).increment(1);
                        tokio::time::sleep(full_jitter(tries)).await;
                        tries += 1;
                        record.record("tries", tries);
                    }
                    result => return result,
                }
            }
        }
        .instrument(span)
        .await
    }

    async fn try_write<'env, T, E, F>(&self, name: &'static str, work: &F) -> Result<T, E>
    where
        F: for<'tx> Fn(&'tx WriteTx<'env>) -> BoxFuture<'tx, Result<T, E>> + Send + Sync,
        E: From<StorageError>,
    {
        let started = Instant::now();
        let tx = WriteTx::new(self.begin_write().await?);
        let answer = match work(&tx).await {
            Ok(answer) => answer,
            Err(error) => {
                let (transaction, ..) = tx.into_parts();
                if let Err(rollback) = transaction.rollback().await {
                    tracing::debug!(error = %rollback, "rollback failed, the connection is dropped");
                }
                return Err(error);
            }
        };
        let (transaction, events_appended, feed_head) = tx.into_parts();
        transaction.commit().await.map_err(StorageError::of_commit)?;
        if feed_head > 0 {
            self.raise_feed_head(feed_head);
        }
        if events_appended {
            self.inner.events_appended.notify_one();
        }
        metrics::histogram!("backorder_storage_transaction_seconds", "transaction" => name)
            .record(started.elapsed().as_secs_f64());
        Ok(answer)
    }

    /// Runs `work` on one unchanging snapshot of the store, without writing: all its queries see the same commits.
    ///
    /// # Errors
    /// What `work` answers, or a [`StorageError`] of BEGIN.
    pub async fn snapshot<'env, T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'tx> FnOnce(&'tx SnapshotTx<'env>) -> BoxFuture<'tx, Result<T, E>> + Send,
        T: Send,
        E: From<StorageError> + Send,
    {
        let span = tracing::info_span!("snapshot", name);
        async move {
            let transaction = self.inner.reader.begin_with_options(self.snapshot_options()).await;
            let snapshot = SnapshotTx {
                transaction: transaction.map_err(StorageError::from)?,
                borrowed: std::marker::PhantomData,
            };
            let answer = work(&snapshot).await;
            if let Err(rollback) = snapshot.transaction.rollback().await {
                tracing::debug!(error = %rollback, "rollback of a snapshot failed, the connection is dropped");
            }
            answer
        }
        .instrument(span)
        .await
    }

    /// The head of the feed as this process knows it: the last position given. Wakes whoever watches when it moves.
    #[must_use]
    pub fn feed_watch(&self) -> watch::Receiver<i64> {
        self.inner.feed_head.subscribe()
    }

    /// Waits until a transaction of this process appended events. One waiter is woken per commit; none is lost.
    pub async fn events_appended(&self) {
        self.inner.events_appended.notified().await;
    }

    /// Reads the feed's head from the database, for commits of other processes, and tells the watchers.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn refresh_feed_head(&self) -> Result<i64, StorageError> {
        let head = feed::head(self.reader()).await?;
        self.raise_feed_head(head);
        Ok(head)
    }

    /// True when the database answers a trivial query within the pool's time limit. For readiness.
    pub async fn is_reachable(&self) -> bool {
        self.inner.reader.ping().await.is_ok()
    }

    /// Closes all connections after the running statements. Every clone becomes unusable.
    ///
    /// # Errors
    /// [`StorageError`] when the driver refuses.
    pub async fn close(&self) -> Result<(), StorageError> {
        self.inner.reader.close_by_ref().await?;
        self.inner.writer.close_by_ref().await?;
        Ok(())
    }

    pub(crate) async fn begin_write(&self) -> Result<DatabaseTransaction, StorageError> {
        // READ COMMITTED is a setting of the PostgreSQL connections, which saves a round trip per transaction.
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        Ok(self.inner.writer.begin_with_options(options).await?)
    }

    pub(crate) fn raise_feed_head(&self, head: i64) {
        self.inner.feed_head.send_if_modified(|known| {
            let raised = head > *known;
            if raised {
                *known = head;
            }
            raised
        });
    }

    fn snapshot_options(&self) -> TransactionOptions {
        let postgres = self.inner.backend == DbBackend::Postgres;
        TransactionOptions {
            isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: postgres.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        }
    }
}

/// A reading transaction on one snapshot, made by [`Store::snapshot`].
pub struct SnapshotTx<'env> {
    transaction: DatabaseTransaction,
    borrowed: std::marker::PhantomData<&'env ()>,
}

impl std::ops::Deref for SnapshotTx<'_> {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

fn full_jitter(tries: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(10)).mul_f64(rand::random::<f64>())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that opens connections")]
async fn open(options: ConnectOptions) -> Result<DatabaseConnection, StorageError> {
    Ok(Database::connect(options).await?)
}

fn postgres_options(options: &StoreOptions) -> ConnectOptions {
    let mut connect = ConnectOptions::new(&options.url);
    let cache_size = options.statement_cache_size;
    let settings = [
        ("default_transaction_isolation", "read committed".to_owned()),
        ("lock_timeout", options.lock_timeout.as_millis().to_string()),
        ("statement_timeout", options.statement_timeout.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", (options.statement_timeout * 2).as_millis().to_string()),
    ];
    connect
        .max_connections(options.pool_size)
        .acquire_timeout(options.acquire_timeout)
        .set_application_name(options.application_name.clone())
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire_if_idle_for(IDLE_BEFORE_TEST)
        .map_sqlx_postgres_opts(move |driver| driver.statement_cache_capacity(cache_size).options(settings.clone()));
    connect
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SqliteRole {
    Writer,
    Reader,
}

fn sqlite_options(options: &StoreOptions, path: std::path::PathBuf, role: SqliteRole) -> ConnectOptions {
    // The path is set below: it may hold characters that mean something in a url.
    let mut connect = ConnectOptions::new("sqlite:by-path");
    let (cache_size, lock_timeout) = (options.statement_cache_size, options.lock_timeout);
    let connections = if role == SqliteRole::Writer { 1 } else { options.pool_size.min(SQLITE_READERS_MAX) };
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
                .pragma("temp_store", "MEMORY")
                .pragma("mmap_size", "268435456");
            match role {
                // Negative: KiB. A checkpoint every 32 MiB of log instead of every 4 saves most of its fsyncs.
                SqliteRole::Writer => driver
                    .pragma("cache_size", "-65536")
                    .pragma("wal_autocheckpoint", "8192")
                    .pragma("journal_size_limit", "67108864"),
                SqliteRole::Reader => driver.pragma("cache_size", "-16384").pragma("query_only", "ON"),
            }
        });
    connect
}
