//! Gives a line units now, as it was shown before.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use backorder_domain::quantity::Quantity;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::preview::Preview;
use crate::{
    error::Error,
    order::{Book, Changes, Moment, WriteNote, overrides},
    saga::{Call, Plan, Planned, PlannedLine, PlannedOverride, StepCommand, StepKind, call::Kind, mark_busy},
    store::{orders::load_lines_in_tx, overrides::PENDING_APPROVAL},
    use_cases::{UseCases, orders::allowed_line},
    write::{Who, Write},
};

/// Units that a line gives.
#[derive(Debug, Clone)]
pub struct Share {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// Base units.
    pub quantity: Quantity,
}

impl Share {
    pub(super) fn key(&self) -> (String, i32) {
        (self.order.clone(), self.line)
    }
}

/// Who gets what from whom.
#[derive(Debug, Clone)]
pub struct AssignByHand {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The location, `locations/{location}`.
    pub location: String,
    /// Base units.
    pub quantity: Quantity,
    /// What others give.
    pub taken: Vec<Share>,
    /// Whether it is only shown.
    pub validate_only: bool,
    /// The preview's etag.
    pub etag: String,
    /// Until when it may wait for approval.
    pub expires: Option<Timestamp>,
    /// Who decides it and why.
    pub who: Who,
}

impl UseCases {
    /// Shows who loses what, or does what was shown, or keeps it for another person to decide.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn assign_by_hand(self, write: Write<AssignByHand>) -> Result<pb::Override, Error> {
        let wanted = &write.command;
        let who = wanted.who.clone().or_caller(&write.key.caller);
        let preview = self.preview_of(wanted).await;
        if wanted.validate_only {
            let preview = preview?;
            let etag = preview.etag.clone();
            let state = if preview.needs_approval { pb::OverrideState::PendingApproval } else { Default::default() };
            let line = line_name(&wanted.order, wanted.line);
            return Ok(pb::Override { etag, line, state: state.into(), ..content(wanted, &preview, &who) });
        }
        // Who asks again under the same id gets the first answer, whatever would be shown now.
        let (preview, error) = match preview {
            Ok(preview) => (Some(preview), None),
            Err(error) => (None, Some(error)),
        };
        let traceparent = write.traceparent.clone();
        let command = AssignCommand { use_cases: &self, wanted, who, preview, error: Mutex::new(error), traceparent };
        self.run_step(&write, &command).await
    }
}

fn content(wanted: &AssignByHand, preview: &Preview, who: &Who) -> pb::Override {
    let share =
        |share: &Share| pb::LineShare { line: line_name(&share.order, share.line), quantity: share.quantity.get() };
    pb::Override {
        kind: pb::OverrideKind::Assignment.into(),
        location: wanted.location.clone(),
        quantity: wanted.quantity.get(),
        taken: wanted.taken.iter().map(share).collect(),
        effects: preview.effects.clone(),
        value: preview.value.clone(),
        context: Some(who.message()),
        expire_time: wanted.expires.map(encode::timestamp),
        ..pb::Override::default()
    }
}

struct AssignCommand<'a> {
    use_cases: &'a UseCases,
    wanted: &'a AssignByHand,
    who: Who,
    preview: Option<Preview>,
    /// Why there is no preview.
    error: Mutex<Option<Error>>,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for AssignCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Override
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let wanted = self.wanted;
        let Some(preview) = &self.preview else {
            let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).take();
            return Err(error.unwrap_or_else(|| Error::no_line(&wanted.order, wanted.line)));
        };
        let name = line_name(&wanted.order, wanted.line);
        let keys: BTreeSet<_> =
            wanted.taken.iter().map(Share::key).chain([(wanted.order.clone(), wanted.line)]).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        refuse_pinned(&book, &keys, (&wanted.order, wanted.line))?;
        if wanted.etag != preview.etag {
            let actual = book.line(&wanted.order, wanted.line).map_or(0, |line| line.row.version);
            return Err(Error::VersionMismatch { name, expected: wanted.etag.clone(), actual });
        }
        let content = content(wanted, preview, &self.who);
        let now = self.use_cases.now();
        if preview.needs_approval {
            let mut row = overrides::new(step, (&wanted.order, wanted.line), PENDING_APPROVAL, &content, now);
            row.call = preview.call.encode_to_vec();
            let answer = overrides::message(&row)?;
            let places = self.use_cases.catalog().places_in_tx(tx).await?;
            let mut events = self.use_cases.events(now, self.traceparent.clone());
            let mut changes = Changes::default();
            let note = WriteNote { step, kind: "assignment to approve", context: &self.who.message() };
            changes.note(&wanted.order, note, Moment { now, places: &places });
            changes.override_changed(row, &mut events)?;
            self.use_cases.record_in_tx(tx, Batch::new(tx), changes, events).await?;
            return Ok(Planned::Done(answer.encode_to_vec()));
        }
        mark_busy(batch, &mut book, step)?;
        let plan = assignment(&preview.call, &keys, (&wanted.order, wanted.line), &self.who);
        let planned = PlannedOverride { id: String::new(), content: Some(content) };
        Ok(Planned::Step(Box::new(Plan { planned_override: Some(planned), ..plan }), book))
    }
}

/// The plan of an assignment; the line that gets the units stands first.
pub(super) fn assignment(
    call: &backorder_proto::inventory::v1::AssignByHandRequest,
    keys: &BTreeSet<(String, i32)>,
    to: (&str, i32),
    who: &Who,
) -> Plan {
    let line = |order: &str, line: i32| PlannedLine { order: order.to_owned(), line, part: 0, quantity: 0 };
    let others = keys.iter().filter(|(order, number)| (order.as_str(), *number) != to);
    let lines = std::iter::once(line(to.0, to.1)).chain(others.map(|(order, number)| line(order, *number)));
    Plan {
        calls: vec![Call::new(Kind::Assign(call.clone()))],
        lines: lines.collect(),
        context: Some(who.message()),
        ..Plan::default()
    }
}

/// All lines take the command, and none that gives is pinned.
pub(super) fn refuse_pinned(book: &Book, keys: &BTreeSet<(String, i32)>, to: (&str, i32)) -> Result<(), Error> {
    for (order, number) in keys {
        let line = allowed_line(book, order, *number, StepKind::Override)?;
        if (order.as_str(), *number) != to && !line.row.pin.is_empty() {
            return Err(Error::Pinned { order: order.clone(), line: *number, pin: line.row.pin.clone() });
        }
    }
    Ok(())
}
