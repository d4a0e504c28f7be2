//! Items, and what the changes of all master data share.

use std::collections::BTreeSet;

use backorder_domain::{
    money::Money,
    order::release::ItemRelease,
    units::{ItemUnit, PackRounding},
};
use backorder_proto::{
    common::v1 as common,
    convert::{
        Violations,
        decode::{self, path},
    },
    inventory::v1 as pb,
};
use prost_types::FieldMask;

use super::parts;
use crate::{
    catalog::{Item, is_valid_gtin},
    use_cases::ItemChange,
};

pub(super) const DESCRIPTION_BYTES_MAX: usize = 1_000;
/// The longest reservation horizon: as far as availability is answered.
const HORIZON_DAYS_MAX: u16 = 730;
const CATEGORY_BYTES_MAX: usize = 200;
const CHANNEL_BYTES_MAX: usize = 50;
const UNIT_BYTES_MAX: usize = 20;
pub(super) const PARTS_MAX: usize = 20;
/// Items in one batch at most.
const ITEMS_MAX: usize = 1_000;
/// The largest pack, unit or ratio. It keeps products with quantities of commands far from overflow.
const FACTOR_MAX: i64 = 1_000_000;

/// The item of `CreateItem`.
pub fn create_item(request: &pb::CreateItemRequest, violations: &mut Violations) -> Option<Item> {
    let message = decode::required(request.item.as_ref(), "item", violations)?;
    item(message, "item", violations)
}

/// The items of `BatchPutItems`.
pub fn put_items(request: &pb::BatchPutItemsRequest, violations: &mut Violations) -> Option<Vec<Item>> {
    if !decode::count(request.items.len(), ITEMS_MAX, "items", violations) {
        return None;
    }
    let mut names = BTreeSet::new();
    let mut items = Vec::with_capacity(request.items.len());
    let mut complete = true;
    for (index, message) in request.items.iter().enumerate() {
        if !names.insert(message.name.as_str()) {
            violations.push(path("items", index, "name"), "must be distinct");
        }
        match item(message, &path("items", index, ""), violations) {
            Some(item) => items.push(item),
            None => complete = false,
        }
    }
    complete.then_some(items)
}

/// The change of `UpdateItem`.
pub fn update_item(request: &pb::UpdateItemRequest, violations: &mut Violations) -> Option<ItemChange> {
    const FIELDS: [&str; 13] = [
        "description",
        "base_unit",
        "pack_size",
        "pack_rounding",
        "category",
        "unit_cost",
        "unit_price",
        "substitutes",
        "units",
        "safety_stock",
        "releases",
        "reservation_horizon_days",
        "components",
    ];
    let message = decode::required(request.item.as_ref(), "item", violations)?;
    let fields = masked(request.update_mask.as_ref(), &FIELDS, violations);
    let new = item(message, "item", violations);
    let (fields, new) = (fields?, new?);
    let id = new.id.clone();
    let apply = move |old: &Item| {
        let takes = |field: &str| fields.contains(field);
        Item {
            id: old.id.clone(),
            description: pick(takes("description"), &new.description, &old.description),
            base_unit: pick(takes("base_unit"), &new.base_unit, &old.base_unit),
            pack_size: pick(takes("pack_size"), &new.pack_size, &old.pack_size),
            pack_rounding: pick(takes("pack_rounding"), &new.pack_rounding, &old.pack_rounding),
            category: pick(takes("category"), &new.category, &old.category),
            unit_cost: pick(takes("unit_cost"), &new.unit_cost, &old.unit_cost),
            unit_price: pick(takes("unit_price"), &new.unit_price, &old.unit_price),
            substitutes: pick(takes("substitutes"), &new.substitutes, &old.substitutes),
            units: pick(takes("units"), &new.units, &old.units),
            safety_stock: pick(takes("safety_stock"), &new.safety_stock, &old.safety_stock),
            releases: pick(takes("releases"), &new.releases, &old.releases),
            reservation_horizon_days: pick(
                takes("reservation_horizon_days"),
                &new.reservation_horizon_days,
                &old.reservation_horizon_days,
            ),
            components: pick(takes("components"), &new.components, &old.components),
        }
    };
    Some(ItemChange { id, etag: message.etag.clone(), apply: Box::new(apply) })
}

pub(super) fn pick<T: Clone>(takes_new: bool, new: &T, old: &T) -> T {
    if takes_new { new.clone() } else { old.clone() }
}

/// The fields of an update mask; all that can be changed when there is none.
pub fn masked(
    mask: Option<&FieldMask>,
    allowed: &[&'static str],
    violations: &mut Violations,
) -> Option<BTreeSet<&'static str>> {
    let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
        return Some(allowed.iter().copied().collect());
    };
    let mut fields = BTreeSet::new();
    let mut complete = true;
    for (index, wanted) in mask.paths.iter().enumerate() {
        match allowed.iter().find(|field| *field == wanted) {
            Some(field) => {
                fields.insert(*field);
            }
            None => {
                complete = false;
                violations
                    .push(path("update_mask.paths", index, ""), format!("must be one of: {}", allowed.join(", ")));
            }
        }
    }
    complete.then_some(fields)
}

