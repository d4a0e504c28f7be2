//! `ReleaseClaims`: units that are not wanted any more wait no more, or become free, or are held for the queue.

use backorder_domain::stock::release::Release;
use backorder_proto::{convert::decode::path, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, claim_subject, post::ClaimsInOrder};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that are given back.
#[derive(Debug, Clone)]
pub struct ReleaseClaims {
    /// What is given back, in order.
    pub lines: Vec<Release>,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for ReleaseClaims {
    type Answer = pb::ReleaseClaimsResponse;
    const NAME: &'static str = "release_claims";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope { lines: self.lines.iter().map(|line| line.line.clone()).collect(), ..Scope::default() }
    }

    fn cause(&self) -> String {
        "release".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    /// The first claim stands for all of the request.
    fn subject_when_unmoved(&self) -> AuditSubject {
        let first = self.lines.first();
        first.map_or_else(|| self.cause(), |line| claim_subject(&line.line, line.part.unwrap_or(0)))
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut claims = ClaimsInOrder::default();
        for (index, line) in self.lines.iter().enumerate() {
            let item = desk.item_of(&line.line, || path("lines", index, "line"))?;
            for released in desk.on_book(&item, |book, context| book.release(context, line))? {
                claims.add(&item, &released.key);
            }
        }
        Ok(pb::ReleaseClaimsResponse { claims: claims.messages(desk), holds: desk.new_holds() })
    }
}
