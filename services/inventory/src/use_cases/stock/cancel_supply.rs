//! `CancelSupply`: open units of a supply will not come.

use backorder_domain::{ids::SupplyId, quantity::Quantity};
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Open units that will not come.
#[derive(Debug, Clone)]
pub struct CancelSupply {
    /// The supply.
    pub id: SupplyId,
    /// Base units; `None` means all that are open.
    pub quantity: Option<Quantity>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for CancelSupply {
    type Answer = pb::CancelSupplyResponse;
    const NAME: &'static str = "cancel_supply";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope { supplies: [self.id.clone()].into(), waiting_claims: true, ..Scope::default() }
    }

    fn cause(&self) -> String {
        format!("{} cancelled", wire::supply_name(&self.id))
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        vec![wire::supply_name(&self.id)]
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let item = desk.item_of_supply(&self.id)?;
        let before = desk.claim_versions(&item);
        desk.on_book(&item, |book, context| book.cancel_supply(context, &self.id, self.quantity))?;
        Ok(pb::CancelSupplyResponse {
            supply: desk.supply(&item, &self.id),
            changed_claims: desk.changed_claims(&item, &before),
        })
    }
}
