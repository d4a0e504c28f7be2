//! `CountStock`: what was counted is the truth, whatever was reserved.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
    stock::state::StockState,
};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, NamedUnit, StockCommand, distinct, victims::Victims};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A count of one or more items and locations.
#[derive(Debug, Clone)]
pub struct Count {
    /// What was counted, each item, location and state once.
    pub lines: Vec<CountLine>,
    /// When it was counted; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who counted and why.
    pub who: Who,
}

/// One counted place.
#[derive(Debug, Clone)]
pub struct CountLine {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Which units were counted: AVAILABLE stands for all that can be sold, whatever it is reserved for.
    pub state: StockState,
    /// The units that are there.
    pub counted: Quantity,
    /// The unit of `counted`.
    pub unit: NamedUnit,
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
        let items = distinct(self.lines.iter().map(|line| &line.item));
        let locations = distinct(self.lines.iter().map(|line| &line.location));
        let receipts_in_review = self.lines.iter().any(|line| line.state == StockState::QualityControl);
        let units = self.lines.iter().any(|line| line.unit.is_named());
        Scope { receipts_in_review, units, ..Scope::of_losses(items, locations) }
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
        for CountLine { item, location, state, counted, unit, batch } in &self.lines {
            let batch = batch.as_ref();
            let counted = desk.unit(item, unit)?.base(*counted, &unit.field)?;
            let answer = desk.on_book(item, |book, context| match state {
                StockState::Available => book.count(context, location, counted, batch),
                StockState::QualityControl
                | StockState::Damaged
                | StockState::External
                | StockState::Reserved
                | StockState::Released
                | StockState::Held
                | StockState::InTransit => book.count_apart(context, location, *state, counted, batch),
            })?;
            victims.add(item, location, &answer.taken_away);
        }
        let (reduced_claims, taken_away) = victims.messages(desk);
        let pairs: BTreeSet<_> = self.lines.iter().map(|line| (&line.item, &line.location)).collect();
        Ok(pb::CountStockResponse {
            positions: pairs.into_iter().filter_map(|(item, location)| desk.position(item, location)).collect(),
            reduced_claims,
            holds: desk.new_holds(),
            taken_away,
        })
    }
}
