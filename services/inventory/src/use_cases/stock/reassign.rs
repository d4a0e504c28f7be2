//! `ReassignReservation`: reserved units go from one claim to another that waits, by a person's decision.

use backorder_domain::stock::{error::StockError, reassign::Reassign};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, claim_subject};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that one claim gives to another.
#[derive(Debug, Clone)]
pub struct ReassignReservation {
    /// Who gives how much to whom.
    pub reassign: Reassign,
    /// Who decides it and why.
    pub who: Who,
}

impl StockCommand for ReassignReservation {
    type Answer = pb::ReassignReservationResponse;
    const NAME: &'static str = "reassign_reservation";

    fn names(&self) -> Named<'_> {
        Named { items: Vec::new(), locations: vec![(&self.reassign.location, "location".to_owned())] }
    }

    fn scope(&self, _places: &Places) -> Scope {
        let Reassign { from, to, location, .. } = &self.reassign;
        Scope {
            lines: [from.line.clone(), to.line.clone()].into(),
            locations: [location.clone()].into(),
            open_supplies: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        format!("reassigned from {} to {}", self.reassign.from, self.reassign.to)
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        [&self.reassign.from, &self.reassign.to].map(|key| claim_subject(&key.line, key.part)).into()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let Reassign { from, to, .. } = &self.reassign;
        let item = desk.item_of(&from.line, || "from_line".to_owned())?;
        if desk.item_of(&to.line, || "to_line".to_owned())? != item {
            return Err(Error::Stock { item, error: StockError::ClaimNotFound(to.clone()) });
        }
        desk.on_book(&item, |book, context| book.reassign(context, &self.reassign))?;
        Ok(pb::ReassignReservationResponse { from_claim: desk.claim(&item, from), to_claim: desk.claim(&item, to) })
    }
}
