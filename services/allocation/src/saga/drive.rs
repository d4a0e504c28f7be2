//! Takes a step from its beginning to its end.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use backorder_proto::inventory::v1 as inventory;
use backorder_service_kit::{
    context::{CallScope, current_scope, in_scope},
    group,
    problem::{Problem, reason_name, reason_of},
};
use backorder_storage::{Batch, WriteTx, idempotency};
use prost::Message;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    CallAnswer, NewOrder, Plan, Step, StepKind,
    call::RefusedCall,
    finish,
    in_flight::Holding,
    new_orders::{Beginning, OrderToBegin},
    outcomes::{Outcome, Recording},
};
use crate::{
    error::Error,
    inventory::Failure,
    order::{Book, LineKey},
    store::{orders, steps},
    use_cases::UseCases,
    write::Write,
};

/// How often a write starts over because another step of its order was under way.
const STARTS_MAX: usize = 50;

/// What a command has decided in its first transaction.
pub enum Planned {
    /// A step is needed. The book has the step's orders as they are after this transaction.
    Step(Box<Plan>, Book),
    /// Nothing is left to do; this is the answer.
    Done(Vec<u8>),
}

/// A command that needs inventory.
#[async_trait]
pub trait StepCommand: Send + Sync {
    /// Which use case it is.
    fn kind(&self) -> StepKind;

    /// Checks the command against the orders, which it locks and marks busy, and says what is to be done. What it adds to
    /// the batch is written only when a step is needed.
    ///
    /// # Errors
    /// [`Error::Busy`] when another step of an order is under way, else what the use case refuses.
    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error>;
}

/// What has become of a command in its first transaction.
pub enum Begun {
    /// It has a step now.
    Started(Box<Step>, Book),
    /// It had a step before.
    Unfinished(Box<Step>),
    /// It was done before, or nothing is to do; the answer, encoded.
    Answered(Vec<u8>),
}

impl UseCases {
    /// Runs a command to its answer, or answers what was answered before.
    ///
    /// # Errors
    /// What the command refuses; [`Error::Unanswered`] when inventory does not answer, and the step goes on by itself.
    pub(crate) async fn run_step<C, A>(&self, write: &Write<C>, command: &dyn StepCommand) -> Result<A, Error>
    where
        C: Sync,
        A: Message + Default,
    {
        self.run_begun(write.step_id, || self.begin(write, command)).await
    }

    /// Runs a new order to its answer, or answers what was answered before. What it writes is written together with other
    /// orders that come at the same moment.
    ///
    /// # Errors
    /// As [`UseCases::run_step`].
    pub(crate) async fn run_new_order<A: Message + Default>(&self, order: Arc<NewOrder>) -> Result<A, Error> {
        let begin = || group::join(Beginning(self.clone()), OrderToBegin::from(Arc::clone(&order)));
        self.run_begun(order.step, begin).await
    }

