//! Group commit: reservations that arrive while a transaction is under way form the next one.
//!
//! Who finds fewer than [`BATCHES_AT_ONCE`] at work makes a batch, and leaves the next to a worker that goes on until nobody
//! waits. There is no timer, so a call on an idle system waits for nobody, and a hot item costs one update per batch instead of one lock wait
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
    /// Calls in the batches that are under way.
    running: usize,
    /// The items of the batches that are under way: what else wants them waits, in its order, and not for their locks.
    busy: HashSet<ItemId>,
}

impl Queue {
    /// A batch beside another must not be smaller: what a batch costs whatever its size is shared by few else.
    fn may_begin(&self) -> bool {
        self.waiting.len() >= self.running
    }

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
        let is_free = queue.is_free(&call);
        queue.waiting.push_back(call);
        let is_needed = queue.workers < workers_max && is_free && queue.may_begin();
        queue.workers += usize::from(is_needed);
        is_needed
    }

    /// The next batch: calls for items of no other batch, those for one item in the order of arrival, no request id twice. A
    /// doubled request waits for a later batch, where it finds the stored answer. Callers that are late are left out and told
    /// so. A worker that gets nothing has ended.
    fn take_batch(&self, now: Instant) -> TakenBatch {
        let mut queue = self.queue();
        let mut taken = TakenBatch::default();
        if !queue.may_begin() {
            queue.workers -= 1;
            return taken;
        }
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
        queue.running += taken.calls.len();
        queue.workers -= usize::from(taken.calls.is_empty());
        taken
    }

    /// Whether anybody waits for the worker that asks; else it has ended.
    fn goes_on(&self) -> bool {
        let mut queue = self.queue();
        queue.workers -= usize::from(queue.waiting.is_empty());
        !queue.waiting.is_empty()
    }

    /// A batch of so many calls for these items ended, well or not.
    fn end_batch(&self, calls: usize, items: &HashSet<ItemId>) {
        let mut queue = self.queue();
        queue.running -= calls;
        queue.busy.retain(|item| !items.contains(item));
    }
}

/// A batch that a worker has to execute, and the items that are busy meanwhile.
#[derive(Default)]
struct TakenBatch {
    calls: Vec<Waiting>,
    items: HashSet<ItemId>,
}

