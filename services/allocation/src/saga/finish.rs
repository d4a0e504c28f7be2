//! What the outcome of a step means for its orders: quantities, promises, lost demand, events and the caller's answer.

mod added;
mod amended;
mod answer;
mod document;
mod drop_ship;
mod holds;
mod import;
mod overrides;
mod question;
mod refused;
mod sets;
mod shortage;
mod substituted;
mod warehouse;

use holds::take_unreserved;
pub use refused::refusal;
pub(crate) use sets::units_of;
pub(crate) use warehouse::{Recalled, miss_in_tx};

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    order::{policy::LossReason, promise::PromiseReason, state::OrderCommand},
    quantity::Quantity,
};
use backorder_proto::{allocation::v1 as pb, convert::allocation::claim_of_line, inventory::v1 as inventory};
use backorder_storage::{Batch, StorageError, WriteTx, documents, idempotency::RequestKey};
use jiff::Timestamp;
use uuid::Uuid;

use super::{CallAnswer, Plan, PlannedLine, Step, StepKind};
use crate::{
    error::Error,
    events::Events,
    order::{
        Book, Cause, Changes, Command, LineKey, LostUnits, Moment, OrderRecord, WriteNote, key::demand_line, message,
    },
    store::{
        entity::recall,
        orders::{self, load_lines_in_tx, load_orders_in_tx},
        takes,
    },
    use_cases::UseCases,
};

/// What a step has come to: all that is to be written of it.
pub(super) struct Settled<'a> {
    /// The caller's answer, encoded.
    pub answer: Vec<u8>,
    pub changes: Changes,
    pub events: Events<'a>,
}

/// Records the outcome of a step and answers the caller's answer, encoded. `book` has the step's orders as its first
/// transaction left them, when that was in this process.
pub(super) async fn finish_in_tx(
    use_cases: &UseCases,
    tx: &WriteTx<'_>,
    step: &Step,
    answers: &[CallAnswer],
    book: Option<Book>,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let places = use_cases.catalog().places_in_tx(tx).await?;
    let moment = Moment { now, places: &places };
    let (book, pending) = book_in_tx(tx, step, book).await?;
    let Settled { answer, changes, events } =
        settle_in_tx(use_cases, tx, step, answers, book, &pending, moment).await?;
    let mut batch = Batch::new(tx);
    batch.answered(&step.key, &step.hash, &answer, now);
    if let Some(planned) = &step.plan.document {
        batch.end_document(&planned.key(), &answer);
    }
    use_cases.record_in_tx(tx, batch, changes, events).await?;
    Ok(answer)
}

/// What the answers of inventory mean for the step's orders, which are locked and in the book. Writes nothing.
pub(super) async fn settle_in_tx<'a>(
    use_cases: &'a UseCases,
    tx: &WriteTx<'_>,
    step: &'a Step,
    answers: &[CallAnswer],
    mut book: Book,
    pending: &BTreeSet<String>,
    moment: Moment<'a>,
) -> Result<Settled<'a>, Error> {
    let mut work = Work {
        step,
        moment,
        changes: Changes { reason_code: reason_code(step), ..Changes::default() },
        events: use_cases.events(moment.now, step.traceparent.clone()),
        lost: Vec::new(),
        asked_back: Vec::new(),
    };
    let recalled = warehouse::recalled(&book);
    let sets = sets::touched(step, &book, pending);
    sets::take_free(&mut book, answers)?;
    work.bring_about_in_tx(tx, &mut book, answers).await?;
    work.follow_pending(&mut book, pending)?;
    work.follow_sets(&mut book, &sets)?;
    work.miss_recalls_in_tx(tx, &book, &recalled).await?;
    work.ask_surplus_back_in_tx(tx, &mut book).await?;
    work.settle_orders(&mut book)?;
    let answer = answer::encode(step, answers, &book, &work)?;
    work.note_writes();
    Ok(Settled { answer, changes: work.changes, events: work.events })
}

