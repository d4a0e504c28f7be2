//! Runs one consumer: batch by batch, each in one transaction with the inbox and the progress.
//!
//! The order is: begin, lock and check the inbox rows, apply, record, commit, wake whoever waits, acknowledge. A batch
//! that fails is done again event by event, so that a poisonous event only stops itself: after
//! [`DELIVERY_TRIES_MAX`] failures, counted durably, it becomes a dead letter.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use backorder_domain::time::Clock;
use backorder_storage::{Store, dead_letter, inbox};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::{
    BusError, Envelope, EventBus, EventHandler, EventSubscription, HandlerError, Progress, Subscription,
    backoff::Backoff,
};

/// How often an event is tried before it becomes a dead letter.
pub const DELIVERY_TRIES_MAX: i64 = 5;

const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_LAST: Duration = Duration::from_secs(5);

type SpanLinker = Arc<dyn Fn(&Span, &Envelope) + Send + Sync>;

/// A consumer of one source with its handler.
pub struct ConsumerRunner {
    store: Store,
    bus: Arc<dyn EventBus>,
    subscription: Subscription,
    handler: Arc<dyn EventHandler>,
    clock: Arc<dyn Clock>,
    span_linker: Option<SpanLinker>,
    progress: ConsumerProgress,
}

/// A view of a consumer's progress. Cheap to clone.
#[derive(Clone)]
pub struct ConsumerProgress {
    consumer: Arc<str>,
    current: Arc<RwLock<Option<Arc<dyn Progress>>>>,
}

impl ConsumerProgress {
    /// Events that the consumer has not finished. Zero means that everything the source has committed until now is
    /// applied, and that the handler's `after_commit` was called for it.
    ///
    /// # Errors
    /// [`BusError::NotSubscribed`] until the consumer runs, else [`BusError`] when source or broker do not answer.
    pub async fn pending(&self) -> Result<u64, BusError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        match current {
            Some(progress) => progress.pending().await,
            None => Err(BusError::NotSubscribed(self.consumer.to_string())),
        }
    }

    fn set(&self, progress: Option<Arc<dyn Progress>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = progress;
    }
}

impl ConsumerRunner {
    /// A consumer that applies events to `store`, the consumer's own. `clock` dates what is put aside.
    #[must_use]
    pub fn new(
        store: Store,
        bus: Arc<dyn EventBus>,
        subscription: Subscription,
        handler: Arc<dyn EventHandler>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        bus.expect(&subscription);
        let progress =
            ConsumerProgress { consumer: Arc::from(subscription.consumer.as_str()), current: Arc::default() };
        Self { store, bus, subscription, handler, clock, span_linker: None, progress }
    }

    /// The same, calling `link` for each event with the span of its transaction, to connect the traces.
    #[must_use]
    pub fn with_span_linker(mut self, link: impl Fn(&Span, &Envelope) + Send + Sync + 'static) -> Self {
        self.span_linker = Some(Arc::new(link));
        self
    }

    /// A view of the progress that outlives the move of the runner into its task.
    #[must_use]
    pub fn progress(&self) -> ConsumerProgress {
        self.progress.clone()
    }

    /// Consumes until the shutdown. The batch in hand is finished first. Outages are waited out.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_LAST);
        while !shutdown.is_cancelled() {
            if let Err(error) = self.consume(&shutdown, &mut backoff).await {
                tracing::warn!(
                    consumer = self.subscription.consumer,
                    source = self.subscription.source,
                    error = %error,
                    "consumer lost its source and will subscribe again"
                );
                metrics::counter!("backorder_messaging_resubscriptions_total", "consumer" => self.subscription.consumer.clone())
                    .increment(1);
                if !backoff.wait(&shutdown).await {
                    break;
                }
            }
        }
    }

    async fn consume(&self, shutdown: &CancellationToken, backoff: &mut Backoff) -> Result<(), BusError> {
        let mut subscription = self.bus.subscribe(&self.subscription, &self.store).await?;
        let mut failing = dead_letter::failing(&self.store, &self.subscription.consumer).await?;
        self.progress.set(Some(subscription.progress()));
        let ended = self.consume_from(subscription.as_mut(), &mut failing, shutdown, backoff).await;
        subscription.close().await;
        ended
    }

    async fn consume_from(
        &self,
        subscription: &mut dyn EventSubscription,
        failing: &mut HashSet<Uuid>,
        shutdown: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), BusError> {
        while let Some(batch) = shutdown.run_until_cancelled(subscription.next_batch()).await {
            let batch = batch?;
            backoff.reset();
            let mut work = Work { runner: self, subscription: &mut *subscription, failing: &mut *failing, shutdown };
            if !work.finish_batch(&batch).await? {
                break;
            }
        }
        Ok(())
    }
}

/// A batch being applied.
struct Work<'a> {
    runner: &'a ConsumerRunner,
    subscription: &'a mut dyn EventSubscription,
    /// Events with failed tries, which must be forgotten when they succeed.
    failing: &'a mut HashSet<Uuid>,
    shutdown: &'a CancellationToken,
}

