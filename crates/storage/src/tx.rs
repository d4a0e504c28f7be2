//! Transactions: the one that use cases write in, and the one that reads a snapshot.

use std::{
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{StorageError, event_rows::EventRow, recent::RecentEvents, shapes::Shapes, sqlite::Session};

/// A transaction of either database, as a SeaORM connection: every query and every entity works on it.
///
/// Read the columns of its rows by name. By index they come in another order on SQLite.
pub struct Transaction {
    kind: Kind,
}

enum Kind {
    Postgres(DatabaseTransaction),
    Sqlite(Session),
}

impl From<DatabaseTransaction> for Transaction {
    fn from(transaction: DatabaseTransaction) -> Self {
        Self { kind: Kind::Postgres(transaction) }
    }
}

impl From<Session> for Transaction {
    fn from(session: Session) -> Self {
        Self { kind: Kind::Sqlite(session) }
    }
}

impl Transaction {
    pub(crate) fn as_session(&self) -> Option<&Session> {
        match &self.kind {
            Kind::Postgres(_) => None,
            Kind::Sqlite(session) => Some(session),
        }
    }

    /// Commits it and runs `then`; nobody else writes to the same SQLite file in between.
    async fn commit(self, then: impl FnOnce()) -> Result<(), DbErr> {
        match self.kind {
            Kind::Postgres(transaction) => {
                transaction.commit().await?;
                then();
            }
            Kind::Sqlite(session) => {
                session.commit()?;
                then();
            }
        }
        Ok(())
    }

    /// Undoes it. Of SQLite's, dropping it is enough.
    pub(crate) async fn rollback(self) {
        if let Kind::Postgres(transaction) = self.kind
            && let Err(error) = transaction.rollback().await
        {
            tracing::debug!(error = %error, "rollback failed, the connection is dropped");
        }
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self.kind {
            Kind::Postgres(_) => DbBackend::Postgres,
            Kind::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        match &self.kind {
            Kind::Postgres(transaction) => transaction.execute_raw(stmt).await,
            Kind::Sqlite(session) => session.execute(stmt).map(ExecResult::from),
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.kind {
            Kind::Postgres(transaction) => transaction.execute_unprepared(sql).await,
            Kind::Sqlite(session) => session.execute_text(sql).map(ExecResult::from),
        }
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.kind {
            Kind::Postgres(transaction) => transaction.query_one_raw(stmt).await,
            Kind::Sqlite(session) => Ok(session.query(&stmt, 1)?.pop().map(QueryResult::from)),
        }
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.kind {
            Kind::Postgres(transaction) => transaction.query_all_raw(stmt).await,
            Kind::Sqlite(session) => Ok(session.query(&stmt, usize::MAX)?.into_iter().map(QueryResult::from).collect()),
        }
    }
}

/// What a transaction appended to the outbox.
#[derive(Debug, Default)]
struct Appended {
    rows: Vec<EventRow>,
    /// The feed's head after this transaction, where positions are given at append time.
    feed_head: Option<i64>,
}

/// What a committed transaction leaves to be told.
pub(crate) struct Committed {
    /// Whether it appended events.
    pub(crate) has_events: bool,
    /// The feed's head, if it moved here.
    pub(crate) feed_head: Option<i64>,
    /// What is to be done now, in the order in which it was asked for.
    pub(crate) then: Vec<Then>,
}

/// What is done after a commit.
pub(crate) type Then = Box<dyn FnOnce() + Send>;

/// A transaction that may write, made by [`Store::write`](crate::Store::write).
///
/// Functions that take one end in `_in_tx` and must not open a second connection. The lifetime is that of what the
/// closure borrows; write `&WriteTx` in signatures.
pub struct WriteTx<'env> {
    transaction: Transaction,
    shapes: Arc<Shapes>,
    appended: Mutex<Appended>,
    then: Mutex<Vec<Then>>,
    borrowed: PhantomData<&'env ()>,
}

impl WriteTx<'_> {
    pub(crate) fn new(transaction: Transaction, shapes: Arc<Shapes>) -> Self {
        Self { transaction, shapes, appended: Mutex::default(), then: Mutex::default(), borrowed: PhantomData }
    }

    pub(crate) fn shapes(&self) -> &Arc<Shapes> {
        &self.shapes
    }

    pub(crate) fn note_appended(&self, rows: Vec<EventRow>, feed_head: Option<i64>) {
        let mut appended = self.appended.lock().unwrap_or_else(PoisonError::into_inner);
        appended.rows.extend(rows);
        appended.feed_head = feed_head.or(appended.feed_head);
    }

    /// Does something after the commit, and nothing when there is none: the place to wake who reads what is written here,
    /// who would find nothing yet before. A process that dies in between forgets it.
    pub fn after_commit(&self, then: impl FnOnce() + Send + 'static) {
        self.then.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(then));
    }

    /// Commits it; answers the events that it appended. `recent` keeps them where they have their positions already.
    pub(crate) async fn commit(self, recent: &RecentEvents) -> Result<Committed, StorageError> {
        let Appended { rows, feed_head } = self.appended.into_inner().unwrap_or_else(PoisonError::into_inner);
        let has_events = !rows.is_empty();
        let keep = || {
            if let Some(head) = feed_head {
                recent.keep(rows, head);
            }
        };
        self.transaction.commit(keep).await.map_err(StorageError::of_commit)?;
        let then = self.then.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Committed { has_events, feed_head, then })
    }

    /// Undoes it.
    pub(crate) async fn rollback(self) {
        self.transaction.rollback().await;
    }

    /// The database behind the transaction.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    pub(crate) fn transaction(&self) -> &Transaction {
        &self.transaction
    }
}

#[async_trait]
impl ConnectionTrait for WriteTx<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.transaction.execute_raw(stmt).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.transaction.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction.query_one_raw(stmt).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.transaction.query_all_raw(stmt).await
    }
}

/// A reading transaction on one snapshot, made by [`Store::snapshot`](crate::Store::snapshot).
pub struct SnapshotTx<'env> {
    transaction: Transaction,
    borrowed: PhantomData<&'env ()>,
}

impl SnapshotTx<'_> {
    pub(crate) fn new(transaction: Transaction) -> Self {
        Self { transaction, borrowed: PhantomData }
    }

    pub(crate) async fn end(self) {
        self.transaction.rollback().await;
    }
}

impl Deref for SnapshotTx<'_> {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}
