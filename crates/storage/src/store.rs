//! The store: its connections, and the one way to write.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DbBackend, IsolationLevel, ProxyDatabaseTrait,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{Notify, watch};
use tracing::Instrument;

use crate::{
    IsRetryable, SnapshotTx, StorageError, StoreOptions, Transaction, WriteTx, feed,
    kept::KeptConnections,
    options::Location,
    postgres,
    recent::RecentEvents,
    shapes::Shapes,
    sqlite::{self, Readers, WriteAheadLog, Writer},
    tx::Committed,
};

/// How often one unit of work is tried when it loses races, the first try included.
const TRIES_MAX: u32 = 5;
/// The upper bound of the wait before the second try; it doubles with every further try.
const BACKOFF_FIRST: Duration = Duration::from_millis(10);

/// A service's database. Cheap to clone; all clones share connections and signals.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Connections,
    events_to_stamp: Notify,
    feed_head: watch::Sender<i64>,
    recent_events: RecentEvents,
    shapes: Arc<Shapes>,
}

pub(crate) enum Connections {
    Postgres { pool: DatabaseConnection, kept: KeptConnections },
    Sqlite { writer: Writer, readers: Readers, log: WriteAheadLog },
}

impl Store {
    /// Connects. On SQLite the file and its folder are created when they are missing.
    ///
    /// # Errors
    /// [`StorageError::Settings`] for settings that make no sense, [`StorageError::Unavailable`] when the database does
    /// not answer.
    pub async fn connect(options: StoreOptions) -> Result<Self, StorageError> {
        let connections = match options.location()? {
            Location::Postgres => {
                let pool = postgres::open(&options).await?;
                Connections::Postgres { pool, kept: KeptConnections::default() }
            }
            Location::Sqlite(path) => {
                let (writer, readers) = sqlite::open(&options, &path).await?;
                Connections::Sqlite { writer, readers, log: WriteAheadLog::of(&path) }
            }
        };
        let (feed_head, _) = watch::channel(0);
        let inner = Inner {
            connections,
            events_to_stamp: Notify::new(),
            feed_head,
            recent_events: RecentEvents::default(),
            shapes: Arc::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The database behind the store.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        match self.inner.connections {
            Connections::Postgres { .. } => DbBackend::Postgres,
            Connections::Sqlite { .. } => DbBackend::Sqlite,
        }
    }

    /// Connections for queries outside a transaction. Each statement sees what is committed when it starts.
    ///
    /// On SQLite these connections refuse to write, and rows give their columns by name only.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        match &self.inner.connections {
            Connections::Postgres { pool, .. } => pool,
            Connections::Sqlite { readers, .. } => &readers.connection,
        }
    }

    /// Runs `work` in one writing transaction, named `name` in spans and metrics, and commits it when it answers `Ok`.
    ///
    /// SQLite: `BEGIN IMMEDIATE` on the only writer, so the whole closure is alone. PostgreSQL: READ COMMITTED, so
    /// `work` locks what it decides on. A lost race (serialization failure, deadlock) runs the whole closure again, five
    /// times in all, after a random wait. After the commit the relay, or whoever
    /// watches the feed, is woken when events were appended.
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
        let tx = WriteTx::new(self.begin().await?, Arc::clone(&self.inner.shapes));
        let answer = match work(&tx).await {
            Ok(answer) => answer,
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        };
        self.commit(tx).await?;
        metrics::histogram!("backorder_storage_transaction_seconds", "transaction" => name)
            .record(started.elapsed().as_secs_f64());
        Ok(answer)
    }

    /// Commits, and tells of it whoever waits for it.
    pub(crate) async fn commit(&self, tx: WriteTx<'_>) -> Result<(), StorageError> {
        let Committed { has_events, feed_head, then } = tx.commit(&self.inner.recent_events).await?;
        match feed_head {
            Some(head) => self.raise_feed_head(head),
            None if has_events => self.tell_of_events(),
            None => {}
        }
        then.into_iter().for_each(|then| then());
        if let Connections::Sqlite { writer, readers, log } = &self.inner.connections {
            log.note_commit(writer, readers).await;
        }
        Ok(())
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
            let snapshot = SnapshotTx::new(self.begin_snapshot().await?);
            let answer = work(&snapshot).await;
            snapshot.end().await;
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

    /// Waits until a transaction of this process appended events that still need their position. One waiter is woken per
    /// commit; none is lost. Never ends on SQLite, where events have their position from the beginning.
    pub async fn events_to_stamp(&self) {
        self.inner.events_to_stamp.notified().await;
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
        self.reader().ping().await.is_ok()
    }

    /// Closes all connections after the running statements. Every clone becomes unusable.
    ///
    /// # Errors
    /// [`StorageError`] when the driver refuses.
    pub async fn close(&self) -> Result<(), StorageError> {
        match &self.inner.connections {
            Connections::Postgres { pool, kept } => {
                kept.give_back();
                Ok(pool.close_by_ref().await?)
            }
            Connections::Sqlite { writer, readers, .. } => {
                readers.close().await?;
                writer.close().await
            }
        }
    }

    async fn begin(&self) -> Result<Transaction, StorageError> {
        Ok(match &self.inner.connections {
            // READ COMMITTED is a setting of the connections, which saves a round trip per transaction.
            Connections::Postgres { pool, .. } => pool.begin().await?.into(),
            Connections::Sqlite { writer, .. } => writer.begin().await?.into(),
        })
    }

    async fn begin_snapshot(&self) -> Result<Transaction, StorageError> {
        Ok(match &self.inner.connections {
            Connections::Postgres { pool, .. } => {
                let options = TransactionOptions {
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    access_mode: Some(AccessMode::ReadOnly),
                    sqlite_transaction_mode: None,
                };
                pool.begin_with_options(options).await?.into()
            }
            Connections::Sqlite { readers, .. } => readers.snapshot().await?.into(),
        })
    }

    /// Events were appended that need their positions.
    pub(crate) fn tell_of_events(&self) {
        self.inner.events_to_stamp.notify_one();
    }

    pub(crate) fn shapes(&self) -> &Arc<Shapes> {
        &self.inner.shapes
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    pub(crate) fn recent_events(&self) -> &RecentEvents {
        &self.inner.recent_events
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
}

fn full_jitter(tries: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(10)).mul_f64(rand::random::<f64>())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that opens connections")]
pub(crate) async fn open(options: ConnectOptions) -> Result<DatabaseConnection, StorageError> {
    Ok(Database::connect(options).await?)
}

pub(crate) async fn open_proxy(
    backend: DbBackend,
    proxy: Arc<Box<dyn ProxyDatabaseTrait>>,
) -> Result<DatabaseConnection, StorageError> {
    Ok(Database::connect_proxy(backend, proxy).await?)
}