impl Work<'_> {
    /// Answers false when the shutdown came before the batch was done.
    async fn finish_batch(&mut self, batch: &[Envelope]) -> Result<bool, BusError> {
        self.runner.handler.before_batch(batch).await;
        if !batch.iter().any(|event| self.runner.handler.wants(event)) {
            self.subscription.finish(batch.len()).await?;
            return Ok(true);
        }
        let mut backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_LAST);
        while batch.len() > 1 {
            match self.apply(batch, 0, batch.len()).await {
                Ok(()) => return Ok(true),
                Err(error) if error.is_transient() => self.note_outage(&error),
                Err(error) => {
                    tracing::debug!(error = %error.chain(), "batch failed, its events are tried one by one");
                    break;
                }
            }
            if !backoff.wait(self.shutdown).await {
                return Ok(false);
            }
        }
        for index in 0..batch.len() {
            if !self.finish_one(batch, index).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Applies one event or, after too many tries, puts it aside.
    async fn finish_one(&mut self, batch: &[Envelope], index: usize) -> Result<bool, BusError> {
        let event = &batch[index];
        let mut backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_LAST);
        loop {
            let error = match self.apply(batch, index, index + 1).await {
                Ok(()) => return Ok(true),
                Err(error) => error,
            };
            if error.is_transient() {
                self.note_outage(&error);
            } else {
                let chain = error.chain();
                let consumer = &self.runner.subscription.consumer;
                let tries = dead_letter::count_failure(&self.runner.store, consumer, event.id, &chain).await?;
                self.failing.insert(event.id);
                if tries >= DELIVERY_TRIES_MAX {
                    self.put_aside(event, index + 1, tries, &chain).await?;
                    return Ok(true);
                }
            }
            if !backoff.wait(self.shutdown).await {
                return Ok(false);
            }
        }
    }

    /// Applies `batch[from..to]` in one transaction and finishes everything up to `to`.
    async fn apply(&mut self, batch: &[Envelope], from: usize, to: usize) -> Result<(), HandlerError> {
        let events = &batch[from..to];
        let span = tracing::info_span!(
            "consume",
            consumer = self.runner.subscription.consumer,
            source = self.runner.subscription.source,
            events = events.len(),
        );
        if let Some(link) = &self.runner.span_linker {
            events.iter().for_each(|event| link(&span, event));
        }
        async {
            let accepted = self.apply_in_one_transaction(events, to).await?;
            for event in events {
                self.failing.remove(&event.id);
            }
            if !accepted.is_empty() {
                self.runner.handler.after_commit(&accepted).await;
            }
            if let Some(last) = events.last() {
                let consumer = self.runner.subscription.consumer.clone();
                metrics::gauge!("backorder_messaging_applied_position", "consumer" => consumer)
                    .set(last.position as f64);
            }
            self.count("applied", accepted.len());
            self.count("passed_over", events.len() - accepted.len());
            if let Err(error) = self.subscription.finish(to).await {
                // The events come again, and the inbox drops them.
                tracing::debug!(error = %error, "events could not be acknowledged");
            }
            Ok(())
        }
        .instrument(span)
        .await
    }

    async fn apply_in_one_transaction(&self, events: &[Envelope], done: usize) -> Result<Vec<Envelope>, HandlerError> {
        let consumer = self.runner.subscription.consumer.as_str();
        let (handler, subscription, failing) = (&self.runner.handler, &*self.subscription, &*self.failing);
        self.runner
            .store
            .write("consume_events", move |tx| {
                Box::pin(async move {
                    let wanted: Vec<&Envelope> = events.iter().filter(|event| handler.wants(event)).collect();
                    let keys: Vec<(&str, i64)> =
                        wanted.iter().map(|event| (event.aggregate.as_str(), event.sequence)).collect();
                    let newer = inbox::accept_newer_in_tx(tx, consumer, &keys).await?;
                    let accepted: Vec<Envelope> = wanted
                        .into_iter()
                        .zip(newer)
                        .filter(|(_, newer)| *newer)
                        .map(|(event, _)| event.clone())
                        .collect();
                    if !accepted.is_empty() {
                        handler.handle_in_tx(tx, &accepted).await?;
                    }
                    for event in events.iter().filter(|event| failing.contains(&event.id)) {
                        dead_letter::forget_failures_in_tx(tx, consumer, event.id).await?;
                    }
                    subscription.record_in_tx(tx, done).await?;
                    Ok(accepted)
                })
            })
            .await
    }

    async fn put_aside(&mut self, event: &Envelope, done: usize, tries: i64, error: &str) -> Result<(), BusError> {
        let (consumer, source) = (self.runner.subscription.consumer.as_str(), self.runner.subscription.source.as_str());
        let subscription = &*self.subscription;
        let (stored, now) = (&event.to_feed(), self.runner.clock.now());
        self.runner
            .store
            .write("put_event_aside", move |tx| {
                Box::pin(async move {
                    dead_letter::put_aside_in_tx(tx, consumer, source, stored, tries, error, now).await?;
                    subscription.record_in_tx(tx, done).await
                })
            })
            .await?;
        self.failing.remove(&event.id);
        tracing::error!(consumer, source, event_id = %event.id, event_type = event.event_type, error, "event became a dead letter");
        self.count("dead_lettered", 1);
        self.subscription.finish(done).await
    }

    fn note_outage(&self, error: &HandlerError) {
        tracing::warn!(consumer = self.runner.subscription.consumer, error = %error.chain(), "store failed, events wait");
        metrics::counter!("backorder_messaging_outages_total", "consumer" => self.runner.subscription.consumer.clone())
            .increment(1);
    }

    fn count(&self, outcome: &'static str, events: usize) {
        let consumer = self.runner.subscription.consumer.clone();
        metrics::counter!("backorder_messaging_events_total", "consumer" => consumer, "outcome" => outcome)
            .increment(events as u64);
    }
}
