//! What inventory answered for new orders at the same moment is recorded in one transaction.

use std::{collections::BTreeSet, convert::Infallible, iter, sync::Arc};

use async_trait::async_trait;
use backorder_service_kit::{
    group::{Batches, Group, GroupCall},
    problem::Problem,
};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;

use super::{
    CallAnswer, Step,
    drive::answered_in_tx,
    finish::{Settled, settle_in_tx},
    new_orders::problem_of_all,
};
use crate::{
    error::Error,
    events::Events,
    order::{Book, Changes, Moment},
    store::{
        orders::{claims_pending_in_tx, load_orders_in_tx},
        steps,
    },
    use_cases::UseCases,
};

/// The step of a new order with the answers to its calls.
pub struct Outcome {
    step: Arc<Step>,
    id: String,
    answers: Vec<CallAnswer>,
    /// The order as the first transaction left it, when that was in this process.
    book: Option<Book>,
}

impl Outcome {
    /// What the step has come to.
    #[must_use]
    pub fn new(step: Arc<Step>, answers: Vec<CallAnswer>, book: Option<Book>) -> Self {
        Self { id: step.id.to_string(), step, answers, book }
    }
}

impl GroupCall for Outcome {
    type Subject = Infallible;
    type Key = String;

    fn subjects(&self) -> impl Iterator<Item = &Infallible> {
        iter::empty()
    }

    fn key(&self) -> &String {
        &self.id
    }

    fn lines(&self) -> usize {
        self.step.plan.lines.len()
    }
}

/// Records outcomes in batches.
#[derive(Clone)]
pub struct Recording(pub UseCases);

#[async_trait]
impl Batches for Recording {
    type Call = Outcome;
    type Answer = Vec<u8>;
    type Error = Error;
    const NAME: &'static str = "finish_orders";

    fn group(&self) -> &Group<Self> {
        self.0.recording()
    }

    async fn execute(&self, outcomes: &[Outcome]) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        metrics::histogram!("backorder_allocation_record_batch_orders").record(outcomes.len() as f64);
        let (use_cases, now) = (&self.0, self.0.now());
        let store = use_cases.store();
        store
            .write(Self::NAME, |tx| Box::pin(async move { record_all_in_tx(use_cases, tx, outcomes, now).await }))
            .await
    }

    fn problem_of_all(error: Error) -> Option<Problem> {
        problem_of_all(error)
    }
}

async fn record_all_in_tx(
    use_cases: &UseCases,
    tx: &WriteTx<'_>,
    outcomes: &[Outcome],
    now: Timestamp,
) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
    let places = use_cases.catalog().places_in_tx(tx).await?;
    let moment = Moment { now, places: &places };
    let unfinished = steps::lock_in_tx(tx, &outcomes.iter().map(|outcome| outcome.id.clone()).collect()).await?;
    let mut books = Books::load_in_tx(tx, outcomes.iter().filter(|outcome| unfinished.contains(&outcome.id))).await?;
    let mut work = Recorded { changes: Changes::default(), events: use_cases.events(now, None), done: Vec::new() };
    let mut told = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let answer = if unfinished.contains(&outcome.id) {
            let (book, pending) = books.take(outcome);
            let settled = settle_in_tx(use_cases, tx, &outcome.step, &outcome.answers, book, &pending, moment).await;
            settled.map(|settled| work.take(outcome, settled))
        } else {
            answered_in_tx(tx, &outcome.step).await
        };
        told.push(match answer {
            // The others cannot go on after it.
            Err(error @ Error::Storage(_)) => return Err(error),
            other => other,
        });
    }
    work.write_in_tx(use_cases, tx, now).await?;
    Ok(told)
}

/// The orders of all steps, locked.
struct Books {
    loaded: Book,
    /// Orders whose claims changed while they were busy.
    pending: BTreeSet<String>,
}

impl Books {
    async fn load_in_tx<'o>(
        tx: &WriteTx<'_>,
        outcomes: impl Iterator<Item = &'o Outcome> + Clone,
    ) -> Result<Self, Error> {
        let ids: BTreeSet<String> = outcomes.clone().flat_map(|outcome| outcome.step.orders()).collect();
        let pending = claims_pending_in_tx(tx, &ids).await?;
        let unknown = outcomes.filter(|outcome| outcome.book.is_none()).flat_map(|outcome| outcome.step.orders());
        let to_load: BTreeSet<String> = unknown.chain(pending.iter().cloned()).collect();
        let loaded = if to_load.is_empty() { Book::default() } else { load_orders_in_tx(tx, &to_load).await? };
        Ok(Self { loaded, pending })
    }

    /// The orders of one step, and those of them whose claims changed.
    fn take(&mut self, outcome: &Outcome) -> (Book, BTreeSet<String>) {
        let mut book = outcome.book.clone().unwrap_or_default();
        let orders = outcome.step.orders();
        book.orders.extend(orders.iter().filter_map(|id| self.loaded.orders.remove_entry(id)));
        (book, orders.into_iter().filter(|id| self.pending.contains(id)).collect())
    }
}

/// What all steps have come to.
struct Recorded<'a> {
    changes: Changes,
    events: Events<'a>,
    done: Vec<(&'a Outcome, Vec<u8>)>,
}

impl<'a> Recorded<'a> {
    fn take(&mut self, outcome: &'a Outcome, settled: Settled<'a>) -> Vec<u8> {
        let Settled { answer, changes, events } = settled;
        self.changes.append(changes);
        self.events.append(events);
        self.done.push((outcome, answer.clone()));
        answer
    }

    async fn write_in_tx(self, use_cases: &UseCases, tx: &WriteTx<'_>, now: Timestamp) -> Result<(), Error> {
        let mut batch = Batch::new(tx);
        steps::remove(&mut batch, self.done.iter().map(|(outcome, _)| outcome.id.as_str()));
        let answered = self.done.into_iter().map(|(outcome, answer)| {
            let step = outcome.step.as_ref();
            (&step.key, step.hash.as_slice(), answer)
        });
        batch.answered_all(answered, now);
        Ok(use_cases.record_in_tx(tx, batch, self.changes, self.events).await?)
    }
}
