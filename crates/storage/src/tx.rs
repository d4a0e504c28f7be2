//! Transactions: the one that use cases write in, and the one that reads a snapshot.

use std::{
    marker::PhantomData,
    ops::Deref,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{StorageError, sqlite::Session};

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

    async fn commit(self) -> Result<(), DbErr> {
        match self.kind {
            Kind::Postgres(transaction) => transaction.commit().await,
            Kind::Sqlite(session) => session.commit(),
        }
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

/// A transaction that may write, made by [`Store::write`](crate::Store::write).
///
/// Functions that take one end in `_in_tx` and must not open a second connection. The lifetime is that of what the
/// closure borrows; write `&WriteTx` in signatures.
pub struct WriteTx<'env> {
    transaction: Transaction,
    events_appended: AtomicBool,
    /// The feed's head after this transaction, where positions are given at append time; 0 when it gave none.
    feed_head: AtomicI64,
    borrowed: PhantomData<&'env ()>,
}

impl WriteTx<'_> {
    pub(crate) fn new(transaction: Transaction) -> Self {
        Self {
            transaction,
            events_appended: AtomicBool::new(false),
            feed_head: AtomicI64::new(0),
            borrowed: PhantomData,
        }
    }

    pub(crate) fn note_appended(&self, feed_head: Option<i64>) {
        self.events_appended.store(true, Ordering::Relaxed);
        if let Some(head) = feed_head {
            self.feed_head.store(head, Ordering::Relaxed);
        }
    }

    /// Commits it; answers whether events were appended, and the feed's head if it moved here.
    pub(crate) async fn commit(self) -> Result<(bool, i64), StorageError> {
        self.transaction.commit().await.map_err(StorageError::of_commit)?;
        Ok((self.events_appended.into_inner(), self.feed_head.into_inner()))
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
