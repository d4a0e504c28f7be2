//! Cancels lines of an order or quote, in part or in whole.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{
    order::{
        line::{LineError, LineVector},
        state::OrderState,
    },
    quantity::Quantity,
};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::{LineAmount, kits::parts_of, ship::allowed_line};
use crate::{
    error::Error,
    order::{Book, LineRecord, OrderRecord, key::demand_line, kits, message, recall::WantedBack},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_orders_in_tx,
    use_cases::{UseCases, release::Asking},
    write::{Who, Write},
};

/// What is cancelled.
#[derive(Debug, Clone)]
pub struct Cancel {
    /// The order's id.
    pub order: String,
    /// The lines, each once. Empty means everything that is not shipped.
    pub lines: Vec<LineAmount>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Cancels units: what waits first, then what is reserved, then, by recalls, what the warehouse has in hands. All lines
    /// or none.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn cancel_order_lines(self, write: Write<Cancel>) -> Result<pb::CancelOrderLinesResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = CancelCommand { use_cases: &self, cancel: &write.command, who, now: self.now(), traceparent };
        self.run_step(&write, &command).await
    }
}

struct CancelCommand<'a> {
    use_cases: &'a UseCases,
    cancel: &'a Cancel,
    who: Who,
    now: Timestamp,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for CancelCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Cancel
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let id = &self.cancel.order;
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([id.clone()])).await?;
        let record = book.orders.get(id).ok_or_else(|| Error::no_order(id))?;
        let is_quote = record.state()? == OrderState::Quoted;
        let (planned, wanted_back) = self.planned(&book, record)?;
        if planned.is_empty() {
            let recalls = self.use_cases.ask_back_in_tx(tx, &mut book, self.asking(step, &wanted_back)).await?;
            let record = book.orders.get(id).ok_or_else(|| Error::no_order(id))?;
            let order = Some(message::whole_order(record)?);
            return Ok(Planned::Done(pb::CancelOrderLinesResponse { order, recalls }.encode_to_vec()));
        }
        let context = Some(self.who.message());
        let lines = planned.iter().map(|line| inventory::ReleaseLine {
            line: demand_line(&line.order, line.line, is_quote),
            quantity: line.quantity,
            ..inventory::ReleaseLine::default()
        });
        let release = inventory::ReleaseClaimsRequest {
            lines: lines.collect(),
            effective_time: Some(encode::timestamp(self.now)),
            context: context.clone(),
            ..inventory::ReleaseClaimsRequest::default()
        };
        mark_busy(batch, &mut book, step)?;
        let calls = vec![Call::new(Kind::Release(release))];
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, wanted_back, ..Plan::default() }), book))
    }
}

impl CancelCommand<'_> {
    /// What is cancelled at once, and what the warehouse has to give back first.
    fn planned(&self, book: &Book, record: &OrderRecord) -> Result<(Vec<PlannedLine>, Vec<WantedBack>), Error> {
        let id = &self.cancel.order;
        if let Some(step) = &record.row.busy_step {
            return Err(Error::Busy { order: id.clone(), step: step.clone() });
        }
        let allowed = record.state()?.check(StepKind::Cancel.command());
        allowed.map_err(|conflict| Error::State { order: id.clone(), conflict })?;
        let (mut at_once, mut wanted_back) = (Vec::new(), Vec::new());
        let mut add = |line: i32, (now, later): (Quantity, Quantity)| {
            if !now.is_zero() {
                at_once.push(PlannedLine { order: id.clone(), line, part: 0, quantity: now.get() });
            }
            if !later.is_zero() {
                wanted_back.push(WantedBack { order: id.clone(), line, quantity: later.get() });
            }
        };
        for wanted in &self.units(record)? {
            let record = allowed_line(book, id, wanted.line, StepKind::Cancel)?;
            let vector = record.vector()?;
            let all = all_of(&vector).saturating_sub(confirmed(record));
            let quantity = if wanted.quantity.is_zero() { all } else { wanted.quantity };
            let quantity = quantity.max(Quantity::try_new(1).unwrap_or_default());
            let split = split(record, &vector, quantity);
            add(wanted.line, split.map_err(|error| Error::Line { order: id.clone(), line: wanted.line, error })?);
        }
        if self.cancel.lines.is_empty() {
            for (number, line) in &record.lines {
                let vector = line.vector()?;
                add(*number, (vector.cancellable().saturating_sub(confirmed(line)), vector.recallable()));
            }
        }
        Ok((at_once, wanted_back))
    }

    /// What is cancelled of each line: of a kit as many units of each component as go with the kits.
    fn units(&self, record: &OrderRecord) -> Result<Vec<LineAmount>, Error> {
        let mut amounts = Vec::with_capacity(self.cancel.lines.len());
        for (index, wanted) in self.cancel.lines.iter().enumerate() {
            if kits::is_kit(record, wanted.line)? {
                let all = || kits::components(record, wanted.line).map(|(_, part)| kits_left(part)).collect();
                let left: Vec<i64> = if wanted.quantity.is_zero() { all() } else { Vec::new() };
                let left = left.into_iter().min().unwrap_or(wanted.quantity.get()).max(1);
                let quantity = Quantity::try_new(left).unwrap_or(wanted.quantity);
                amounts.extend(parts_of(record, wanted.line, quantity, index)?);
                continue;
            }
            if let Some(line) = record.lines.get(&wanted.line) {
                kits::refuse_component(&line.row)?;
            }
            amounts.push(wanted.clone());
        }
        Ok(amounts)
    }

    fn asking<'a>(&'a self, step: Uuid, wanted: &'a [WantedBack]) -> Asking<'a> {
        Asking { write: step, wanted, cancels: true, who: &self.who, traceparent: self.traceparent.clone() }
    }
}

/// Kits of which a component's units can all be cancelled.
fn kits_left(part: &LineRecord) -> i64 {
    part.vector().map_or(0, |vector| all_of(&vector).get()) / part.row.kit_units.max(1)
}

/// Units of a line that suppliers confirmed to ship: no command of the order takes them away.
fn confirmed(line: &LineRecord) -> Quantity {
    Quantity::try_new(line.row.drop_ship_confirmed).unwrap_or_default()
}

/// Whether so many units can leave what is open or reserved beside those that suppliers confirmed.
///
/// # Errors
/// [`LineError::TooFew`] when not.
pub(super) fn kept_free(line: &LineRecord, vector: &LineVector, quantity: Quantity) -> Result<(), LineError> {
    let present = vector.cancellable().saturating_sub(confirmed(line));
    if quantity <= present {
        return Ok(());
    }
    Err(LineError::TooFew { kind: "open or reserved, and not confirmed by a supplier", present, wanted: quantity })
}

/// How a cancellation is done beside what suppliers confirmed: at once, and when the warehouse gives units back.
fn split(line: &LineRecord, vector: &LineVector, quantity: Quantity) -> Result<(Quantity, Quantity), LineError> {
    if confirmed(line).is_zero() {
        return vector.split_cancellation(quantity);
    }
    let free = vector.cancellable().saturating_sub(confirmed(line));
    let at_once = free.min(quantity);
    let rest = quantity.saturating_sub(at_once);
    if rest > vector.recallable() {
        kept_free(line, vector, quantity)?;
    }
    Ok((at_once, rest))
}

/// All units of a line that can be cancelled, at once or when the warehouse gives them back.
fn all_of(vector: &LineVector) -> Quantity {
    vector.cancellable().checked_add(vector.recallable()).unwrap_or_default()
}