impl UseCases {
    /// Reserves in a batch with the reservations that wait at the same moment. It is queued at once, before the answer is
    /// waited for: whoever begins first is before others in the line.
    ///
    /// # Errors
    /// As [`UseCases::execute_all`], for this reservation alone.
    pub fn begin_reserve(self, write: Write<Reserve>) -> impl Future<Output = Answer> + Send + 'static {
        let workers_max = if self.store().backend() == DbBackend::Postgres { BATCHES_AT_ONCE } else { 1 };
        let queued = if write.key.is_some() {
            let (answer, answered) = oneshot::channel();
            let call = Waiting { write, deadline: current_deadline(), answer };
            Ok((self.reserve_group().push(call, workers_max), answered))
        } else {
            Err(write)
        };
        async move {
            let (starts_worker, answered) = match queued {
                Ok(queued) => queued,
                // Boxed, as is a batch below: the future of a call is moved a dozen times on its way into its task.
                Err(write) => return Box::pin(self.execute(write)).await,
            };
            // The first batch in this task, which on an idle system is this call alone: another task would cost a wake-up.
            if starts_worker && Box::pin(self.work_once()).await && self.reserve_group().goes_on() {
                tokio::spawn(async move { while self.work_once().await {} });
            }
            answered.await.unwrap_or_else(|broken| Err(lost(broken)))
        }
    }

    /// What a worker does once: a batch. Answers false when it has ended. Whoever waits is a writing task of its own, so
    /// shutdown waits for this as well.
    async fn work_once(&self) -> bool {
        let TakenBatch { calls, items } = self.reserve_group().take_batch(Instant::now());
        if calls.is_empty() {
            return false;
        }
        let count = calls.len();
        let span = tracing::info_span!(parent: None, "reserve_batch", calls = count);
        // A batch that panics tells its callers so by dropping them; the others still need a worker.
        let done = AssertUnwindSafe(self.execute_batch(calls).instrument(span)).catch_unwind().await;
        self.reserve_group().end_batch(count, &items);
        if done.is_err() {
            tracing::error!("a batch of reservations broke");
        }
        true
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::time::Duration;

    use backorder_domain::{
        ids::LineId,
        quantity::Quantity,
        stock::{
            claim::{ClaimKey, Strength},
            reserve::{ReserveLine, Shortfall},
            wish::Wish,
        },
    };
    use backorder_storage::idempotency::RequestKey;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::write::Who;

    fn line(item: &str) -> ReserveLine {
        ReserveLine {
            item: ItemId::try_new(item).unwrap(),
            key: ClaimKey { line: LineId::try_new("orders/o/lines/1").unwrap(), part: 1 },
            quantity: Quantity::try_new(1).unwrap(),
            candidates: Vec::new(),
            split_allowed: true,
            min_per_location: Quantity::ZERO,
            shortfall: Shortfall::Refuse,
            strength: Strength::Firm,
            expires_at: None,
            batch: None,
            wish: Wish::default(),
            eligible: true,
            queue_key: String::new(),
            queue_time: Timestamp::UNIX_EPOCH,
            requested_date: None,
            waiting_limit: None,
            take_at_most: None,
            all_or_nothing_group: None,
            wait_whole: false,
            takes_over: None,
        }
    }

    /// A group in which calls wait, each with its request and the items that it wants.
    fn waiting(calls: &[(&str, &[&str])]) -> (ReserveGroup, Vec<oneshot::Receiver<Answer>>) {
        let group = ReserveGroup::default();
        group.queue().workers = 9;
        let answers = calls.iter().map(|(request, items)| push(&group, request, items, None)).collect();
        (group, answers)
    }

    fn push(
        group: &ReserveGroup,
        request: &str,
        items: &[&str],
        deadline: Option<Instant>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        group.push(Waiting { write: write(request, items), deadline, answer }, 0);
        answered
    }

    fn write(request: &str, items: &[&str]) -> Write<Reserve> {
        let key = RequestKey { caller: "c".to_owned(), method: "m".to_owned(), request_id: request.to_owned() };
        let lines = items.iter().map(|item| line(item)).collect();
        Write {
            key: Some(key),
            hash: Vec::new(),
            command_id: Uuid::nil(),
            caller: "c".to_owned(),
            traceparent: None,
            command: Reserve { lines, effective_at: None, who: Who::default() },
        }
    }

    fn requests(taken: &TakenBatch) -> Vec<&str> {
        taken.calls.iter().map(|call| call.write.key.as_ref().unwrap().request_id.as_str()).collect()
    }

    #[test]
    fn the_next_batch_is_of_free_items_and_nobody_is_overtaken() {
        let (group, _answers) =
            waiting(&[("1", &["a"]), ("2", &["a"]), ("3", &["b"]), ("4", &["a", "c"]), ("5", &["c"]), ("6", &["d"])]);
        let now = Instant::now();
        group.queue().busy.insert(ItemId::try_new("a").unwrap());
        let first = group.take_batch(now);
        assert_eq!(requests(&first), ["3", "6"], "5 came after 4, which wants the same item and waits for another");
        assert!(requests(&group.take_batch(now)).is_empty(), "all that wait want busy items");
        group.end_batch(0, &HashSet::from([ItemId::try_new("a").unwrap()]));
        assert_eq!(requests(&group.take_batch(now)), ["1", "2", "4", "5"]);
        group.end_batch(2, &first.items);
        assert_eq!(group.queue().busy.len(), 2, "a and c are under way");
    }

    #[test]
    fn a_request_that_comes_twice_is_in_two_batches() {
        let (group, _answers) = waiting(&[("1", &["a"]), ("1", &["a"]), ("2", &["a"]), ("3", &["b"])]);
        let first = group.take_batch(Instant::now());
        assert_eq!(requests(&first), ["1", "3"]);
        group.end_batch(2, &first.items);
        assert_eq!(requests(&group.take_batch(Instant::now())), ["1", "2"]);
    }

    #[test]
    fn a_batch_is_bounded_in_lines_and_in_calls() {
        let many: Vec<&str> = vec!["a"; LINES_MAX];
        let (group, _answers) = waiting(&[("1", &["a"]), ("2", &many), ("3", &["b"])]);
        let first = group.take_batch(Instant::now());
        assert_eq!(requests(&first), ["1"]);
        group.end_batch(1, &first.items);
        assert_eq!(requests(&group.take_batch(Instant::now())), ["2"], "a single call may have as many");
        let names: Vec<String> = (0..=CALLS_MAX).map(|number| number.to_string()).collect();
        let calls: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), ["a"].as_slice())).collect();
        assert_eq!(requests(&waiting(&calls).0.take_batch(Instant::now())).len(), CALLS_MAX);
    }

    #[test]
    fn who_is_late_is_told_and_a_worker_without_work_ends() {
        let (group, _answers) = waiting(&[]);
        let now = Instant::now();
        let mut late = push(&group, "1", &["a"], Some(now));
        let _in_time = push(&group, "2", &["a"], Some(now + Duration::from_secs(1)));
        let taken = group.take_batch(now);
        assert_eq!(requests(&taken), ["2"]);
        assert!(matches!(late.try_recv(), Ok(Err(Error::Kit(_)))));
        assert_eq!(group.queue().workers, 9);
        group.take_batch(now);
        assert_eq!(group.queue().workers, 8);
    }

    #[test]
    fn a_batch_beside_another_is_not_smaller() {
        let (group, _answers) = waiting(&[("1", &["a"]), ("2", &["b"]), ("3", &["c"])]);
        let first = group.take_batch(Instant::now());
        assert_eq!(requests(&first), ["1", "2", "3"]);
        let _answers = ["4", "5"].map(|request| push(&group, request, &[request], None));
        assert!(requests(&group.take_batch(Instant::now())).is_empty());
        assert_eq!(group.queue().workers, 8);
        let _answer = push(&group, "6", &["6"], None);
        assert_eq!(requests(&group.take_batch(Instant::now())), ["4", "5", "6"]);
    }

    #[test]
    fn a_second_worker_is_started_for_free_items_only() {
        let group = ReserveGroup::default();
        let wants = |item: &str| {
            let (answer, answered) = oneshot::channel();
            let write = write(item, &[item]);
            (group.push(Waiting { write, deadline: None, answer }, 2), answered)
        };
        assert!(wants("a").0);
        let taken = group.take_batch(Instant::now());
        assert!(!wants("a").0, "a is busy");
        assert!(wants("b").0);
        assert!(!wants("c").0, "two are at work");
        drop(taken);
    }
}
