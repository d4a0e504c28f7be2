//! `ReceiveStock`: units that arrived become free, or are held for the queue.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, LocationId, SupplyId},
    stock::{error::StockError, receive::Receipt},
};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{Desk, Named, StockCommand, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A receipt of one or more lines.
#[derive(Debug, Clone)]
pub struct Receive {
    /// What arrived, each with its item.
    pub lines: Vec<(ItemId, Receipt)>,
    /// The sender's document number; may be empty.
    pub document: String,
    /// When the units arrived; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for Receive {
    type Answer = pb::ReceiveStockResponse;
    const NAME: &'static str = "receive_stock";

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, (item, receipt)) in self.lines.iter().enumerate() {
            named.items.push((item, path("lines", index, "item")));
            named.locations.push((&receipt.location, path("lines", index, "location")));
        }
        named
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: distinct(self.lines.iter().map(|(item, _)| item)),
            locations: distinct(self.lines.iter().map(|(_, receipt)| &receipt.location)),
            supplies: self.lines.iter().filter_map(|(_, receipt)| receipt.supply.clone()).collect(),
            waiting_claims: self.lines.iter().any(|(_, receipt)| receipt.supply.is_some()),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        self.document.clone()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut pairs: BTreeSet<(&ItemId, &LocationId)> = BTreeSet::new();
        let mut supplies: BTreeSet<(&ItemId, &SupplyId)> = BTreeSet::new();
        for (item, receipt) in &self.lines {
            if let Some(supply) = &receipt.supply {
                refuse_supply_of_other_item(desk, item, supply)?;
                supplies.insert((item, supply));
            }
            desk.on_book(item, |book, context| book.receive(context, receipt))?;
            pairs.insert((item, &receipt.location));
        }
        Ok(pb::ReceiveStockResponse {
            positions: pairs.into_iter().filter_map(|(item, location)| desk.position(item, location)).collect(),
            supplies: supplies.into_iter().filter_map(|(item, supply)| desk.supply(item, supply)).collect(),
            holds: desk.new_holds(),
        })
    }
}

/// A supply of another item is as good as none.
fn refuse_supply_of_other_item(desk: &Desk<'_>, item: &ItemId, supply: &SupplyId) -> Result<(), Error> {
    if desk.item_of_supply(supply)? == *item {
        return Ok(());
    }
    Err(Error::Stock { item: item.clone(), error: StockError::SupplyNotFound(supply.clone()) })
}
