//! What the clock of waits does: asks, cancels, tells a planner, ends questions. What is left to do is read off the lines,
//! so a crash forgets nothing, and a second look changes nothing.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{
    ids::derived_uuid,
    order::{
        state::OrderState,
        wait::{AfterSilence, WaitAction},
    },
};
use backorder_proto::{
    common::v1::WriteContext,
    convert::{allocation::line_name, encode},
    inventory::v1 as inventory,
};
use backorder_storage::{Batch, StorageError, WriteTx, columns, idempotency::RequestKey};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    events::Events,
    order::{
        Changes, Moment, OrderRecord,
        key::demand_line,
        kits,
        question::{self, Ending},
        wait::{self, Winding},
    },
    saga::{Call, Plan, Planned, PlannedEnding, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::{
        entity::{customer_order, order_line},
        orders::{load_lines_in_tx, load_orders_in_tx},
        questions,
    },
    use_cases::UseCases,
    write::Write,
};

/// Lines at which the clock looks in one transaction.
const LINES_AT_ONCE: u64 = 200;
/// The name space of the ids of cancellations by the clock.
const WAITS: Uuid = Uuid::from_u128(0x3c1b_7e55_90d2_4b6e_a1f4_58c0_27ad_9b13);
/// Who does what the clock does.
const CLOCK: &str = "wait-clock";
/// The reason of a cancellation because the wait is over.
const WAIT_LIMIT: &str = "WAIT_LIMIT";
/// The reason of a cancellation because the customer did not answer.
const NO_ANSWER: &str = "NO_ANSWER";

/// A line of which what waits is to be cancelled.
pub(super) struct Overdue {
    pub(super) order: String,
    /// Of a kit its first component.
    pub(super) line: i32,
    pub(super) version: i64,
}

impl UseCases {
    /// Acts on the waits that are due, some at a time. Lines of orders that are busy come again.
    ///
    /// # Errors
    /// Those of the store; [`Error::Stopped`] where a test stops a cancellation.
    pub(crate) async fn act_on_waits(&self) -> Result<(), Error> {
        let now = self.now();
        if questions::lines_due(self.store().reader(), now, 1).await?.is_empty() {
            return Ok(());
        }
        self.catalog().places().await?;
        let overdue = self
            .store()
            .write("act_on_waits", move |tx| Box::pin(async move { self.act_on_waits_in_tx(tx, now).await }))
            .await?;
        for line in overdue {
            self.cancel_overdue(line).await?;
        }
        Ok(())
    }

    async fn act_on_waits_in_tx(&self, tx: &WriteTx<'_>, now: Timestamp) -> Result<Vec<Overdue>, Error> {
        let due = questions::lines_due(tx, now, LINES_AT_ONCE).await?;
        let mut book = load_lines_in_tx(tx, &due).await?;
        let places = self.catalog().places_in_tx(tx).await?;
        let mut turn = Turn {
            moment: Moment { now, places: &places },
            changes: Changes::default(),
            events: self.events(now, None),
            overdue: Vec::new(),
        };
        for order in book.orders.values_mut().filter(|order| order.row.busy_step.is_none()) {
            let is_quote = order.state()? == OrderState::Quoted;
            let mut kits = BTreeSet::new();
            for line in order.lines.values_mut() {
                if is_quote {
                    // A quote ends by itself; its confirmation winds the clock.
                    line.row.wait_due_at = None;
                    turn.changes.lines.push(line.row.clone());
                } else if let Some(kit) = line.row.kit_line {
                    kits.insert(kit);
                } else {
                    turn.act_in_tx(tx, &order.row, &mut line.row).await?;
                }
            }
            for kit in kits {
                turn.act_on_kit_in_tx(tx, order, kit).await?;
            }
        }
        let Turn { changes, events, overdue, .. } = turn;
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(overdue)
    }

    /// Cancels what waits of a line. What cannot be cancelled now is tried again, or is told to a planner.
    async fn cancel_overdue(&self, line: Overdue) -> Result<(), Error> {
        // The version makes another wait of the same line another write.
        let name = format!("{} {}", line_name(&line.order, line.line), line.version);
        let step_id = derived_uuid(WAITS, &name);
        let key = RequestKey { caller: CLOCK.to_owned(), method: "wait".to_owned(), request_id: step_id.to_string() };
        let write = Write { key, hash: Vec::new(), step_id, traceparent: None, command: () };
        let command = CancelOverdue { use_cases: self, line: &line };
        match self.run_step::<_, ()>(&write, &command).await {
            // A step that is begun goes on by itself, and a busy order comes again.
            Ok(()) | Err(Error::Unanswered(_) | Error::Busy { .. }) => Ok(()),
            Err(error @ (Error::Refused(_) | Error::State { .. })) => {
                tracing::warn!(line = %name, error = %error, "what waits could not be cancelled: a planner decides");
                self.escalate(&line).await
            }
            Err(error) => Err(error),
        }
    }

