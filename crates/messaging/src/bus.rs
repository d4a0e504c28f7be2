//! What a bus promises.
//!
//! Delivery is at least once, in feed order as long as nothing is sent again. A consumer never gets an event before the
//! transaction that wrote it has committed.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use backorder_storage::{StorageError, Store, WriteTx};

use crate::Envelope;

/// Why a bus could not do its work. All but [`BusError::Settings`] pass by themselves: try again after a while.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The broker cannot be reached or refused.
    #[error("broker is unavailable: {0}")]
    Unavailable(String),
    /// No store is registered under this name of a source.
    #[error("source {0:?} is not on this bus")]
    UnknownSource(String),
    /// The consumer has not subscribed yet, so its progress is unknown.
    #[error("consumer {0:?} is not subscribed yet")]
    NotSubscribed(String),
    /// A name or an address makes no sense.
    #[error("invalid bus settings: {0}")]
    Settings(String),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Who wants which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Name of the consumer, unique within its service. Its progress and its inbox are kept under it.
    pub consumer: String,
    /// The service whose events it wants.
    pub source: String,
    /// The types it wants; empty for all.
    pub event_types: BTreeSet<String>,
}

impl Subscription {
    /// All events of a source.
    #[must_use]
    pub fn new(consumer: impl Into<String>, source: impl Into<String>) -> Self {
        Self { consumer: consumer.into(), source: source.into(), event_types: BTreeSet::new() }
    }

    /// The same, but only events of these types. Others are passed over without a transaction.
    #[must_use]
    pub fn only<T: Into<String>>(mut self, event_types: impl IntoIterator<Item = T>) -> Self {
        self.event_types.extend(event_types.into_iter().map(Into::into));
        self
    }

    pub(crate) fn wants(&self, event_type: &str) -> bool {
        self.event_types.is_empty() || self.event_types.contains(event_type)
    }
}

/// Carries events from the feeds of services to their consumers.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Opens the way for the relay of `source`; `None` when consumers read the feed by themselves.
    ///
    /// # Errors
    /// [`BusError`] when the broker does not answer.
    async fn publisher(&self, source: &str) -> Result<Option<Box<dyn Publisher>>, BusError>;

    /// Opens a consumer's way to a source, at the place where it stopped. `store` is the consumer's own.
    ///
    /// # Errors
    /// [`BusError`] when the source or the broker does not answer.
    async fn subscribe(
        &self,
        subscription: &Subscription,
        store: &Store,
    ) -> Result<Box<dyn EventSubscription>, BusError>;

    /// Announces a consumer that will subscribe, so that nothing is forgotten that it has not read yet.
    fn expect(&self, _subscription: &Subscription) {}

    /// Up to where the feed of `source` may be forgotten, as far as its announced consumers are concerned; `None` when
    /// there are none, so that age alone decides.
    fn releasable(&self, source: &str) -> Option<i64>;
}

/// The relay's way to a broker.
#[async_trait]
pub trait Publisher: Send {
    /// Position of the last event that the broker holds; 0 when it holds none.
    ///
    /// # Errors
    /// [`BusError`] when the broker does not answer.
    async fn last_position(&mut self) -> Result<i64, BusError>;

    /// Publishes events in order. When it answers `Ok`, the broker has stored all of them; on an error, any of them.
    ///
    /// # Errors
    /// [`BusError`] when the broker does not answer or refuses.
    async fn publish(&mut self, events: &[Envelope]) -> Result<(), BusError>;
}

/// A consumer's way to a source.
///
/// Of a batch, the first `done` events are finished step by step: [`record_in_tx`](Self::record_in_tx) in the
/// transaction of their effects, then, after the commit, [`finish`](Self::finish).
#[async_trait]
pub trait EventSubscription: Send + Sync {
    /// Waits for the next events; at least one. The batch before must be finished. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`BusError`] when source or broker fail; subscribe again.
    async fn next_batch(&mut self) -> Result<Vec<Envelope>, BusError>;

    /// Writes down, with the effects, that the first `done` events of the batch are finished.
    ///
    /// # Errors
    /// [`StorageError`] of the statement.
    async fn record_in_tx(&self, tx: &WriteTx<'_>, done: usize) -> Result<(), StorageError>;

    /// Tells the source or the broker that the first `done` events of the batch are finished and need not come again.
    ///
    /// # Errors
    /// [`BusError`] when the broker does not answer; the events come again then.
    async fn finish(&mut self, done: usize) -> Result<(), BusError>;

    /// Gives back what was taken and not finished, so that a successor need not wait for it.
    async fn close(&mut self) {}

    /// A view of this consumer's progress for other tasks.
    fn progress(&self) -> Arc<dyn Progress>;
}

/// How far a consumer is behind.
#[async_trait]
pub trait Progress: Send + Sync {
    /// Events of the source that the consumer has not finished, as far as they can be seen from here.
    ///
    /// # Errors
    /// [`BusError`] when source or broker do not answer.
    async fn pending(&self) -> Result<u64, BusError>;
}