    async fn run_begun<A, F>(&self, step: Uuid, begin: impl Fn() -> F) -> Result<A, Error>
    where
        A: Message + Default,
        F: Future<Output = Result<Begun, Error>>,
    {
        for _ in 0..STARTS_MAX {
            let holding = self.hold_step(step).await;
            match begin().await {
                Ok(Begun::Answered(bytes)) => return decode(&bytes),
                Ok(Begun::Started(step, book)) => return decode(&self.drive(*step, Some(book), holding).await?),
                Ok(Begun::Unfinished(step)) => return decode(&self.drive(*step, None, holding).await?),
                Err(Error::Busy { order, step }) => {
                    drop(holding);
                    let other = Uuid::parse_str(&step).unwrap_or_default();
                    if !self.in_flight().ended(other).await {
                        self.wakes().resume.wake();
                        return Err(Error::Busy { order, step });
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::Kit(Problem::contention()))
    }

    /// Takes the step as soon as nobody else here works on it: the same request that is sent many times at once is done
    /// by one, and answered to each in turn. The caller's deadline bounds the wait.
    async fn hold_step(&self, step: Uuid) -> Holding {
        loop {
            if let Some(holding) = self.in_flight().enter(step) {
                return holding;
            }
            self.in_flight().ended(step).await;
        }
    }

    async fn begin<C: Sync>(&self, write: &Write<C>, command: &dyn StepCommand) -> Result<Begun, Error> {
        let now = self.now();
        self.store()
            .write("begin_step", |tx| Box::pin(async move { self.begin_in_tx(tx, write, command, now).await }))
            .await
    }

    async fn begin_in_tx<C: Sync>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
        command: &dyn StepCommand,
        now: jiff::Timestamp,
    ) -> Result<Begun, Error> {
        match steps::known_in_tx(tx, &write.key, &write.step_id.to_string()).await? {
            Some((hash, _)) if hash != write.hash => return Err(Error::RequestIdReused),
            Some((_, Some(answer))) => return Ok(Begun::Answered(answer)),
            Some((_, None)) => {
                if let Some(row) = steps::find(tx, &write.step_id.to_string()).await? {
                    return Ok(Begun::Unfinished(Box::new(Step::of_row(row)?)));
                }
            }
            None => {}
        }
        let mut batch = Batch::new(tx);
        match command.begin_in_tx(tx, write.step_id, &mut batch).await? {
            Planned::Done(answer) => {
                idempotency::begin_in_tx(tx, &write.key, &write.hash, now).await?;
                idempotency::answer_in_tx(tx, &write.key, &answer).await?;
                Ok(Begun::Answered(answer))
            }
            Planned::Step(plan, book) => {
                let step = Step {
                    id: write.step_id,
                    key: write.key.clone(),
                    hash: write.hash.clone(),
                    kind: command.kind(),
                    plan: *plan,
                    began_at: now,
                    traceparent: write.traceparent.clone(),
                };
                steps::insert(&mut batch, vec![step.row()]);
                batch.run(tx).await?;
                Ok(Begun::Started(Box::new(step), book))
            }
        }
    }

    /// Brings a step that is begun to its end and answers the caller's answer, encoded.
    ///
    /// # Errors
    /// [`Error::Refused`] and its kin when inventory refuses: the step is undone then. [`Error::Unanswered`] when it does
    /// not answer: the step stays.
    pub(crate) async fn drive(&self, step: Step, book: Option<Book>, mut holding: Holding) -> Result<Vec<u8>, Error> {
        holding.concerns(step.orders().into_iter().collect());
        let step = Arc::new(step);
        let span = tracing::info_span!("step", kind = step.kind.as_str(), id = %step.id);
        async move {
            let [begun, decided, recorded] = step.kind.crash_points();
            self.stop_at(begun)?;
            let answers = match self.call_inventory(&step).await {
                Ok(answers) => answers,
                Err(Failure::Unanswered(status)) => {
                    self.wakes().resume.wake();
                    return Err(Error::Unanswered(status));
                }
                Err(Failure::Refused(status)) => {
                    self.undo(&step).await?;
                    return Err(finish::refusal(&step, status));
                }
            };
            self.stop_at(decided)?;
            // The step is kept until these claims are recorded, so the news of them has nothing to add from now on. Claims of
            // others that it changed are told only by their news.
            let own = step.lines();
            let is_own = |claim: &&inventory::Claim| {
                let key = LineKey::of_claim(&claim.line, claim.part);
                key.is_some_and(|key| own.contains(&(key.order.as_str(), key.line)))
            };
            self.claim_memory().note(answers.iter().flat_map(CallAnswer::claims).filter(is_own));
            let answer = self.record(&step, answers, book).await?;
            self.stop_at(recorded)?;
            metrics::counter!("backorder_allocation_steps_total", "kind" => step.kind.as_str()).increment(1);
            Ok(answer)
        }
        .instrument(span)
        .await
    }

    /// Ends the work here where a test wishes so.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub(crate) fn stop_at(&self, point: &'static str) -> Result<(), Error> {
        match &self.config().crash_point {
            Some(crash_point) if crash_point.dies_at(point) => Err(Error::Stopped(point)),
            Some(_) | None => Ok(()),
        }
    }

    async fn call_inventory(&self, step: &Step) -> Result<Vec<CallAnswer>, Failure> {
        let mut answers = Vec::with_capacity(step.plan.calls.len());
        for (place, call) in step.plan.calls.iter().enumerate() {
            let answer = match self.inventory().perform(step.id, place, call).await {
                Err(Failure::Refused(status)) if step.kind.can_do_without(call, place) => refused(&status),
                answer => answer?,
            };
            answers.push(answer);
        }
        answers.extend(self.unreserved(step, &answers).await.map_err(Failure::Unanswered)?);
        Ok(answers)
    }

    async fn record(&self, step: &Arc<Step>, answers: Vec<CallAnswer>, book: Option<Book>) -> Result<Vec<u8>, Error> {
        self.catalog().places().await?;
        if matches!(step.kind, StepKind::Place | StepKind::Quote) {
            let outcome = Outcome::new(Arc::clone(step), answers, book);
            // Inventory has decided: it is recorded now, whether the caller still waits or not.
            let scope = CallScope { deadline: None, ..current_scope().unwrap_or_default() };
            return in_scope(scope, async { group::join(Recording(self.clone()), outcome).await }).await;
        }
        let (now, answers, book) = (self.now(), &answers, &book);
        self.store()
            .write("finish_step", |tx| {
                Box::pin(async move {
                    if !steps::remove_in_tx(tx, &step.id.to_string()).await? {
                        return answered_in_tx(tx, step).await;
                    }
                    finish::finish_in_tx(self, tx, step, answers, book.clone(), now).await
                })
            })
            .await
    }

    async fn undo(&self, step: &Step) -> Result<(), Error> {
        let now = self.now();
        self.store()
            .write("undo_step", |tx| {
                Box::pin(async move {
                    if !steps::remove_in_tx(tx, &step.id.to_string()).await? {
                        return Ok(());
                    }
                    if step.kind.makes_the_order() {
                        for order in step.orders() {
                            orders::remove_order_in_tx(tx, &order).await?;
                        }
                        return Ok(());
                    }
                    finish::undo_in_tx(self, tx, step, now).await
                })
            })
            .await
    }
}

fn refused(status: &tonic::Status) -> CallAnswer {
    let reason =
        reason_of(status).map_or_else(|| format!("{:?}", status.code()), |reason| reason_name(reason).to_owned());
    CallAnswer::Refused(RefusedCall { reason, detail: status.message().to_owned() })
}

/// Another instance has finished the step: its answer is kept.
pub(super) async fn answered_in_tx(tx: &WriteTx<'_>, step: &Step) -> Result<Vec<u8>, Error> {
    let known = steps::known_in_tx(tx, &step.key, &step.id.to_string()).await?;
    known.and_then(|(_, answer)| answer).ok_or_else(|| Error::Kit(Problem::contention()))
}

/// Marks the book's orders, which are locked, as busy.
///
/// # Errors
/// [`Error::Busy`] for the first order that is busy already.
pub(crate) fn mark_busy(batch: &mut Batch, book: &mut Book, step: Uuid) -> Result<(), Error> {
    for (id, order) in &book.orders {
        if let Some(other) = &order.row.busy_step {
            return Err(Error::Busy { order: id.clone(), step: other.clone() });
        }
    }
    let step = step.to_string();
    let ids: BTreeSet<&str> = book.orders.keys().map(String::as_str).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    orders::mark_busy(batch, &ids, Some(&step));
    for order in book.orders.values_mut() {
        order.row.busy_step = Some(step.clone());
    }
    Ok(())
}

fn decode<A: Message + Default>(bytes: &[u8]) -> Result<A, Error> {
    A::decode(bytes).map_err(|error| Error::Kit(Problem::internal(error).context("a kept answer does not decode")))
}
