//! `CountStock`: what was counted is the truth, whatever was reserved.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, distinct, victims::Victims};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A count of one or more pairs of item and location.
#[derive(Debug, Clone)]
pub struct Count {
    /// What was counted, each pair once.
    pub lines: Vec<CountLine>,
    /// When it was counted; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who counted and why.
    pub who: Who,
}

/// One counted pair.
#[derive(Debug, Clone)]
pub struct CountLine {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// The units that are there, whatever they are reserved for.
    pub counted: Quantity,
    /// The batch of units that are more than expected.
    pub batch: Option<BatchId>,
}

impl StockCommand for Count {
    type Answer = pb::CountStockResponse;
    const NAME: &'static str = "count_stock";

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, line) in self.lines.iter().enumerate() {
            named.items.push((&line.item, path("lines", index, "item")));
            named.locations.push((&line.location, path("lines", index, "location")));
        }
        named
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope::of_losses(
            distinct(self.lines.iter().map(|line| &line.item)),
            distinct(self.lines.iter().map(|line| &line.location)),
        )
    }

    fn cause(&self) -> String {
        "count".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    /// The first position stands for all of the request.
    fn subject_when_unmoved(&self) -> AuditSubject {
        let first = self.lines.first();
        first.map_or_else(|| self.cause(), |line| format!("positions/{}/{}", line.item, line.location))
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut victims = Victims::default();
        for CountLine { item, location, counted, batch } in &self.lines {
            let answer = desk.on_book(item, |book, context| book.count(context, location, *counted, batch.as_ref()))?;
            victims.add(item, location, &answer.taken_away);
        }
        let (reduced_claims, taken_away) = victims.messages(desk);
        let positions = self.lines.iter().filter_map(|line| desk.position(&line.item, &line.location));
        Ok(pb::CountStockResponse {
            positions: positions.collect(),
            reduced_claims,
            holds: desk.new_holds(),
            taken_away,
        })
    }
}
