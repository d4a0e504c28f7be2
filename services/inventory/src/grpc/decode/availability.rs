//! Requests of `AvailabilityService`.

use backorder_proto::{
    convert::{
        Violations,
        decode::{self, path},
    },
    inventory::v1 as pb,
};

use super::reservation::{each, up_to};
use crate::use_cases::{
    availability::{Pair, ProfileQuery},
    watch::WatchFilter,
};

/// Pairs, and names in a filter, at most.
const NAMES_MAX: usize = 1_000;
const HORIZON_DAYS_DEFAULT: i32 = 180;
const HORIZON_DAYS_MAX: i32 = 730;

/// The pairs of `BatchGetAvailability`.
pub fn pairs(request: &pb::BatchGetAvailabilityRequest, violations: &mut Violations) -> Option<Vec<Pair>> {
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
