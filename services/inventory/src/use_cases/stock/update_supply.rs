//! `UpdateSupply`: quantity, dates or reference of a supply change, and promises move with them.

use backorder_domain::{ids::SupplyId, stock::supply::SupplyUpdate};
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, NamedUnit, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A change of one supply.
#[derive(Debug, Clone)]
pub struct UpdateSupply {
    /// The supply.
    pub id: SupplyId,
    /// What changes, with its quantity in `unit`.
    pub update: SupplyUpdate,
    /// The unit.
    pub unit: NamedUnit,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for UpdateSupply {
    type Answer = pb::UpdateSupplyResponse;
    const NAME: &'static str = "update_supply";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            supplies: [self.id.clone()].into(),
            waiting_claims: true,
            units: self.unit.is_named(),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        format!("{} changed", wire::supply_name(&self.id))
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
        let mut update = self.update.clone();
        if let Some(ordered) = update.ordered {
            let unit = desk.unit(&item, &self.unit)?;
            update.entered = unit.entered(ordered);
            update.ordered = Some(unit.base(ordered, "supply.ordered")?);
        }
        desk.on_book(&item, |book, context| book.update_supply(context, &self.id, &update))?;
        Ok(pb::UpdateSupplyResponse {
            supply: desk.supply(&item, &self.id),
            changed_claims: desk.changed_claims(&item, &before),
        })
    }
}
