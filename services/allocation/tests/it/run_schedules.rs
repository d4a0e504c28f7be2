//! Runs that start by themselves: one per moment, also when several look, and one for all that were missed.

use backorder_proto::{
    allocation::v1::*,
    common::v1::{ErrorReason, TimeOfDay},
    inventory::v1::Weekday,
};
use backorder_testkit::{Backend, eventually, on_each_backend};
use jiff::SignedDuration;
use prost_types::Timestamp;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, because, day, refusal};

/// Every day at six in the evening in London, which in March is 18:00 UTC. The world begins at noon of a Monday.
fn every_evening() -> RunSchedule {
    RunSchedule {
        name: "runSchedules/evening".to_owned(),
        time: Some(TimeOfDay { hours: 18, minutes: 0 }),
        time_zone: "Europe/London".to_owned(),
        ..RunSchedule::default()
    }
}

async fn put(world: &World, schedule: RunSchedule) -> Result<RunSchedule, Status> {
    let request =
        PutRunScheduleRequest { request_id: world.id(), schedule: Some(schedule), context: because("every day") };
    Ok(world.clients.runs.clone().put_run_schedule(request).await?.into_inner())
}

async fn get(world: &World) -> Result<RunSchedule, Status> {
    let request = GetRunScheduleRequest { name: "runSchedules/evening".to_owned() };
    Ok(world.clients.runs.clone().get_run_schedule(request).await?.into_inner())
}

/// All runs, oldest first.
async fn runs(world: &World) -> Vec<AllocationRun> {
    let answer = world.clients.runs.clone().list_runs(ListRunsRequest::default()).await.unwrap();
    let mut runs = answer.into_inner().runs;
    runs.reverse();
    runs
}

async fn run_number(world: &World, number: usize) -> AllocationRun {
    eventually("the run has ended", || async {
        runs(world).await.get(number).is_some_and(|run| run.end_time.is_some())
    })
    .await;
    runs(world).await.remove(number)
}

/// An instant of March 2026, UTC.
fn at(day: i8, hour: i8) -> Option<Timestamp> {
    let instant = jiff::tz::TimeZone::UTC.to_timestamp(jiff::civil::date(2026, 3, day).at(hour, 0, 0, 0)).unwrap();
    Some(Timestamp { seconds: instant.as_second(), nanos: 0 })
}

async fn each_moment_starts_one_run(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 3)).await;
    let made = put(&world, every_evening()).await.unwrap();
    assert_eq!((made.next_time, made.last_run.as_str()), (at(2, 18), ""));
    // Two of them look at once.
    world.app.spawn_jobs(&world.jobs);
    world.app.spawn_jobs(&world.jobs);
    world.clock.advance(SignedDuration::from_hours(6));
    let first = run_number(&world, 0).await;
    assert_eq!((first.state(), first.due_time), (RunState::Done, at(2, 18)));
    assert_eq!((first.schedule.as_str(), first.progress.clone().unwrap().lines), ("runSchedules/evening", 1));
    let context = first.context.clone().unwrap();
    let note = "runSchedules/evening at 2026-03-02T18:00:00Z";
    assert_eq!(
        (context.actor.as_str(), context.reason_code.as_str(), context.note.as_str()),
        ("test", "scheduled", note)
    );
    let schedule = get(&world).await.unwrap();
    assert_eq!((schedule.next_time, schedule.last_due_time), (at(3, 18), at(2, 18)));
    assert_eq!(schedule.last_run, first.name);
    world.clock.advance(SignedDuration::from_hours(24));
    let second = run_number(&world, 1).await;
    assert_eq!(second.due_time, at(3, 18));
    assert_ne!(second.name, first.name);
    assert_eq!(runs(&world).await.len(), 2, "one for each moment");
}

async fn moments_that_were_missed_are_made_up_for_by_one_run(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 3)).await;
    put(&world, every_evening()).await.unwrap();
    // Until Thursday evening nobody was there.
    world.clock.advance(SignedDuration::from_hours(3 * 24 + 7));
    world.app.spawn_jobs(&world.jobs);
    let run = run_number(&world, 0).await;
    assert_eq!(run.due_time, at(5, 18));
    let note = run.context.unwrap().note;
    assert_eq!(note, "runSchedules/evening at 2026-03-05T18:00:00Z; 3 moments before it were missed");
    assert_eq!(get(&world).await.unwrap().next_time, at(6, 18));
    assert_eq!(runs(&world).await.len(), 1);
}

async fn a_scheduled_run_commits_where_its_schedule_says_so(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 5);
    for tier in ["STD", "GOLD"] {
        let mut order = OrderDraft { customer_tier: tier.to_owned(), ..world.order("a", 5) };
        order.lines[0].locations = vec!["locations/main".to_owned()];
        world.place(order).await;
    }
    let rules = RunRules {
        default_strategy: RunStrategy::Lose.into(),
        tier_strategies: vec![TierStrategy { tier: "GOLD".to_owned(), strategy: RunStrategy::Win.into() }],
        ..RunRules::default()
    };
    let schedule = RunSchedule { rules: Some(rules), mode: RunMode::Commit.into(), ..every_evening() };
    put(&world, schedule).await.unwrap();
    world.app.spawn_jobs(&world.jobs);
    world.clock.advance(SignedDuration::from_hours(6));
    let run = run_number(&world, 0).await;
    assert_eq!((run.state(), run.mode()), (RunState::Committed, RunMode::Commit));
    assert_eq!(run.commit_context, run.context);
    assert_eq!(run.progress.unwrap().commit.unwrap().units_given, 5);
}

