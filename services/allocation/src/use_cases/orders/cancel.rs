//! Cancels lines of an order or quote, in part or in whole.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{order::state::OrderState, quantity::Quantity};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::{LineAmount, ship::allowed_line};
use crate::{
    error::Error,
    order::{Book, OrderRecord, key::demand_line, message},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_orders_in_tx,
    use_cases::UseCases,
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
    /// Cancels units: what waits first, then what is reserved. All lines or none.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn cancel_order_lines(self, write: Write<Cancel>) -> Result<pb::CancelOrderLinesResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let command = CancelCommand { cancel: &write.command, who, now: self.now() };
        self.run_step(&write, &command).await
    }
}

struct CancelCommand<'a> {
    cancel: &'a Cancel,
    who: Who,
    now: Timestamp,
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
        let planned = self.planned(&book, record)?;
        if planned.is_empty() {
            let order = Some(message::whole_order(record)?);
            return Ok(Planned::Done(pb::CancelOrderLinesResponse { order }.encode_to_vec()));
        }
        let context = Some(self.who.message());
        let lines = planned.iter().map(|line| inventory::ReleaseLine {
            line: demand_line(&line.order, line.line, is_quote),
            part: 0,
            quantity: line.quantity,
        });
        let release = inventory::ReleaseClaimsRequest {
            lines: lines.collect(),
            effective_time: Some(encode::timestamp(self.now)),
            context: context.clone(),
            ..inventory::ReleaseClaimsRequest::default()
        };
        mark_busy(batch, &mut book, step)?;
        let calls = vec![Call::new(Kind::Release(release))];
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, amendment: None }), book))
    }
}

impl CancelCommand<'_> {
    fn planned(&self, book: &Book, record: &OrderRecord) -> Result<Vec<PlannedLine>, Error> {
        let id = &self.cancel.order;
        if let Some(step) = &record.row.busy_step {
            return Err(Error::Busy { order: id.clone(), step: step.clone() });
        }
        let allowed = record.state()?.check(StepKind::Cancel.command());
        allowed.map_err(|conflict| Error::State { order: id.clone(), conflict })?;
        if !self.cancel.lines.is_empty() {
            return self.cancel.lines.iter().map(|line| planned_line(book, line)).collect();
        }
        let mut all = Vec::with_capacity(record.lines.len());
        for (number, line) in &record.lines {
            let quantity = line.vector()?.cancellable().get();
            if quantity > 0 {
                all.push(PlannedLine { order: id.clone(), line: *number, part: 0, quantity });
            }
        }
        Ok(all)
    }
}

fn planned_line(book: &Book, wanted: &LineAmount) -> Result<PlannedLine, Error> {
    let line = allowed_line(book, &wanted.order, wanted.line, StepKind::Cancel)?;
    let vector = line.vector()?;
    let all = vector.cancellable().max(Quantity::try_new(1).unwrap_or_default());
    let quantity = if wanted.quantity.is_zero() { all } else { wanted.quantity };
    let may = vector.may_cancel(quantity);
    may.map_err(|error| Error::Line { order: wanted.order.clone(), line: wanted.line, error })?;
    Ok(PlannedLine { order: wanted.order.clone(), line: wanted.line, part: 0, quantity: quantity.get() })
}
