//! Group commit: reservations that arrive while a transaction is under way form the next one.
//!
//! Who finds fewer than [`BATCHES_AT_ONCE`] at work starts a worker, which makes batches until nobody waits. There is no
//! timer, so a call on an idle system waits for nobody, and a hot item costs one update per batch instead of one lock wait
//! per call. Each caller gets its own answer.

use std::{
    collections::{HashSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Mutex, MutexGuard, PoisonError},
};

use backorder_domain::ids::ItemId;
use backorder_service_kit::{context::current_deadline, problem::Problem};
use backorder_storage::StorageError;
use futures::FutureExt as _;
use sea_orm::DbBackend;
use tokio::{sync::oneshot, time::Instant};
use tracing::Instrument as _;

use super::{Reserve, StockCommand};
use crate::{error::Error, use_cases::UseCases, write::Write};

/// Lines in one batch at most; a single call may have as many.
const LINES_MAX: usize = 2_000;
/// Calls in one batch at most, so that the first of them need not wait for too many others.
const CALLS_MAX: usize = 256;

/// Batches at once on PostgreSQL: while the database works for one, the next is decided. On SQLite there is one writer.
const BATCHES_AT_ONCE: usize = 2;
/// Calls that are looked through for a batch at most, when many wait for items of another batch.
const CALLS_LOOKED_AT_MAX: usize = 4 * CALLS_MAX;

type Answer = Result<<Reserve as StockCommand>::Answer, Error>;

struct Waiting {
    write: Write<Reserve>,
    /// When the caller stops waiting: then the reservation is not begun.
    deadline: Option<Instant>,
    answer: oneshot::Sender<Answer>,
}

/// Reservations that wait for their batch. As many as writing tasks may run at once.
#[derive(Default)]
pub struct ReserveGroup {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    workers: usize,
    /// The items of the batches that are under way: what else wants them waits, in its order, and not for their locks.
    busy: HashSet<ItemId>,
}

impl Queue {
    fn is_free(&self, call: &Waiting) -> bool {
        call.items().all(|item| !self.busy.contains(item))
    }
}

impl Waiting {
    fn items(&self) -> impl Iterator<Item = &ItemId> {
        self.write.command.lines.iter().map(|line| &line.item)
    }
}

impl ReserveGroup {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a call; answers whether a worker has to be started.
    fn push(&self, call: Waiting, workers_max: usize) -> bool {
        let mut queue = self.queue();
        let is_needed = queue.workers < workers_max && queue.is_free(&call);
        queue.workers += usize::from(is_needed);
        queue.waiting.push_back(call);
        is_needed
    }

    /// The next batch: calls for items of no other batch, those for one item in the order of arrival, no request id twice. A
    /// doubled request waits for a later batch, where it finds the stored answer. Callers that are late are left out and told
    /// so. A worker that gets nothing has ended.
    fn take_batch(&self, now: Instant) -> TakenBatch {
        let mut queue = self.queue();
        let mut taken = TakenBatch::default();
        let (mut keys, mut lines, mut passed) = (HashSet::new(), 0, Vec::new());
        let mut passed_items: HashSet<ItemId> = HashSet::new();
        while taken.calls.len() < CALLS_MAX && taken.calls.len() + passed.len() < CALLS_LOOKED_AT_MAX {
            let Some(next) = queue.waiting.pop_front() else { break };
            if next.deadline.is_some_and(|deadline| deadline <= now) {
                let _ = next.answer.send(Err(Error::Kit(Problem::deadline_passed())));
                continue;
            }
            let is_full = !taken.calls.is_empty() && lines + next.write.command.lines.len() > LINES_MAX;
            let must_wait = !queue.is_free(&next)
                || next.items().any(|item| passed_items.contains(item))
                || keys.contains(&next.write.key);
            if is_full || must_wait {
                // Later calls for its items must not overtake it.
                passed_items.extend(next.items().cloned());
                passed.push(next);
                if is_full {
                    break;
                }
            } else {
                lines += next.write.command.lines.len();
                keys.insert(next.write.key.clone());
                taken.items.extend(next.items().cloned());
                taken.calls.push(next);
            }
        }
        passed.into_iter().rev().for_each(|call| queue.waiting.push_front(call));
        queue.busy.extend(taken.items.iter().cloned());
        queue.workers -= usize::from(taken.calls.is_empty());
        taken
    }

