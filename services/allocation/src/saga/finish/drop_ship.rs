//! What a supplier shipped means for its line and its take.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use super::{Work, order_mut};
use crate::{
    error::Error,
    order::{
        Book, Cause, Command,
        shipment::{self, Left},
        take,
    },
    saga::Step,
    store::entity::drop_ship_take as row,
};

impl Work<'_> {
    /// The units left from the supplier: they are shipped, though no claim says so.
    pub(super) fn drop_ship(&mut self, book: &mut Book, take: Option<&mut row::Model>) -> Result<(), Error> {
        let (Some(planned), Some(take), Some(shipment)) =
            (self.step.plan.lines.first(), take, &self.step.plan.shipment)
        else {
            return Err(StorageError::InvalidRow { table: "unfinished_step", detail: "no take".to_owned() }.into());
        };
        let moved = take::ship(take, planned.quantity);
        let order = order_mut(book, &planned.order)?;
        let cause = Cause { reason: None, text: "shipped by the supplier".to_owned() };
        let command = Command::DropShip(moved);
        self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
        let who = self.step.plan.context.clone().unwrap_or_default();
        let line = crate::order::key::demand_line(&planned.order, planned.line, false);
        let units = std::iter::once(Left::of_no_batch(&line, 1, "", planned.quantity));
        let shipment = shipment::left(self.step.id, shipment, &who, units)?;
        self.changes.shipment(shipment, &mut self.events)?;
        self.changes.take(take.clone(), &mut self.events)
    }
}

/// The answer to a supplier's shipment.
pub(super) fn answer(
    step: &Step,
    take: Option<&row::Model>,
    line: Option<pb::OrderLine>,
) -> Result<pb::ConfirmDropShipmentResponse, Error> {
    let take = take.map(take::message).transpose()?;
    Ok(pb::ConfirmDropShipmentResponse { take, line, shipment: format!("shipments/{}", step.id) })
}
