//! Approves, refuses and ends overrides, by a person or because their time is over.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::order::state::OrderState;
use backorder_proto::{allocation::v1 as pb, common::v1::WriteContext, inventory::v1 as inventory};
use backorder_storage::{Batch, StorageError, WriteTx, columns};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::assign::{assignment, refuse_pinned};
use crate::{
    error::{Error, Kind},
    events::Events,
    order::{Cause, Changes, Command, LineKey, Moment, OrderRecord, WriteNote, overrides},
    saga::{Planned, PlannedOverride, StepCommand, StepKind, mark_busy},
    store::{
        entity::line_override,
        orders::load_lines_in_tx,
        overrides::{APPLIED, ENDED, EXPIRED, PENDING_APPROVAL, REFUSED, expired, find},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// Overrides that are ended in one transaction because their time is over.
const EXPIRED_AT_ONCE: u64 = 100;

/// A decision of another person.
#[derive(Debug, Clone)]
pub struct DecideOverride {
    /// The override's id.
    pub id: String,
    /// Whether it is approved.
    pub approve: bool,
    /// Who decides and why.
    pub who: Who,
}

/// An override to end.
#[derive(Debug, Clone)]
pub struct EndOverride {
    /// The override's id.
    pub id: String,
    /// Who ends it and why.
    pub who: Who,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Approve,
    Refuse,
    End,
}

impl UseCases {
    /// Approves or refuses an assignment that waits for another person.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn decide_override(self, write: Write<DecideOverride>) -> Result<pb::Override, Error> {
        let DecideOverride { id, approve, who } = &write.command;
        let decision = if *approve { Decision::Approve } else { Decision::Refuse };
        self.decide(&write, id, decision, who).await
    }

    /// Ends a pin, or withdraws an assignment that waits for approval.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn end_override(self, write: Write<EndOverride>) -> Result<pb::Override, Error> {
        let EndOverride { id, who } = &write.command;
        self.decide(&write, id, Decision::End, who).await
    }

    async fn decide<C: Sync>(
        &self,
        write: &Write<C>,
        id: &str,
        decision: Decision,
        who: &Who,
    ) -> Result<pb::Override, Error> {
        let who = who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        self.run_step(write, &DecideCommand { use_cases: self, id, decision, who, traceparent }).await
    }

    /// Ends pins and pending overrides whose time is over, as far as no step of their orders is under way.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn end_overrides(&self) -> Result<(), Error> {
        let now = self.now();
        if expired(self.store().reader(), now, 1).await?.is_empty() {
            return Ok(());
        }
        self.store()
            .write("end_overrides", move |tx| {
                Box::pin(async move {
                    let over = expired(tx, now, EXPIRED_AT_ONCE).await?;
                    let places = self.catalog().places_in_tx(tx).await?;
                    let moment = Moment { now, places: &places };
                    let mut events = self.events(now, None);
                    let mut changes = Changes::default();
                    let keys = over.iter().map(|row| (row.order_id.clone(), row.line_number)).collect();
                    let mut book = load_lines_in_tx(tx, &keys).await?;
                    for row in over {
                        let Some(order) = book.orders.get_mut(&row.order_id) else { continue };
                        if order.row.busy_step.is_none() {
                            end(order, row, EXPIRED, None, moment, &mut changes, &mut events)?;
                        }
                    }
                    self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }
}

/// Ends an override. The line of a pin follows its claims again, and its promise its rule.
fn end(
    order: &mut OrderRecord,
    mut row: line_override::Model,
    state: &str,
    by: Option<&WriteContext>,
    moment: Moment<'_>,
    changes: &mut Changes,
    events: &mut Events<'_>,
) -> Result<(), Error> {
    let number = row.line_number;
    let is_pin = row.state == APPLIED && order.lines.get(&number).is_some_and(|line| line.row.pin == row.id);
    overrides::decide(&mut row, state, by, moment.now)?;
    changes.override_changed(row, events)?;
    if is_pin {
        let text = by.map_or_else(|| "the pin ended by itself".to_owned(), |by| overrides::cause("pin ended", by));
        if let Some(line) = order.lines.get_mut(&number) {
            // What was expected meanwhile is told now.
            line.row.promise_review_at = Some(columns::micros(moment.now));
        }
        changes.pin_line(order, number, "", &text, events)?;
        if order.state()? == OrderState::Open {
            let cause = Cause { reason: None, text };
            changes.settle_line(order, number, Command::Follow, &cause, moment, events)?;
        }
    }
    Ok(())
}

struct DecideCommand<'a> {
    use_cases: &'a UseCases,
    id: &'a str,
    decision: Decision,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for DecideCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Override
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let now = self.use_cases.now();
        // The line of an override never changes, so it may be read before its order is locked.
        let row = self.find(tx).await?;
        let call = inventory::AssignByHandRequest::decode(row.call.as_slice());
        let call =
            call.map_err(|error| StorageError::InvalidRow { table: "line_override", detail: error.to_string() })?;
        let givers = call.taken.iter().filter_map(|taken| LineKey::of_claim(&taken.line, taken.part.max(1)));
        let to = (row.order_id.clone(), row.line_number);
        let keys: BTreeSet<(String, i32)> = givers.map(|key| (key.order, key.line)).chain([to.clone()]).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let row = self.find(tx).await?;
        self.check(&row, now)?;
        if self.decision == Decision::Approve {
            refuse_pinned(&book, &keys, (&to.0, to.1))?;
            mark_busy(batch, &mut book, step)?;
            let mut plan = assignment(&call, &keys, (&to.0, to.1), &self.who);
            plan.planned_override = Some(PlannedOverride { id: row.id, content: None });
            return Ok(Planned::Step(Box::new(plan), book));
        }
        let order = book.orders.get_mut(&to.0).ok_or_else(|| Error::no_order(&to.0))?;
        if let Some(step) = &order.row.busy_step {
            return Err(Error::Busy { order: to.0, step: step.clone() });
        }
        let places = self.use_cases.catalog().places_in_tx(tx).await?;
        let moment = Moment { now, places: &places };
        let mut events = self.use_cases.events(now, self.traceparent.clone());
        let mut changes = Changes::default();
        let context = self.who.message();
        let state = if self.decision == Decision::Refuse { REFUSED } else { ENDED };
        end(order, row, state, Some(&context), moment, &mut changes, &mut events)?;
        let kind = if self.decision == Decision::Refuse { "refuse override" } else { "end override" };
        changes.note(&to.0, WriteNote { step, kind, context: &context }, moment);
        let answer = changes.overrides.first().map(overrides::message).transpose()?.unwrap_or_default();
        self.use_cases.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}

impl DecideCommand<'_> {
    async fn find(&self, tx: &WriteTx<'_>) -> Result<line_override::Model, Error> {
        let found = find(tx, self.id).await?;
        found.ok_or_else(|| Error::missing(Kind::Override, format!("overrides/{}", self.id)))
    }

    fn check(&self, row: &line_override::Model, now: Timestamp) -> Result<(), Error> {
        let is_over = row.expires_at.is_some_and(|at| at <= columns::micros(now));
        let is_pin = row.kind == "PIN" && row.state == APPLIED;
        let may = match self.decision {
            Decision::Approve | Decision::Refuse => row.state == PENDING_APPROVAL,
            Decision::End => row.state == PENDING_APPROVAL || is_pin,
        };
        if is_over || !may {
            let state = if may { EXPIRED.to_owned() } else { row.state.clone() };
            return Err(Error::Closed { kind: Kind::Override, name: format!("overrides/{}", row.id), state });
        }
        if self.decision != Decision::End && self.who.actor == row.actor {
            return Err(Error::SamePerson { name: format!("overrides/{}", row.id), actor: row.actor.clone() });
        }
        Ok(())
    }
}
