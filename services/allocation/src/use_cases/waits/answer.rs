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
        Book, Changes, Moment, OrderRecord, WriteNote, kits, message,
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
        let asked = self.asked_in_tx(tx, &book).await?;
        let row = allowed_line(&book, order, *line, StepKind::Cancel)?.row.clone();
        if row.open == row.drop_ship_confirmed {
            // Nothing waits but what a supplier ships already. The clock is about to say so.
            return Err(asked.map_or_else(|| nothing_waits(&row), |asked| closed(&asked, question::VOID)));
        }
        let asked = match asked {
            Some(asked) => asked,
            None => {
                let number = questions::next_number_in_tx(tx, order, *line).await?;
                question::about(&row, number, self.use_cases.now(), None)
            }
        };
        match self.recorded.answer {
            Answer::Consent(until) => self.consent_in_tx(tx, step, &mut book, asked, until).await,
            Answer::Decline => {
                kits::refuse_component(&row)?;
                mark_busy(batch, &mut book, step)?;
                let ending = PlannedEnding { number: asked.number, state: question::DECLINED.to_owned() };
                let plan = cancel_waiting(&row, Some(ending), self.who.message(), self.use_cases.now());
                Ok(Planned::Step(Box::new(plan), book))
            }
        }
    }
}

impl AnswerCommand<'_> {
    /// The question that is answered; none when the customer speaks unasked.
    async fn asked_in_tx(&self, tx: &WriteTx<'_>, book: &Book) -> Result<Option<customer_question::Model>, Error> {
        let Subject { order, line, question: number } = &self.recorded.subject;
        let name = |number| question::name(order, *line, number);
        if let Some(number) = *number {
            let asked = questions::find(tx, order, *line, number).await?;
            let asked = asked.ok_or_else(|| Error::missing(Resource::Question, name(number)))?;
            return if asked.state == question::PENDING { Ok(Some(asked)) } else { Err(closed(&asked, &asked.state)) };
        }
        let pending = book.line(order, *line).map(|line| &line.row).filter(|row| row.question_answer_by.is_some());
        let Some(row) = pending else { return Ok(None) };
        Ok(questions::find(tx, order, *line, row.question_number).await?)
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
        let OrderRecord { row: order_row, lines, .. } =
            book.orders.get_mut(order).ok_or_else(|| Error::no_order(order))?;
        let row = &mut lines.get_mut(line).ok_or_else(|| Error::no_line(order, *line))?.row;
        let zone = places.zone_named(&row.time_zone);
        check_day(row, until, civil_date_in(moment.now, &zone))?;
        let mut events = self.use_cases.events(moment.now, self.traceparent.clone());
        let mut changes = Changes::default();
        let who = self.who.message();
        let ending = Ending { state: question::CONSENTED, consent_until: Some(until), who: Some(&who) };
        question::end(&mut asked, ending, moment.now);
        row.wait_started_at = columns::micros(moment.now);
        row.wait_limit_date = Some(columns::date_text(until));
        row.wait_acted_for = None;
        row.wait_escalated_at = None;
        row.question_answer_by = None;
        let winding = Winding { zone: &zone, now: moment.now, is_quote: false, has_lost: false };
        wait::wind(row, order_row.company_rate_nanos, winding)?;
        changes.touch_line(order_row, row, &format!("the customer waits until {until}"), moment, &mut events)?;
        changes.note(order, WriteNote { step, kind: OrderCommand::Amend.as_str(), context: &who }, moment);
        let answer = pb::RecordAnswerResponse {
            question: Some(question::message(&asked)?),
            line: Some(message::line(&order_row.currency_code, row, Vec::new())?),
        };
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
    let name = question::name(&question.order_id, question.line_number, question.number);
    Error::Closed { kind: Resource::Question, name, state: state.to_owned() }
}

fn nothing_waits(row: &order_line::Model) -> Error {
    let wanted = Quantity::try_new(1).unwrap_or_default();
    let error = LineError::TooFew { kind: "open", present: Quantity::ZERO, wanted };
    Error::Line { order: row.order_id.clone(), line: row.line_number, error }
}
