//! Requests of `SupplyService`.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::SupplyId,
    stock::supply::{NewSupply, ShipmentAdvice, SupplyKind, SupplyUpdate},
    units::UnitUse,
};
use backorder_proto::{
    convert::{
        Violations,
        decode::{self, path},
        inventory as wire,
    },
    inventory::v1 as pb,
};

use super::{catalog::masked, if_set, named_unit, reservation::each};
use crate::{
    store::listing::SupplyFilter,
    use_cases::stock::{AdviseShipment, CancelSupply, CreateSupplies, SupplyToCreate, UpdateSupply},
    write::Who,
};

/// Supplies in one write at most.
const SUPPLIES_MAX: usize = 1_000;
const TEXT_BYTES_MAX: usize = 200;

/// The filter of `ListSupplies`.
pub fn list(request: &pb::ListSuppliesRequest, violations: &mut Violations) -> Option<SupplyFilter> {
    let item = if_set(&request.item, |name| decode::item_name(name, "item", violations));
    let location = if_set(&request.location, |name| decode::location_name(name, "location", violations));
    let before = decode::date_if_set(request.expected_before.as_ref(), "expected_before", violations);
    Some(SupplyFilter { item: item?, location: location?, open_only: request.open_only, expected_before: before? })
}

/// The command of `BatchCreateSupplies`.
pub fn create(request: &pb::BatchCreateSuppliesRequest, violations: &mut Violations) -> Option<CreateSupplies> {
    let mut names = BTreeSet::new();
    let supplies = each(&request.supplies, SUPPLIES_MAX, "supplies", violations, |index, supply, violations| {
        if !names.insert(supply.name.clone()) {
            violations.push(path("supplies", index, "name"), "must be distinct");
        }
        new_supply(index, supply, violations)
    });
    let who = Who::decode(request.context.as_ref(), violations);
    Some(CreateSupplies { supplies: supplies?, who: who? })
}

fn new_supply(index: usize, message: &pb::Supply, violations: &mut Violations) -> Option<SupplyToCreate> {
    let at = |field: &str| path("supplies", index, field);
    let id = wire::decode_supply_name(&message.name, &at("name"), violations);
    let item = decode::item_name(&message.item, &at("item"), violations);
    let location = decode::location_name(&message.location, &at("location"), violations);
    let kind = wire::decode_supply_kind(message.kind, &at("kind"), violations).filter(|kind| {
        let is_created = matches!(kind, SupplyKind::PurchaseOrderLine | SupplyKind::Production);
        if !is_created {
            violations.push(at("kind"), "must be PURCHASE_ORDER_LINE or PRODUCTION");
        }
        is_created
    });
    let ordered = decode::quantity(message.ordered, &at("ordered"), violations);
    let agreed_date = decode::date_if_set(message.agreed_date.as_ref(), &at("agreed_date"), violations);
    let expected_date = decode::date(message.expected_date.as_ref(), &at("expected_date"), violations);
    let supplier = decode::text(&message.supplier, TEXT_BYTES_MAX, &at("supplier"), violations);
    let reference = decode::text(&message.reference, TEXT_BYTES_MAX, &at("reference"), violations);
    let tolerance = message.over_receipt_tolerance.as_ref();
    let over_receipt = wire::decode_over_receipt_tolerance(tolerance, &at("over_receipt_tolerance"), violations);
    let unit = named_unit(&message.ordered_unit, &at("ordered_unit"), UnitUse::Buy, violations);
    let supply = NewSupply {
        id: id?,
        location: location?,
        kind: kind?,
        ordered: ordered?,
        agreed_date: agreed_date?,
        expected_date: Some(expected_date?),
        supplier: supplier?,
        reference: reference?,
        over_receipt: over_receipt?,
        entered: None,
    };
    Some(SupplyToCreate { item: item?, supply, unit: unit? })
}

/// The command of `UpdateSupply`.
pub fn update(request: &pb::UpdateSupplyRequest, violations: &mut Violations) -> Option<UpdateSupply> {
    const FIELDS: [&str; 5] = ["ordered", "agreed_date", "expected_date", "reference", "over_receipt_tolerance"];
    if request.update_mask.as_ref().is_none_or(|mask| mask.paths.is_empty()) {
        violations.push("update_mask", "must be set");
    }
    let fields = masked(request.update_mask.as_ref(), &FIELDS, violations);
    let message = decode::required(request.supply.as_ref(), "supply", violations)?;
    let id = wire::decode_supply_name(&message.name, "supply.name", violations);
    let fields = fields?;
    let takes = |field: &str| fields.contains(field);
    let ordered = if takes("ordered") {
        decode::quantity(message.ordered, "supply.ordered", violations).map(Some)
    } else {
        Some(None)
    };
    let agreed_date = if takes("agreed_date") {
        decode::date_if_set(message.agreed_date.as_ref(), "supply.agreed_date", violations).map(Some)
    } else {
        Some(None)
    };
    let expected_date = if takes("expected_date") {
        decode::date(message.expected_date.as_ref(), "supply.expected_date", violations).map(|date| Some(Some(date)))
    } else {
        Some(None)
    };
    let reference = if takes("reference") {
        decode::text(&message.reference, TEXT_BYTES_MAX, "supply.reference", violations).map(Some)
    } else {
        Some(None)
    };
    let over_receipt = if takes("over_receipt_tolerance") {
        let tolerance = message.over_receipt_tolerance.as_ref();
        wire::decode_over_receipt_tolerance(tolerance, "supply.over_receipt_tolerance", violations).map(Some)
    } else {
        Some(None)
    };
    if request.expected_version < 0 {
        violations.push("expected_version", "must not be negative");
    }
    let who = Who::decode(request.context.as_ref(), violations);
    let unit = named_unit(&message.ordered_unit, "supply.ordered_unit", UnitUse::Buy, violations);
    let update = SupplyUpdate {
        ordered: ordered?,
        entered: None,
        agreed_date: agreed_date?,
        expected_date: expected_date?,
        reference: reference?,
        over_receipt: over_receipt?,
        expected_version: (request.expected_version > 0).then_some(request.expected_version),
    };
    Some(UpdateSupply { id: id?, update, unit: unit?, who: who? })
}

/// The command of `CancelSupply`.
pub fn cancel(request: &pb::CancelSupplyRequest, violations: &mut Violations) -> Option<CancelSupply> {
    let id = wire::decode_supply_name(&request.name, "name", violations);
    let quantity = decode::quantity_or_zero(request.quantity, "quantity", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    Some(CancelSupply { id: id?, quantity: Some(quantity?).filter(|quantity| !quantity.is_zero()), who: who? })
}

/// The command of `AdviseShipment`.
pub fn advise(request: &pb::AdviseShipmentRequest, violations: &mut Violations) -> Option<AdviseShipment> {
    let supply = wire::decode_supply_name(&request.supply, "supply", violations);
    let notice =
        decode::checked(SupplyId::try_new(request.shipment_notice_id.as_str()), "shipment_notice_id", violations);
    let quantity = decode::quantity(request.quantity, "quantity", violations);
    let expected_date = decode::date(request.expected_date.as_ref(), "expected_date", violations);
    let reference = decode::text(&request.reference, TEXT_BYTES_MAX, "reference", violations);
    let who = Who::decode(request.context.as_ref(), violations);
    let unit = named_unit(&request.unit, "unit", UnitUse::Buy, violations);
    let advice = ShipmentAdvice {
        supply: supply?,
        notice: notice?,
        quantity: quantity?,
        expected_date: expected_date?,
        reference: reference?,
        entered: None,
    };
    Some(AdviseShipment { advice, unit: unit?, who: who? })
}
