//! Records what a customer says about a wait.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{
    order::{line::LineError, state::OrderCommand},
    quantity::Quantity,
    time::civil_date_in,
};
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, WriteTx, columns};
use jiff::civil::Date;
use prost::Message as _;
use uuid::Uuid;

use super::clock::cancel_waiting;
use crate::{
    error::{Error, Kind as Resource},
    order::{
        Book, Changes, Moment, WriteNote, kits, message,
        question::{self, Ending},
        wait::{self, Winding},
    },
    saga::{Planned, PlannedEnding, StepCommand, StepKind, mark_busy},
    store::{
        entity::{customer_question, order_line},
        orders::load_orders_in_tx,
        questions,
    },
    use_cases::{UseCases, orders::allowed_line},
    write::{Who, Write},
};

/// What the customer speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The question's number; `None` for the line, asked or not.
    pub question: Option<i32>,
}

/// What the customer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Waits until a day.
    Consent(Date),
    /// Does not wait on.
    Decline,
}

/// What is recorded.
#[derive(Debug, Clone)]
pub struct RecordAnswer {
    /// About what.
    pub subject: Subject,
    /// What the customer says.
    pub answer: Answer,
    /// Who records it and why.
    pub who: Who,
}

impl UseCases {
    /// Records the answer: consent restarts the clock, and without it what waits is cancelled.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn record_answer(self, write: Write<RecordAnswer>) -> Result<pb::RecordAnswerResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = AnswerCommand { use_cases: &self, recorded: &write.command, who, traceparent };
        self.run_step(&write, &command).await
    }
}

struct AnswerCommand<'a> {
    use_cases: &'a UseCases,
    recorded: &'a RecordAnswer,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for AnswerCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Cancel
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let Subject { order, line, .. } = &self.recorded.subject;
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([order.clone()])).await?;
        let rows = self.rows(&book)?;
        let first = rows.first().copied().ok_or_else(|| Error::no_line(order, *line))?;
        let asked = self.asked_in_tx(tx, &rows).await?;
        if !rows.iter().any(|row| wait::is_waiting(row)) {
            // Nothing waits but what a supplier ships already. The clock is about to say so.
            return Err(asked.map_or_else(|| nothing_waits(order, *line), |asked| closed(&asked, question::VOID)));
        }
        let asked = match asked {
            Some(asked) => asked,
            None => {
                let number = questions::next_number_in_tx(tx, order, first.line_number).await?;
                self.unasked(&book, first, number)?
            }
        };
        match self.recorded.answer {
            Answer::Consent(until) => self.consent_in_tx(tx, step, &mut book, asked, until).await,
            Answer::Decline => {
                let kit = first.kit_line.unwrap_or_default();
                if kit > 0 && kits::wait_whole(rows.iter().copied()).is_none() {
                    return Err(out_of_proportion(order, kit));
                }
                let ending = PlannedEnding { number: asked.number, state: question::DECLINED.to_owned(), kit };
                let plan = cancel_waiting(&rows, Some(ending), self.who.message(), self.use_cases.now());
                mark_busy(batch, &mut book, step)?;
                Ok(Planned::Step(Box::new(plan), book))
            }
        }
    }
}

