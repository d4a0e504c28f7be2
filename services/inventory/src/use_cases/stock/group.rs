//! Group commit: reservations that arrive while a transaction is under way form the next one.
//!
//! Whoever finds nobody at work does the work for all that wait. There is no timer, so a call on an idle system waits for
//! nobody, and a hot item costs one update per batch instead of one lock wait per call. Each caller gets its own answer.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use backorder_service_kit::{context::current_deadline, problem::Problem};
use backorder_storage::StorageError;
use tokio::{
    sync::{Mutex as TurnMutex, oneshot},
    time::Instant,
};

use super::{Reserve, StockCommand};
use crate::{error::Error, use_cases::UseCases, write::Write};

/// Lines in one batch at most; a single call may have as many.
const LINES_MAX: usize = 2_000;
/// Calls in one batch at most, so that the first of them need not wait for too many others.
const CALLS_MAX: usize = 256;

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
    waiting: Mutex<VecDeque<Waiting>>,
    turn: TurnMutex<()>,
}

impl ReserveGroup {
    fn push(&self, waiting: Waiting) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
    }

    /// The next batch: in the order of arrival, no request id twice. A doubled request waits for the batch after, where it
    /// finds the stored answer. Callers that are gone or late are left out, and late ones are told.
    fn take_batch(&self, now: Instant) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch: Vec<Waiting> = Vec::new();
        let mut keys = HashSet::new();
        let mut lines = 0;
        while let Some(next) = waiting.front() {
            let is_late = next.deadline.is_some_and(|deadline| deadline <= now);
            let is_full =
                batch.len() >= CALLS_MAX || (!batch.is_empty() && lines + next.write.command.lines.len() > LINES_MAX);
            if !is_late && (is_full || keys.contains(&next.write.key)) {
                break;
            }
            let Some(next) = waiting.pop_front() else { break };
            if is_late {
                let _ = next.answer.send(Err(Error::Kit(Problem::deadline_passed())));
            } else {
                lines += next.write.command.lines.len();
                keys.insert(next.write.key.clone());
                batch.push(next);
            }
        }
        batch
    }
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
        let group = self.reserve_group();
        let (answer, mut answered) = oneshot::channel();
        group.push(Waiting { write, deadline: current_deadline(), answer });
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => return answer.unwrap_or_else(|broken| Err(lost(broken))),
                turn = group.turn.lock() => {
                    self.execute_batch(group.take_batch(Instant::now())).await;
                    drop(turn);
                }
            }
        }
    }

    /// Executes a batch in one transaction. When it fails, each half is executed for itself, and so on, so that a refusal
    /// meets only the one that earned it and costs the others little.
    async fn execute_batch(&self, batch: Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
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

/// The task that worked for others broke. The reservation may be done; its request id tells.
fn lost(broken: oneshot::error::RecvError) -> Error {
    Error::Kit(Problem::internal(broken).context("the batch of a reservation broke"))
}
