//! What a step means for units in the warehouse's hands, and for what left in a shipment.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::order::promise::PromiseReason;
use backorder_storage::{StorageError, WriteTx};
use jiff::Timestamp;

use super::{Work, answer, order_mut, units};
use crate::{
    error::Error,
    events::Events,
    order::{
        Book, Cause, Changes, Command, kits,
        recall::{self, WantedBack},
        shipment::{self, Left},
        warehouse_order::{self, AskedUnits},
    },
    saga::{CallAnswer, Step, StepKind},
    store::{entity::recall as row, recalls, warehouse_orders},
};

/// Units that the warehouse is asked for, by order and line.
pub(crate) type Recalled = BTreeMap<(String, i32), i64>;

/// Units that left the warehouse's hands for good cannot be given back: the recalls of their lines, newest first, are told
/// so. `before` is what was asked for of the lines before they followed their claims.
///
/// # Errors
/// [`StorageError`] of the query, or for rows that were not written here.
pub(crate) async fn miss_in_tx(
    tx: &WriteTx<'_>,
    book: &Book,
    before: &Recalled,
    now: Timestamp,
    changes: &mut Changes,
    events: &mut Events<'_>,
) -> Result<(), Error> {
    for ((order, line), recalling) in before {
        let left = book.line(order, *line).map_or(0, |line| line.row.recalling);
        let mut missing = recalling - left;
        if missing <= 0 {
            continue;
        }
        for mut recall in recalls::pending_of_line(tx, order, *line).await? {
            let missed = recall::open(&recall).min(missing);
            if missed > 0 {
                missing -= missed;
                recall::miss(&mut recall, missed, now);
                changes.recall(recall, events)?;
            }
        }
    }
    Ok(())
}

/// What the warehouse is asked for of the lines before the step takes effect.
pub(super) fn recalled(book: &Book) -> Recalled {
    let lines = book.orders.values().flat_map(|order| order.lines.values()).map(|line| &line.row);
    let recalled = lines.filter(|row| row.recalling > 0);
    recalled.map(|row| ((row.order_id.clone(), row.line_number), row.recalling)).collect()
}

/// The recall that the step answers.
pub(super) async fn answered_in_tx(tx: &WriteTx<'_>, step: &Step) -> Result<Option<row::Model>, StorageError> {
    if step.kind == StepKind::Recall { recalls::find(tx, &step.plan.recall).await } else { Ok(None) }
}

