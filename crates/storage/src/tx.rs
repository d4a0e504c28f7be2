//! The writing transaction that use cases get.

use std::{
    marker::PhantomData,
    ops::Deref,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

/// A transaction that may write, made by [`Store::write`](crate::Store::write).
///
/// It is a SeaORM connection, so every query and every entity works on it. Functions that take one end in `_in_tx` and
/// must not open a second connection. The lifetime is that of what the closure borrows; write `&WriteTx` in signatures.
pub struct WriteTx<'env> {
    transaction: DatabaseTransaction,
    events_appended: AtomicBool,
    /// The feed's head after this transaction, where positions are given at append time; 0 when it gave none.
    feed_head: AtomicI64,
    borrowed: PhantomData<&'env ()>,
}

impl WriteTx<'_> {
    pub(crate) fn new(transaction: DatabaseTransaction) -> Self {
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

    /// Ends it: the transaction, whether events were appended, and the feed's head if it moved here.
    pub(crate) fn into_parts(self) -> (DatabaseTransaction, bool, i64) {
        (self.transaction, self.events_appended.into_inner(), self.feed_head.into_inner())
    }

    /// The database behind the transaction.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }
}

impl Deref for WriteTx<'_> {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

#[async_trait::async_trait]
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
