//! The bus of one process: consumers read the producer's feed straight from its store.
//!
//! Nothing is published and nothing is marked, so the bus costs the producer no commit at all. A consumer's cursor is
//! written in the transaction of its effects, so the bus costs the consumer none either.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use backorder_storage::{StorageError, Store, WriteTx, cursor, feed};
use tokio::sync::watch;

use crate::{BusError, Envelope, EventBus, EventSubscription, Progress, Publisher, Subscription};

/// Events read from a feed at once, and so the most that one transaction of a consumer applies.
const BATCH_EVENTS_MAX: u32 = 500;
/// Positions that may be passed over before the cursor is written although there was nothing to apply.
const UNRECORDED_POSITIONS_MAX: i64 = 10_000;

/// Connects the services of one process. Cheap to clone.
#[derive(Clone, Default)]
pub struct EmbeddedBus {
    inner: Arc<RwLock<Inner>>,
}

#[derive(Default)]
struct Inner {
    sources: HashMap<String, Store>,
    /// By source and consumer: what is durably known to be finished; 0 until it is known.
    recorded: HashMap<(String, String), Arc<AtomicI64>>,
}

impl EmbeddedBus {
    /// A bus without sources.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a producer's store on the bus.
    pub fn register(&self, source: impl Into<String>, store: Store) {
        self.inner.write().unwrap_or_else(PoisonError::into_inner).sources.insert(source.into(), store);
    }

    fn source(&self, source: &str) -> Result<Store, BusError> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.sources.get(source).cloned().ok_or_else(|| BusError::UnknownSource(source.to_owned()))
    }

    fn recorded(&self, subscription: &Subscription) -> Arc<AtomicI64> {
        let key = (subscription.source.clone(), subscription.consumer.clone());
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.recorded.entry(key).or_default().clone()
    }
}

#[async_trait]
impl EventBus for EmbeddedBus {
    async fn publisher(&self, source: &str) -> Result<Option<Box<dyn Publisher>>, BusError> {
        self.source(source).map(|_| None)
    }

    async fn subscribe(
        &self,
        subscription: &Subscription,
        store: &Store,
    ) -> Result<Box<dyn EventSubscription>, BusError> {
        let source = self.source(&subscription.source)?;
        source.refresh_feed_head().await?;
        let recorded = cursor::read(store, &subscription.consumer, &subscription.source).await?;
        let before_oldest = feed::oldest(source.reader()).await? - 1;
        let position = match recorded {
            Some(position) if position < before_oldest => {
                // State-carrying events make later ones enough for what changes again; the rest needs a reconciliation.
                tracing::error!(
                    consumer = subscription.consumer,
                    source = subscription.source,
                    position,
                    oldest = before_oldest + 1,
                    "events were forgotten before the consumer read them"
                );
                metrics::counter!("backorder_messaging_forgotten_events_total")
                    .increment((before_oldest - position).unsigned_abs());
                before_oldest
            }
            Some(position) => position,
            None => before_oldest,
        };
        let recorded = self.recorded(subscription);
        recorded.store(position, Ordering::Release);
        let progress =
            Arc::new(EmbeddedProgress { source: source.clone(), recorded, finished: AtomicI64::new(position) });
        Ok(Box::new(EmbeddedSubscription {
            subscription: subscription.clone(),
            head: source.feed_watch(),
            source,
            store: store.clone(),
            progress,
            positions: Vec::new(),
            written: AtomicI64::new(position),
            read_through: position,
        }))
    }

    fn expect(&self, subscription: &Subscription) {
        self.recorded(subscription);
    }

    fn releasable(&self, source: &str) -> Option<i64> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let of_source = inner.recorded.iter().filter(|((name, _), _)| name == source);
        of_source.map(|(_, recorded)| recorded.load(Ordering::Acquire)).min()
    }
}

