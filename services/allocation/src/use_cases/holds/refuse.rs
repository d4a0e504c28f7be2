//! Tells who runs into a hold which one it is.

use backorder_storage::WriteTx;

use crate::{error::Error, order::Book, store::holds};

/// The refusal of a command about a line of the book that is on hold: it names the hold, and who set it.
pub(crate) async fn on_hold_in_tx(tx: &WriteTx<'_>, book: &Book, order: &str, line: i32) -> Result<Error, Error> {
    let record = book.orders.get(order).ok_or_else(|| Error::no_order(order))?;
    let found = record.lines.get(&line).ok_or_else(|| Error::no_line(order, line))?;
    let mut holds = holds::binding(tx, [&record.row], [&found.row]).await?;
    let first = holds.remove(&(order.to_owned(), line)).and_then(|holds| holds.into_iter().next());
    Ok(Error::OnHold { order: order.to_owned(), line, hold: first.map(Box::new) })
}
