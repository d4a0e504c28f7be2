//! Requests about schedules of allocation runs.

use backorder_domain::ids::RunScheduleId;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

use crate::{
    simulation::{Asked, Scope},
    use_cases::run_schedules::{DeleteRunSchedule, PutRunSchedule, times_of},
    write::Who,
};

/// The id in a schedule's name.
pub fn id(name: &str, field: &str, violations: &mut Violations) -> Option<RunScheduleId> {
    decode::resource_name(name, "runSchedules", RunScheduleId::try_new, field, violations)
}

/// What is put.
pub fn put(r: &pb::PutRunScheduleRequest, violations: &mut Violations) -> Option<PutRunSchedule> {
    let who = Who::decode(r.context.as_ref(), violations);
    let Some(schedule) = &r.schedule else {
        violations.push("schedule", "must be set");
        return None;
    };
    // Scopes and rules name their fields as in the message that holds them.
    let mut inside = Violations::new();
    let id = id(&schedule.name, "name", &mut inside);
    let scope = Scope::decode(schedule.scope.as_ref(), &mut inside);
    let rules = Asked::decode(schedule.rules.as_ref(), &mut inside);
    let mode = decode::known_enum::<pb::RunMode>(schedule.mode, "mode", &mut inside);
    let times = times_of(schedule, &mut inside);
    for wrong in inside.into_list() {
        violations.push(format!("schedule.{}", wrong.field), wrong.description);
    }
    // The mode is decoded again whenever a run is simulated.
    mode?;
    let content = pb::RunSchedule {
        etag: String::new(),
        next_time: None,
        last_run: String::new(),
        last_due_time: None,
        ..schedule.clone()
    };
    let etag = schedule.etag.clone();
    Some(PutRunSchedule { id: id?, times: times?, scope: scope?, rules: rules?, content, etag, who: who? })
}

/// What is deleted.
pub fn delete(r: &pb::DeleteRunScheduleRequest, violations: &mut Violations) -> Option<DeleteRunSchedule> {
    let id = id(&r.name, "name", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(DeleteRunSchedule { id: id?, etag: r.etag.clone(), who: who? })
}
