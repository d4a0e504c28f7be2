//! Orders that are placed or quoted at the same moment are begun in one transaction.
//!
//! What is known is looked up at first: requests that were answered, steps that were begun, orders that are there. What is not
//! known is inserted, and its keys refuse what another transaction wrote meanwhile; then the whole batch is run again and finds
//! it. So an order costs its share of four round trips.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    iter,
    sync::Arc,
};

use async_trait::async_trait;
use backorder_proto::allocation::v1 as pb;
use backorder_service_kit::{
    group::{Batches, Group, GroupCall},
    problem::Problem,
};
use backorder_storage::{
    Batch, StorageError, WriteTx,
    idempotency::{self, Begun as Request, RequestKey},
};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::{Plan, Step, StepKind, drive::Begun};
use crate::{
    error::{Error, problem},
    order::message,
    store::{
        entity::{customer_order, unfinished_step},
        holds,
        orders::{insert_lines, insert_orders, load_orders_in_tx, lost_demand_of, orders_by_id},
        steps,
    },
    use_cases::{UseCases, orders::Prepared},
};

/// An order that is to be written, with its step.
#[derive(Debug)]
pub struct NewOrder {
    /// The caller's request, under which the answer is kept.
    pub key: RequestKey,
    /// The hash of the caller's command.
    pub hash: Vec<u8>,
    /// The id of the step.
    pub step: Uuid,
    /// Whether it is placed or quoted.
    pub kind: StepKind,
    /// The trace of the caller.
    pub traceparent: Option<String>,
    /// What is to be done.
    pub plan: Plan,
    /// The rows.
    pub prepared: Prepared,
}

impl NewOrder {
    fn step(&self, now: Timestamp) -> Step {
        Step {
            id: self.step,
            key: self.key.clone(),
            hash: self.hash.clone(),
            kind: self.kind,
            plan: self.plan.clone(),
            began_at: now,
            traceparent: self.traceparent.clone(),
        }
    }
}

/// A new order that waits for its batch.
pub struct OrderToBegin {
    order: Arc<NewOrder>,
    step: String,
}

impl From<Arc<NewOrder>> for OrderToBegin {
    fn from(order: Arc<NewOrder>) -> Self {
        let step = order.step.to_string();
        Self { order, step }
    }
}

impl OrderToBegin {
    fn id(&self) -> &String {
        &self.order.prepared.order.id
    }
}

impl GroupCall for OrderToBegin {
    type Subject = Infallible;
    type Key = String;

    fn subjects(&self) -> impl Iterator<Item = &Infallible> {
        iter::empty()
    }

    /// Of two requests for one order the later one finds what the first has written. The same request is never here twice,
    /// because a step is held by one.
    fn key(&self) -> &String {
        self.id()
    }

    fn lines(&self) -> usize {
        self.order.prepared.lines.len()
    }
}

/// Begins orders in batches.
#[derive(Clone)]
pub struct Beginning(pub UseCases);

#[async_trait]
impl Batches for Beginning {
    type Call = OrderToBegin;
    type Answer = Begun;
    type Error = Error;
    const NAME: &'static str = "begin_orders";

    fn group(&self) -> &Group<Self> {
        self.0.beginning()
    }

    async fn execute(&self, orders: &[OrderToBegin]) -> Result<Vec<Result<Begun, Error>>, Error> {
        metrics::histogram!("backorder_allocation_place_batch_orders").record(orders.len() as f64);
        let now = self.0.now();
        let store = self.0.store();
        store.write(Self::NAME, |tx| Box::pin(async move { begin_all_in_tx(tx, orders, now).await })).await
    }

    fn problem_of_all(error: Error) -> Option<Problem> {
        problem_of_all(error)
    }
}

/// A database that is away is away for all.
pub(super) fn problem_of_all(error: Error) -> Option<Problem> {
    matches!(error, Error::Storage(StorageError::Unavailable(_))).then(|| problem(error))
}

async fn begin_all_in_tx(
    tx: &WriteTx<'_>,
    orders: &[OrderToBegin],
    now: Timestamp,
) -> Result<Vec<Result<Begun, Error>>, Error> {
    let mut known = Known::look_in_tx(tx, orders).await?;
    let mut fresh = Fresh::default();
    let mut begun = Vec::with_capacity(orders.len());
    for one in orders {
        begun.push(match fresh.begin_in_tx(tx, &mut known, one, now).await {
            // The others cannot go on after it.
            Err(error @ Error::Storage(_)) => return Err(error),
            other => other,
        });
    }
    fresh.write_in_tx(tx, now).await?;
    Ok(begun)
}

/// What was there before, by request, step and order.
#[derive(Default)]
struct Known {
    requests: HashMap<RequestKey, Request>,
    steps: HashMap<String, unfinished_step::Model>,
    orders: HashMap<String, customer_order::Model>,
}

