//! `ShipStock`: free units leave that no line reserved.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, NamedUnit, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Free units that are shipped, for example scrap or samples.
#[derive(Debug, Clone)]
pub struct Ship {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Units, at least 1.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: NamedUnit,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for Ship {
    type Answer = pb::ShipStockResponse;
    const NAME: &'static str = "ship_stock";

    fn names(&self) -> Named<'_> {
        Named::pair(&self.item, &self.location)
    }

    fn scope(&self, _places: &Places) -> Scope {
        let (items, locations) = ([self.item.clone()].into(), [self.location.clone()].into());
        Scope { items, locations, units: self.unit.is_named(), ..Scope::default() }
    }

    fn cause(&self) -> String {
        format!("shipped: {}", self.who.reason_code)
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let Self { item, location, .. } = self;
        let quantity = desk.unit(item, &self.unit)?.base(self.quantity, "quantity")?;
        desk.on_book(item, |book, context| book.ship_free(context, location, quantity, self.batch.as_ref()))?;
        Ok(pb::ShipStockResponse { position: desk.position(item, location) })
    }
}
