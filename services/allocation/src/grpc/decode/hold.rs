//! Requests of `HoldService`.

use std::collections::BTreeSet;

use backorder_domain::order::hold::HoldType;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        allocation::{hold_type, hold_type_of},
        decode,
    },
};

use super::order::line_of;
use crate::{
    store::holds::HoldFilter,
    use_cases::holds::{ClearHolds, SetHolds, Targets},
    write::Who,
};

/// Targets in one call at most.
const TARGETS_MAX: usize = 1_000;
const CUSTOMER_BYTES_MAX: usize = 200;

/// Holds to set.
pub fn set_holds(r: &pb::SetHoldsRequest, violations: &mut Violations) -> Option<SetHolds> {
    let targets = targets(&r.targets, violations);
    let hold_type = hold_type_of(r.r#type, "type", violations);
    let until = decode::timestamp_if_set(r.until_time.as_ref(), "until_time", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    let hold_type = hold_type?;
    Some(SetHolds {
        targets: targets?,
        hold_type,
        blocks_allocation: r.blocks_allocation.unwrap_or_else(|| hold_type.blocks_allocation()),
        until: until?,
        who: who?,
    })
}

/// Holds to clear.
pub fn clear_holds(r: &pb::ClearHoldsRequest, violations: &mut Violations) -> Option<ClearHolds> {
    let targets = targets(&r.targets, violations);
    let types = r.types.iter().enumerate();
    let types: Vec<Option<HoldType>> =
        types.map(|(index, value)| hold_type_of(*value, &decode::path("types", index, ""), violations)).collect();
    let types: Option<BTreeSet<HoldType>> = types.into_iter().collect();
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(ClearHolds { targets: targets?, types: types?, who: who? })
}

fn targets(names: &[String], violations: &mut Violations) -> Option<Targets> {
    if !decode::count(names.len(), TARGETS_MAX, "targets", violations) {
        return None;
    }
    let mut targets = Targets::default();
    let mut are_right = true;
    for (index, name) in names.iter().enumerate() {
        let field = decode::path("targets", index, "");
        let Some(target) = target(name, &field, violations) else {
            are_right = false;
            continue;
        };
        let is_new = match target {
            Named::Order(order) => targets.orders.insert(order),
            Named::Line(order, line) => targets.lines.insert((order, line)),
            Named::Customer(customer) => targets.customers.insert(customer),
        };
        if !is_new {
            violations.push(field, "must not be named twice");
            are_right = false;
        }
    }
    are_right.then_some(targets)
}

enum Named {
    Order(String),
    Line(String, i32),
    Customer(String),
}

fn target(name: &str, field: &str, violations: &mut Violations) -> Option<Named> {
    if let Some(customer) = name.strip_prefix("customers/") {
        return decode::required_text(customer, CUSTOMER_BYTES_MAX, field, violations).map(Named::Customer);
    }
    if name.contains("/lines/") {
        return line_of(name, field, violations).map(|(order, line)| Named::Line(order, line));
    }
    decode::order_name(name, field, violations).map(|order| Named::Order(order.into_string()))
}

/// The type to which a list is limited, as rows have it; empty means all.
pub fn type_filter(value: i32, field: &str, violations: &mut Violations) -> Option<String> {
    match value {
        0 => Some(String::new()),
        value => hold_type_of(value, field, violations).map(|one| hold_type(one).as_str_name().to_owned()),
    }
}

/// Which holds are listed.
pub fn filter(r: &pb::ListHoldsRequest, violations: &mut Violations) -> Option<HoldFilter> {
    let mut filter = HoldFilter::default();
    let named = if r.target.is_empty() { Some(None) } else { target(&r.target, "target", violations).map(Some) };
    let of_type = type_filter(r.r#type, "type", violations);
    match named? {
        None => {}
        Some(Named::Order(order)) => filter.order = order,
        Some(Named::Line(order, line)) => (filter.order, filter.line) = (order, line),
        Some(Named::Customer(customer)) => filter.customer = customer,
    }
    filter.hold_type = of_type?;
    Some(filter)
}
