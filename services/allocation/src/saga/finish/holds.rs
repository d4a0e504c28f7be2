//! Holds with which an order begins.

use backorder_domain::order::eligibility::Barriers;
use backorder_storage::WriteTx;

use super::Work;
use crate::{error::Error, order::Book, store::holds};

impl Work<'_> {
    /// Tells the holds with which the lines of a new order begin. They are read only where a line says that there are some.
    pub(super) async fn tell_holds_in_tx(&mut self, tx: &WriteTx<'_>, book: &Book) -> Result<(), Error> {
        for (id, order) in &book.orders {
            if order.lines.values().all(|line| line.row.barriers & Barriers::LINE_HOLD_BITS == 0) {
                continue;
            }
            let of_lines = holds::of_orders(tx, &[id.as_str()]).await?;
            for (number, line) in &order.lines {
                if let Some(holds) = of_lines.get(&(id.clone(), *number)) {
                    self.events.line_holds(&line.row, holds, "the order was placed on hold")?;
                }
            }
        }
        Ok(())
    }
}
