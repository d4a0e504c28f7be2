//! What a step means for the override that it does.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::{StorageError, WriteTx, columns};
use jiff::Timestamp;

use super::{Work, order_mut};
use crate::{
    error::Error,
    order::{Book, Cause, Command, overrides},
    saga::call::Kind,
    store::overrides::{APPLIED, find},
};

impl Work<'_> {
    /// The lines follow what inventory did, and the override is done.
    pub(super) async fn apply_override_in_tx(&mut self, tx: &WriteTx<'_>, book: &mut Book) -> Result<(), Error> {
        let (Some(planned), Some(first)) = (&self.step.plan.planned_override, self.step.plan.lines.first()) else {
            return Ok(());
        };
        let now = self.moment.now;
        let row = match &planned.content {
            Some(content) => overrides::new(self.step.id, (&first.order, first.line), APPLIED, content, now),
            None => {
                let found = find(tx, &planned.id).await?;
                let mut row = found.ok_or_else(|| StorageError::InvalidRow {
                    table: "line_override",
                    detail: format!("{} is not there", planned.id),
                })?;
                overrides::decide(&mut row, APPLIED, self.step.plan.context.as_ref(), now)?;
                row
            }
        };
        let content = overrides::message(&row)?;
        let context = content.context.clone().unwrap_or_default();
        let what = match content.kind() {
            pb::OverrideKind::QueueTime => "queue time changed",
            pb::OverrideKind::Assignment | pb::OverrideKind::Pin | pb::OverrideKind::Unspecified => "assigned by hand",
        };
        self.put_queue_time(book, &content)?;
        let cause = Cause { reason: None, text: overrides::cause(what, &context) };
        for planned in &self.step.plan.lines {
            let order = order_mut(book, &planned.order)?;
            self.changes.settle_line(order, planned.line, Command::Follow, &cause, self.moment, &mut self.events)?;
        }
        self.changes.override_changed(row, &mut self.events)
    }

    fn put_queue_time(&mut self, book: &mut Book, content: &pb::Override) -> Result<(), Error> {
        let Some(time) = content.queue_time.as_ref().and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()) else {
            return Ok(());
        };
        let key = self.step.plan.calls.iter().find_map(|call| match &call.kind {
            Some(Kind::UpdateQueue(request)) => request.changes.first()?.queue_key.clone(),
            _ => None,
        });
        for planned in &self.step.plan.lines {
            let order = order_mut(book, &planned.order)?;
            if let Some(line) = order.lines.get_mut(&planned.line) {
                line.row.queue_time = columns::micros(time);
                line.row.queue_key = key.clone().unwrap_or_default();
                line.row.version += 1;
                self.changes.lines.push(line.row.clone());
                self.events.line(&order.row, &line.row, "queue time changed")?;
            }
        }
        Ok(())
    }
}
