//! `UpdateQueue`: whether claims may take stock, and where they stand in the queue.

use backorder_domain::stock::queue::QueueChange;
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, claim_subject, post::ClaimsInOrder};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Changes of places in the queue.
#[derive(Debug, Clone)]
pub struct UpdateQueue {
    /// The changes, in order.
    pub changes: Vec<QueueChange>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for UpdateQueue {
    type Answer = pb::UpdateQueueResponse;
    const NAME: &'static str = "update_queue";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope { lines: self.changes.iter().map(|change| change.line.clone()).collect(), ..Scope::default() }
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
        self.changes.iter().map(|change| claim_subject(&change.line, change.part.unwrap_or(0))).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut claims = ClaimsInOrder::default();
        for (index, change) in self.changes.iter().enumerate() {
            let item = desk.item_of(&change.line, || path("changes", index, "line"))?;
            for key in desk.on_book(&item, |book, context| book.change_queue(context, change))? {
                claims.add(&item, &key);
            }
        }
        Ok(pb::UpdateQueueResponse { claims: claims.messages(desk), holds: desk.new_holds() })
    }
}
