//! `AdjustStock`: units are added to a state or taken out of it, with a reason.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    stock::{count::Adjustment, state::StockState},
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, NamedUnit, StockCommand, victims::Victims};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that are there and were not booked, or the other way round.
#[derive(Debug, Clone)]
pub struct Adjust {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// The state that changes.
    pub state: StockState,
    /// How many units, added or taken out.
    pub adjustment: Adjustment,
    /// The unit of the adjustment.
    pub unit: NamedUnit,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// Whose stock it is; empty for the company's own.
    pub owner: String,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for Adjust {
    type Answer = pb::AdjustStockResponse;
    const NAME: &'static str = "adjust_stock";

    fn names(&self) -> Named<'_> {
        Named::pair(&self.item, &self.location)
    }

    fn scope(&self, _places: &Places) -> Scope {
        let (items, locations) = ([self.item.clone()].into(), [self.location.clone()].into());
        let receipts_in_review = self.state == StockState::QualityControl;
        let units = self.unit.is_named();
        match self.adjustment {
            Adjustment::Remove(_) if self.state == StockState::Available => {
                Scope { units, ..Scope::of_losses(items, locations) }
            }
            Adjustment::Add(_) | Adjustment::Remove(_) => {
                Scope { items, locations, receipts_in_review, units, ..Scope::default() }
            }
        }
    }

    fn cause(&self) -> String {
        format!("adjustment: {}", self.who.reason_code)
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let Self { item, location, .. } = self;
        let unit = desk.unit(item, &self.unit)?;
        let adjustment = match self.adjustment {
            Adjustment::Add(quantity) => Adjustment::Add(unit.base(quantity, "delta")?),
            Adjustment::Remove(quantity) => Adjustment::Remove(unit.base(quantity, "delta")?),
        };
        let taken_away = desk.on_book(item, |book, context| {
            book.adjust(context, location, self.state, adjustment, self.batch.as_ref(), &self.owner)
        })?;
        let mut victims = Victims::default();
        victims.add(item, location, &taken_away);
        let (reduced_claims, taken_away) = victims.messages(desk);
        let (position, holds) = (desk.position(item, location), desk.new_holds());
        Ok(pb::AdjustStockResponse { position, holds, reduced_claims, taken_away })
    }
}
