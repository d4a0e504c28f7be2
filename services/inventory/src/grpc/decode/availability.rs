//! Requests of `AvailabilityService`.

use std::collections::BTreeSet;

use backorder_domain::ids::ItemId;
use backorder_proto::{
    convert::{
        Violations,
        decode::{self, path},
    },
    inventory::v1 as pb,
};

use prost_types::FieldMask;

use super::reservation::{each, up_to};
use crate::use_cases::{
    availability::{AvailabilityQuery, Pair, ProfileQuery, Wanted},
    watch::WatchFilter,
};

/// Pairs, and names in a filter, at most.
const NAMES_MAX: usize = 1_000;
/// Paths of a read mask at most: each field once, with room for repetition.
const PATHS_MAX: usize = 64;
/// Items that are read at once at most.
const ITEMS_MAX: usize = 100;
const HORIZON_DAYS_DEFAULT: i32 = 180;
const HORIZON_DAYS_MAX: i32 = 730;

/// The query of `BatchGetAvailability`.
pub fn query(request: &pb::BatchGetAvailabilityRequest, violations: &mut Violations) -> Option<AvailabilityQuery> {
    let pairs = pairs(request, violations);
    let wanted = wanted(request.read_mask.as_ref(), violations);
    let consistency = decode::known_enum::<pb::ReadConsistency>(request.consistency, "consistency", violations);
    let must_be_exact = consistency? == pb::ReadConsistency::Exact;
    Some(AvailabilityQuery { pairs: pairs?, wanted: wanted?, must_be_exact })
}

/// The fields of a read mask; all when there is none.
fn wanted(mask: Option<&FieldMask>, violations: &mut Violations) -> Option<Wanted> {
    let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else { return Some(Wanted::ALL) };
    if !decode::count(mask.paths.len(), PATHS_MAX, "read_mask.paths", violations) {
        return None;
    }
    let (mut wanted, mut complete) = (Wanted::NONE, true);
    for (index, named) in mask.paths.iter().enumerate() {
        if let Some(more) = wanted.with(named) {
            wanted = more;
        } else {
            let known: Vec<&str> = Wanted::paths().collect();
            violations.push(path("read_mask.paths", index, ""), format!("must be one of: {}", known.join(", ")));
            complete = false;
        }
    }
    complete.then_some(wanted)
}

fn pairs(request: &pb::BatchGetAvailabilityRequest, violations: &mut Violations) -> Option<Vec<Pair>> {
    each(&request.pairs, NAMES_MAX, "pairs", violations, |index, pair, violations| {
        let item = decode::item_name(&pair.item, &path("pairs", index, "item"), violations);
        let location = decode::location_name(&pair.location, &path("pairs", index, "location"), violations);
        item.zip(location)
    })
}

/// The query of `GetAvailabilityProfile`.
pub fn profile(request: &pb::GetAvailabilityProfileRequest, violations: &mut Violations) -> Option<ProfileQuery> {
    let item = decode::item_name(&request.item, "item", violations);
    let location = decode::location_name(&request.location, "location", violations);
    let horizon_days = if request.horizon_days == 0 { HORIZON_DAYS_DEFAULT } else { request.horizon_days };
    if !(1..=HORIZON_DAYS_MAX).contains(&horizon_days) {
        violations.push("horizon_days", format!("must be between 1 and {HORIZON_DAYS_MAX}, or 0"));
    }
    let quantity = decode::quantity_or_zero(request.quantity, "quantity", violations);
    let quantity = Some(quantity?).filter(|quantity| !quantity.is_zero());
    Some(ProfileQuery { item: item?, location: location?, horizon_days, quantity })
}

/// The items of `ReadItems`.
pub fn items(request: &pb::ReadItemsRequest, violations: &mut Violations) -> Option<BTreeSet<ItemId>> {
    let mut items = BTreeSet::new();
    let mut decoded = each(&request.items, ITEMS_MAX, "items", violations, |index, name, violations| {
        decode::item_name(name, &path("items", index, ""), violations)
    })?;
    for (index, item) in decoded.drain(..).enumerate() {
        if !items.insert(item) {
            violations.push(path("items", index, ""), "must not be named twice");
        }
    }
    Some(items)
}

/// The filter of `WatchAvailability`.
pub fn watch(request: &pb::WatchAvailabilityRequest, violations: &mut Violations) -> Option<WatchFilter> {
    let items = up_to(&request.items, NAMES_MAX, "items", violations, |index, name, violations| {
        decode::item_name(name, &path("items", index, ""), violations).map(|_| name.clone())
    });
    let locations = up_to(&request.locations, NAMES_MAX, "locations", violations, |index, name, violations| {
        decode::location_name(name, &path("locations", index, ""), violations).map(|_| name.clone())
    });
    Some(WatchFilter { items: items?.into_iter().collect(), locations: locations?.into_iter().collect() })
}
