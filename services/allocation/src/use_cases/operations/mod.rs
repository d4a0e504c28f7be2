//! Looking into the service: what it still has to do, whether the orders are right, and events that were parked.

mod activity;
mod dead_letters;
mod due;
mod verify;
mod verify_claims;
mod verify_kits;

use backorder_proto::allocation::v1 as pb;

use super::UseCases;
use crate::{error::Error, store::totals};

impl UseCases {
    /// Sums the quantities of all lines.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn order_totals(&self) -> Result<pb::GetOrderTotalsResponse, Error> {
        let orders = totals::count_orders(self.store().reader()).await?;
        let sums = totals::line_totals(self.store().reader()).await?;
        let as_ordered = totals::customer_totals(self.store().reader()).await?;
        Ok(pb::GetOrderTotalsResponse {
            orders: orders.cast_signed(),
            lines: sums.lines,
            ordered: sums.ordered,
            open: sums.open,
            reserved: sums.reserved,
            released: sums.released,
            shipped: sums.shipped,
            cancelled: sums.cancelled,
            returned: sums.returned,
            refused: sums.refused,
            filled_at_once: sums.filled_at_once,
            filled_at_once_left: sums.filled_at_once_left,
            backordered: sums.backordered,
            as_ordered: Some(as_ordered),
        })
    }
}
