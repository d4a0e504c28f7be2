//! Requests of `AllocationRunService`.

use backorder_proto::{
    allocation::v1::{self as pb, what_if_change::Change as Message},
    convert::{
        Violations,
        decode::{self, path},
    },
};
use uuid::Uuid;

use super::if_set;
use crate::{
    simulation::{Asked, Scope, changes::Change},
    store::simulated_runs::LineFilter,
    use_cases::simulated_runs::{CancelRun, CommitRun, StartRun, WhatIf},
    write::Who,
};

/// Changes in one question at most.
const CHANGES_MAX: usize = 20;
/// Days that a supply may be moved at most, either way.
const DAYS_MAX: i32 = 3_650;
const CUSTOMER_BYTES_MAX: usize = 200;
const TIER_BYTES_MAX: usize = 50;

/// What is started.
pub fn start(r: &pb::StartRunRequest, violations: &mut Violations) -> Option<StartRun> {
    let scope = Scope::decode(r.scope.as_ref(), violations);
    let rules = Asked::decode(r.rules.as_ref(), violations);
    let who = Who::decode(r.context.as_ref(), violations);
    let mode = decode::known_enum::<pb::RunMode>(r.mode, "mode", violations);
    // The mode is decoded again when the run is simulated.
    mode?;
    let request = pb::StartRunRequest { request_id: String::new(), context: None, ..r.clone() };
    Some(StartRun { scope: scope?, rules: rules?, request, who: who? })
}

/// The id in a run's name.
pub fn id(name: &str, field: &str, violations: &mut Violations) -> Option<String> {
    decode::resource_name(name, "runs", |id| Uuid::try_parse(&id).map(|id| id.to_string()), field, violations)
}

/// What is committed.
pub fn commit(r: &pb::CommitRunRequest, violations: &mut Violations) -> Option<CommitRun> {
    let run = id(&r.name, "name", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(CommitRun { run: run?, who: who? })
}

/// What is ended.
pub fn cancel(r: &pb::CancelRunRequest, violations: &mut Violations) -> Option<CancelRun> {
    let run = id(&r.name, "name", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(CancelRun { run: run?, who: who? })
}

/// Which lines are listed, of which run.
pub fn lines(r: &pb::ListRunLinesRequest, violations: &mut Violations) -> Option<(String, LineFilter)> {
    let run = id(&r.name, "name", violations);
    let item = if_set(&r.item, |name| decode::item_name(name, "item", violations));
    let item = item?.map(|item| item.as_str().to_owned()).unwrap_or_default();
    Some((run?, LineFilter { changed_only: r.changed_only, item, ..LineFilter::default() }))
}

/// Which runs are compared.
pub fn compared(r: &pb::CompareRunsRequest, violations: &mut Violations) -> Option<(String, String)> {
    let first = id(&r.first, "first", violations);
    first.zip(id(&r.second, "second", violations))
}

/// A place in the list of runs.
pub fn run_place(key: &str) -> Option<(i64, &str)> {
    let (time, id) = key.split_once(' ')?;
    Some((time.parse().ok()?, id))
}

/// What is asked.
pub fn what_if(r: &pb::WhatIfRequest, violations: &mut Violations) -> Option<WhatIf> {
    let rules = Asked::decode(r.rules.as_ref(), violations);
    if !decode::count(r.changes.len(), CHANGES_MAX, "changes", violations) {
        return None;
    }
    let changes = r.changes.iter().enumerate();
    let changes: Vec<Option<Change>> =
        changes.map(|(index, one)| change(one, &path("changes", index, ""), violations)).collect();
    Some(WhatIf { changes: changes.into_iter().collect::<Option<_>>()?, rules: rules? })
}

fn change(change: &pb::WhatIfChange, field: &str, violations: &mut Violations) -> Option<Change> {
    let at = |name: &str| format!("{field}.{name}");
    let Some(change) = &change.change else {
        violations.push(field, "must be one of: supply_moved, order_cancelled, tier_changed, extra_supply");
        return None;
    };
    match change {
        Message::SupplyMoved(moved) => {
            if moved.days_late == 0 || !(-DAYS_MAX..=DAYS_MAX).contains(&moved.days_late) {
                let days = format!("must be between -{DAYS_MAX} and {DAYS_MAX} and not 0");
                violations.push(at("supply_moved.days_late"), days);
            }
            let named = decode::resource_name(
                &moved.supply,
                "supplies",
                backorder_domain::ids::SupplyId::try_new,
                &at("supply_moved.supply"),
                violations,
            );
            Some(Change::SupplyMoved { supply: format!("supplies/{}", named?), days: moved.days_late })
        }
        Message::OrderCancelled(order) => {
            let order = decode::order_name(order, &at("order_cancelled"), violations)?;
            Some(Change::OrderCancelled { order: order.to_string() })
        }
        Message::TierChanged(changed) => {
            let customer =
                decode::required_text(&changed.customer, CUSTOMER_BYTES_MAX, &at("tier_changed.customer"), violations);
            let tier = decode::text(&changed.tier, TIER_BYTES_MAX, &at("tier_changed.tier"), violations);
            Some(Change::TierChanged { customer: customer?, tier: tier? })
        }
        Message::ExtraSupply(extra) => {
            let item = decode::item_name(&extra.item, &at("extra_supply.item"), violations);
            let location = decode::location_name(&extra.location, &at("extra_supply.location"), violations);
            let quantity = decode::quantity(extra.quantity, &at("extra_supply.quantity"), violations);
            let expected =
                decode::date_if_set(extra.expected_date.as_ref(), &at("extra_supply.expected_date"), violations);
            Some(Change::ExtraSupply { item: item?, location: location?, quantity: quantity?, expected: expected? })
        }
    }
}
