//! A consumer's handler: keeps the newest state of each aggregate and a log of what it applied.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use backorder_messaging::{Envelope, EventHandler, HandlerError};
use backorder_storage::{StorageError, WriteTx};
use sea_orm::{ConnectionTrait, DbErr, RuntimeErr, Statement, Value};

/// How the handler fails on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It refuses the event this many times.
    Refuses(u32),
    /// The store is away this many times.
    StoreAway(u32),
}

#[derive(Default)]
pub struct Recorder {
    faults: Mutex<HashMap<String, Fault>>,
    /// Calls of `handle_in_tx`.
    pub calls: AtomicUsize,
    /// Events that `after_commit` was told of.
    pub committed: AtomicUsize,
    /// `after_commit` never comes back, like a process that is killed there.
    pub hangs_after_commit: AtomicBool,
    /// Events of this type do not matter.
    pub unwanted_type: Mutex<Option<String>>,
}

impl Recorder {
    /// Makes the handler fail with events of an aggregate.
    pub fn fail_with(&self, aggregate: &str, fault: Fault) {
        self.faults.lock().unwrap().insert(aggregate.to_owned(), fault);
    }

    fn next_fault(&self, aggregate: &str) -> Option<HandlerError> {
        let mut faults = self.faults.lock().unwrap();
        match faults.get_mut(aggregate)? {
            Fault::Refuses(0) | Fault::StoreAway(0) => None,
            Fault::Refuses(left) => {
                *left -= 1;
                Some(HandlerError::rejected(format!("{aggregate} is poisonous")))
            }
            Fault::StoreAway(left) => {
                *left -= 1;
                let away = RuntimeErr::Internal("store is away".to_owned());
                Some(StorageError::Unavailable(DbErr::Exec(away)).into())
            }
        }
    }
}

#[async_trait::async_trait]
impl EventHandler for Recorder {
    fn wants(&self, event: &Envelope) -> bool {
        self.unwanted_type.lock().unwrap().as_deref() != Some(event.event_type.as_str())
    }

    async fn handle_in_tx(&self, tx: &WriteTx<'_>, events: &[Envelope]) -> Result<(), HandlerError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        for event in events {
            if let Some(fault) = self.next_fault(&event.aggregate) {
                return Err(fault);
            }
            let statement = Statement::from_sql_and_values(
                tx.backend(),
                "INSERT INTO applied (event_id, aggregate, sequence, payload) VALUES ($1, $2, $3, $4)",
                [
                    Value::from(event.id.to_string()),
                    Value::from(event.aggregate.as_str()),
                    Value::from(event.sequence),
                    Value::from(event.payload.to_vec()),
                ],
            );
            tx.execute_raw(statement).await.map_err(StorageError::from)?;
        }
        Ok(())
    }

    async fn after_commit(&self, events: &[Envelope]) {
        self.committed.fetch_add(events.len(), Ordering::SeqCst);
        if self.hangs_after_commit.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}
