//! Brings a service's committed events into feed order and, where there is a broker, publishes them.
//!
//! Stamping and publishing are two loops, so that watches and readers of the feed go on while the broker is away.
//! Publishing starts again at the durable mark, so events may be published twice and never not at all. When the broker
//! holds less than the mark says, it has lost data and is refilled from the oldest event that the store still has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU8, Ordering},
    },
    time::Duration,
};

use backorder_domain::time::Clock;
use backorder_storage::{
    StorageError, Store,
    feed::{self, Marks},
    idempotency, lease,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{BusError, Envelope, EventBus, Publisher, backoff::Backoff};

/// How often the database is asked although no commit of this process called for it: other instances commit too.
const FALLBACK_TICK: Duration = Duration::from_secs(1);
/// Under load events are stamped for several commits at once: a stamping is a commit of its own, and as many of them as of
/// commands would cost the commands half of the disk. The first event after a pause waits for nothing.
const STAMP_PACE: Duration = Duration::from_millis(10);
/// How often old rows are forgotten.
const RETENTION_TICK: Duration = Duration::from_secs(60);
/// How long after the start that is done first.
const RETENTION_START: Duration = Duration::from_secs(5);
/// Requests forgotten in one transaction at most.
const PURGE_REQUESTS_MAX: u32 = 1_000;
/// Events read and published at once.
const BATCH_EVENTS_MAX: u32 = 500;
/// How old the published mark may get while there is something to mark.
const MARK_INTERVAL: Duration = Duration::from_secs(1);
/// How long another instance's relay must be silent before this one publishes.
const LEASE_TIME: Duration = Duration::from_secs(10);
const LEASE_NAME: &str = "relay";

/// The relay of one service. Clones share their progress: a job that is started anew runs another clone.
#[derive(Clone)]
pub struct Relay {
    store: Store,
    bus: Arc<dyn EventBus>,
    source: String,
    holder: String,
    lease_time: Duration,
    retention: Option<Retention>,
    published: Arc<AtomicI64>,
    mode: Arc<AtomicU8>,
}

#[derive(Clone)]
struct Retention {
    clock: Arc<dyn Clock>,
    keep: jiff::SignedDuration,
}

/// A view of a relay's progress. Cheap to clone.
#[derive(Clone)]
pub struct RelayProgress {
    store: Store,
    published: Arc<AtomicI64>,
    /// One of the constants below.
    mode: Arc<AtomicU8>,
}

/// Not known yet, or not any more: the broker may hold anything or nothing.
const UNKNOWN: u8 = 0;
/// Another instance publishes: the durable mark tells how far.
const FOLLOWS: u8 = 3;
/// Consumers read the feed by themselves.
const READS_FEED: u8 = 1;
/// This relay publishes.
const LEADS: u8 = 2;

impl RelayProgress {
    /// Committed events that consumers may not see yet. While it is not known what the broker holds, all that are stored.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn pending(&self) -> Result<u64, StorageError> {
        let unstamped = feed::unstamped(&self.store).await?;
        let mode = self.mode.load(Ordering::Acquire);
        if mode == READS_FEED {
            return Ok(unstamped);
        }
        let marks = feed::marks(self.store.reader()).await?;
        let published = match mode {
            LEADS => self.published.load(Ordering::Acquire),
            FOLLOWS => marks.published,
            _ => marks.oldest - 1,
        };
        Ok(unstamped + marks.last.saturating_sub(published).max(0).unsigned_abs())
    }
}

impl Relay {
    /// A relay for the events of `store`, which consumers know as `source`.
    #[must_use]
    pub fn new(store: Store, bus: Arc<dyn EventBus>, source: impl Into<String>) -> Self {
        let holder = format!("{}-{:016x}", std::process::id(), rand::random::<u64>());
        Self {
            store,
            bus,
            source: source.into(),
            holder,
            lease_time: LEASE_TIME,
            retention: None,
            published: Arc::new(AtomicI64::new(0)),
            mode: Arc::new(AtomicU8::new(UNKNOWN)),
        }
    }

    /// The same, forgetting events and request ids that are older than `keep` by `clock`. Use 48 hours or more.
    #[must_use]
    pub fn with_retention(mut self, clock: Arc<dyn Clock>, keep: Duration) -> Self {
        let keep = jiff::SignedDuration::try_from(keep).unwrap_or(jiff::SignedDuration::MAX);
        self.retention = Some(Retention { clock, keep });
        self
    }

