//! Connections to one file that are given out in turn.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::Connection;
use sea_orm::{ConnAcquireErr, DbErr};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::failure::failed;
use crate::StorageError;

/// A bounded number of connections. Whoever waits gets one in the order of asking.
#[derive(Debug)]
pub(crate) struct Pool {
    free: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
    size: u32,
    acquire_timeout: Duration,
}

/// A connection that is somebody's until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    /// There until it is dropped.
    connection: Option<Connection>,
    pool: Arc<Pool>,
    _turn: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(connections: Vec<Connection>, acquire_timeout: Duration) -> Arc<Self> {
        let size = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let turns = Arc::new(Semaphore::new(connections.len()));
        Arc::new(Self { free: Mutex::new(connections), turns, size, acquire_timeout })
    }

    /// Takes a connection as soon as one is free.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Taken, DbErr> {
        let turn = tokio::time::timeout(self.acquire_timeout, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let turn = turn.map_err(|_| closed())?;
        let connection = self.free().pop();
        Ok(Taken { connection: Some(connection.ok_or_else(closed)?), pool: Arc::clone(self), _turn: turn })
    }

    /// Closes all connections as they become free.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        // Somebody else has closed it when this fails.
        let _all = self.turns.acquire_many(self.size).await;
        self.turns.close();
        let connections = std::mem::take(&mut *self.free());
        connections
            .into_iter()
            .try_for_each(|connection| waiting(|| connection.close().map_err(|(_, error)| failed(error).into())))
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

impl Taken {
    pub(super) fn connection(&self) -> Result<&Connection, DbErr> {
        self.connection.as_ref().ok_or_else(closed)
    }

    /// How long a statement waits for another connection, holding its thread.
    pub(super) fn set_busy_timeout(&self, timeout: Duration) -> Result<(), DbErr> {
        self.connection()?.busy_timeout(timeout).map_err(failed)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.pool.free().extend(self.connection.take());
    }
}

/// Runs work that may wait for the disk or take long: the other tasks of this thread go on elsewhere.
pub(super) fn waiting<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