async fn a_schedule_that_is_off_over_or_deleted_starts_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let off = put(&world, RunSchedule { disabled: true, ..every_evening() }).await.unwrap();
    assert_eq!((off.disabled, off.next_time), (true, None));
    let over = RunSchedule { until: Some(day(1)), name: "runSchedules/over".to_owned(), ..every_evening() };
    assert_eq!(put(&world, over).await.unwrap().next_time, None);
    let weekly = RunSchedule {
        weekdays: vec![Weekday::Sunday.into(), Weekday::Wednesday.into()],
        until: Some(day(4)),
        name: "runSchedules/weekly".to_owned(),
        ..every_evening()
    };
    assert_eq!(put(&world, weekly).await.unwrap().next_time, at(4, 18));
    let gone = RunSchedule { name: "runSchedules/gone".to_owned(), ..every_evening() };
    put(&world, gone).await.unwrap();
    let request = DeleteRunScheduleRequest {
        request_id: world.id(),
        name: "runSchedules/gone".to_owned(),
        ..DeleteRunScheduleRequest::default()
    };
    world.clients.runs.clone().delete_run_schedule(request.clone()).await.unwrap();
    world.clients.runs.clone().delete_run_schedule(request).await.unwrap();
    world.app.spawn_jobs(&world.jobs);
    world.clock.advance(SignedDuration::from_hours(9 * 24));
    let run = run_number(&world, 0).await;
    assert_eq!(run.schedule, "runSchedules/weekly");
    let listed = world.clients.runs.clone().list_run_schedules(ListRunSchedulesRequest {}).await.unwrap().into_inner();
    let listed: Vec<_> = listed.schedules.iter().map(|one| (one.name.as_str(), one.next_time)).collect();
    let expected = [("runSchedules/evening", None), ("runSchedules/over", None), ("runSchedules/weekly", None)];
    assert_eq!(listed, expected);
    assert_eq!(runs(&world).await.len(), 1);
}

async fn a_schedule_is_replaced_by_who_read_it(backend: Backend) {
    let world = World::new(backend).await;
    let missing = get(&world).await;
    assert_eq!(refusal(missing), (Code::NotFound, ErrorReason::RunScheduleNotFound));
    let made = put(&world, every_evening()).await.unwrap();
    assert_eq!(made.etag, "1");
    let earlier = RunSchedule { time: Some(TimeOfDay { hours: 15, minutes: 0 }), ..made.clone() };
    let changed = put(&world, earlier.clone()).await.unwrap();
    assert_eq!((changed.etag.as_str(), changed.next_time), ("2", at(2, 15)));
    assert_eq!(refusal(put(&world, earlier).await), (Code::Aborted, ErrorReason::VersionMismatch));
    let request = DeleteRunScheduleRequest { request_id: world.id(), name: made.name, etag: made.etag, context: None };
    let stale = world.clients.runs.clone().delete_run_schedule(request).await;
    assert_eq!(refusal(stale), (Code::Aborted, ErrorReason::VersionMismatch));
    assert_eq!(get(&world).await.unwrap(), changed);
}

async fn what_is_wrong_is_named_by_its_field(backend: Backend) {
    let world = World::new(backend).await;
    let fields = |status: &Status| -> Vec<String> {
        let violations = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
        violations.into_iter().map(|violation| violation.field).collect()
    };
    let wrong = RunSchedule {
        name: "evening".to_owned(),
        scope: Some(RunScope { items: vec!["a".to_owned()], ..RunScope::default() }),
        mode: 9,
        weekdays: vec![Weekday::Monday.into(), Weekday::Monday.into()],
        time_zone: "Atlantis".to_owned(),
        ..RunSchedule::default()
    };
    let refused = put(&world, wrong).await.unwrap_err();
    let expected = [
        "schedule.name",
        "schedule.scope.items[0]",
        "schedule.mode",
        "schedule.time",
        "schedule.weekdays[1]",
        "schedule.time_zone",
    ];
    assert_eq!(fields(&refused), expected);
    let request = PutRunScheduleRequest { request_id: world.id(), ..PutRunScheduleRequest::default() };
    let refused = world.clients.runs.clone().put_run_schedule(request).await.unwrap_err();
    assert_eq!(fields(&refused), ["schedule"]);
    let scope = RunScope { items: vec!["items/z".to_owned()], ..RunScope::default() };
    let unknown = put(&world, RunSchedule { scope: Some(scope), ..every_evening() }).await;
    assert_eq!(refusal(unknown), (Code::NotFound, ErrorReason::ItemNotFound));
}

on_each_backend!(
    each_moment_starts_one_run,
    moments_that_were_missed_are_made_up_for_by_one_run,
    a_scheduled_run_commits_where_its_schedule_says_so,
    a_schedule_that_is_off_over_or_deleted_starts_nothing,
    a_schedule_is_replaced_by_who_read_it,
    what_is_wrong_is_named_by_its_field,
);
