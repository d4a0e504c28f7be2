//! Requests of `AvailabilityService`.

use backorder_proto::{
    convert::{
        Violations,
        decode::{count, item_name, location_name, path, quantity},
    },
    inventory::v1 as pb,
};

use crate::{
    store::availability::Pair,
    use_cases::availability::{ProfileQuestion, WatchFilter},
};

/// Pairs in one question at most.
const PAIRS_MAX: usize = 1_000;
/// Names in one filter at most.
const FILTER_NAMES_MAX: usize = 1_000;
const HORIZON_DAYS_DEFAULT: i32 = 180;
const HORIZON_DAYS_MAX: i32 = 730;

/// The pairs that are asked for.
pub fn pairs(request: &pb::BatchGetAvailabilityRequest, violations: &mut Violations) -> Option<Vec<Pair>> {
    if !count(request.pairs.len(), PAIRS_MAX, "pairs", violations) {
        return None;
    }
    let decoded = request.pairs.iter().enumerate().map(|(index, pair)| {
        let item = item_name(&pair.item, &path("pairs", index, "item"), violations);
        let location = location_name(&pair.location, &path("pairs", index, "location"), violations);
        item.zip(location)
    });
    let decoded: Vec<Option<Pair>> = decoded.collect();
    decoded.into_iter().collect()
}

/// What is asked of a profile.
pub fn profile(request: &pb::GetAvailabilityProfileRequest, violations: &mut Violations) -> Option<ProfileQuestion> {
    let item = item_name(&request.item, "item", violations);
    let location = location_name(&request.location, "location", violations);
    let horizon_days = horizon_days(request.horizon_days, violations);
    let quantity =
        if request.quantity == 0 { Some(None) } else { quantity(request.quantity, "quantity", violations).map(Some) };
    Some(ProfileQuestion { item: item?, location: location?, horizon_days: horizon_days?, quantity: quantity? })
}

fn horizon_days(days: i32, violations: &mut Violations) -> Option<i32> {
    match days {
        0 => Some(HORIZON_DAYS_DEFAULT),
        1..=HORIZON_DAYS_MAX => Some(days),
        _ => {
            violations.push("horizon_days", format!("must be between 1 and {HORIZON_DAYS_MAX}, or 0"));
            None
        }
    }
}

/// Whose positions are wanted.
pub fn watch_filter(request: &pb::WatchAvailabilityRequest, violations: &mut Violations) -> Option<WatchFilter> {
    let mut are_few = true;
    for (names, field) in [(&request.items, "items"), (&request.locations, "locations")] {
        if names.len() > FILTER_NAMES_MAX {
            violations.push(field, format!("must have at most {FILTER_NAMES_MAX} elements"));
            are_few = false;
        }
    }
    if !are_few {
        return None;
    }
    for (index, name) in request.items.iter().enumerate() {
        item_name(name, &path("items", index, ""), violations);
    }
    for (index, name) in request.locations.iter().enumerate() {
        location_name(name, &path("locations", index, ""), violations);
    }
    let set = |names: &[String]| names.iter().cloned().collect();
    Some(WatchFilter { items: set(&request.items), locations: set(&request.locations) })
}
