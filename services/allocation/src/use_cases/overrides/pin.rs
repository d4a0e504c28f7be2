//! Pins the present confirmation of a line.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_proto::{allocation::v1 as pb, convert::encode};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use crate::{
    error::Error,
    order::{Changes, Moment, WriteNote, overrides},
    saga::{Planned, StepCommand, StepKind},
    store::{
        orders::load_lines_in_tx,
        overrides::{APPLIED, find},
    },
    use_cases::{UseCases, orders::allowed_line},
    write::{Who, Write},
};

/// A confirmation to pin.
#[derive(Debug, Clone)]
pub struct PinConfirmation {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// When the pin ends by itself.
    pub expires: Option<Timestamp>,
    /// Who decides it and why.
    pub who: Who,
}

impl UseCases {
    /// Pins a line's confirmation, or changes the end of its pin.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn pin_confirmation(self, write: Write<PinConfirmation>) -> Result<pb::Override, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = PinCommand { use_cases: &self, pin: &write.command, who, traceparent };
        self.run_step(&write, &command).await
    }
}

struct PinCommand<'a> {
    use_cases: &'a UseCases,
    pin: &'a PinConfirmation,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for PinCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Override
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        let PinConfirmation { order, line, expires, .. } = self.pin;
        let now = self.use_cases.now();
        if expires.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expire_time", "must be in the future"));
        }
        let mut book = load_lines_in_tx(tx, &BTreeSet::from([(order.clone(), *line)])).await?;
        let pinned = allowed_line(&book, order, *line, StepKind::Override)?.row.pin.clone();
        let content = pb::Override {
            kind: pb::OverrideKind::Pin.into(),
            context: Some(self.who.message()),
            expire_time: expires.map(encode::timestamp),
            ..pb::Override::default()
        };
        let mut row = overrides::new(step, (order, *line), APPLIED, &content, now);
        if let Some(before) = find(tx, &pinned).await? {
            row = crate::store::entity::line_override::Model {
                id: before.id,
                created_at: before.created_at,
                version: before.version + 1,
                ..row
            };
        }
        let answer = overrides::message(&row)?;
        let places = self.use_cases.catalog().places_in_tx(tx).await?;
        let mut events = self.use_cases.events(now, self.traceparent.clone());
        let mut changes = Changes::default();
        let record = book.orders.get_mut(order).ok_or_else(|| Error::no_order(order))?;
        let context = self.who.message();
        changes.pin_line(record, *line, &row.id, &overrides::cause("pinned", &context), &mut events)?;
        changes.note(order, WriteNote { step, kind: "pin", context: &context }, Moment { now, places: &places });
        changes.override_changed(row, &mut events)?;
        self.use_cases.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}
