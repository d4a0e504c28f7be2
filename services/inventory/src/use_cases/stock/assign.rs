//! `AssignByHand`: a waiting claim gets units now, by a person's decision.

use backorder_domain::stock::{assign::Assignment, error::StockError};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, claim_subject};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units for one claim.
#[derive(Debug, Clone)]
pub struct AssignByHand {
    /// Who gets what from whom.
    pub assignment: Assignment,
    /// Who decides it and why.
    pub who: Who,
}

impl StockCommand for AssignByHand {
    type Answer = pb::AssignByHandResponse;
    const NAME: &'static str = "assign_by_hand";

    fn names(&self) -> Named<'_> {
        Named { items: Vec::new(), locations: vec![(&self.assignment.location, "location".to_owned())] }
    }

    fn scope(&self, _places: &Places) -> Scope {
        let Assignment { to, taken, location, .. } = &self.assignment;
        let givers = taken.iter().map(|taken| taken.from.line.clone());
        Scope {
            lines: givers.chain([to.line.clone()]).collect(),
            locations: [location.clone()].into(),
            waiting_claims: true,
            open_supplies: true,
            holds: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        format!("assigned by hand to {}", self.assignment.to)
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        let Assignment { to, taken, .. } = &self.assignment;
        let givers = taken.iter().map(|taken| &taken.from);
        givers.chain([to]).map(|key| claim_subject(&key.line, key.part)).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let Assignment { to, taken, .. } = &self.assignment;
        let item = desk.item_of(&to.line, || "to_line".to_owned())?;
        for (index, one) in taken.iter().enumerate() {
            if desk.item_of(&one.from.line, || format!("taken[{index}].line"))? != item {
                return Err(Error::Stock { item, error: StockError::ClaimNotFound(one.from.clone()) });
            }
        }
        let before = desk.claim_versions(&item);
        desk.on_book(&item, |book, context| book.assign(context, &self.assignment))?;
        Ok(pb::AssignByHandResponse { claims: desk.changed_claims(&item, &before) })
    }
}
