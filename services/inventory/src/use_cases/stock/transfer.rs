//! `TransferStock`: free units leave for another location, where they are dated supply until they are received.

use backorder_domain::{ids::ItemId, stock::transfer::Transfer};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, NamedUnit, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units to send to another location.
#[derive(Debug, Clone)]
pub struct TransferStock {
    /// The item.
    pub item: ItemId,
    /// From where to where, how many of `unit`, until when, under which supply.
    pub transfer: Transfer,
    /// The unit.
    pub unit: NamedUnit,
    /// When they left; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for TransferStock {
    type Answer = pb::TransferStockResponse;
    const NAME: &'static str = "transfer_stock";

    fn names(&self) -> Named<'_> {
        let Transfer { from, to, .. } = &self.transfer;
        Named {
            items: vec![(&self.item, "item".to_owned())],
            locations: vec![(from, "from_location".to_owned()), (to, "to_location".to_owned())],
        }
    }

    fn scope(&self, _places: &Places) -> Scope {
        let Transfer { from, to, supply, .. } = &self.transfer;
        Scope {
            items: [self.item.clone()].into(),
            locations: [from.clone(), to.clone()].into(),
            supplies: [supply.clone()].into(),
            waiting_claims: true,
            units: self.unit.is_named(),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "transfer".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let Self { item, transfer, .. } = self;
        let quantity = desk.unit(item, &self.unit)?.base(transfer.quantity, "quantity")?;
        let transfer = &Transfer { quantity, ..transfer.clone() };
        desk.refuse_supply_of_other_items(item, &transfer.supply)?;
        desk.on_book(item, |book, context| book.send_transfer(context, transfer))?;
        Ok(pb::TransferStockResponse {
            from_position: desk.position(item, &transfer.from),
            to_position: desk.position(item, &transfer.to),
            supply: desk.supply(item, &transfer.supply),
        })
    }
}
