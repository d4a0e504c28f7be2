//! `QuarantineStock`: units that are in doubt or damaged are set apart, whatever they were reserved for.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, NamedUnit, StockCommand, victims::Victims};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that are in doubt, or damaged.
#[derive(Debug, Clone)]
pub struct Quarantine {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Units, at least 1.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: NamedUnit,
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
        let scope = Scope::of_losses([self.item.clone()].into(), [self.location.clone()].into());
        Scope { units: self.unit.is_named(), ..scope }
    }

    fn cause(&self) -> String {
        if self.is_damaged { "damage" } else { "quarantine" }.to_owned()
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
        let taken_away = desk.on_book(item, |book, context| {
            book.quarantine(context, location, quantity, self.is_damaged, self.batch.as_ref())
        })?;
        let mut victims = Victims::default();
        victims.add(item, location, &taken_away);
        let (reduced_claims, taken_away) = victims.messages(desk);
        let (position, holds) = (desk.position(item, location), desk.new_holds());
        Ok(pb::QuarantineStockResponse { position, reduced_claims, taken_away, holds })
    }
}