    async fn escalate(&self, line: &Overdue) -> Result<(), Error> {
        let now = self.now();
        self.store()
            .write("escalate_wait", move |tx| {
                Box::pin(async move {
                    let mut book = load_lines_in_tx(tx, &BTreeSet::from([(line.order.clone(), line.line)])).await?;
                    let places = self.catalog().places_in_tx(tx).await?;
                    let moment = Moment { now, places: &places };
                    let mut turn =
                        Turn { moment, changes: Changes::default(), events: self.events(now, None), overdue: vec![] };
                    if let Some(order) = book.orders.get_mut(&line.order) {
                        turn.escalate_any(order, line.line, "what waits could not be cancelled")?;
                    }
                    self.record_in_tx(tx, Batch::new(tx), turn.changes, turn.events).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// One look of the clock at some lines.
pub(super) struct Turn<'a> {
    pub(super) moment: Moment<'a>,
    pub(super) changes: Changes,
    pub(super) events: Events<'a>,
    pub(super) overdue: Vec<Overdue>,
}

impl Turn<'_> {
    async fn act_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        order: &customer_order::Model,
        row: &mut order_line::Model,
    ) -> Result<(), Error> {
        let zone = self.moment.places.zone_named(&row.time_zone);
        match wait::clock(row, &zone)?.due(self.moment.now) {
            Some(WaitAction::Ask) => self.ask_in_tx(tx, order, row).await,
            Some(WaitAction::Escalate) => self.escalate(order, row, "the wait limit has passed"),
            Some(WaitAction::Void) => {
                self.end_question_in_tx(tx, row, question::VOID).await?;
                self.touch(order, row, "nothing waits any more, so the question is void")
            }
            Some(WaitAction::Silence(AfterSilence::Keep)) => {
                self.end_question_in_tx(tx, row, question::EXPIRED).await?;
                self.touch(order, row, "the customer did not answer, and waits on")
            }
            Some(WaitAction::Silence(AfterSilence::Escalate)) => {
                self.end_question_in_tx(tx, row, question::EXPIRED).await?;
                self.escalate(order, row, "the customer did not answer")
            }
            Some(WaitAction::Cancel | WaitAction::Silence(AfterSilence::Cancel)) => {
                let (order, line, version) = (row.order_id.clone(), row.line_number, row.version);
                self.overdue.push(Overdue { order, line, version });
                Ok(())
            }
            // Another time is due than was written down.
            None => {
                self.wind(order, row)?;
                self.changes.lines.push(row.clone());
                Ok(())
            }
        }
    }

    async fn ask_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        order: &customer_order::Model,
        row: &mut order_line::Model,
    ) -> Result<(), Error> {
        let now = self.moment.now;
        let zone = self.moment.places.zone_named(&row.time_zone);
        // Without a deadline the question could never end.
        let deadline = wait::clock(row, &zone)?.answer_deadline(now).unwrap_or(now);
        let number = questions::next_number_in_tx(tx, &row.order_id, row.line_number).await?;
        let asked = question::about(row, number, now, Some(deadline));
        row.question_number = number;
        row.question_answer_by = Some(columns::micros(deadline));
        row.wait_acted_for.clone_from(&row.wait_limit_date);
        self.changes.question(asked, &mut self.events)?;
        self.touch(order, row, "the customer is asked whether to wait on")
    }

    async fn end_question_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        row: &mut order_line::Model,
        state: &'static str,
    ) -> Result<(), Error> {
        row.question_answer_by = None;
        let found = questions::find(tx, &row.order_id, row.line_number, row.question_number).await?;
        let mut asked = found.ok_or_else(|| missing(row))?;
        question::end(&mut asked, Ending { state, consent_until: None, who: None }, self.moment.now);
        self.changes.question(asked, &mut self.events)
    }

    fn escalate(
        &mut self,
        order: &customer_order::Model,
        row: &mut order_line::Model,
        cause: &str,
    ) -> Result<(), Error> {
        row.wait_acted_for.clone_from(&row.wait_limit_date);
        row.wait_escalated_at = Some(columns::micros(self.moment.now));
        self.touch(order, row, &format!("{cause}: a planner decides"))?;
        Ok(self.events.escalated(row, cause)?)
    }

    /// A planner decides about a line, or about the kit of which it is a component.
    fn escalate_any(&mut self, order: &mut OrderRecord, line: i32, cause: &str) -> Result<(), Error> {
        let kit = order.lines.get(&line).and_then(|line| line.row.kit_line);
        let open = kit.map_or(0, |kit| kits::figures(order, kit).open);
        let OrderRecord { row: order, lines, .. } = order;
        match lines.get_mut(&line).map(|line| &mut line.row) {
            Some(row) if row.kit_line.is_none() => self.escalate(order, row, cause),
            Some(_) => {
                let parts = lines.values_mut().map(|line| &mut line.row).filter(|row| row.kit_line == kit);
                self.escalate_kit(order, &mut parts.collect::<Vec<_>>(), open, cause)
            }
            None => Ok(()),
        }
    }

    pub(super) fn touch(
        &mut self,
        order: &customer_order::Model,
        row: &mut order_line::Model,
        cause: &str,
    ) -> Result<(), Error> {
        self.wind(order, row)?;
        self.changes.touch_line(order, row, cause, self.moment, &mut self.events)
    }

    pub(super) fn wind(&self, order: &customer_order::Model, row: &mut order_line::Model) -> Result<(), StorageError> {
        let zone = self.moment.places.zone_named(&row.time_zone);
        let winding = Winding { zone: &zone, now: self.moment.now, is_quote: false, has_lost: false };
        wait::wind(row, order.company_rate_nanos, winding)
    }
}

pub(super) fn missing(row: &order_line::Model) -> StorageError {
    let name = question::name(&row.order_id, row.line_number, row.question_number);
    StorageError::InvalidRow { table: "customer_question", detail: format!("{name} is not there") }
}

/// Cancels what waits of a line, when that is still what the clock wants.
struct CancelOverdue<'a> {
    use_cases: &'a UseCases,
    line: &'a Overdue,
}

