//! `ReceiveStock`: units that arrived become free, or are held for the queue. What is there is never refused.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId, ReceiptId, SupplyId},
    stock::{receipt::ReceiptKey, receive::Receipt},
};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{
    AuditSubject, Desk, Named, StockCommand, distinct,
    units::{NamedUnit, too_many},
};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A line of a receipt.
#[derive(Debug, Clone)]
pub struct ReceiveLine {
    /// The item.
    pub item: ItemId,
    /// What arrived, in `unit`.
    pub receipt: Receipt,
    /// The unit.
    pub unit: NamedUnit,
}

impl ReceiveLine {
    /// What arrived, in base units.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the item has no such unit, or the units are too many.
    pub fn in_base_units(&self, desk: &Desk<'_>) -> Result<Receipt, Error> {
        let unit = desk.unit(&self.item, &self.unit)?;
        let receipt = self.receipt.clone().in_unit(&unit.code, unit.base_units);
        receipt.ok_or_else(|| too_many(self.unit.field.trim_end_matches(".unit")))
    }
}

/// A receipt of one or more lines.
#[derive(Debug, Clone)]
pub struct Receive {
    /// What arrived.
    pub lines: Vec<ReceiveLine>,
    /// The sender's document number; may be empty.
    pub document: String,
    /// When the units arrived; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl Receive {
    /// The batches of which the receipt says a best-before date.
    fn dated_batches(&self) -> impl Iterator<Item = (&ItemId, &BatchId)> {
        let dated = self.lines.iter().filter(|line| line.receipt.best_before.is_some());
        dated.filter_map(|line| Some((&line.item, line.receipt.batch.as_ref()?)))
    }

    /// Looks at claims on units of batches of which another date may be known now.
    ///
    /// # Errors
    /// [`Error::Stock`] with the item.
    pub fn exchange_unfit(&self, desk: &mut Desk<'_>) -> Result<(), Error> {
        self.dated_batches().try_for_each(|(item, batch)| desk.exchange_unfit_of(item, batch))
    }
}

impl StockCommand for Receive {
    type Answer = pb::ReceiveStockResponse;
    const NAME: &'static str = "receive_stock";

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, ReceiveLine { item, receipt, .. }) in self.lines.iter().enumerate() {
            named.items.push((item, path("lines", index, "item")));
            named.locations.push((&receipt.location, path("lines", index, "location")));
        }
        named
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: distinct(self.lines.iter().map(|line| &line.item)),
            locations: distinct(self.lines.iter().map(|line| &line.receipt.location)),
            supplies: self.lines.iter().filter_map(|line| line.receipt.supply.clone()).collect(),
            waiting_claims: self.lines.iter().any(|line| line.receipt.supply.is_some()),
            units: self.lines.iter().any(|line| line.unit.is_named()),
            batches: self.lines.iter().any(|line| line.receipt.batch.is_some()),
            open_supplies: self.dated_batches().next().is_some(),
            bound_to: self.dated_batches().map(|(item, batch)| (item.clone(), batch.clone())).collect(),
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

    /// A receipt of refused units alone moves none.
    fn subject_when_unmoved(&self) -> AuditSubject {
        let first = self.lines.first();
        first.map_or_else(|| self.cause(), |line| format!("positions/{}/{}", line.item, line.receipt.location))
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut pairs: BTreeSet<(&ItemId, &LocationId)> = BTreeSet::new();
        let mut supplies: BTreeSet<(&ItemId, &SupplyId)> = BTreeSet::new();
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let ReceiveLine { item, receipt, .. } = line;
            let in_base_units = line.in_base_units(desk)?;
            desk.on_book(item, |book, context| book.receive(context, &in_base_units))?;
            supplies.extend(receipt.supply.as_ref().map(|supply| (item, supply)));
            pairs.insert((item, &receipt.location));
            let receipt_id = ReceiptId::from_uuid(desk.context.command_id);
            lines.extend(desk.received_line(item, &ReceiptKey { receipt: receipt_id, line: receipt.number }));
        }
        self.exchange_unfit(desk)?;
        Ok(pb::ReceiveStockResponse {
            positions: pairs.into_iter().filter_map(|(item, location)| desk.position(item, location)).collect(),
            supplies: supplies.into_iter().filter_map(|(item, supply)| desk.supply(item, supply)).collect(),
            holds: desk.new_holds(),
            lines,
        })
    }
}
