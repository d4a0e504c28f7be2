//! Cancels lines of an order or quote, in part or in whole.

use std::collections::{BTreeMap, BTreeSet};

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
    order::{
        Book, LineRecord, OrderRecord,
        key::demand_line,
        kits, message,
        recall::{self, WantedBack},
    },
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::{orders::load_orders_in_tx, recalls},
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
        let coming = Coming::of(tx, record).await?;
        let (planned, wanted_back) = self.planned(&book, record, &coming)?;
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
    fn planned(
        &self,
        book: &Book,
        record: &OrderRecord,
        coming: &Coming,
    ) -> Result<(Vec<PlannedLine>, Vec<WantedBack>), Error> {
        let id = &self.cancel.order;
        if let Some(step) = &record.row.busy_step {
            return Err(Error::Busy { order: id.clone(), step: step.clone() });
        }
        let allowed = record.state()?.check(StepKind::Cancel.command());
        allowed.map_err(|conflict| Error::State { order: id.clone(), conflict })?;
        let (mut at_once, mut wanted_back) = (Vec::new(), Vec::new());
        let mut add = |line: i32, split: Split| {
            if !split.at_once.is_zero() {
                at_once.push(PlannedLine { order: id.clone(), line, part: 0, quantity: split.at_once.get() });
            }
            if !split.coming.is_zero() || !split.asked.is_zero() {
                let (quantity, coming) = (split.asked.get(), split.coming.get());
                wanted_back.push(WantedBack { order: id.clone(), line, quantity, coming });
            }
        };
        for wanted in &self.units(record, coming)? {
            let record = allowed_line(book, id, wanted.line, StepKind::Cancel)?;
            let vector = record.vector()?;
            let kept = coming.kept(wanted.line);
            let all = all_of(&vector).checked_add(kept).unwrap_or_default().saturating_sub(confirmed(record));
            let quantity = if wanted.quantity.is_zero() { all } else { wanted.quantity };
            let quantity = quantity.max(Quantity::try_new(1).unwrap_or_default());
            let split = split(record, &vector, kept, quantity);
            add(wanted.line, split.map_err(|error| Error::Line { order: id.clone(), line: wanted.line, error })?);
        }
        if self.cancel.lines.is_empty() {
            for (number, line) in &record.lines {
                let vector = line.vector()?;
                let at_once = vector.cancellable().saturating_sub(confirmed(line));
                add(*number, Split { at_once, coming: coming.kept(*number), asked: vector.recallable() });
            }
        }
        Ok((at_once, wanted_back))
    }

    /// What is cancelled of each line: of a kit as many units of each component as go with the kits.
    fn units(&self, record: &OrderRecord, coming: &Coming) -> Result<Vec<LineAmount>, Error> {
        let mut amounts = Vec::with_capacity(self.cancel.lines.len());
        for (index, wanted) in self.cancel.lines.iter().enumerate() {
            if kits::is_kit(record, wanted.line)? {
                let left = |(line, part): (i32, &LineRecord)| kits_left(part, coming.kept(line));
                let all = || kits::components(record, wanted.line).map(left).collect();
                let left: Vec<i64> = if wanted.quantity.is_zero() { all() } else { Vec::new() };
                let left = left.into_iter().min().unwrap_or(wanted.quantity.get()).max(1);
                let quantity = Quantity::try_new(left).unwrap_or(wanted.quantity);
                amounts.extend(parts_of(record, wanted.line, quantity, index)?);
                continue;
            }
            match record.lines.get(&wanted.line).filter(|line| line.row.kit_line.is_some()) {
                Some(component) => amounts.push(left_over(record, component, wanted, coming)?),
                None => amounts.push(wanted.clone()),
            }
        }
        Ok(amounts)
    }

    fn asking<'a>(&'a self, step: Uuid, wanted: &'a [WantedBack]) -> Asking<'a> {
        Asking { write: step, wanted, cancels: true, who: &self.who, traceparent: self.traceparent.clone() }
    }
}

/// Kits of which a component's units can all be cancelled, with those that come back to their line.
fn kits_left(part: &LineRecord, coming: Quantity) -> i64 {
    (part.vector().map_or(0, |vector| all_of(&vector).get()) + coming.get()) / part.row.kit_units.max(1)
}

/// What is cancelled of a component alone: only what is left over of its kit, when the others have left or were cancelled.
fn left_over(
    record: &OrderRecord,
    component: &LineRecord,
    wanted: &LineAmount,
    coming: &Coming,
) -> Result<LineAmount, Error> {
    let present = kits::left_over(record, wanted.line, |line| coming.cancelled(line));
    let present = Quantity::try_new(present).unwrap_or_default();
    if present.is_zero() {
        kits::refuse_component(&component.row)?;
    }
    if wanted.quantity > present {
        let error = LineError::TooFew { kind: "left over of its kit", present, wanted: wanted.quantity };
        return Err(Error::Line { order: wanted.order.clone(), line: wanted.line, error });
    }
    let quantity = if wanted.quantity.is_zero() { present } else { wanted.quantity };
    Ok(LineAmount { quantity, ..wanted.clone() })
}

/// What the warehouse was asked for and has not answered about, by line: units that go back to it, and that are cancelled.
#[derive(Debug, Default)]
struct Coming(BTreeMap<i32, (i64, i64)>);

impl Coming {
    async fn of(tx: &WriteTx<'_>, record: &OrderRecord) -> Result<Self, Error> {
        let mut coming = Self::default();
        if record.lines.values().all(|line| line.row.recalling == 0) {
            return Ok(coming);
        }
        for recall in recalls::pending_between(tx, &record.row.id, &record.row.id).await? {
            let (kept, cancelled) = coming.0.entry(recall.line_number).or_default();
            *kept += recall::kept(&recall);
            *cancelled += recall::open(&recall) - recall::kept(&recall);
        }
        Ok(coming)
    }

    fn kept(&self, line: i32) -> Quantity {
        self.0.get(&line).and_then(|(kept, _)| Quantity::try_new(*kept).ok()).unwrap_or_default()
    }

    fn cancelled(&self, line: i32) -> i64 {
        self.0.get(&line).map_or(0, |(_, cancelled)| *cancelled)
    }
}

/// How units of a line are cancelled.
struct Split {
    /// At once.
    at_once: Quantity,
    /// When the warehouse gives back what it was asked for already.
    coming: Quantity,
    /// When it gives back what it is asked for now.
    asked: Quantity,
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

/// How a cancellation is done beside what suppliers confirmed. What comes back anyway is cancelled before more is asked back.
fn split(line: &LineRecord, vector: &LineVector, kept: Quantity, quantity: Quantity) -> Result<Split, LineError> {
    let at_once = vector.cancellable().saturating_sub(confirmed(line)).min(quantity);
    let rest = quantity.saturating_sub(at_once);
    let coming = kept.min(rest);
    let asked = rest.saturating_sub(coming);
    if asked > vector.recallable() {
        kept_free(line, vector, quantity).and_then(|()| vector.split_cancellation(quantity).map(drop))?;
    }
    Ok(Split { at_once, coming, asked })
}

/// All units of a line that can be cancelled, at once or when the warehouse gives them back.
fn all_of(vector: &LineVector) -> Quantity {
    vector.cancellable().checked_add(vector.recallable()).unwrap_or_default()
}
