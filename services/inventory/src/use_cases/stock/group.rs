//! Group commit: reservations that arrive while a transaction is under way form the next one.
//!
//! Whoever finds nobody at work does the work for all that wait. There is no timer, so a call on an idle system waits for
//! nobody, and a hot item costs one update per batch instead of one lock wait per call. Each caller gets its own answer.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use backorder_service_kit::problem::Problem;
use tokio::sync::{Mutex as TurnMutex, oneshot};

use super::{Reserve, StockCommand};
use crate::{error::Error, use_cases::UseCases, write::Write};

/// Lines in one batch at most; a single call may have as many.
const LINES_MAX: usize = 2_000;

type Answer = Result<<Reserve as StockCommand>::Answer, Error>;

struct Waiting {
    write: Write<Reserve>,
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
    /// finds the stored answer.
    fn take_batch(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch: Vec<Waiting> = Vec::new();
        let mut keys = BTreeSet::new();
        let mut lines = 0;
        while let Some(next) = waiting.front() {
            let is_full = !batch.is_empty() && lines + next.write.command.lines.len() > LINES_MAX;
            if is_full || keys.contains(&next.write.key) {
                break;
            }
            lines += next.write.command.lines.len();
            keys.insert(next.write.key.clone());
            batch.extend(waiting.pop_front());
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
        group.push(Waiting { write, answer });
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => return answer.unwrap_or_else(|broken| Err(lost(broken))),
                turn = group.turn.lock() => {
                    self.execute_batch(group.take_batch()).await;
                    drop(turn);
                }
            }
        }
    }

    /// Executes a batch in one transaction. When it fails, each of its reservations is executed alone, so that a refusal
    /// meets only the one that earned it.
    async fn execute_batch(&self, batch: Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
        let (writes, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.write, one.answer)).unzip();
        metrics::histogram!("backorder_inventory_reserve_batch_calls").record(writes.len() as f64);
        match self.execute_all(&writes).await {
            Ok(done) => {
                for (answer, done) in answers.into_iter().zip(done) {
                    // A caller that is gone finds its answer under its request id.
                    let _ = answer.send(Ok(done));
                }
            }
            Err(error) if writes.len() < 2 => {
                if let Some(answer) = answers.into_iter().next() {
                    let _ = answer.send(Err(error));
                }
            }
            Err(_refused) => {
                for (write, answer) in writes.into_iter().zip(answers) {
                    let _ = answer.send(self.clone().execute(write).await);
                }
            }
        }
    }
}

/// The task that worked for others broke. The reservation may be done; its request id tells.
fn lost(broken: oneshot::error::RecvError) -> Error {
    Error::Kit(Problem::internal(broken).context("the batch of a reservation broke"))
}
