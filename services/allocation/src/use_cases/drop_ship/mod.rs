//! Drop-ship: suppliers are asked to ship units of waiting lines themselves. Nothing here touches stock; only what a
//! supplier shipped leaves the queue.

mod answer;
mod ask;
mod expire;
mod list;
mod ship;

use std::{collections::BTreeSet, sync::Arc};

use backorder_domain::order::state::OrderCommand;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, WriteTx};
use uuid::Uuid;

pub use answer::{Answer, AnswerTake};
pub use ask::Take;
pub use ship::ShipTake;

use super::UseCases;
use crate::{
    catalog::ItemCopy,
    error::{Error, Kind},
    order::{
        Book, Cause, Changes, Command, Moment, WriteNote, message,
        take::{self, Moved},
    },
    store::{entity::drop_ship_take as row, orders::load_lines_in_tx, takes},
    write::Who,
};

/// A take as it is recorded.
struct Recorded<'a> {
    /// The write.
    write: Uuid,
    /// What it does, for people.
    text: &'static str,
    /// Who does it and why.
    who: &'a Who,
    /// The trace of the caller.
    traceparent: Option<String>,
    /// The take after the write.
    take: row::Model,
    /// How the units of its line change.
    moved: Moved,
}

impl UseCases {
    /// The item of a take, where a request names a unit of it. A take that is not there is refused when it is locked.
    async fn item_of_take(&self, take: &str, unit: &str) -> Result<Option<Arc<ItemCopy>>, Error> {
        if unit.is_empty() {
            return Ok(None);
        }
        let item = takes::find(self.store().reader(), take).await?.map(|take| take.item_id);
        self.item_if_named(item, unit).await
    }

    /// Records a take and what it means for its line, which the book holds, locked.
    async fn record_take_in_tx(
        &self,
        tx: &WriteTx<'_>,
        book: &mut Book,
        recorded: Recorded<'_>,
    ) -> Result<pb::DropShipTakeResponse, Error> {
        let Recorded { write, text, who, traceparent, take, moved } = recorded;
        let places = self.catalog().places_in_tx(tx).await?;
        let moment = Moment { now: self.now(), places: &places };
        let mut events = self.events(moment.now, traceparent);
        let mut changes = Changes::default();
        let order = book.orders.get_mut(&take.order_id).ok_or_else(|| Error::no_order(&take.order_id))?;
        let cause = Cause { reason: None, text: text.to_owned() };
        changes.settle_line(order, take.line_number, Command::DropShip(moved), &cause, moment, &mut events)?;
        let note = WriteNote { step: write, kind: text, context: &who.message() };
        changes.note(&take.order_id, note, moment);
        changes.settle_order(order, OrderCommand::Observe, text, moment, &mut events)?;
        let line =
            order.lines.get(&take.line_number).ok_or_else(|| Error::no_line(&take.order_id, take.line_number))?;
        let line = message::line(&order.row.currency_code, &line.row, Vec::new())?;
        let answer = pb::DropShipTakeResponse { take: Some(take::message(&take)?), line: Some(line) };
        changes.take(take, &mut events)?;
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(answer)
    }
}

/// A take with its line, locked.
///
/// # Errors
/// [`Error::Missing`]; [`Error::Busy`] while a step of its order is under way.
async fn locked_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<(row::Model, Book), Error> {
    // The line of a take never changes, so it may be read before its order is locked; the rest is read after.
    let asked = find(tx, id).await?;
    let book = load_lines_in_tx(tx, &BTreeSet::from([(asked.order_id.clone(), asked.line_number)])).await?;
    let order = book.orders.get(&asked.order_id).ok_or_else(|| Error::no_order(&asked.order_id))?;
    if let Some(step) = &order.row.busy_step {
        return Err(Error::Busy { order: asked.order_id, step: step.clone() });
    }
    Ok((find(tx, id).await?, book))
}

async fn find(tx: &WriteTx<'_>, id: &str) -> Result<row::Model, Error> {
    let found = takes::find(tx, id).await?;
    found.ok_or_else(|| Error::missing(Kind::DropShipTake, take::name(id)))
}

/// The error for a take whose state does not allow the call.
fn closed(take: &row::Model) -> Error {
    Error::Closed { kind: Kind::DropShipTake, name: take::name(&take.id), state: take.state.clone() }
}
