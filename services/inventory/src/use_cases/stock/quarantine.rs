//! `QuarantineStock`: free units are set apart.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Free units that are in doubt, or damaged.
#[derive(Debug, Clone)]
pub struct Quarantine {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Base units, at least 1.
    pub quantity: Quantity,
    /// Whether they are damaged, not merely in doubt.
    pub is_damaged: bool,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for Quarantine {
    type Answer = pb::QuarantineStockResponse;
    const NAME: &'static str = "quarantine_stock";

    fn names(&self) -> Named<'_> {
        Named::pair(&self.item, &self.location)
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope { items: [self.item.clone()].into(), locations: [self.location.clone()].into(), ..Scope::default() }
    }

    fn cause(&self) -> String {
        "quarantine".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let Self { item, location, quantity, .. } = self;
        desk.on_book(item, |book, context| {
            book.quarantine(context, location, *quantity, self.is_damaged, self.batch.as_ref())
        })?;
        Ok(pb::QuarantineStockResponse { position: desk.position(item, location) })
    }
}