impl AnswerCommand<'_> {
    /// The rows about which the customer speaks: of a line, or of all components of a kit.
    fn rows<'b>(&self, book: &'b Book) -> Result<Vec<&'b order_line::Model>, Error> {
        let Subject { order, line, .. } = &self.recorded.subject;
        let record = book.orders.get(order).ok_or_else(|| Error::no_order(order))?;
        if !kits::is_kit(record, *line)? {
            let row = &allowed_line(book, order, *line, StepKind::Cancel)?.row;
            kits::refuse_component(row)?;
            return Ok(vec![row]);
        }
        let parts = kits::components(record, *line);
        parts.map(|(part, _)| Ok(&allowed_line(book, order, part, StepKind::Cancel)?.row)).collect()
    }

    /// The question that is answered; none when the customer speaks unasked.
    async fn asked_in_tx(
        &self,
        tx: &WriteTx<'_>,
        rows: &[&order_line::Model],
    ) -> Result<Option<customer_question::Model>, Error> {
        let Subject { order, line, question: number } = &self.recorded.subject;
        // The question about a kit is kept with the first of its components.
        let kept_with = rows.first().map_or(*line, |row| row.line_number);
        if let Some(number) = *number {
            let asked = questions::find(tx, order, kept_with, number).await?;
            let name = question::name(order, *line, number);
            let asked = asked.ok_or_else(|| Error::missing(Resource::Question, name))?;
            return if asked.state == question::PENDING { Ok(Some(asked)) } else { Err(closed(&asked, &asked.state)) };
        }
        let pending = rows.iter().find(|row| row.question_answer_by.is_some());
        let Some(row) = pending else { return Ok(None) };
        Ok(questions::find(tx, order, kept_with, row.question_number).await?)
    }

    /// What the customer says unasked is kept as a question, too.
    fn unasked(&self, book: &Book, row: &order_line::Model, number: i32) -> Result<customer_question::Model, Error> {
        let now = self.use_cases.now();
        let Some(kit) = row.kit_line else { return Ok(question::about(row, number, now, None)) };
        let order = book.orders.get(&row.order_id).ok_or_else(|| Error::no_order(&row.order_id))?;
        Ok(question::about_kit(row, kits::figures(order, kit).open, number, now, None))
    }

    async fn consent_in_tx(
        &self,
        tx: &WriteTx<'_>,
        step: Uuid,
        book: &mut Book,
        mut asked: customer_question::Model,
        until: Date,
    ) -> Result<Planned, Error> {
        let places = self.use_cases.catalog().places_in_tx(tx).await?;
        let moment = Moment { now: self.use_cases.now(), places: &places };
        let Subject { order, line, .. } = &self.recorded.subject;
        let record = book.orders.get_mut(order).ok_or_else(|| Error::no_order(order))?;
        let mut events = self.use_cases.events(moment.now, self.traceparent.clone());
        let mut changes = Changes::default();
        let who = self.who.message();
        let ending = Ending { state: question::CONSENTED, consent_until: Some(until), who: Some(&who) };
        question::end(&mut asked, ending, moment.now);
        let is_meant = |row: &order_line::Model| row.line_number == *line || row.kit_line == Some(*line);
        for row in record.lines.values_mut().map(|line| &mut line.row).filter(|row| is_meant(row)) {
            let zone = places.zone_named(&row.time_zone);
            check_day(row, until, civil_date_in(moment.now, &zone))?;
            row.wait_started_at = columns::micros(moment.now);
            row.wait_limit_date = Some(columns::date_text(until));
            row.wait_acted_for = None;
            row.wait_escalated_at = None;
            row.question_answer_by = None;
            let winding = Winding { zone: &zone, now: moment.now, is_quote: false, has_lost: false };
            wait::wind(row, record.row.company_rate_nanos, winding)?;
            changes.touch_line(&record.row, row, &format!("the customer waits until {until}"), moment, &mut events)?;
        }
        changes.note(order, WriteNote { step, kind: OrderCommand::Amend.as_str(), context: &who }, moment);
        let answer = message::recorded(record, &asked)?;
        changes.question(asked, &mut events)?;
        self.use_cases.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}

fn check_day(row: &order_line::Model, until: Date, today: Date) -> Result<(), Error> {
    let limit = columns::optional_date(row.wait_limit_date.as_deref(), "order_line")?;
    if until < today {
        return Err(Error::invalid("consent_until", format!("must be today, {today}, or later")));
    }
    match limit {
        Some(limit) if until <= limit => {
            Err(Error::invalid("consent_until", format!("must be after the present limit, {limit}")))
        }
        Some(_) | None => Ok(()),
    }
}

fn closed(question: &customer_question::Model, state: &str) -> Error {
    Error::Closed { kind: Resource::Question, name: question::name_of(question), state: state.to_owned() }
}

fn nothing_waits(order: &str, line: i32) -> Error {
    too_few(order, line, "open")
}

/// Only whole kits are cancelled by an answer. A planner cancels the kit, and the warehouse gives back what it has of it.
fn out_of_proportion(order: &str, kit: i32) -> Error {
    too_few(order, kit, "kits of which every component waits")
}

fn too_few(order: &str, line: i32, kind: &'static str) -> Error {
    let wanted = Quantity::try_new(1).unwrap_or_default();
    let error = LineError::TooFew { kind, present: Quantity::ZERO, wanted };
    Error::Line { order: order.to_owned(), line, error }
}
