//! Groups of demand: what they may take at most, and what is kept for them.

mod lifecycle;
mod protections;
mod quotas;
mod races;
mod refusals;
mod verbs;

use backorder_proto::{common::v1::Date, inventory::v1::*};
use tonic::Status;

use crate::world::{World, because};

pub const LEVELS: [&str; 2] = ["tier", "channel"];

/// The maxima of a group in March 2026: from a day on, for so many days each.
pub fn quota(values: [&str; 2], periods: &[(i32, i32, i64)]) -> QuotaGroup {
    let periods = periods.iter().map(|(from, until, maximum)| QuotaPeriod {
        from_date: Some(march(*from)),
        until_date: Some(march(*until)),
        maximum: *maximum,
        consumed: 0,
    });
    QuotaGroup { values: values.map(str::to_owned).to_vec(), periods: periods.collect() }
}

pub fn kept(values: [&str; 2], core: i32, priority: i32, protected: i64) -> ProtectionGroup {
    ProtectionGroup { values: values.map(str::to_owned).to_vec(), core, priority, protected, consumed: 0 }
}

pub fn march(day: i32) -> Date {
    Date { year: 2026, month: 3, day }
}

/// One plan of quotas of an item, and nothing kept.
pub fn quotas(item: &str, groups: Vec<QuotaGroup>) -> ItemGroups {
    ItemGroups {
        item: format!("items/{item}"),
        levels: LEVELS.map(str::to_owned).to_vec(),
        plans: vec![QuotaPlan { groups, ..QuotaPlan::default() }],
        ..ItemGroups::default()
    }
}

/// What is kept at `main`, and no quota.
pub fn protections(item: &str, groups: Vec<ProtectionGroup>) -> ItemGroups {
    let there = LocationProtections { location: "locations/main".to_owned(), restricted_outside_own: true, groups };
    ItemGroups { plans: Vec::new(), protections: vec![there], ..quotas(item, Vec::new()) }
}

pub async fn put(world: &World, groups: ItemGroups) -> Result<ItemGroups, Status> {
    let request = PutItemGroupsRequest { request_id: world.id(), groups: Some(groups), context: because("plan") };
    Ok(world.clients.groups.clone().put_item_groups(request).await?.into_inner().groups.expect("the groups"))
}

pub async fn get(world: &World, item: &str) -> ItemGroups {
    let request = GetItemGroupsRequest { item: format!("items/{item}") };
    let answer = world.clients.groups.clone().get_item_groups(request).await.unwrap().into_inner();
    answer.groups.expect("the groups")
}

/// What is consumed of the first period of each group of the first plan.
pub async fn consumed(world: &World, item: &str) -> Vec<i64> {
    let groups = get(world, item).await;
    groups.plans[0].groups.iter().map(|group| group.periods[0].consumed).collect()
}

/// The line of a demand that says its tier and channel.
pub fn of(line: ReserveLine, tier: &str, channel: &str) -> ReserveLine {
    let value = |(name, value): (&str, &str)| Characteristic { name: name.to_owned(), value: value.to_owned() };
    ReserveLine { characteristics: [(LEVELS[0], tier), (LEVELS[1], channel)].map(value).to_vec(), ..line }
}

/// Reserves one line.
pub async fn reserve(world: &World, line: ReserveLine) -> ReserveResult {
    world.reserve(vec![line]).await.unwrap().remove(0)
}

/// What of a result is reserved, waits and is refused.
pub fn got(result: &ReserveResult) -> (i64, i64, i64) {
    let claim = result.claim.as_ref();
    (claim.map_or(0, |claim| claim.reserved), claim.map_or(0, |claim| claim.waiting), result.refused)
}

/// The waiting claims of an item at `main`, as a run sees them.
pub async fn waiting(world: &World, item: &str) -> Vec<Claim> {
    let request = ListWaitingClaimsRequest {
        item: format!("items/{item}"),
        location: "locations/main".to_owned(),
        ..ListWaitingClaimsRequest::default()
    };
    world.clients.reservations.clone().list_waiting_claims(request).await.unwrap().into_inner().claims
}