impl Known {
    async fn look_in_tx(tx: &WriteTx<'_>, orders: &[OrderToBegin]) -> Result<Self, StorageError> {
        let requests: Vec<&RequestKey> = orders.iter().map(|one| &one.order.key).collect();
        let steps = || orders.iter().map(|one| one.step.as_str());
        let ids = || orders.iter().map(|one| one.id().as_str());
        if !steps::may_know_any_in_tx(tx, &requests, steps(), ids()).await? {
            return Ok(Self::default());
        }
        let hashed: Vec<(&RequestKey, &[u8])> =
            orders.iter().map(|one| (&one.order.key, one.order.hash.as_slice())).collect();
        let answered = idempotency::known_in_tx(tx, &hashed).await?;
        let steps = steps::find_all(tx, steps()).await?;
        let found = orders_by_id(tx, ids()).await?;
        Ok(Self {
            requests: requests.into_iter().cloned().zip(answered).collect(),
            steps: steps.into_iter().map(|step| (step.id.clone(), step)).collect(),
            orders: found.into_iter().map(|order| (order.id.clone(), order)).collect(),
        })
    }
}

/// What is to be written.
#[derive(Default)]
struct Fresh<'a> {
    orders: Vec<&'a NewOrder>,
    steps: Vec<unfinished_step::Model>,
    answered: Vec<(&'a RequestKey, &'a [u8], Vec<u8>)>,
}

impl<'a> Fresh<'a> {
    async fn begin_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        known: &mut Known,
        one: &'a OrderToBegin,
        now: Timestamp,
    ) -> Result<Begun, Error> {
        let order = one.order.as_ref();
        match known.requests.remove(&order.key) {
            Some(Request::Reused) => return Err(Error::RequestIdReused),
            Some(Request::Answered(answer)) => return Ok(Begun::Answered(answer)),
            Some(Request::Fresh) | None => {}
        }
        if let Some(row) = known.steps.remove(&one.step) {
            if row.command_hash != order.hash {
                return Err(Error::RequestIdReused);
            }
            return Ok(Begun::Unfinished(Box::new(Step::of_row(row)?)));
        }
        if let Some(row) = known.orders.remove(one.id()) {
            let answer = placed_before_in_tx(tx, order, row).await?;
            self.answered.push((&order.key, order.hash.as_slice(), answer.clone()));
            return Ok(Begun::Answered(answer));
        }
        let step = order.step(now);
        self.steps.push(step.row());
        self.orders.push(order);
        Ok(Begun::Started(Box::new(step), order.prepared.book()))
    }

    /// Rows go in by ascending keys, as they are locked everywhere.
    async fn write_in_tx(mut self, tx: &WriteTx<'_>, now: Timestamp) -> Result<(), StorageError> {
        self.orders.sort_by(|a, b| a.prepared.order.id.cmp(&b.prepared.order.id));
        self.steps.sort_by(|a, b| a.id.cmp(&b.id));
        let mut batch = Batch::new(tx);
        steps::insert(&mut batch, self.steps);
        insert_orders(&mut batch, self.orders.iter().map(|order| order.prepared.order.clone()).collect());
        insert_lines(&mut batch, self.orders.iter().flat_map(|order| order.prepared.lines.iter().cloned()).collect());
        let holds: Vec<_> = self.orders.iter().flat_map(|order| order.prepared.holds.iter().cloned()).collect();
        holds::put(&mut batch, &holds);
        batch.answered_all(self.answered, now);
        batch.run(tx).await.map(drop).map_err(lost_to_another)
    }
}

/// An order id names one order for ever: the same content is answered with the order, encoded.
async fn placed_before_in_tx(
    tx: &WriteTx<'_>,
    wanted: &NewOrder,
    order: customer_order::Model,
) -> Result<Vec<u8>, Error> {
    if order.draft_hash != wanted.prepared.order.draft_hash {
        return Err(Error::Exists { kind: "order", name: format!("orders/{}", order.id) });
    }
    if let Some(step) = order.busy_step {
        return Err(Error::Busy { order: order.id, step });
    }
    let book = load_orders_in_tx(tx, &BTreeSet::from([order.id.clone()])).await?;
    let record = book.orders.get(&order.id).ok_or_else(|| Error::no_order(&order.id))?;
    let lost = lost_demand_of(tx, &order.id).await?;
    let lost_demand = lost.iter().map(message::lost_demand).collect();
    let order = Some(message::whole_order(record)?);
    Ok(if wanted.kind == StepKind::Quote {
        pb::QuoteOrderResponse { order, lost_demand }.encode_to_vec()
    } else {
        pb::PlaceOrderResponse { order, lost_demand }.encode_to_vec()
    })
}

/// The error of a transaction that wrote orders: one whose order or step another transaction wrote meanwhile lost a race, and
/// finds it when it is run again.
fn lost_to_another(error: StorageError) -> StorageError {
    let is_lost = error.is_unique_violation_of("pk_customer_order", "customer_order.id")
        || error.is_unique_violation_of("pk_unfinished_step", "unfinished_step.id");
    if is_lost && let StorageError::Unique { source, .. } = error {
        return StorageError::Serialization(source);
    }
    error
}
