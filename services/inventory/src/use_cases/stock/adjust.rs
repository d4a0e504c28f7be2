//! `AdjustStock`: units are added to a state or taken out of it, with a reason.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    stock::{count::Adjustment, state::StockState},
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, StockCommand};
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
        Scope { items: [self.item.clone()].into(), locations: [self.location.clone()].into(), ..Scope::default() }
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
        desk.on_book(item, |book, context| {
            book.adjust(context, location, self.state, self.adjustment, self.batch.as_ref(), &self.owner)
        })?;
        Ok(pb::AdjustStockResponse { position: desk.position(item, location), holds: desk.new_holds() })
    }
}
