//! Requests of `ServingService`.

use backorder_domain::allocation::serving::PlannedServing;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

use crate::{
    use_cases::serving::{CommitHeld, SetMode},
    write::Who,
};

const CATEGORY_BYTES_MAX: usize = 200;

/// How items of a category are served.
pub fn set_mode(r: &pb::SetServingModeRequest, violations: &mut Violations) -> Option<SetMode> {
    let who = Who::decode(r.context.as_ref(), violations);
    let mode = decode::required(r.mode.as_ref(), "mode", violations)?;
    let category = decode::text(&mode.category, CATEGORY_BYTES_MAX, "mode.category", violations);
    let kind = decode::required_enum::<pb::ServingModeKind>(mode.kind, "mode.kind", violations);
    let run_time = decode::time_of_day_if_set(mode.run_time.as_ref(), "mode.run_time", violations);
    let by_planner = kind? == pb::ServingModeKind::ByPlanner;
    if !by_planner && mode.run_time.is_some() {
        violations.push("mode.run_time", "must not be set unless the kind is BY_PLANNER");
    }
    let planned = PlannedServing { category: category?, run_time: run_time? };
    Some(SetMode { planned, by_planner, who: who? })
}

/// What is committed.
pub fn commit(r: &pb::CommitHeldRequest, violations: &mut Violations) -> Option<CommitHeld> {
    let item = decode::item_name(&r.item, "item", violations);
    let location = decode::location_name(&r.location, "location", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    let pool = (item?.into_string(), location?.into_string());
    Some(CommitHeld { pool, validate_only: r.validate_only, who: who? })
}
