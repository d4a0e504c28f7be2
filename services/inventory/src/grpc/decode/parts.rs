//! What an item names of others: its substitutes, and the components of a kit.

use std::collections::BTreeSet;

use backorder_domain::{ids::ItemId, order::substitute::PriceRule};
use backorder_proto::{
    convert::{
        Violations,
        decode::{self, path},
    },
    inventory::v1 as pb,
};

use super::catalog::{PARTS_MAX, factor};
use crate::catalog::{Component, Substitute};

/// Components of a kit at most.
const COMPONENTS_MAX: usize = 50;
/// Customers of one list at most.
const CUSTOMERS_MAX: usize = 100;
const CUSTOMER_BYTES_MAX: usize = 200;

/// What may be sent in place of an item.
pub fn substitutes(messages: &[pb::Substitute], field: &str, violations: &mut Violations) -> Option<Vec<Substitute>> {
    if messages.len() > PARTS_MAX {
        violations.push(field, format!("must have at most {PARTS_MAX} elements"));
        return None;
    }
    let decoded: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let at = |name: &str| path(field, index, name);
            let item = decode::item_name(&message.item, &at("item"), violations);
            let ratio_numerator = factor(message.ratio_numerator, &at("ratio_numerator"), violations);
            let ratio_denominator = factor(message.ratio_denominator, &at("ratio_denominator"), violations);
            let valid_from = decode::date_if_set(message.valid_from.as_ref(), &at("valid_from"), violations);
            let valid_to = decode::date_if_set(message.valid_to.as_ref(), &at("valid_to"), violations);
            if let (Some(Some(from)), Some(Some(to))) = (valid_from, valid_to)
                && from > to
            {
                violations.push(at("valid_to"), "must not be before valid_from");
            }
            let price_rule = price_rule(message.price_rule, &at("price_rule"), violations);
            let excluded_customers = customers(&message.excluded_customers, &at("excluded_customers"), violations);
            Some(Substitute {
                item: item?,
                ratio_numerator: ratio_numerator?,
                ratio_denominator: ratio_denominator?,
                valid_from: valid_from?,
                valid_to: valid_to?,
                price_rule: price_rule?,
                excluded_customers: excluded_customers?,
            })
        })
        .collect();
    decoded.into_iter().collect()
}

fn price_rule(value: i32, field: &str, violations: &mut Violations) -> Option<PriceRule> {
    Some(match decode::known_enum::<pb::SubstitutePriceRule>(value, field, violations)? {
        pb::SubstitutePriceRule::Unspecified | pb::SubstitutePriceRule::KeepLower => PriceRule::KeepLower,
        pb::SubstitutePriceRule::NewPrice => PriceRule::NewPrice,
        pb::SubstitutePriceRule::Ask => PriceRule::Ask,
    })
}

fn customers(names: &[String], field: &str, violations: &mut Violations) -> Option<Vec<String>> {
    if names.len() > CUSTOMERS_MAX {
        violations.push(field, format!("must have at most {CUSTOMERS_MAX} elements"));
        return None;
    }
    let decoded: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let field = path(field, index, "");
            let name = decode::required_text(name, CUSTOMER_BYTES_MAX, &field, violations)?;
            if name.contains(char::is_control) {
                violations.push(field, "must not hold control characters");
                return None;
            }
            Some(name)
        })
        .collect();
    decoded.into_iter().collect()
}

/// What a kit is made of.
pub fn components(
    messages: &[pb::KitComponent],
    kit: Option<&ItemId>,
    field: &str,
    violations: &mut Violations,
) -> Option<Vec<Component>> {
    if messages.len() > COMPONENTS_MAX {
        violations.push(field, format!("must have at most {COMPONENTS_MAX} elements"));
        return None;
    }
    let mut seen = BTreeSet::new();
    let decoded: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let at = |name: &str| path(field, index, name);
            let item = decode::item_name(&message.item, &at("item"), violations);
            if !seen.insert(message.item.as_str()) {
                violations.push(at("item"), "must be distinct");
            }
            if item.is_some() && item.as_ref() == kit {
                violations.push(at("item"), "must not be the kit itself");
            }
            if message.quantity == 0 {
                violations.push(at("quantity"), "must be at least 1");
            }
            let quantity = factor(message.quantity, &at("quantity"), violations);
            Some(Component { item: item?, quantity: quantity? })
        })
        .collect();
    decoded.into_iter().collect()
}
