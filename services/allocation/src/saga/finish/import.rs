//! What the end of a step means for orders that are taken over from another system.

use super::{Work, order_mut, units};
use crate::{
    error::Error,
    order::{
        Book, Cause, Command,
        import::{PlannedImport, import_of, imported, promises, shipment_before},
    },
};

impl Work<'_> {
    /// Inventory has made the claims: the lines follow them, and what is kept of their past is written. Nobody is told of
    /// promises and shipments of another system.
    pub(super) fn take_over(&mut self, book: &mut Book) -> Result<(), Error> {
        let import = import_of(&self.step.plan.import)?;
        let cause = Cause { reason: None, text: "the order was taken over from another system".to_owned() };
        for planned in &self.step.plan.imported {
            let said = |number: Option<i64>| number.map(units).transpose();
            let command = Command::Import {
                filled_at_once: said(planned.filled_at_once)?,
                backordered: said(planned.backordered)?,
            };
            let order = order_mut(book, &planned.order)?;
            let ordered_at = order.row.ordered_at;
            self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
            if let Some(line) = order.lines.get(&planned.line) {
                self.changes.promises.extend(promises(&line.row, ordered_at, self.moment.now));
                self.changes.imported.push(imported(&line.row, import, planned));
            }
        }
        self.note_past_shipments(book)
    }

    fn note_past_shipments(&mut self, book: &Book) -> Result<(), Error> {
        let who = self.step.plan.context.clone().unwrap_or_default();
        for (id, order) in &book.orders {
            let of_order = self.step.plan.imported.iter().filter(|planned| planned.order == *id);
            let left = of_order.map(|planned: &PlannedImport| {
                let shipped = order.lines.get(&planned.line).map_or(0, |line| line.row.shipped);
                (planned, shipped)
            });
            self.changes.shipments.extend(shipment_before(id, left, &who)?);
        }
        Ok(())
    }
}