    /// The same, publishing after another instance's relay was silent for `lease_time` (10 seconds when not set).
    #[must_use]
    pub fn with_lease_time(mut self, lease_time: Duration) -> Self {
        self.lease_time = lease_time;
        self
    }

    /// A view of the progress that outlives the move of the relay into its task.
    #[must_use]
    pub fn progress(&self) -> RelayProgress {
        RelayProgress { store: self.store.clone(), published: self.published.clone(), mode: self.mode.clone() }
    }

    /// Works until the shutdown. Outages of database and broker are waited out; commands do not wait for it.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::join!(self.stamp_until(&shutdown), self.publish_until(&shutdown), self.forget_until(&shutdown));
    }

    async fn stamp_until(&self, shutdown: &CancellationToken) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        loop {
            let begun = Instant::now();
            match feed::stamp(&self.store).await {
                Ok(stamped) => {
                    backoff.reset();
                    metrics::counter!("backorder_messaging_stamped_events_total", "source" => self.source.clone())
                        .increment(stamped);
                }
                Err(error) => {
                    tracing::warn!(source = self.source, error = %error, "events could not be stamped");
                    if !backoff.wait(shutdown).await {
                        return;
                    }
                    continue;
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.store.events_to_stamp() => tokio::time::sleep_until(begun + STAMP_PACE).await,
                () = tokio::time::sleep(FALLBACK_TICK) => {}
            }
        }
    }

    async fn publish_until(&self, shutdown: &CancellationToken) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while !shutdown.is_cancelled() {
            match self.publish_while_leader(shutdown, &mut backoff).await {
                Ok(Ended::NothingToPublish | Ended::Shutdown) => return,
                Ok(Ended::OtherLeads) => {
                    if shutdown.run_until_cancelled(tokio::time::sleep(self.lease_time / 4)).await.is_none() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(source = self.source, error = %error, "events could not be published, they wait");
                    metrics::counter!("backorder_messaging_publish_failures_total", "source" => self.source.clone())
                        .increment(1);
                    if !backoff.wait(shutdown).await {
                        return;
                    }
                }
            }
        }
    }

    async fn publish_while_leader(
        &self,
        shutdown: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<Ended, BusError> {
        let Some(mut publisher) = self.bus.publisher(&self.source).await? else {
            self.mode.store(READS_FEED, Ordering::Release);
            return Ok(Ended::NothingToPublish);
        };
        let Some(lease) = lease::acquire(&self.store, LEASE_NAME, &self.holder, self.lease_time).await? else {
            self.mode.store(FOLLOWS, Ordering::Release);
            return Ok(Ended::OtherLeads);
        };
        let mut publishing = Publishing::start(self, publisher.as_mut()).await?;
        self.mode.store(LEADS, Ordering::Release);
        let ended = publishing.run(shutdown, backoff).await;
        let marked = publishing.mark().await;
        self.mode.store(if ended.is_ok() { FOLLOWS } else { UNKNOWN }, Ordering::Release);
        let ended = ended?;
        marked?;
        if matches!(ended, Ended::Shutdown) {
            lease::release(&self.store, &lease).await?;
        }
        Ok(ended)
    }

    async fn forget_until(&self, shutdown: &CancellationToken) {
        let Some(retention) = &self.retention else { return };
        // Soon after the start, for a service that was away for long; not at once, because consumers in this process may
        // still have to announce themselves.
        let mut wait = RETENTION_START;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = RETENTION_TICK;
            if let Err(error) = self.forget(retention).await {
                tracing::warn!(source = self.source, error = %error, "old events could not be forgotten");
            }
        }
    }

    async fn forget(&self, retention: &Retention) -> Result<(), StorageError> {
        let Ok(before) = retention.clock.now().checked_sub(retention.keep) else { return Ok(()) };
        let marks = feed::marks(self.store.reader()).await?;
        let through = if self.mode.load(Ordering::Acquire) == READS_FEED {
            self.bus.releasable(&self.source).unwrap_or(marks.last)
        } else {
            marks.published
        };
        let events = feed::purge(&self.store, before, through).await?;
        let mut requests = 0;
        loop {
            let purged = idempotency::purge(&self.store, before, PURGE_REQUESTS_MAX).await?;
            requests += purged;
            if purged < u64::from(PURGE_REQUESTS_MAX) {
                break;
            }
        }
        tracing::debug!(source = self.source, events, requests, "old events and requests are forgotten");
        Ok(())
    }
}

enum Ended {
    NothingToPublish,
    OtherLeads,
    Shutdown,
}