struct EmbeddedSubscription {
    subscription: Subscription,
    source: Store,
    store: Store,
    head: watch::Receiver<i64>,
    progress: Arc<EmbeddedProgress>,
    /// Positions of the batch in hand.
    positions: Vec<i64>,
    /// The cursor that the transaction in hand writes.
    written: AtomicI64,
    /// The last position looked at, unwanted events included.
    read_through: i64,
}

impl EmbeddedSubscription {
    /// Where the cursor stands when the first `done` events of the batch are finished.
    fn cursor_after(&self, done: usize) -> i64 {
        if done >= self.positions.len() {
            return self.read_through;
        }
        match done.checked_sub(1) {
            Some(last) => self.positions[last],
            None => self.progress.finished.load(Ordering::Acquire),
        }
    }

    /// Writes the cursor down when much was passed over, so that a restart need not read it all again.
    async fn record_passed_over(&self) -> Result<(), StorageError> {
        let finished = self.progress.finished.load(Ordering::Acquire);
        if finished - self.progress.recorded.load(Ordering::Acquire) < UNRECORDED_POSITIONS_MAX {
            return Ok(());
        }
        let (consumer, source) = (self.subscription.consumer.as_str(), self.subscription.source.as_str());
        self.store
            .write("record_cursor", move |tx| Box::pin(cursor::advance_in_tx(tx, consumer, source, finished)))
            .await?;
        self.progress.recorded.store(finished, Ordering::Release);
        Ok(())
    }
}

#[async_trait]
impl EventSubscription for EmbeddedSubscription {
    async fn next_batch(&mut self) -> Result<Vec<Envelope>, BusError> {
        loop {
            let head = *self.head.borrow_and_update();
            if self.read_through >= head {
                self.record_passed_over().await?;
                // The source's store holds the sender; when it is gone nothing more comes.
                if self.head.changed().await.is_err() {
                    return Err(BusError::UnknownSource(self.subscription.source.clone()));
                }
                continue;
            }
            let events = feed::read_after(&self.source, self.read_through, BATCH_EVENTS_MAX).await?;
            let Some(last) = events.last() else {
                // Another position will come; until then there is nothing to read.
                if self.head.changed().await.is_err() {
                    return Err(BusError::UnknownSource(self.subscription.source.clone()));
                }
                continue;
            };
            self.read_through = last.position;
            let wanted: Vec<Envelope> = events
                .into_iter()
                .filter(|event| self.subscription.wants(&event.event_type))
                .map(|event| Envelope::of_feed(&self.subscription.source, event))
                .collect();
            self.positions = wanted.iter().map(|event| event.position).collect();
            if wanted.is_empty() {
                self.progress.finished.store(self.read_through, Ordering::Release);
                continue;
            }
            return Ok(wanted);
        }
    }

    async fn record_in_tx(&self, tx: &WriteTx<'_>, done: usize) -> Result<(), StorageError> {
        let position = self.cursor_after(done);
        self.written.store(position, Ordering::Release);
        cursor::advance_in_tx(tx, &self.subscription.consumer, &self.subscription.source, position).await
    }

    async fn finish(&mut self, done: usize) -> Result<(), BusError> {
        let position = self.cursor_after(done);
        if self.written.load(Ordering::Acquire) == position {
            self.progress.recorded.store(position, Ordering::Release);
        }
        self.progress.finished.store(position, Ordering::Release);
        Ok(())
    }

    fn progress(&self) -> Arc<dyn Progress> {
        self.progress.clone()
    }
}

struct EmbeddedProgress {
    source: Store,
    /// What is durably known to be finished, for the source's retention.
    recorded: Arc<AtomicI64>,
    /// What is finished or passed over.
    finished: AtomicI64,
}

#[async_trait]
impl Progress for EmbeddedProgress {
    async fn pending(&self) -> Result<u64, BusError> {
        let unstamped = feed::unstamped(&self.source).await?;
        let head = feed::head(self.source.reader()).await?;
        let behind = head.saturating_sub(self.finished.load(Ordering::Acquire)).max(0);
        Ok(unstamped + behind.unsigned_abs())
    }
}
