//! `AdviseShipment`: open units of a supply are under way, with a date of their own.

use backorder_domain::stock::supply::ShipmentAdvice;
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, NamedUnit, StockCommand};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Units that are under way.
#[derive(Debug, Clone)]
pub struct AdviseShipment {
    /// Which units, and the shipment notice to make of them; the quantity in `unit`.
    pub advice: ShipmentAdvice,
    /// The unit.
    pub unit: NamedUnit,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for AdviseShipment {
    type Answer = pb::AdviseShipmentResponse;
    const NAME: &'static str = "advise_shipment";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            supplies: [self.advice.supply.clone(), self.advice.notice.clone()].into(),
            waiting_claims: true,
            units: self.unit.is_named(),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        format!("{} under way", wire::supply_name(&self.advice.supply))
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        vec![wire::supply_name(&self.advice.supply)]
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let ShipmentAdvice { supply, notice, .. } = &self.advice;
        let item = desk.item_of_supply(supply)?;
        desk.refuse_supply_of_other_items(&item, notice)?;
        let before = desk.claim_versions(&item);
        let unit = desk.unit(&item, &self.unit)?;
        let mut advice = self.advice.clone();
        advice.entered = unit.entered(advice.quantity);
        advice.quantity = unit.base(advice.quantity, "quantity")?;
        desk.on_book(&item, |book, context| book.advise_shipment(context, &advice))?;
        Ok(pb::AdviseShipmentResponse {
            shipment_notice: desk.supply(&item, notice),
            supply: desk.supply(&item, supply),
            changed_claims: desk.changed_claims(&item, &before),
        })
    }
}