/// Publishing, from a known position on.
struct Publishing<'a> {
    relay: &'a Relay,
    publisher: &'a mut dyn Publisher,
    position: i64,
    marked: i64,
    marked_at: Instant,
    leased_at: Instant,
}

impl<'a> Publishing<'a> {
    async fn start(relay: &'a Relay, publisher: &'a mut dyn Publisher) -> Result<Self, BusError> {
        let held = publisher.last_position().await?;
        let marks = feed::marks(relay.store.reader()).await?;
        let position = start_after(held, marks);
        if position < marks.published {
            tracing::warn!(
                source = relay.source,
                broker_has = held,
                published = marks.published,
                from = position + 1,
                "broker lost events and is refilled"
            );
            metrics::counter!("backorder_messaging_refills_total", "source" => relay.source.clone()).increment(1);
        }
        relay.published.store(position, Ordering::Release);
        let now = Instant::now();
        Ok(Self { relay, publisher, position, marked: marks.published, marked_at: now, leased_at: now })
    }

    async fn run(&mut self, shutdown: &CancellationToken, backoff: &mut Backoff) -> Result<Ended, BusError> {
        let mut head = self.relay.store.feed_watch();
        loop {
            if self.leased_at.elapsed() > self.relay.lease_time / 4 {
                let (store, holder) = (&self.relay.store, &self.relay.holder);
                if lease::acquire(store, LEASE_NAME, holder, self.relay.lease_time).await?.is_none() {
                    return Ok(Ended::OtherLeads);
                }
                self.leased_at = Instant::now();
            }
            if self.marked_at.elapsed() >= MARK_INTERVAL {
                self.mark().await?;
            }
            if self.position < *head.borrow_and_update() && self.publish_some().await? {
                backoff.reset();
                if shutdown.is_cancelled() {
                    return Ok(Ended::Shutdown);
                }
                continue;
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(Ended::Shutdown),
                changed = head.changed() => if changed.is_err() { return Ok(Ended::Shutdown) },
                () = tokio::time::sleep(MARK_INTERVAL.min(self.relay.lease_time / 4)) => {}
            }
        }
    }

    /// Publishes the next events; answers whether there were any.
    async fn publish_some(&mut self) -> Result<bool, BusError> {
        let events = feed::read_after(&self.relay.store, self.position, BATCH_EVENTS_MAX).await?;
        let Some(last) = events.last().map(|event| event.position) else { return Ok(false) };
        let envelopes: Vec<Envelope> =
            events.into_iter().map(|event| Envelope::of_feed(&self.relay.source, event)).collect();
        self.publisher.publish(&envelopes).await?;
        self.position = last;
        self.relay.published.store(last, Ordering::Release);
        let behind = self.relay.store.feed_watch().borrow().saturating_sub(last).max(0);
        metrics::gauge!("backorder_messaging_unpublished_events", "source" => self.relay.source.clone())
            .set(behind as f64);
        metrics::counter!("backorder_messaging_published_events_total", "source" => self.relay.source.clone())
            .increment(envelopes.len() as u64);
        Ok(true)
    }

    async fn mark(&mut self) -> Result<(), StorageError> {
        if self.position > self.marked {
            feed::mark_published(&self.relay.store, self.position).await?;
            self.marked = self.position;
        }
        self.marked_at = Instant::now();
        Ok(())
    }
}

/// Where publishing starts: after the mark, unless the broker holds less than the mark says, or more than the feed has
/// ever had (then it is not this feed that it holds); then it gets everything that is still stored.
fn start_after(broker_has: i64, marks: Marks) -> i64 {
    let before_oldest = marks.oldest - 1;
    if broker_has < marks.published || broker_has > marks.last {
        before_oldest
    } else {
        marks.published.max(before_oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks = Marks { last: 90, published: 70, oldest: 11 };

    #[test]
    fn publishing_goes_on_after_the_mark_and_repeats_what_was_not_marked() {
        assert_eq!(start_after(70, MARKS), 70);
        assert_eq!(start_after(80, MARKS), 70);
    }

    #[test]
    fn a_broker_that_lost_events_gets_everything_that_is_stored() {
        assert_eq!(start_after(0, MARKS), 10);
        assert_eq!(start_after(69, MARKS), 10);
    }

    #[test]
    fn a_broker_that_holds_another_feed_gets_everything_that_is_stored() {
        assert_eq!(start_after(91, MARKS), 10);
    }

    #[test]
    fn a_new_feed_starts_at_its_beginning() {
        assert_eq!(start_after(0, Marks { last: 5, published: 0, oldest: 1 }), 0);
    }
}
