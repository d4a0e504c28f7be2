//! Items.

use backorder_domain::{
    order::{release::ItemRelease, substitute::PriceRule},
    units::{ItemUnit, PackRounding},
};
use backorder_proto::{convert::encode, inventory::v1 as pb};

use crate::catalog::{Component, Item, Stored, Substitute};

/// An item as the contract shows it.
#[must_use]
pub fn item_message(stored: &Stored<Item>) -> pb::Item {
    let item = &stored.value;
    pb::Item {
        name: encode::item_name(&item.id),
        description: item.description.clone(),
        base_unit: item.base_unit.clone(),
        pack_size: item.pack_size,
        category: item.category.clone(),
        unit_cost: item.unit_cost.map(encode::money),
        unit_price: item.unit_price.map(encode::money),
        substitutes: item.substitutes.iter().map(substitute_message).collect(),
        units: item.units.iter().map(unit_message).collect(),
        safety_stock: item.safety_stock.get(),
        create_time: Some(encode::timestamp(stored.created_at)),
        update_time: Some(encode::timestamp(stored.updated_at)),
        etag: stored.version.to_string(),
        releases: item.releases.iter().map(release_message).collect(),
        reservation_horizon_days: item.reservation_horizon_days.map(i32::from),
        components: item.components.iter().map(component_message).collect(),
        pack_rounding: i32::from(pack_rounding(item.pack_rounding)),
    }
}

const fn pack_rounding(rule: PackRounding) -> pb::PackRounding {
    match rule {
        PackRounding::Refuse => pb::PackRounding::Refuse,
        PackRounding::Up => pb::PackRounding::Up,
        PackRounding::Down => pb::PackRounding::Down,
    }
}

fn release_message(release: &ItemRelease) -> pb::ItemRelease {
    pb::ItemRelease {
        release_date: Some(encode::date(release.date)),
        channel: release.channel.clone(),
        destination_zone: release.destination_zone.clone(),
    }
}

fn substitute_message(substitute: &Substitute) -> pb::Substitute {
    pb::Substitute {
        item: encode::item_name(&substitute.item),
        ratio_numerator: substitute.ratio_numerator,
        ratio_denominator: substitute.ratio_denominator,
        valid_from: substitute.valid_from.map(encode::date),
        valid_to: substitute.valid_to.map(encode::date),
        price_rule: price_rule(substitute.price_rule).into(),
        excluded_customers: substitute.excluded_customers.clone(),
    }
}

const fn price_rule(rule: PriceRule) -> pb::SubstitutePriceRule {
    match rule {
        PriceRule::KeepLower => pb::SubstitutePriceRule::KeepLower,
        PriceRule::NewPrice => pb::SubstitutePriceRule::NewPrice,
        PriceRule::Ask => pb::SubstitutePriceRule::Ask,
    }
}

fn component_message(component: &Component) -> pb::KitComponent {
    pb::KitComponent { item: encode::item_name(&component.item), quantity: component.quantity }
}

fn unit_message(unit: &ItemUnit) -> pb::ItemUnit {
    pb::ItemUnit {
        code: unit.code.clone(),
        base_units: unit.base_units,
        gtin: unit.gtin.clone(),
        sellable: unit.sellable,
        purchasable: unit.purchasable,
    }
}
