//! Asks the warehouse to give released units back. Only its answer moves them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{order::state::OrderCommand, quantity::Quantity};
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, WriteTx};
use prost::Message as _;
use uuid::Uuid;

use crate::{
    error::Error,
    order::{
        Book, Cause, Changes, Command, Moment, WriteNote,
        recall::{WantedBack, asked, cancel_instead, message, units},
        warehouse_order,
    },
    saga::{Planned, StepCommand, StepKind},
    store::{orders::load_lines_in_tx, recalls::pending_of_line, warehouse_orders},
    use_cases::{
        UseCases,
        orders::{LineAmount, allowed_line, of_components},
    },
    write::{Who, Write},
};

/// What is asked back.
#[derive(Debug, Clone)]
pub struct RecallRelease {
    /// The lines, each once.
    pub lines: Vec<LineAmount>,
    /// Whether what comes back is cancelled.
    pub cancels: bool,
    /// Who does it and why.
    pub who: Who,
}

/// Units to ask for, and by which write.
#[derive(Debug)]
pub struct Asking<'a> {
    /// The write, which names the recalls.
    pub write: Uuid,
    /// What is wanted.
    pub wanted: &'a [WantedBack],
    /// Whether what comes back is cancelled.
    pub cancels: bool,
    /// Who asks and why.
    pub who: &'a Who,
    /// The trace of the caller.
    pub traceparent: Option<String>,
}

impl UseCases {
    /// Asks the warehouse for units: all lines or none.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn recall_release(self, write: Write<RecallRelease>) -> Result<pb::RecallReleaseResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = RecallCommand { use_cases: &self, recall: &write.command, who, traceparent };
        self.run_step(&write, &command).await
    }

    /// Notes that the warehouse is asked for units of orders that the book holds, locked; answers the recalls.
    ///
    /// # Errors
    /// [`Error::Line`] when it has fewer in hands.
    pub(crate) async fn ask_back_in_tx(
        &self,
        tx: &WriteTx<'_>,
        book: &mut Book,
        asking: Asking<'_>,
    ) -> Result<Vec<pb::Recall>, Error> {
        let places = self.catalog().places_in_tx(tx).await?;
        let moment = Moment { now: self.now(), places: &places };
        let mut events = self.events(moment.now, asking.traceparent);
        let mut changes = Changes::default();
        let cause = Cause { reason: None, text: "recalled from the warehouse".to_owned() };
        let context = asking.who.message();
        let mut recalls = Vec::with_capacity(asking.wanted.len());
        let mut new = Vec::with_capacity(asking.wanted.len());
        for wanted in asking.wanted {
            let coming =
                if wanted.coming > 0 { pending_of_line(tx, &wanted.order, wanted.line).await? } else { Vec::new() };
            for recall in cancel_instead(coming, wanted.coming) {
                recalls.push(message(&recall)?);
                changes.recall(recall, &mut events)?;
            }
            if wanted.quantity == 0 {
                continue;
            }
            let order = book.orders.get_mut(&wanted.order).ok_or_else(|| Error::no_order(&wanted.order))?;
            let command = Command::Recall(units(wanted.quantity)?);
            changes.settle_line(order, wanted.line, command, &cause, moment, &mut events)?;
            let recall = asked(asking.write, wanted, asking.cancels, &context, moment.now);
            recalls.push(message(&recall)?);
            new.push(recall.clone());
            changes.recall(recall, &mut events)?;
        }
        let lines = asking.wanted.iter().map(|wanted| (wanted.order.clone(), wanted.line)).collect();
        let handed = warehouse_orders::handed_in_tx(tx, &lines).await?;
        let asked = warehouse_order::asked_back(book, &new, &handed)?;
        let orders = warehouse_order::orders_of(asking.write, &context, moment.now, book, asked);
        changes.order_of_warehouses(orders, &mut events)?;
        let note = WriteNote { step: asking.write, kind: "recall", context: &context };
        for order in book.orders.values_mut() {
            changes.note(&order.row.id, note, moment);
            changes.settle_order(order, OrderCommand::Recall, "recalled", moment, &mut events)?;
        }
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(recalls)
    }
}

struct RecallCommand<'a> {
    use_cases: &'a UseCases,
    recall: &'a RecallRelease,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for RecallCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Recall
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        let keys: BTreeSet<_> = self.recall.lines.iter().map(|line| (line.order.clone(), line.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let lines = of_components(&book, &self.recall.lines)?;
        let wanted: Vec<WantedBack> = lines.iter().map(|line| wanted(&book, line)).collect::<Result<_, _>>()?;
        let (cancels, traceparent) = (self.recall.cancels, self.traceparent.clone());
        let asking = Asking { write: step, wanted: &wanted, cancels, who: &self.who, traceparent };
        let recalls = self.use_cases.ask_back_in_tx(tx, &mut book, asking).await?;
        Ok(Planned::Done(pb::RecallReleaseResponse { recalls }.encode_to_vec()))
    }
}

fn wanted(book: &Book, line: &LineAmount) -> Result<WantedBack, Error> {
    let mut vector = allowed_line(book, &line.order, line.line, StepKind::Recall)?.vector()?;
    let all = vector.recallable().max(Quantity::try_new(1).unwrap_or_default());
    let quantity = if line.quantity.is_zero() { all } else { line.quantity };
    let may = vector.recall(quantity);
    may.map_err(|error| Error::Line { order: line.order.clone(), line: line.line, error })?;
    Ok(WantedBack { order: line.order.clone(), line: line.line, quantity: quantity.get(), coming: 0 })
}