/// What an order would be if inventory had decided so for good.
pub(crate) fn would_be(
    record: OrderRecord,
    answer: &inventory::ReserveStockResponse,
    moment: Moment<'_>,
    events: Events<'_>,
) -> Result<(pb::Order, Vec<pb::LostDemand>), Error> {
    let id = record.row.id.clone();
    let planned = record.lines.keys().map(|line| PlannedLine { order: id.clone(), line: *line, part: 1, quantity: 0 });
    let step = Step {
        id: Uuid::nil(),
        key: RequestKey { caller: String::new(), method: String::new(), request_id: String::new() },
        hash: Vec::new(),
        kind: StepKind::Place,
        plan: Plan { lines: planned.collect(), ..Plan::default() },
        began_at: moment.now,
        traceparent: None,
    };
    let mut book = Book { orders: BTreeMap::from([(id.clone(), record)]) };
    let mut work =
        Work { step: &step, moment, changes: Changes::default(), events, lost: Vec::new(), asked_back: Vec::new() };
    let answers = [CallAnswer::Reserved(answer.clone())];
    for claim in answers.iter().flat_map(CallAnswer::claims) {
        work.take_claim(&mut book, claim)?;
    }
    sets::take_free(&mut book, &answers)?;
    work.decide(&mut book, &answers)?;
    work.settle_orders(&mut book)?;
    let record = book.orders.get(&id).ok_or_else(|| Error::no_order(&id))?;
    Ok((message::whole_order(record)?, work.lost.iter().map(message::lost_demand).collect()))
}

/// Ends a step that inventory refused, for orders that go on: they are free again and follow their claims.
pub(super) async fn undo_in_tx(
    use_cases: &UseCases,
    tx: &WriteTx<'_>,
    step: &Step,
    now: Timestamp,
) -> Result<(), Error> {
    let places = use_cases.catalog().places_in_tx(tx).await?;
    if let Some(planned) = &step.plan.document {
        documents::forget_in_tx(tx, &planned.key()).await?;
    }
    let (mut book, pending) = book_in_tx(tx, step, None).await?;
    let mut work = Work {
        step,
        moment: Moment { now, places: &places },
        changes: Changes::default(),
        events: use_cases.events(now, step.traceparent.clone()),
        lost: Vec::new(),
        asked_back: Vec::new(),
    };
    work.follow_pending(&mut book, &pending)?;
    let sets = sets::touched(step, &book, &pending);
    work.follow_sets(&mut book, &sets)?;
    let added: Vec<_> = step.plan.added.iter().map(|line| (line.order.clone(), line.line)).collect();
    orders::remove_lines_in_tx(tx, &added).await?;
    for order in book.orders.values_mut() {
        order.row.busy_step = None;
        order.row.claims_pending = false;
        work.changes.settle_order(order, OrderCommand::Observe, "undone", work.moment, &mut work.events)?;
    }
    use_cases.record_in_tx(tx, Batch::new(tx), work.changes, work.events).await?;
    Ok(())
}

/// The step's orders and lines, locked, and those orders of which claims changed while they were busy: these are loaded
/// whole.
async fn book_in_tx(
    tx: &WriteTx<'_>,
    step: &Step,
    book: Option<Book>,
) -> Result<(Book, BTreeSet<String>), StorageError> {
    let ids = step.orders();
    let pending = orders::claims_pending_in_tx(tx, &ids).await?;
    let mut book = match book {
        Some(book) => book,
        None if step.kind.is_about_whole_orders() => load_orders_in_tx(tx, &ids).await?,
        None => {
            let lines = step.plan.lines.iter().chain(&step.plan.added);
            let keys = lines.map(|line| (line.order.clone(), line.line)).collect();
            load_lines_in_tx(tx, &keys).await?
        }
    };
    if !pending.is_empty() {
        book.orders.extend(load_orders_in_tx(tx, &pending).await?.orders);
    }
    Ok((book, pending))
}

pub(super) struct Work<'a> {
    step: &'a Step,
    moment: Moment<'a>,
    changes: Changes,
    events: Events<'a>,
    /// What the caller is told to be lost, also of a quote, of which nothing is recorded as lost.
    lost: Vec<crate::store::entity::lost_demand::Model>,
    /// What the warehouse is asked to give back.
    asked_back: Vec<recall::Model>,
}