#[async_trait]
impl StepCommand for CancelOverdue<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Cancel
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let Overdue { order, line, .. } = self.line;
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([order.clone()])).await?;
        let places = self.use_cases.catalog().places_in_tx(tx).await?;
        let Some(record) = book.orders.get(order) else { return Err(Error::no_order(order)) };
        if let Some(step) = &record.row.busy_step {
            return Err(Error::Busy { order: order.clone(), step: step.clone() });
        }
        let row = record.lines.get(line).map(|line| line.row.clone()).ok_or_else(|| Error::no_line(order, *line))?;
        let now = self.use_cases.now();
        let (kit, moment) = (row.kit_line.unwrap_or_default(), Moment { now, places: &places });
        let rows: Vec<&order_line::Model> = match row.kit_line {
            Some(kit) => kits::components(record, kit).map(|(_, line)| &line.row).collect(),
            None => vec![&row],
        };
        let action = match row.kit_line {
            Some(_) => wait::due_of_kit(rows.iter().copied(), moment)?,
            None => wait::clock(&row, &places.zone_named(&row.time_zone))?.due(now),
        };
        let (reason, ending) = match action {
            Some(WaitAction::Cancel) => (WAIT_LIMIT, None),
            Some(WaitAction::Silence(AfterSilence::Cancel)) => {
                let state = question::EXPIRED.to_owned();
                (NO_ANSWER, Some(PlannedEnding { number: row.question_number, state, kit }))
            }
            Some(WaitAction::Ask | WaitAction::Escalate | WaitAction::Void | WaitAction::Silence(_)) | None => {
                return Ok(Planned::Done(Vec::new()));
            }
        };
        if kit > 0 && kits::wait_whole(rows.iter().copied()).is_none() {
            // It changed meanwhile: the clock looks again.
            return Ok(Planned::Done(Vec::new()));
        }
        let allowed = record.state()?.check(StepKind::Cancel.command());
        allowed.map_err(|conflict| Error::State { order: order.clone(), conflict })?;
        let context = WriteContext { actor: CLOCK.to_owned(), reason_code: reason.to_owned(), note: String::new() };
        let plan = cancel_waiting(&rows, ending, context, now);
        mark_busy(batch, &mut book, step)?;
        Ok(Planned::Step(Box::new(plan), book))
    }
}

/// The plan to cancel what waits of a line, or of all components of a kit. What was reserved meanwhile stays.
pub(super) fn cancel_waiting(
    rows: &[&order_line::Model],
    ending: Option<PlannedEnding>,
    context: WriteContext,
    now: Timestamp,
) -> Plan {
    let planned = rows.iter().map(|row| PlannedLine {
        order: row.order_id.clone(),
        line: row.line_number,
        part: 0,
        // What a supplier confirmed is on its way.
        quantity: row.open - row.drop_ship_confirmed,
    });
    let lines: Vec<PlannedLine> = planned.collect();
    let released = lines.iter().map(|line| inventory::ReleaseLine {
        line: demand_line(&line.order, line.line, false),
        part: 0,
        quantity: line.quantity,
        waiting_only: true,
    });
    let release = inventory::ReleaseClaimsRequest {
        lines: released.collect(),
        effective_time: Some(encode::timestamp(now)),
        context: Some(context.clone()),
        ..inventory::ReleaseClaimsRequest::default()
    };
    Plan { calls: vec![Call::new(Kind::Release(release))], lines, context: Some(context), ending, ..Plan::default() }
}
