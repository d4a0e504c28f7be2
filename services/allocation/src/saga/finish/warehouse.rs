//! What a step means for units in the warehouse's hands, and for what left in a shipment.

use std::collections::BTreeMap;

use backorder_domain::order::promise::PromiseReason;
use backorder_storage::{StorageError, WriteTx};

use super::{Work, order_mut, units};
use crate::{
    error::Error,
    order::{Book, Cause, Command, recall, shipment},
    saga::{CallAnswer, Step, StepKind},
    store::{entity::recall as row, recalls},
};

/// Units that the warehouse is asked for, by order and line.
pub(super) type Recalled = BTreeMap<(String, i32), i64>;

/// What the warehouse is asked for of the step's lines before the step takes effect.
pub(super) fn recalled(step: &Step, book: &Book) -> Recalled {
    let of_line = |planned: &crate::saga::PlannedLine| {
        let recalling = book.line(&planned.order, planned.line).map_or(0, |line| line.row.recalling);
        (recalling > 0).then(|| ((planned.order.clone(), planned.line), recalling))
    };
    step.plan.lines.iter().filter_map(of_line).collect()
}

/// The recall that the step answers.
pub(super) async fn answered_in_tx(tx: &WriteTx<'_>, step: &Step) -> Result<Option<row::Model>, StorageError> {
    if step.kind == StepKind::Recall { recalls::find(tx, &step.plan.recall).await } else { Ok(None) }
}

impl Work<'_> {
    /// Asks the warehouse for the units that the step cannot cancel by itself.
    pub(super) fn ask_back(&mut self, book: &mut Book) -> Result<(), Error> {
        let who = self.step.plan.context.clone().unwrap_or_default();
        for wanted in &self.step.plan.wanted_back {
            let order = order_mut(book, &wanted.order)?;
            let cause = Cause { reason: None, text: "recalled from the warehouse".to_owned() };
            let command = Command::Recall(units(wanted.quantity)?);
            self.changes.settle_line(order, wanted.line, command, &cause, self.moment, &mut self.events)?;
            let asked = recall::asked(self.step.id, wanted, true, &who, self.moment.now);
            self.changes.recall(asked, &mut self.events)?;
        }
        Ok(())
    }

    /// The warehouse gave units back; the claims tell it already.
    pub(super) fn answer_recall(&mut self, book: &mut Book, recall: Option<&mut row::Model>) -> Result<(), Error> {
        let (Some(planned), Some(recall)) = (self.step.plan.lines.first(), recall) else {
            return Err(StorageError::InvalidRow { table: "unfinished_step", detail: "no recall".to_owned() }.into());
        };
        let open = recall::open(recall);
        let reason = recall.cancels.then_some(PromiseReason::Amended);
        let text = if recall.cancels { "cancelled" } else { "given back by the warehouse" };
        let cause = Cause { reason, text: text.to_owned() };
        let order = order_mut(book, &planned.order)?;
        let command = Command::EndRecall(units(open)?);
        self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
        recall::answer(recall, planned.quantity.min(open), self.moment.now);
        self.changes.recall(recall.clone(), &mut self.events)
    }

    /// What left is a shipment.
    pub(super) fn note_shipment(&mut self, answers: &[CallAnswer]) -> Result<(), Error> {
        let Some(planned) = &self.step.plan.shipment else { return Ok(()) };
        let who = self.step.plan.context.clone().unwrap_or_default();
        let posted = answers.iter().flat_map(|answer| match answer {
            CallAnswer::Posted(response) => response.posted.as_slice(),
            CallAnswer::Reserved(_)
            | CallAnswer::Released(_)
            | CallAnswer::Requeued(_)
            | CallAnswer::AtWarehouse(_)
            | CallAnswer::TakenBack => &[],
        });
        let units = posted.map(|units| (units.line.as_str(), units.part, units.location.as_str(), units.quantity));
        let shipment = shipment::left(self.step.id, planned, &who, units)?;
        self.changes.shipment(shipment, &mut self.events)
    }

    /// Units that left the warehouse's hands cannot be given back: their recalls, newest first, are answered by that.
    pub(super) async fn miss_recalls_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        book: &Book,
        before: &Recalled,
    ) -> Result<(), Error> {
        if self.step.kind == StepKind::Recall {
            return Ok(());
        }
        for ((order, line), recalling) in before {
            let now = book.line(order, *line).map_or(0, |line| line.row.recalling);
            let mut missing = recalling - now;
            if missing <= 0 {
                continue;
            }
            for mut recall in recalls::pending_of_line(tx, order, *line).await? {
                let missed = recall::open(&recall).min(missing);
                if missed > 0 {
                    missing -= missed;
                    recall::miss(&mut recall, missed, self.moment.now);
                    self.changes.recall(recall, &mut self.events)?;
                }
            }
        }
        Ok(())
    }
}