    /// A batch ended, well or not.
    fn end_batch(&self, items: &HashSet<ItemId>) {
        self.queue().busy.retain(|item| !items.contains(item));
    }
}

/// A batch that a worker has to execute, and the items that are busy meanwhile.
#[derive(Default)]
struct TakenBatch {
    calls: Vec<Waiting>,
    items: HashSet<ItemId>,
}

impl UseCases {
    /// Reserves in a batch with the reservations that wait at the same moment.
    ///
    /// # Errors
    /// As [`UseCases::execute_all`], for this reservation alone.
    pub async fn reserve(self, write: Write<Reserve>) -> Answer {
        if write.key.is_none() {
            return self.execute(write).await;
        }
        let workers_max = if self.store().backend() == DbBackend::Postgres { BATCHES_AT_ONCE } else { 1 };
        let (answer, answered) = oneshot::channel();
        if self.reserve_group().push(Waiting { write, deadline: current_deadline(), answer }, workers_max) {
            tokio::spawn(self.work_for_all());
        }
        answered.await.unwrap_or_else(|broken| Err(lost(broken)))
    }

    /// Makes batches until nobody waits. Whoever waits is a writing task of its own, so shutdown waits for this as well.
    async fn work_for_all(self) {
        loop {
            let TakenBatch { calls, items } = self.reserve_group().take_batch(Instant::now());
            if calls.is_empty() {
                return;
            }
            let span = tracing::info_span!(parent: None, "reserve_batch", calls = calls.len());
            // A batch that panics tells its callers so by dropping them; the others still need a worker.
            let done = AssertUnwindSafe(self.execute_batch(calls).instrument(span)).catch_unwind().await;
            self.reserve_group().end_batch(&items);
            if done.is_err() {
                tracing::error!("a batch of reservations broke");
            }
        }
    }

    /// Executes a batch in one transaction. When it fails, each half is executed for itself, and so on, so that a refusal
    /// meets only the one that earned it and costs the others little.
    async fn execute_batch(&self, batch: Vec<Waiting>) {
        metrics::histogram!("backorder_inventory_reserve_batch_calls").record(batch.len() as f64);
        let (writes, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.write, one.answer)).unzip();
        let mut parts = vec![(writes, answers)];
        while let Some((mut writes, mut answers)) = parts.pop() {
            match self.execute_all(&writes).await {
                Ok(done) => {
                    for (answer, done) in answers.into_iter().zip(done) {
                        // A caller that is gone finds its answer under its request id.
                        let _ = answer.send(Ok(done));
                    }
                }
                Err(error) if writes.len() < 2 => {
                    if let Some(answer) = answers.pop() {
                        let _ = answer.send(Err(error));
                    }
                }
                // Asking again would only make all of them wait for the database once more each.
                Err(error @ Error::Storage(StorageError::Unavailable(_))) => {
                    let problem = Problem::from(error);
                    for answer in answers {
                        let _ = answer.send(Err(Error::Kit(problem.clone())));
                    }
                }
                Err(_refused) => {
                    let half = writes.len() / 2;
                    // The earlier half is taken next.
                    parts.push((writes.split_off(half), answers.split_off(half)));
                    parts.push((writes, answers));
                }
            }
        }
    }
}

/// The worker broke. The reservation may be done; its request id tells.
fn lost(broken: oneshot::error::RecvError) -> Error {
    Error::Kit(Problem::internal(broken).context("the batch of a reservation broke"))
}
