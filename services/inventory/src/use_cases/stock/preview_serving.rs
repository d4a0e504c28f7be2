//! `PreviewServing`: how claims would stand if some became eligible and runs shared what is free. Keeps nothing.

use std::collections::BTreeSet;

use backorder_domain::ids::{ItemId, LineId};
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{Desk, Named, StockCommand};
use crate::{
    catalog::Places,
    error::{Error, Kind},
    store::stock::Scope,
    write::Who,
};

/// Lines of one item that would become eligible.
#[derive(Debug, Clone)]
pub struct PreviewServing {
    /// The item.
    pub item: ItemId,
    /// The lines.
    pub lines: Vec<LineId>,
    /// Nobody: nothing is kept.
    pub who: Who,
}

impl StockCommand for PreviewServing {
    type Answer = pb::PreviewServingResponse;
    const NAME: &'static str = "preview_serving";

    fn names(&self) -> Named<'_> {
        Named { items: vec![(&self.item, "item".to_owned())], locations: Vec::new() }
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: BTreeSet::from([self.item.clone()]),
            lines: self.lines.iter().cloned().collect(),
            waiting_claims: true,
            open_supplies: true,
            holds: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "preview".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        for (index, line) in self.lines.iter().enumerate() {
            if desk.item_of(line, || path("lines", index, ""))? != self.item {
                return Err(Error::missing(Kind::Claim, line.as_str(), path("lines", index, "")));
            }
        }
        let before = desk.claim_versions(&self.item);
        desk.on_book(&self.item, |book, context| book.serve_as_if_eligible(context, &self.lines))?;
        Ok(pb::PreviewServingResponse { claims: desk.changed_claims(&self.item, &before) })
    }
}
