//! The supplier shipped: the units leave the queue, and no stock of ours moves but what served them meanwhile.

use std::sync::Arc;

use async_trait::async_trait;
use backorder_domain::{order::line::LineError, quantity::Quantity};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;
use uuid::Uuid;

use super::{closed, locked_in_tx};
use crate::{
    catalog::ItemCopy,
    error::Error,
    order::{key::demand_line, shipment::PlannedShipment, take},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::takes::CONFIRMED,
    use_cases::{UseCases, named_units::base_units, orders::allowed_line},
    write::{Who, Write},
};

/// What a supplier shipped.
#[derive(Debug, Clone)]
pub struct ShipTake {
    /// The take's id.
    pub take: String,
    /// Units of `unit`; zero means all that is confirmed and has not left.
    pub quantity: Quantity,
    /// The unit, by its code or GTIN; empty for base units.
    pub unit: String,
    /// When they left; `None` means now.
    pub ship_time: Option<Timestamp>,
    /// The supplier's reference.
    pub reference: String,
    /// How the goods go.
    pub details: Option<pb::ShipmentDetails>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Records that a supplier shipped units of a take.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn confirm_drop_shipment(self, write: Write<ShipTake>) -> Result<pb::ConfirmDropShipmentResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let at = write.command.ship_time.unwrap_or_else(|| self.now());
        let item = self.item_of_take(&write.command.take, &write.command.unit).await?;
        self.run_step(&write, &ShipCommand { ship: &write.command, item, who, at }).await
    }
}

struct ShipCommand<'a> {
    ship: &'a ShipTake,
    /// The item, where a unit is named.
    item: Option<Arc<ItemCopy>>,
    who: Who,
    at: Timestamp,
}

#[async_trait]
impl StepCommand for ShipCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::DropShip
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let (take, mut book) = locked_in_tx(tx, &self.ship.take).await?;
        if take.state != CONFIRMED {
            return Err(closed(&take));
        }
        let (order, line) = (take.order_id.clone(), take.line_number);
        let vector = allowed_line(&book, &order, line, StepKind::DropShip)?.vector()?;
        let conflict = |error| Error::Line { order: order.clone(), line, error };
        let to_ship = Quantity::try_new(take::to_ship(&take)).unwrap_or_default();
        let (item, fields) = (self.item.as_deref(), ["unit", "quantity"].map(str::to_owned));
        let told = base_units(item, &self.ship.unit, self.ship.quantity, fields)?;
        let quantity = if told.is_zero() { to_ship } else { told };
        if quantity > to_ship {
            return Err(conflict(LineError::TooFew { kind: "confirmed", present: to_ship, wanted: quantity }));
        }
        vector.may_cancel(quantity).map_err(conflict)?;
        mark_busy(batch, &mut book, step)?;
        let context = Some(self.who.message());
        // What stock has served meanwhile is given back with it: the customer gets these units from the supplier.
        let given_up = inventory::ReleaseLine {
            line: demand_line(&order, line, false),
            quantity: quantity.get(),
            ..inventory::ReleaseLine::default()
        };
        let release = inventory::ReleaseClaimsRequest {
            lines: vec![given_up],
            effective_time: Some(encode::timestamp(self.at)),
            context: context.clone(),
            ..inventory::ReleaseClaimsRequest::default()
        };
        let shipment = PlannedShipment {
            details: self.ship.details.clone(),
            reference: self.ship.reference.clone(),
            shipped_at: columns::micros(self.at),
            supplier: take.supplier.clone(),
        };
        let plan = Plan {
            calls: vec![Call::new(Kind::Release(release))],
            lines: vec![PlannedLine { order, line, part: 0, quantity: quantity.get() }],
            context,
            shipment: Some(shipment),
            take: take.id,
            ..Plan::default()
        };
        Ok(Planned::Step(Box::new(plan), book))
    }
}