fn item(message: &pb::Item, field: &str, violations: &mut Violations) -> Option<Item> {
    let at = |name: &str| format!("{field}.{name}");
    let id = decode::item_name(&message.name, &at("name"), violations);
    let description = decode::text(&message.description, DESCRIPTION_BYTES_MAX, &at("description"), violations);
    let base_unit = decode::text(&message.base_unit, UNIT_BYTES_MAX, &at("base_unit"), violations)
        .map(|unit| if unit.is_empty() { "EA".to_owned() } else { unit });
    let pack_size = factor(message.pack_size, &at("pack_size"), violations);
    let pack_rounding = pack_rounding(message.pack_rounding, &at("pack_rounding"), violations);
    let category = decode::text(&message.category, CATEGORY_BYTES_MAX, &at("category"), violations);
    let unit_cost = price_if_set(message.unit_cost.as_ref(), &at("unit_cost"), violations);
    let unit_price = price_if_set(message.unit_price.as_ref(), &at("unit_price"), violations);
    let safety_stock = decode::quantity_or_zero(message.safety_stock, &at("safety_stock"), violations);
    let substitutes = parts::substitutes(&message.substitutes, &at("substitutes"), violations);
    let releases = releases(&message.releases, &at("releases"), violations);
    let horizon = horizon(message.reservation_horizon_days, &at("reservation_horizon_days"), violations);
    let units = units(&message.units, base_unit.as_deref(), &at("units"), violations);
    let components = parts::components(&message.components, id.as_ref(), &at("components"), violations);
    Some(Item {
        id: id?,
        description: description?,
        base_unit: base_unit?,
        pack_size: pack_size?,
        pack_rounding: pack_rounding?,
        category: category?,
        unit_cost: unit_cost?,
        unit_price: unit_price?,
        substitutes: substitutes?,
        units: units?,
        safety_stock: safety_stock?,
        releases: releases?,
        reservation_horizon_days: horizon?,
        components: components?,
    })
}

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn horizon(days: Option<i32>, field: &str, violations: &mut Violations) -> Option<Option<u16>> {
    let Some(days) = days else { return Some(None) };
    let known = u16::try_from(days).ok().filter(|days| *days <= HORIZON_DAYS_MAX);
    if known.is_none() {
        violations.push(field, format!("must be between 0 and {HORIZON_DAYS_MAX}"));
    }
    known.map(Some)
}

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn price_if_set(price: Option<&common::Money>, field: &str, violations: &mut Violations) -> Option<Option<Money>> {
    if price.is_none() { Some(None) } else { decode::price(price, field, violations).map(Some) }
}

fn pack_rounding(rule: i32, field: &str, violations: &mut Violations) -> Option<PackRounding> {
    decode::known_enum::<pb::PackRounding>(rule, field, violations).map(|rule| match rule {
        pb::PackRounding::Unspecified | pb::PackRounding::Refuse => PackRounding::Refuse,
        pb::PackRounding::Up => PackRounding::Up,
        pb::PackRounding::Down => PackRounding::Down,
    })
}

/// A whole factor of at least 1, where 0 stands for 1.
pub(super) fn factor(value: i64, field: &str, violations: &mut Violations) -> Option<i64> {
    if (0..=FACTOR_MAX).contains(&value) {
        return Some(value.max(1));
    }
    violations.push(field, format!("must be between 0 and {FACTOR_MAX}"));
    None
}

fn units(
    messages: &[pb::ItemUnit],
    base_unit: Option<&str>,
    field: &str,
    violations: &mut Violations,
) -> Option<Vec<ItemUnit>> {
    if messages.len() > PARTS_MAX {
        violations.push(field, format!("must have at most {PARTS_MAX} elements"));
        return None;
    }
    let mut codes: BTreeSet<&str> = base_unit.into_iter().collect();
    let mut gtins: BTreeSet<&str> = BTreeSet::new();
    let decoded: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let at = |name: &str| path(field, index, name);
            let code = decode::required_text(&message.code, UNIT_BYTES_MAX, &at("code"), violations);
            if !codes.insert(message.code.as_str()) {
                violations.push(at("code"), "must be distinct and not the base unit");
            }
            let base_units =
                factor(message.base_units, &at("base_units"), violations).filter(|_| message.base_units > 0);
            if message.base_units == 0 {
                violations.push(at("base_units"), "must be at least 1");
            }
            if !message.gtin.is_empty() && !is_valid_gtin(&message.gtin) {
                violations.push(at("gtin"), "must be 8, 12, 13 or 14 digits with a right check digit");
            }
            if !message.gtin.is_empty() && !gtins.insert(&message.gtin) {
                violations.push(at("gtin"), "must be distinct");
            }
            Some(ItemUnit {
                code: code?,
                base_units: base_units?,
                gtin: message.gtin.clone(),
                sellable: message.sellable,
                purchasable: message.purchasable,
            })
        })
        .collect();
    decoded.into_iter().collect()
}

fn releases(messages: &[pb::ItemRelease], field: &str, violations: &mut Violations) -> Option<Vec<ItemRelease>> {
    if messages.len() > PARTS_MAX {
        violations.push(field, format!("must have at most {PARTS_MAX} elements"));
        return None;
    }
    let decoded: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let at = |name: &str| path(field, index, name);
            let date = decode::date(message.release_date.as_ref(), &at("release_date"), violations);
            let channel = one_line(&message.channel, &at("channel"), violations);
            let destination_zone = one_line(&message.destination_zone, &at("destination_zone"), violations);
            Some(ItemRelease { date: date?, channel: channel?, destination_zone: destination_zone? })
        })
        .collect();
    decoded.into_iter().collect()
}

fn one_line(value: &str, field: &str, violations: &mut Violations) -> Option<String> {
    let text = decode::text(value, CHANNEL_BYTES_MAX, field, violations)?;
    if text.contains(['\n', '\t']) {
        violations.push(field, "must not hold control characters");
        return None;
    }
    Some(text)
}
