//! Changes when a line joined the queue.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::time::{civil_date_in, time_zone};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::{
    error::Error,
    order::key::demand_line,
    rules::RuleSet,
    saga::{Call, Plan, Planned, PlannedLine, PlannedOverride, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_lines_in_tx,
    use_cases::{
        UseCases,
        orders::{allowed_line, queue_key},
    },
    write::{Who, Write},
};

/// When a line joined the queue.
#[derive(Debug, Clone)]
pub struct ChangeQueueTime {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// When it joined the queue from now on.
    pub queue_time: Timestamp,
    /// Who decides it and why.
    pub who: Who,
}

impl UseCases {
    /// Moves a line in the queue, all its parts.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn change_queue_time(self, write: Write<ChangeQueueTime>) -> Result<pb::Override, Error> {
        let rules = self.rules().current().await?;
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let command = QueueTimeCommand { change: &write.command, who, now: self.now(), rules: &rules };
        self.run_step(&write, &command).await
    }
}

struct QueueTimeCommand<'a> {
    change: &'a ChangeQueueTime,
    who: Who,
    now: Timestamp,
    rules: &'a RuleSet,
}

#[async_trait]
impl StepCommand for QueueTimeCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Override
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let ChangeQueueTime { order, line, queue_time, .. } = self.change;
        if *queue_time > self.now {
            return Err(Error::invalid("queue_time", "must not be in the future"));
        }
        let mut book = load_lines_in_tx(tx, &BTreeSet::from([(order.clone(), *line)])).await?;
        let row = allowed_line(&book, order, *line, StepKind::Override)?.row.clone();
        let record = book.orders.get(order).ok_or_else(|| Error::no_order(order))?;
        let zone = time_zone(&row.time_zone).unwrap_or(TimeZone::UTC);
        let order_date = civil_date_in(columns::instant(record.row.ordered_at, "customer_order")?, &zone);
        let requested = columns::date(&row.requested_date, "order_line")?;
        let key = queue_key(&self.rules.sequence, &record.row, &row, requested, *queue_time, order_date);
        let change = inventory::QueueChange {
            in_set: None,
            line: demand_line(order, *line, false),
            part: 0,
            eligible: None,
            queue_key: Some(key),
            queue_time: Some(encode::timestamp(*queue_time)),
        };
        let context = Some(self.who.message());
        let request = inventory::UpdateQueueRequest {
            changes: vec![change],
            context: context.clone(),
            ..inventory::UpdateQueueRequest::default()
        };
        let content = pb::Override {
            kind: pb::OverrideKind::QueueTime.into(),
            queue_time_before: Some(encode::timestamp(columns::instant(row.queue_time, "order_line")?)),
            queue_time: Some(encode::timestamp(*queue_time)),
            context: context.clone(),
            ..pb::Override::default()
        };
        mark_busy(batch, &mut book, step)?;
        Ok(Planned::Step(
            Box::new(Plan {
                calls: vec![Call::new(Kind::UpdateQueue(request))],
                lines: vec![PlannedLine { order: order.clone(), line: *line, part: 0, quantity: 0 }],
                context,
                planned_override: Some(PlannedOverride { id: String::new(), content: Some(content) }),
                ..Plan::default()
            }),
            book,
        ))
    }
}