impl Work<'_> {
    /// What the step does to its orders, now that inventory has answered.
    async fn bring_about_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        book: &mut Book,
        answers: &[CallAnswer],
    ) -> Result<(), Error> {
        let question = question::ended_in_tx(tx, self.step).await?;
        let mut answered = warehouse::answered_in_tx(tx, self.step).await?;
        for claim in answers.iter().flat_map(CallAnswer::claims) {
            self.take_claim(book, claim)?;
        }
        take_unreserved(book, answers);
        for planned in &self.step.plan.kits {
            order_mut(book, &planned.order)?.row.kits.clone_from(&planned.kits);
            self.changes.kits.insert(planned.order.clone(), planned.kits.clone());
        }
        match self.step.kind {
            StepKind::Place | StepKind::Quote | StepKind::Confirm => self.decide(book, answers)?,
            StepKind::Amend => self.amend(book, answers)?,
            StepKind::Cancel => {
                self.end_question(book, question)?;
                self.follow_planned(book, "cancelled", Some(PromiseReason::Amended))?;
                self.ask_back_in_tx(tx, book, &self.step.plan.wanted_back, true).await?;
            }
            StepKind::Release => {
                self.follow_planned(book, "handed to the warehouse", None)?;
                self.order_out(book, answers)?;
            }
            StepKind::Recall => self.answer_recall(book, answered.as_mut())?,
            StepKind::Override => self.apply_override_in_tx(tx, book).await?,
            StepKind::ShortPick => self.follow_planned(book, "not found by the warehouse", None)?,
            StepKind::Consent => self.consent(book)?,
            StepKind::Ship | StepKind::ShipmentAdvice => {
                self.follow_planned(book, "shipped", None)?;
                self.note_shipment(book, answers)?;
                self.lose_balances(book)?;
            }
            StepKind::DropShip => {
                let mut take = takes::find(tx, &self.step.plan.take).await?;
                self.drop_ship(book, take.as_mut())?;
            }
            StepKind::Return => {
                self.take_back(book, answers)?;
                self.note_returned_in_tx(tx).await?;
                self.decide_added(book, answers, "it replaces units that came back")?;
            }
            StepKind::Import => self.take_over(book)?,
            StepKind::Substitute => {
                self.substitute(book)?;
                self.decide_added(book, answers, "it stands for what was not there")?;
            }
        }
        if self.step.kind.makes_the_order() {
            self.tell_holds_in_tx(tx, book).await?;
        }
        Ok(())
    }

    fn take_claim(&mut self, book: &mut Book, claim: &inventory::Claim) -> Result<(), Error> {
        let Some(key) = LineKey::of_claim(&claim.line, claim.part) else { return Ok(()) };
        let claim = claim_of_line(claim).map_err(|violations| Error::Contract(violations.to_string()))?;
        if book.take_claim(&key, &claim)
            && let Some(line) = book.line(&key.order, key.line)
        {
            self.changes.claim(line, &key);
        }
        Ok(())
    }

    /// Inventory has decided about every planned line, in their order.
    fn decide(&mut self, book: &mut Book, answers: &[CallAnswer]) -> Result<(), Error> {
        let results = reserve_results(answers)?;
        let text = if self.step.kind == StepKind::Confirm {
            "the quote was confirmed"
        } else if self.step.kind == StepKind::Quote {
            "the order was quoted"
        } else {
            "the order was placed"
        };
        let cause = Cause { reason: Some(PromiseReason::Placed), text: text.to_owned() };
        if self.step.kind == StepKind::Confirm {
            close_quotes(book, &self.step.plan.lines)?;
        }
        for planned in &self.step.plan.lines {
            let is_quote = self.step.kind == StepKind::Quote;
            let name = demand_line(&planned.order, planned.line, is_quote);
            let result = results.get(name.as_str()).copied();
            let order = order_mut(book, &planned.order)?;
            let refused = match result {
                Some(result) => shortage::never_ordered(self.step.kind, order, planned.line, result.refused)?,
                None => Quantity::ZERO,
            };
            let command = if self.step.kind == StepKind::Confirm {
                Command::Confirm { part: planned.part, refused }
            } else {
                Command::Decide { part: planned.part, refused }
            };
            self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
            if let Some(result) = result {
                self.lose(order, planned, result)?;
            }
        }
        if self.step.kind == StepKind::Confirm {
            self.record_closed_quotes(book);
        }
        Ok(())
    }

    fn record_closed_quotes(&mut self, book: &Book) {
        for planned in &self.step.plan.lines {
            if let Some(line) = book.line(&planned.order, planned.line) {
                let key =
                    LineKey { order: planned.order.clone(), line: planned.line, part: crate::order::key::QUOTE_PART };
                self.changes.claim(line, &key);
            }
        }
    }

    /// Refused units are lost demand; those of a quote only when it is confirmed.
    fn lose(
        &mut self,
        order: &OrderRecord,
        planned: &PlannedLine,
        result: &inventory::ReserveResult,
    ) -> Result<(), Error> {
        let Some(line) = order.lines.get(&planned.line) else { return Ok(()) };
        let reason = loss_reason(&line.row, result);
        let quantity = if self.step.kind == StepKind::Confirm { line.row.refused } else { result.refused };
        let lost = LostUnits { part: planned.part, quantity, reason };
        let already = self.changes.lost.len();
        self.changes.lose(&line.row, lost, self.moment);
        self.lost.extend_from_slice(&self.changes.lost[already..]);
        if self.step.kind == StepKind::Quote {
            self.changes.lost.truncate(already);
        }
        Ok(())
    }

    fn follow_planned(
        &mut self,
        book: &mut Book,
        text: &'static str,
        reason: Option<PromiseReason>,
    ) -> Result<(), Error> {
        let cause = Cause { reason, text: text.to_owned() };
        for planned in &self.step.plan.lines {
            let order = order_mut(book, &planned.order)?;
            self.changes.settle_line(order, planned.line, Command::Follow, &cause, self.moment, &mut self.events)?;
        }
        Ok(())
    }

    /// Claims that changed by themselves while the order was busy were only copied: their lines follow them now.
    fn follow_pending(&mut self, book: &mut Book, pending: &BTreeSet<String>) -> Result<(), Error> {
        let cause = Cause { reason: None, text: "stock or supply changed".to_owned() };
        for id in pending {
            let order = order_mut(book, id)?;
            let numbers: Vec<i32> = order.lines.keys().copied().collect();
            for number in numbers {
                self.changes.settle_line(order, number, Command::Follow, &cause, self.moment, &mut self.events)?;
            }
        }
        Ok(())
    }

    /// Who did it and why, for each order of the step. A new order's own row says who placed it.
    fn note_writes(&mut self) {
        if self.step.kind.makes_the_order() {
            return;
        }
        let context = self.step.plan.context.clone().unwrap_or_default();
        let note = WriteNote { step: self.step.id, kind: self.step.kind.as_str(), context: &context };
        for order in self.step.orders() {
            self.changes.note(&order, note, self.moment);
        }
    }

    fn settle_orders(&mut self, book: &mut Book) -> Result<(), Error> {
        let command = self.step.kind.command();
        for order in book.orders.values_mut() {
            order.row.busy_step = None;
            order.row.claims_pending = false;
            self.changes.settle_order(order, command, command.as_str(), self.moment, &mut self.events)?;
        }
        Ok(())
    }
}

