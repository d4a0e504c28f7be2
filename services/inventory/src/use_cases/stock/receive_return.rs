//! `ReceiveReturn`: units that were shipped to customers come back.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{BatchId, ItemId, LineId, LocationId},
    quantity::Quantity,
    stock::{context::CommandContext, receive::ReturnDisposition},
};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{Desk, Named, NamedUnit, StockCommand, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that came back.
#[derive(Debug, Clone)]
pub struct ReceiveReturn {
    /// What came back.
    pub lines: Vec<ReturnLine>,
    /// When it came back; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

/// One line of a return.
#[derive(Debug, Clone)]
pub struct ReturnLine {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Units, at least 1.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: NamedUnit,
    /// What is done with them.
    pub disposition: ReturnDisposition,
    /// The demand line that they were shipped for: the cause of the movement.
    pub line: Option<LineId>,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// Whose they are; empty for the company's own.
    pub owner: String,
}

impl StockCommand for ReceiveReturn {
    type Answer = pb::ReceiveReturnResponse;
    const NAME: &'static str = "receive_return";

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, line) in self.lines.iter().enumerate() {
            named.items.push((&line.item, path("lines", index, "item")));
            named.locations.push((&line.location, path("lines", index, "location")));
        }
        named
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: distinct(self.lines.iter().map(|line| &line.item)),
            locations: distinct(self.lines.iter().map(|line| &line.location)),
            units: self.lines.iter().any(|line| line.unit.is_named()),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "return".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut pairs: BTreeSet<(&ItemId, &LocationId)> = BTreeSet::new();
        for (index, line) in self.lines.iter().enumerate() {
            let ReturnLine { item, location, disposition, batch, owner, .. } = line;
            let unit = desk.unit(item, &line.unit)?;
            let quantity = unit.base(line.quantity, &path("lines", index, "quantity"))?;
            desk.on_book(item, |book, context| {
                let cause =
                    line.line.as_ref().map_or_else(|| context.cause.clone(), |line| format!("return of {line}"));
                let context = CommandContext { cause, ..context.clone() };
                book.receive_return(&context, location, quantity, *disposition, (batch.as_ref(), owner))
            })?;
            pairs.insert((item, location));
        }
        let positions = pairs.into_iter().filter_map(|(item, location)| desk.position(item, location));
        Ok(pb::ReceiveReturnResponse { positions: positions.collect(), holds: desk.new_holds() })
    }
}
