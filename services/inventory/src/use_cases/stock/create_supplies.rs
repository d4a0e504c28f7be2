//! `BatchCreateSupplies`: dated supply is announced, and waiting lines are pegged to it.

use backorder_domain::{ids::ItemId, stock::supply::NewSupply};
use backorder_proto::{
    convert::{decode::path, inventory as wire},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Supplies to create.
#[derive(Debug, Clone)]
pub struct CreateSupplies {
    /// The supplies, each with its item, ids distinct.
    pub supplies: Vec<(ItemId, NewSupply)>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for CreateSupplies {
    type Answer = pb::BatchCreateSuppliesResponse;
    const NAME: &'static str = "create_supplies";

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, (item, supply)) in self.supplies.iter().enumerate() {
            named.items.push((item, path("supplies", index, "item")));
            named.locations.push((&supply.location, path("supplies", index, "location")));
        }
        named
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: distinct(self.supplies.iter().map(|(item, _)| item)),
            locations: distinct(self.supplies.iter().map(|(_, supply)| &supply.location)),
            supplies: distinct(self.supplies.iter().map(|(_, supply)| &supply.id)),
            waiting_claims: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "supply created".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        self.supplies.iter().map(|(_, supply)| wire::supply_name(&supply.id)).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        for (item, supply) in &self.supplies {
            desk.refuse_supply_of_other_items(item, &supply.id)?;
            desk.on_book(item, |book, context| book.create_supply(context, supply))?;
        }
        let supplies = self.supplies.iter().filter_map(|(item, supply)| desk.supply(item, &supply.id));
        Ok(pb::BatchCreateSuppliesResponse { supplies: supplies.collect() })
    }
}
