//! Connections of SeaORM that are served by ours: queries outside of a transaction, and migrations.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{DatabaseConnection, DbBackend, DbErr, ProxyDatabaseTrait, ProxyExecResult, ProxyRow, Statement};

use super::{
    Session,
    pool::{Pool, waiting},
    session::{RowStatement, counted, query, run_rows},
};
use crate::{StorageError, store};

/// Each statement runs on any connection of the pool.
#[derive(Debug)]
struct PoolProxy(Arc<Pool>);

/// All statements run in one transaction.
#[derive(Debug)]
struct SessionProxy(Arc<Session>);

/// A connection of SeaORM, each statement of which runs on any connection of the pool.
pub(super) async fn over_pool(pool: Arc<Pool>) -> Result<DatabaseConnection, StorageError> {
    over(PoolProxy(pool)).await
}

/// A connection of SeaORM, all statements of which run in one transaction.
pub(crate) async fn over_session(session: Arc<Session>) -> Result<DatabaseConnection, StorageError> {
    over(SessionProxy(session)).await
}

async fn over(proxy: impl ProxyDatabaseTrait + 'static) -> Result<DatabaseConnection, StorageError> {
    store::open_proxy(DbBackend::Sqlite, Arc::new(Box::new(proxy))).await
}

#[async_trait]
impl ProxyDatabaseTrait for PoolProxy {
    async fn query(&self, statement: Statement) -> Result<Vec<ProxyRow>, DbErr> {
        let taken = self.0.take().await?;
        waiting(|| query(taken.connection()?, &statement, usize::MAX))
    }

    async fn execute(&self, statement: Statement) -> Result<ProxyExecResult, DbErr> {
        let taken = self.0.take().await?;
        let values = statement.values.map_or_else(Vec::new, |values| values.0);
        let statement = RowStatement { text: statement.sql, width: values.len(), values };
        waiting(|| counted(taken.connection()?, |connection| run_rows(connection, &statement)))
    }

    async fn ping(&self) -> Result<(), DbErr> {
        self.query(Statement::from_string(DbBackend::Sqlite, "SELECT 1")).await.map(drop)
    }
}

#[async_trait]
impl ProxyDatabaseTrait for SessionProxy {
    async fn query(&self, statement: Statement) -> Result<Vec<ProxyRow>, DbErr> {
        self.0.query(&statement, usize::MAX)
    }

    async fn execute(&self, statement: Statement) -> Result<ProxyExecResult, DbErr> {
        if statement.values.as_ref().is_none_or(|values| values.0.is_empty()) {
            return self.0.execute_text(&statement.sql);
        }
        self.0.execute(statement)
    }
}
