//! Takes the warehouse's answer to a recall.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{
    order::{line::LineError, state::OrderCommand},
    quantity::Quantity,
};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use prost::Message as _;
use uuid::Uuid;

use super::release_lines::warehouse_line;
use crate::{
    error::{Error, Kind as Resource},
    order::{Book, Cause, Changes, Command, Moment, WriteNote, key::demand_line, message, recall},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::{
        entity::recall as row,
        orders::load_lines_in_tx,
        recalls::{self, PENDING},
    },
    use_cases::{UseCases, orders::allowed_line},
    write::{Who, Write},
};

/// An answer.
#[derive(Debug, Clone)]
pub struct AnswerRecall {
    /// The recall's id.
    pub recall: String,
    /// Base units that the warehouse gave back; none when it refuses.
    pub returned: Quantity,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Takes the answer: what came back is reserved for its line again, or cancelled.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn answer_recall(self, write: Write<AnswerRecall>) -> Result<pb::AnswerRecallResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = AnswerCommand { use_cases: &self, answer: &write.command, who, traceparent };
        self.run_step(&write, &command).await
    }
}

struct AnswerCommand<'a> {
    use_cases: &'a UseCases,
    answer: &'a AnswerRecall,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for AnswerCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Recall
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        // The line of a recall never changes, so it may be read before its order is locked; the rest is read after.
        let asked = find(tx, &self.answer.recall).await?;
        let (order, line) = (asked.order_id, asked.line_number);
        let mut book = load_lines_in_tx(tx, &BTreeSet::from([(order.clone(), line)])).await?;
        allowed_line(&book, &order, line, StepKind::Recall)?;
        let recall = find(tx, &self.answer.recall).await?;
        if recall.state != PENDING {
            let name = format!("recalls/{}", recall.id);
            return Err(Error::Closed { kind: Resource::Recall, name, state: recall.state });
        }
        let (open, returned) = (recall::units(recall::open(&recall))?, self.answer.returned);
        if returned > open {
            let error = LineError::TooFew { kind: "recalled", present: open, wanted: returned };
            return Err(Error::Line { order, line, error });
        }
        if returned.is_zero() {
            return self.refused_in_tx(tx, step, &mut book, recall).await;
        }
        mark_busy(batch, &mut book, step)?;
        let planned = PlannedLine { order, line, part: 0, quantity: returned.get() };
        Ok(Planned::Step(Box::new(self.plan(planned, &recall)), book))
    }
}

impl AnswerCommand<'_> {
    fn plan(&self, planned: PlannedLine, recall: &row::Model) -> Plan {
        let (context, at) = (Some(self.who.message()), Some(encode::timestamp(self.use_cases.now())));
        let given_back = inventory::RecallFromWarehouseRequest {
            lines: vec![warehouse_line(&planned)],
            effective_time: at,
            context: context.clone(),
            ..inventory::RecallFromWarehouseRequest::default()
        };
        let mut calls = vec![Call::new(Kind::Recall(given_back))];
        let quantity = recall::cancelled_of(recall, planned.quantity);
        if quantity > 0 {
            let line = demand_line(&planned.order, planned.line, false);
            let cancelled = inventory::ReleaseClaimsRequest {
                lines: vec![inventory::ReleaseLine { line, quantity, ..inventory::ReleaseLine::default() }],
                effective_time: at,
                context: context.clone(),
                ..inventory::ReleaseClaimsRequest::default()
            };
            calls.push(Call::new(Kind::Release(cancelled)));
        }
        Plan { calls, lines: vec![planned], context, recall: recall.id.clone(), ..Plan::default() }
    }

    /// The warehouse gives nothing back: nothing moves, so inventory is not asked.
    async fn refused_in_tx(
        &self,
        tx: &WriteTx<'_>,
        step: Uuid,
        book: &mut Book,
        mut recall: row::Model,
    ) -> Result<Planned, Error> {
        let places = self.use_cases.catalog().places_in_tx(tx).await?;
        let moment = Moment { now: self.use_cases.now(), places: &places };
        let mut events = self.use_cases.events(moment.now, self.traceparent.clone());
        let mut changes = Changes::default();
        let number = recall.line_number;
        let order = book.orders.get_mut(&recall.order_id).ok_or_else(|| Error::no_order(&recall.order_id))?;
        let cause = Cause { reason: None, text: "the warehouse gives nothing back".to_owned() };
        let command = Command::EndRecall(recall::units(recall::open(&recall))?);
        changes.settle_line(order, number, command, &cause, moment, &mut events)?;
        changes.settle_order(order, OrderCommand::Recall, "recall refused", moment, &mut events)?;
        let note = WriteNote { step, kind: "recall refused", context: &self.who.message() };
        changes.note(&recall.order_id, note, moment);
        recall::answer(&mut recall, 0, moment.now);
        let line = order.lines.get(&number).ok_or_else(|| Error::no_line(&recall.order_id, number))?;
        let line = message::line(&order.row.currency_code, &line.row, Vec::new())?;
        let answer = pb::AnswerRecallResponse { recall: Some(recall::message(&recall)?), line: Some(line) };
        changes.recall(recall, &mut events)?;
        self.use_cases.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}

async fn find(tx: &WriteTx<'_>, id: &str) -> Result<row::Model, Error> {
    let found = recalls::find(tx, id).await?;
    found.ok_or_else(|| Error::missing(Resource::Recall, format!("recalls/{id}")))
}
