//! Turns a quote into an order.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;
use uuid::Uuid;

use super::prepare::{Placing, characteristics_of, reserve_line};
use crate::{
    error::Error,
    order::{OrderRecord, key::demand_line},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_orders_in_tx,
    use_cases::UseCases,
    write::{Who, Write},
};

/// A quote to confirm.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The order's id.
    pub order: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Turns a quote into an order: what was reserved softly is taken over.
    ///
    /// # Errors
    /// [`Error::QuoteGone`] when the quote is past its time, confirmed or cancelled, and those of placing an order.
    pub async fn confirm_quote(self, write: Write<Confirm>) -> Result<pb::ConfirmQuoteResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let command = ConfirmCommand { order: &write.command.order, who, now: self.now() };
        self.run_step(&write, &command).await
    }
}

struct ConfirmCommand<'a> {
    order: &'a str,
    who: Who,
    now: Timestamp,
}

#[async_trait]
impl StepCommand for ConfirmCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Confirm
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([self.order.to_owned()])).await?;
        let record = book.orders.get(self.order).ok_or_else(|| Error::no_order(self.order))?;
        if let Some(other) = &record.row.busy_step {
            return Err(Error::Busy { order: self.order.to_owned(), step: other.clone() });
        }
        let is_over = record.row.quote_expires_at.is_some_and(|end| end <= columns::micros(self.now));
        if is_over || record.state()?.check(StepKind::Confirm.command()).is_err() {
            return Err(Error::QuoteGone { order: self.order.to_owned() });
        }
        let (lines, planned) = taken_over(record);
        let context = Some(self.who.message());
        let reserve = inventory::ReserveStockRequest {
            lines,
            effective_time: Some(encode::timestamp(self.now)),
            context: context.clone(),
            characteristics: characteristics_of(&record.row),
            ..inventory::ReserveStockRequest::default()
        };
        mark_busy(batch, &mut book, step)?;
        let calls = vec![Call::new(Kind::Reserve(reserve))];
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, ..Plan::default() }), book))
    }
}

/// What is left of the quote's lines, under the names of the order's lines.
fn taken_over(record: &OrderRecord) -> (Vec<inventory::ReserveLine>, Vec<PlannedLine>) {
    let left = record.lines.values().filter(|line| line.row.open + line.row.reserved > 0);
    left.map(|line| {
        let row = &line.row;
        let quantity = row.open + row.reserved;
        let reserve = inventory::ReserveLine {
            quantity,
            takes_over_line: demand_line(&row.order_id, row.line_number, true),
            ..reserve_line(row, Placing::Firm)
        };
        let planned = PlannedLine { order: row.order_id.clone(), line: row.line_number, part: 1, quantity };
        (reserve, planned)
    })
    .unzip()
}
