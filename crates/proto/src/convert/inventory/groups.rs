//! Groups of items between wire and domain. What is consumed goes out only.

use std::collections::BTreeMap;

use backorder_domain::{
    allocation::group::protection::OutsideProtection,
    ids::ItemId,
    quantity::Quantity,
    stock::groups::{
        Bucket, Characteristics, GROUPS_MAX, GroupLimit, ItemGroups, LocationProtections, PERIODS_MAX, ProtectionGroup,
        QuotaGroup, QuotaPeriod, QuotaRules, TEXT_BYTES_MAX,
    },
};

use super::super::{
    Violations,
    decode::{self, path},
    encode,
};
use crate::inventory::v1 as pb;

/// Characteristics of a demand at most.
const CHARACTERISTICS_MAX: usize = 8;
/// How far a plan may reach backward and forward.
const REACH_MAX: i32 = 1_000;
/// The largest core and priority.
const RANK_MAX: i32 = 1_000_000;

/// The message of rules, with what is consumed of them.
#[must_use]
pub fn item_groups(item: &ItemId, rules: &ItemGroups, consumed: &BTreeMap<Bucket, Quantity>) -> pb::ItemGroups {
    let units = |bucket: &Bucket| consumed.get(bucket).copied().unwrap_or_default().get();
    let plans = rules.plans.iter().enumerate().map(|(place, plan)| pb::QuotaPlan {
        groups: plan.groups.iter().map(|group| quota_group(place, group, units)).collect(),
        backward_periods: i32::try_from(plan.backward_periods).unwrap_or(REACH_MAX),
        forward_periods: i32::try_from(plan.forward_periods).unwrap_or(REACH_MAX),
    });
    let protections = rules.protections.iter().map(|there| pb::LocationProtections {
        location: encode::location_name(&there.location),
        restricted_outside_own: there.outside == OutsideProtection::AllProtections,
        groups: there
            .groups
            .iter()
            .map(|group| pb::ProtectionGroup {
                values: group.values.clone(),
                core: i32::try_from(group.core).unwrap_or(RANK_MAX),
                priority: i32::try_from(group.priority).unwrap_or(RANK_MAX),
                protected: group.protected.get(),
                consumed: units(&Bucket::of_protection(&there.location, &group.values)),
            })
            .collect(),
    });
    pb::ItemGroups {
        item: encode::item_name(item),
        levels: rules.levels.clone(),
        plans: plans.collect(),
        protections: protections.collect(),
        ..pb::ItemGroups::default()
    }
}

fn quota_group(plan: usize, group: &QuotaGroup, units: impl Fn(&Bucket) -> i64) -> pb::QuotaGroup {
    let periods = group.periods.iter().map(|period| pb::QuotaPeriod {
        from_date: Some(encode::date(period.from)),
        until_date: Some(encode::date(period.until)),
        maximum: period.maximum.get(),
        consumed: units(&Bucket::of_quota(plan, period.from, &group.values)),
    });
    pb::QuotaGroup { values: group.values.clone(), periods: periods.collect() }
}

/// The rules of a message, free of contradictions.
pub fn decode_item_groups(message: &pb::ItemGroups, field: &str, violations: &mut Violations) -> Option<ItemGroups> {
    let at = |rest: &str| format!("{field}.{rest}");
    let groups = message.plans.iter().map(|plan| plan.groups.len()).sum::<usize>()
        + message.protections.iter().map(|there| there.groups.len()).sum::<usize>();
    let periods = message.plans.iter().flat_map(|plan| &plan.groups).map(|group| group.periods.len()).sum::<usize>();
    if groups > GROUPS_MAX || periods > PERIODS_MAX || message.plans.len() + message.protections.len() > GROUPS_MAX {
        violations.push(field, format!("must have at most {GROUPS_MAX} groups and {PERIODS_MAX} periods"));
        return None;
    }
    let mut plans = Vec::with_capacity(message.plans.len());
    for (index, plan) in message.plans.iter().enumerate() {
        plans.push(decode_plan(plan, &path(&at("plans"), index, ""), violations));
    }
    let mut protections = Vec::with_capacity(message.protections.len());
    for (index, there) in message.protections.iter().enumerate() {
        protections.push(decode_protections(there, &path(&at("protections"), index, ""), violations));
    }
    let rules = ItemGroups {
        levels: message.levels.clone(),
        plans: plans.into_iter().collect::<Option<_>>()?,
        protections: protections.into_iter().collect::<Option<_>>()?,
    };
    match rules.check() {
        Ok(()) => Some(rules),
        Err(wrong) => {
            violations.push(at(&wrong.field), wrong.what);
            None
        }
    }
}

