//! Requests of `BacklogService`.

use std::collections::BTreeSet;

use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

use crate::use_cases::backlog::BackorderFilter;

/// Orders that a watch may name.
const ORDERS_MAX: usize = 1_000;

/// Which waiting lines are listed.
pub fn filter(r: &pb::ListBackordersRequest, violations: &mut Violations) -> Option<BackorderFilter> {
    let item = item_filter(&r.item, violations);
    let location = match r.location.as_str() {
        "" => Some(String::new()),
        name => decode::location_name(name, "location", violations).map(|id| id.into_string()),
    };
    let customer = decode::text(&r.customer, 200, "customer", violations);
    if r.age_days_min < 0 {
        violations.push("age_days_min", "must not be negative");
    }
    let promised_before = decode::date_if_set(r.promised_before.as_ref(), "promised_before", violations);
    if r.without_date && r.promised_before.is_some() {
        violations.push("without_date", "must not be set together with promised_before");
    }
    let hold_type = super::hold::type_filter(r.hold_type, "hold_type", violations);
    Some(BackorderFilter {
        item: item?,
        customer: customer?,
        location: location?,
        age_days_min: r.age_days_min,
        promised_before: promised_before?,
        without_date: r.without_date,
        on_hold: r.on_hold,
        hold_type: hold_type?,
    })
}

/// The id of an item to which a list is limited; empty means all.
pub fn item_filter(name: &str, violations: &mut Violations) -> Option<String> {
    match name {
        "" => Some(String::new()),
        name => decode::item_name(name, "item", violations).map(|id| id.into_string()),
    }
}

/// The names of the orders that are watched.
pub fn watched_orders(r: &pb::WatchPromisesRequest, violations: &mut Violations) -> Option<BTreeSet<String>> {
    if r.orders.len() > ORDERS_MAX {
        violations.push("orders", format!("must have at most {ORDERS_MAX} elements"));
        return None;
    }
    let names = r.orders.iter().enumerate().map(|(index, name)| {
        decode::order_name(name, &decode::path("orders", index, ""), violations).map(|_| name.clone())
    });
    names.collect::<Vec<_>>().into_iter().collect()
}
