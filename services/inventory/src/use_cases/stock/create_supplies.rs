//! `BatchCreateSupplies`: dated supply is announced, and waiting lines are pegged to it.

use backorder_domain::{ids::ItemId, stock::supply::NewSupply};
use backorder_proto::{
    convert::{decode::path, inventory as wire},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, NamedUnit, StockCommand, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A supply to create.
#[derive(Debug, Clone)]
pub struct SupplyToCreate {
    /// The item.
    pub item: ItemId,
    /// The supply, with its quantity in `unit`.
    pub supply: NewSupply,
    /// The unit.
    pub unit: NamedUnit,
}

/// Supplies to create.
#[derive(Debug, Clone)]
pub struct CreateSupplies {
    /// The supplies, ids distinct.
    pub supplies: Vec<SupplyToCreate>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for CreateSupplies {
    type Answer = pb::BatchCreateSuppliesResponse;
    const NAME: &'static str = "create_supplies";

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, SupplyToCreate { item, supply, .. }) in self.supplies.iter().enumerate() {
            named.items.push((item, path("supplies", index, "item")));
            named.locations.push((&supply.location, path("supplies", index, "location")));
        }
        named
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: distinct(self.supplies.iter().map(|new| &new.item)),
            locations: distinct(self.supplies.iter().map(|new| &new.supply.location)),
            supplies: distinct(self.supplies.iter().map(|new| &new.supply.id)),
            units: self.supplies.iter().any(|new| new.unit.is_named()),
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
        self.supplies.iter().map(|new| wire::supply_name(&new.supply.id)).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        for SupplyToCreate { item, supply, unit } in &self.supplies {
            desk.refuse_supply_of_other_items(item, &supply.id)?;
            let found = desk.unit(item, unit)?;
            let mut supply = supply.clone();
            supply.entered = found.entered(supply.ordered);
            supply.ordered = found.base(supply.ordered, &unit.field)?;
            desk.on_book(item, |book, context| book.create_supply(context, &supply))?;
        }
        let supplies = self.supplies.iter().filter_map(|new| desk.supply(&new.item, &new.supply.id));
        Ok(pb::BatchCreateSuppliesResponse { supplies: supplies.collect() })
    }
}
