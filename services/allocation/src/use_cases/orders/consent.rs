//! Records that a customer agrees to less.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_proto::{allocation::v1 as pb, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use prost::Message as _;
use uuid::Uuid;

use super::ship::allowed_line;
use crate::{
    error::Error,
    order::{Book, key::demand_line, kits, message},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_orders_in_tx,
    use_cases::UseCases,
    write::{Who, Write},
};

/// A customer's consent.
#[derive(Debug, Clone)]
pub struct ConsentToShort {
    /// The order's id.
    pub order: String,
    /// The lines' numbers, each once. Empty means all lines.
    pub lines: Vec<i32>,
    /// Who records it and why.
    pub who: Who,
}

impl UseCases {
    /// Records that lines may leave without what is missing: all lines or none.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn consent_to_short_shipment(
        self,
        write: Write<ConsentToShort>,
    ) -> Result<pb::ConsentToShortShipmentResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        self.run_step(&write, &ConsentCommand { consent: &write.command, who }).await
    }
}

struct ConsentCommand<'a> {
    consent: &'a ConsentToShort,
    who: Who,
}

#[async_trait]
impl StepCommand for ConsentCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Consent
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let id = &self.consent.order;
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([id.clone()])).await?;
        let planned = self.planned(&book)?;
        if planned.is_empty() {
            let record = book.orders.get(id).ok_or_else(|| Error::no_order(id))?;
            let order = Some(message::whole_order(record)?);
            return Ok(Planned::Done(pb::ConsentToShortShipmentResponse { order }.encode_to_vec()));
        }
        mark_busy(batch, &mut book, step)?;
        let calls = self.leave_sets(&book, &planned).into_iter().collect();
        let context = Some(self.who.message());
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, ..Plan::default() }), book))
    }
}

impl ConsentCommand<'_> {
    /// What waits of the lines takes stock by itself from now on.
    fn leave_sets(&self, book: &Book, planned: &[PlannedLine]) -> Option<Call> {
        let lines = planned.iter().filter_map(|planned| book.line(&planned.order, planned.line));
        let in_sets = lines.filter(|line| !line.row.set_name.is_empty() && !line.claims.is_empty());
        let changes = in_sets.map(|line| inventory::QueueChange {
            line: demand_line(&line.row.order_id, line.row.line_number, false),
            part: 0,
            in_set: Some(false),
            ..inventory::QueueChange::default()
        });
        let changes: Vec<_> = changes.collect();
        let context = Some(self.who.message());
        let request = inventory::UpdateQueueRequest { changes, context, ..inventory::UpdateQueueRequest::default() };
        (!request.changes.is_empty()).then(|| Call::new(Kind::UpdateQueue(request)))
    }

    /// The named lines that have not agreed before.
    fn planned(&self, book: &Book) -> Result<Vec<PlannedLine>, Error> {
        let id = &self.consent.order;
        let record = book.orders.get(id).ok_or_else(|| Error::no_order(id))?;
        let named = if self.consent.lines.is_empty() {
            // What a kit is made of leaves together, whatever else leaves without what is missing.
            record.lines.iter().filter(|(_, line)| line.row.kit_line.is_none()).map(|(number, _)| *number).collect()
        } else {
            self.consent.lines.clone()
        };
        let mut planned = Vec::with_capacity(named.len());
        for number in named {
            let line = allowed_line(book, id, number, StepKind::Consent)?;
            kits::refuse_component(&line.row)?;
            if line.row.short_agreed_at.is_none() {
                planned.push(PlannedLine { order: id.clone(), line: number, part: 0, quantity: 0 });
            }
        }
        Ok(planned)
    }
}