fn decode_plan(plan: &pb::QuotaPlan, field: &str, violations: &mut Violations) -> Option<QuotaRules> {
    let backward = within(plan.backward_periods, REACH_MAX, &format!("{field}.backward_periods"), violations);
    let forward = within(plan.forward_periods, REACH_MAX, &format!("{field}.forward_periods"), violations);
    let mut groups = Vec::with_capacity(plan.groups.len());
    for (index, group) in plan.groups.iter().enumerate() {
        let at = path(&format!("{field}.groups"), index, "periods");
        let mut periods = Vec::with_capacity(group.periods.len());
        for (number, period) in group.periods.iter().enumerate() {
            let from = decode::date(period.from_date.as_ref(), &path(&at, number, "from_date"), violations);
            let until = decode::date(period.until_date.as_ref(), &path(&at, number, "until_date"), violations);
            let maximum = decode::quantity_or_zero(period.maximum, &path(&at, number, "maximum"), violations);
            periods.push((|| Some(QuotaPeriod { from: from?, until: until?, maximum: maximum? }))());
        }
        let periods: Option<Vec<QuotaPeriod>> = periods.into_iter().collect();
        groups.push(periods.map(|periods| QuotaGroup { values: group.values.clone(), periods }));
    }
    let groups: Option<Vec<QuotaGroup>> = groups.into_iter().collect();
    Some(QuotaRules { groups: groups?, backward_periods: backward?, forward_periods: forward? })
}

fn decode_protections(
    there: &pb::LocationProtections,
    field: &str,
    violations: &mut Violations,
) -> Option<LocationProtections> {
    let location = decode::location_name(&there.location, &format!("{field}.location"), violations);
    let mut groups = Vec::with_capacity(there.groups.len());
    for (index, group) in there.groups.iter().enumerate() {
        let at = |rest: &str| path(&format!("{field}.groups"), index, rest);
        let core = within(group.core, RANK_MAX, &at("core"), violations);
        let priority = within(group.priority, RANK_MAX, &at("priority"), violations);
        let protected = decode::quantity_or_zero(group.protected, &at("protected"), violations);
        let values = group.values.clone();
        groups.push((|| Some(ProtectionGroup { values, core: core?, priority: priority?, protected: protected? }))());
    }
    let outside = if there.restricted_outside_own {
        OutsideProtection::AllProtections
    } else {
        OutsideProtection::OutrankingProtections
    };
    Some(LocationProtections { location: location?, outside, groups: groups.into_iter().collect::<Option<_>>()? })
}

fn within(value: i32, max: i32, field: &str, violations: &mut Violations) -> Option<u32> {
    match u32::try_from(value) {
        Ok(number) if value <= max => Some(number),
        Ok(_) | Err(_) => {
            violations.push(field, format!("must be between 0 and {max}"));
            None
        }
    }
}

/// What a demand says of itself.
pub fn decode_characteristics(
    messages: &[pb::Characteristic],
    field: &str,
    violations: &mut Violations,
) -> Option<Characteristics> {
    if messages.len() > CHARACTERISTICS_MAX {
        violations.push(field, format!("must have at most {CHARACTERISTICS_MAX} elements"));
        return None;
    }
    let mut characteristics = Some(Characteristics::new());
    for (index, message) in messages.iter().enumerate() {
        let at = |rest: &str| path(field, index, rest);
        let name = decode::required_text(&message.name, TEXT_BYTES_MAX, &at("name"), violations);
        let value = decode::required_text(&message.value, TEXT_BYTES_MAX, &at("value"), violations);
        let Some((name, value)) = name.zip(value) else {
            characteristics = None;
            continue;
        };
        if characteristics.as_mut().is_some_and(|known| known.insert(name, value).is_some()) {
            violations.push(at("name"), "must not be named twice");
            characteristics = None;
        }
    }
    characteristics
}

/// What a demand says of itself, on the wire.
#[must_use]
pub fn characteristics(of: &Characteristics) -> Vec<pb::Characteristic> {
    of.iter().map(|(name, value)| pb::Characteristic { name: name.clone(), value: value.clone() }).collect()
}

/// What kept units from a demand.
#[must_use]
pub const fn group_limit(limit: Option<GroupLimit>) -> pb::GroupLimit {
    match limit {
        None => pb::GroupLimit::Unspecified,
        Some(GroupLimit::Quota) => pb::GroupLimit::Quota,
        Some(GroupLimit::Protection) => pb::GroupLimit::Protection,
    }
}
