//! `RepegItems`: waiting claims are pegged anew to dated supply, in the order of the queue.

use backorder_domain::ids::ItemId;
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Items whose claims are pegged anew.
#[derive(Debug, Clone)]
pub struct RepegItems {
    /// The items, each once.
    pub items: Vec<ItemId>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for RepegItems {
    type Answer = pb::RepegItemsResponse;
    const NAME: &'static str = "repeg_items";

    fn names(&self) -> Named<'_> {
        let items = self.items.iter().enumerate().map(|(index, item)| (item, path("items", index, "")));
        Named { items: items.collect(), locations: Vec::new() }
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope { items: distinct(&self.items), waiting_claims: true, holds: true, ..Scope::default() }
    }

    fn cause(&self) -> String {
        "queue".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        self.items.iter().map(|item| format!("items/{item}")).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut claims = Vec::new();
        for item in &self.items {
            for key in desk.on_book(item, |book, context| book.repeg(context))? {
                claims.extend(desk.claim(item, &key));
            }
        }
        Ok(pb::RepegItemsResponse { claims })
    }
}