fn reason_code(step: &Step) -> String {
    step.plan.context.as_ref().map(|context| context.reason_code.clone()).unwrap_or_default()
}

/// The units of confirmed quotes are those of their orders now, of all lines before any line is told so.
fn close_quotes(book: &mut Book, planned: &[PlannedLine]) -> Result<(), Error> {
    for planned in planned {
        let order = order_mut(book, &planned.order)?;
        order.set_views.clear();
        let line = order.lines.get_mut(&planned.line);
        line.ok_or_else(|| Error::no_line(&planned.order, planned.line))?.close_quote();
    }
    Ok(())
}

/// The results of a reservation by demand line.
fn reserve_results(answers: &[CallAnswer]) -> Result<BTreeMap<&str, &inventory::ReserveResult>, Error> {
    let reserved = answers.iter().find_map(CallAnswer::reserved);
    // Without a call for stock (a quote of which everything was refused, say), there are no results.
    Ok(reserved.map_or_else(BTreeMap::new, |response| {
        response.results.iter().map(|result| (result.line.as_str(), result)).collect()
    }))
}

fn loss_reason(row: &crate::store::entity::order_line::Model, result: &inventory::ReserveResult) -> LossReason {
    use backorder_proto::allocation::v1::LostDemandReason as Wire;
    if result.refusal_reason() == inventory::RefusalReason::WaitingLimit {
        return LossReason::PolicyCap;
    }
    match Wire::from_str_name(&row.loss_reason) {
        Some(Wire::PolicyNotAllowed) => LossReason::PolicyNotAllowed,
        Some(Wire::PolicyCap) => LossReason::PolicyCap,
        Some(Wire::CustomerInstruction | Wire::Unspecified) | None => LossReason::CustomerInstruction,
    }
}

fn units(number: i64) -> Result<Quantity, Error> {
    Quantity::try_new(number).map_err(|error| Error::Contract(error.to_string()))
}

fn order_mut<'b>(book: &'b mut Book, id: &str) -> Result<&'b mut OrderRecord, Error> {
    book.orders.get_mut(id).ok_or_else(|| Error::no_order(id))
}