impl Work<'_> {
    /// Asks the warehouse for units, to cancel them or to have them back for their lines, and tells it so.
    pub(super) async fn ask_back_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        book: &mut Book,
        wanted_back: &[WantedBack],
        cancels: bool,
    ) -> Result<(), Error> {
        if wanted_back.is_empty() {
            return Ok(());
        }
        let who = self.step.plan.context.clone().unwrap_or_default();
        let cause = Cause { reason: None, text: "recalled from the warehouse".to_owned() };
        for wanted in wanted_back {
            let coming = if wanted.coming > 0 {
                recalls::pending_of_line(tx, &wanted.order, wanted.line).await?
            } else {
                Vec::new()
            };
            for recall in recall::cancel_instead(coming, wanted.coming) {
                self.changes.recall(recall, &mut self.events)?;
            }
            if wanted.quantity == 0 {
                continue;
            }
            let order = order_mut(book, &wanted.order)?;
            let command = Command::Recall(units(wanted.quantity)?);
            self.changes.settle_line(order, wanted.line, command, &cause, self.moment, &mut self.events)?;
            let asked = recall::asked(self.step.id, wanted, cancels, &who, self.moment.now);
            self.asked_back.push(asked.clone());
            self.changes.recall(asked, &mut self.events)?;
        }
        let lines = wanted_back.iter().map(|wanted| (wanted.order.clone(), wanted.line)).collect();
        let handed = warehouse_orders::handed_in_tx(tx, &lines).await?;
        let asked = warehouse_order::asked_back(book, &self.asked_back, &handed)?;
        self.order_of_warehouses(book, asked)
    }

    /// The warehouse did not find units of a component: what it has in hands of the others and makes no kit any more is asked
    /// back, to wait with the rest.
    pub(super) async fn ask_surplus_back_in_tx(&mut self, tx: &WriteTx<'_>, book: &mut Book) -> Result<(), Error> {
        if !matches!(self.step.kind, StepKind::ShortPick | StepKind::ShipmentAdvice) {
            return Ok(());
        }
        let mut wanted = Vec::new();
        for (id, order) in &book.orders {
            let planned = self.step.plan.lines.iter().filter(|planned| planned.order == *id);
            let kits = planned.filter_map(|planned| order.lines.get(&planned.line)?.row.kit_line);
            for kit in kits.collect::<BTreeSet<i32>>() {
                for (line, part) in kits::components(order, kit) {
                    let in_hands = part.row.released - part.row.recalling;
                    let quantity = kits::unmended(&part.row).min(in_hands);
                    if quantity > 0 {
                        wanted.push(WantedBack { order: id.clone(), line, quantity, coming: 0 });
                    }
                }
            }
        }
        self.ask_back_in_tx(tx, book, &wanted, false).await
    }

    /// The warehouses are told what they are asked to ship: what was just handed to them.
    pub(super) fn order_out(&mut self, book: &Book, answers: &[CallAnswer]) -> Result<(), Error> {
        self.order_of_warehouses(book, warehouse_order::handed_over(answer::places(answers)))
    }

    fn order_of_warehouses(&mut self, book: &Book, asked: Vec<AskedUnits>) -> Result<(), Error> {
        let who = self.step.plan.context.clone().unwrap_or_default();
        let orders = warehouse_order::orders_of(self.step.id, &who, self.moment.now, book, asked);
        self.changes.order_of_warehouses(orders, &mut self.events)
    }

    /// The warehouse gave units back; the claims tell it already.
    pub(super) fn answer_recall(&mut self, book: &mut Book, recall: Option<&mut row::Model>) -> Result<(), Error> {
        let (Some(planned), Some(recall)) = (self.step.plan.lines.first(), recall) else {
            return Err(StorageError::InvalidRow { table: "unfinished_step", detail: "no recall".to_owned() }.into());
        };
        let open = recall::open(recall);
        let is_cancelled = recall::cancelled_of(recall, planned.quantity) > 0;
        let reason = is_cancelled.then_some(PromiseReason::Amended);
        let text = if is_cancelled { "cancelled" } else { "given back by the warehouse" };
        let cause = Cause { reason, text: text.to_owned() };
        let order = order_mut(book, &planned.order)?;
        let command = Command::EndRecall(units(open)?);
        self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
        recall::answer(recall, planned.quantity.min(open), self.moment.now);
        self.changes.recall(recall.clone(), &mut self.events)
    }

    /// What left is a shipment.
    pub(super) fn note_shipment(&mut self, book: &Book, answers: &[CallAnswer]) -> Result<(), Error> {
        let Some(planned) = &self.step.plan.shipment else { return Ok(()) };
        let who = self.step.plan.context.clone().unwrap_or_default();
        let posted = answers.iter().filter_map(CallAnswer::posted).flat_map(|answer| &answer.posted);
        let mut shipment = shipment::left(self.step.id, planned, &who, posted.map(Left::posted))?;
        shipment::freeze(&mut shipment, book);
        self.changes.shipment(shipment, &mut self.events)
    }

    /// What the step itself took out of the warehouse's hands is missed by its recalls.
    pub(super) async fn miss_recalls_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        book: &Book,
        before: &Recalled,
    ) -> Result<(), Error> {
        if self.step.kind == StepKind::Recall {
            return Ok(());
        }
        let now = self.moment.now;
        miss_in_tx(tx, book, before, now, &mut self.changes, &mut self.events).await
    }
}
