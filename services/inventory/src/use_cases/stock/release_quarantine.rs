//! `ReleaseQuarantine`: units in quality control become free, or are held for the queue.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, NamedUnit, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that passed quality control.
#[derive(Debug, Clone)]
pub struct ReleaseQuarantine {
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

impl StockCommand for ReleaseQuarantine {
    type Answer = pb::ReleaseQuarantineResponse;
    const NAME: &'static str = "release_quarantine";

    fn names(&self) -> Named<'_> {
        Named::pair(&self.item, &self.location)
    }

    fn scope(&self, _places: &Places) -> Scope {
        let (items, locations) = ([self.item.clone()].into(), [self.location.clone()].into());
        Scope { items, locations, receipts_in_review: true, units: self.unit.is_named(), ..Scope::default() }
    }

    fn cause(&self) -> String {
        "quality release".to_owned()
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
        desk.on_book(item, |book, context| book.release_quarantine(context, location, quantity, self.batch.as_ref()))?;
        Ok(pb::ReleaseQuarantineResponse { position: desk.position(item, location), holds: desk.new_holds() })
    }
}
