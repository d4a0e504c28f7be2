//! What bars the lines of a new order: holds with which it begins, and the reservation horizon.

use backorder_domain::order::eligibility::Barriers;
use backorder_storage::WriteTx;

use super::Work;
use crate::{
    error::Error,
    order::{Book, LineKey},
    saga::CallAnswer,
    store::holds,
};

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

/// Notes what lines beyond their horizon can have without a reservation. What an added part can have is added.
pub(super) fn take_unreserved(book: &mut Book, answers: &[CallAnswer]) {
    let found =
        answers.iter().filter_map(|answer| if let CallAnswer::Unreserved(found) = answer { Some(found) } else { None });
    for one in found.flatten() {
        let Some(key) = LineKey::of_claim(&one.line, one.part) else { continue };
        let line = book.orders.get_mut(&key.order).and_then(|order| order.lines.get_mut(&key.line));
        let Some(line) = line else { continue };
        let before = if key.part > 1 { line.row.unreserved_quantity } else { 0 };
        line.row.unreserved_quantity = before.saturating_add(one.quantity);
        one.location.trim_start_matches("locations/").clone_into(&mut line.row.unreserved_location);
    }
}
