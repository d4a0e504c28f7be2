//! Simulated runs as their callers see them: started once, gone on with after a crash, ended, and refused with the field
//! that is wrong. What they say about lines is told in the stories.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use backorder_allocation::{Config, CrashPoint, SIMULATION_CRASH_POINT};
use backorder_proto::{
    allocation::v1::{what_if_change::Change, *},
    common::v1::ErrorReason,
};
use backorder_testkit::{Backend, eventually, on_each_backend};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, because, refusal};

/// Three orders for `a` and two for `b` wait.
async fn five_wait(world: &World) {
    for (item, quantity) in [("a", 5), ("b", 2), ("a", 3), ("b", 4), ("a", 1)] {
        let mut order = world.order(item, quantity);
        order.lines[0].locations = vec!["locations/main".to_owned()];
        world.place(order).await;
    }
}

async fn start(world: &World, request: StartRunRequest) -> Result<AllocationRun, Status> {
    Ok(world.clients.runs.clone().start_run(request).await?.into_inner())
}

fn everything(world: &World) -> StartRunRequest {
    StartRunRequest { request_id: world.id(), context: because("test"), ..StartRunRequest::default() }
}

async fn get(world: &World, name: &str) -> Result<AllocationRun, Status> {
    Ok(world.clients.runs.clone().get_run(GetRunRequest { name: name.to_owned() }).await?.into_inner())
}

async fn is_done(world: &World, name: &str) -> AllocationRun {
    eventually("the run is done", || async { get(world, name).await.unwrap().state() == RunState::Done }).await;
    get(world, name).await.unwrap()
}

async fn lines(world: &World, name: &str) -> Vec<RunLine> {
    let request = ListRunLinesRequest { name: name.to_owned(), ..ListRunLinesRequest::default() };
    world.clients.runs.clone().list_run_lines(request).await.unwrap().into_inner().lines
}

async fn cancel(world: &World, name: &str) -> Result<AllocationRun, Status> {
    let request = CancelRunRequest { request_id: world.id(), name: name.to_owned(), context: because("test") };
    Ok(world.clients.runs.clone().cancel_run(request).await?.into_inner())
}

async fn what_if(world: &World, change: Change) -> Result<WhatIfResponse, Status> {
    let request = WhatIfRequest { changes: vec![WhatIfChange { change: Some(change) }], rules: None };
    Ok(world.clients.runs.clone().what_if(request).await?.into_inner())
}

fn fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

async fn a_run_is_started_once_for_its_request_id(backend: Backend) {
    let world = World::new(backend).await;
    five_wait(&world).await;
    let request = everything(&world);
    let started = start(&world, request.clone()).await.unwrap();
    assert_eq!(started.state(), RunState::Running);
    assert_eq!(started.progress.as_ref().map(|progress| progress.items_total), Some(2));
    assert_eq!(started.rules.as_ref().map(RunRules::default_strategy), Some(RunStrategy::Improve));
    assert_eq!(start(&world, request.clone()).await.unwrap(), started, "the same write");
    let other = StartRunRequest {
        scope: Some(RunScope { items: vec!["items/a".to_owned()], ..RunScope::default() }),
        ..request
    };
    assert_eq!(refusal(start(&world, other).await), (Code::InvalidArgument, ErrorReason::RequestIdReused));
    world.app.spawn_jobs(&world.jobs);
    let done = is_done(&world, &started.name).await;
    let progress = done.progress.unwrap();
    assert_eq!((progress.items_done, progress.lines), (2, 5));
    assert_eq!(lines(&world, &started.name).await.len(), 5);
    let request = ListRunsRequest::default();
    let runs = world.clients.runs.clone().list_runs(request).await.unwrap().into_inner().runs;
    assert_eq!(runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>(), [started.name.as_str()]);
}

async fn lines_keep_the_version_of_the_claim_that_was_read(backend: Backend) {
    let world = World::new(backend).await;
    five_wait(&world).await;
    world.app.spawn_jobs(&world.jobs);
    let started = start(&world, everything(&world)).await.unwrap();
    is_done(&world, &started.name).await;
    for line in lines(&world, &started.name).await {
        let books = world.inventory.books();
        assert_eq!(line.claim_version, books.claims[&(line.line.clone(), line.part)].version);
    }
}

async fn a_run_that_dies_goes_on_and_writes_every_line_once(backend: Backend) {
    let passed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&passed);
    // It dies when the first lines of the second item are written and the item is not noted as done.
    let dies = move |point: &str| point == SIMULATION_CRASH_POINT && seen.fetch_add(1, Ordering::SeqCst) == 1;
    let config = Config { run_items_at_once: 1, crash_point: Some(CrashPoint::new(dies)), ..Config::default() };
    let world = World::with(backend, config).await;
    five_wait(&world).await;
    let started = start(&world, everything(&world)).await.unwrap();
    world.app.spawn_jobs(&world.jobs);
    let done = is_done(&world, &started.name).await;
    assert!(passed.load(Ordering::SeqCst) >= 3, "it died, and wrote the second item again");
    let progress = done.progress.unwrap();
    assert_eq!((progress.items_done, progress.lines), (2, 5), "what was done is counted once");
    assert_eq!(lines(&world, &started.name).await.len(), 5);
    let read = world.inventory.books().items_read.clone();
    assert_eq!(
        read.iter().filter(|items| **items == ["items/a"]).count(),
        1,
        "what was done is not read again: {read:?}"
    );
}

async fn a_run_that_is_cancelled_takes_no_more_lines_and_keeps_whole_items(backend: Backend) {
    // It dies whenever it has written lines of the second item, so that it never gets further.
    let passed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&passed);
    let dies = move |point: &str| point == SIMULATION_CRASH_POINT && seen.fetch_add(1, Ordering::SeqCst) >= 1;
    let config = Config { run_items_at_once: 1, crash_point: Some(CrashPoint::new(dies)), ..Config::default() };
    let world = World::with(backend, config).await;
    five_wait(&world).await;
    let started = start(&world, everything(&world)).await.unwrap();
    world.app.spawn_jobs(&world.jobs);
    eventually("it has died", || async { passed.load(Ordering::SeqCst) >= 2 }).await;
    let cancelled = cancel(&world, &started.name).await.unwrap();
    assert_eq!(cancelled.state(), RunState::Cancelled);
    let again = cancel(&world, &started.name).await.unwrap();
    assert_eq!((again.state(), again.end_time), (RunState::Cancelled, cancelled.end_time));
    let of_a = |lines: Vec<RunLine>| lines.iter().all(|line| line.item == "items/a").then_some(lines.len());
    eventually("whole items are kept", || async { of_a(lines(&world, &started.name).await) == Some(3) }).await;
}

async fn a_run_that_is_done_cannot_be_cancelled_and_only_such_runs_are_compared(backend: Backend) {
    let world = World::new(backend).await;
    five_wait(&world).await;
    let first = start(&world, everything(&world)).await.unwrap();
    let compare = |first: &str, second: &str| {
        let request =
            CompareRunsRequest { first: first.to_owned(), second: second.to_owned(), ..CompareRunsRequest::default() };
        async { world.clients.runs.clone().compare_runs(request).await }
    };
    let running = compare(&first.name, &first.name).await;
    assert_eq!(refusal(running), (Code::FailedPrecondition, ErrorReason::RunStateConflict));
    world.app.spawn_jobs(&world.jobs);
    is_done(&world, &first.name).await;
    let late = cancel(&world, &first.name).await;
    assert_eq!(refusal(late), (Code::FailedPrecondition, ErrorReason::RunStateConflict));
    let same = compare(&first.name, &first.name).await.unwrap().into_inner();
    assert_eq!((same.differences.len(), same.tiers.len()), (0, 1));
}

async fn a_watch_tells_how_a_run_goes_and_ends_with_it(backend: Backend) {
    let world = World::with(backend, Config { run_items_at_once: 1, ..Config::default() }).await;
    five_wait(&world).await;
    let started = start(&world, everything(&world)).await.unwrap();
    let request = WatchRunRequest { name: started.name.clone() };
    let mut stream = world.clients.runs.clone().watch_run(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().run.unwrap();
    assert_eq!(first.state(), RunState::Running);
    world.app.spawn_jobs(&world.jobs);
    let mut last = first;
    while let Some(message) = stream.message().await.unwrap() {
        last = message.run.unwrap();
    }
    assert_eq!(last.state(), RunState::Done);
}

async fn what_does_not_exist_is_named(backend: Backend) {
    let world = World::new(backend).await;
    let none = "runs/0b6f9f0a-6f0a-5d0f-9d3b-2c7f0d1e5a11";
    assert_eq!(refusal(get(&world, none).await), (Code::NotFound, ErrorReason::RunNotFound));
    assert_eq!(refusal(cancel(&world, none).await), (Code::NotFound, ErrorReason::RunNotFound));
    let scope = |items: &str, location: &str| RunScope {
        items: vec![format!("items/{items}")],
        locations: vec![format!("locations/{location}")],
        ..RunScope::default()
    };
    for (scope, reason) in
        [(scope("z", "main"), ErrorReason::ItemNotFound), (scope("a", "z"), ErrorReason::LocationNotFound)]
    {
        let request = StartRunRequest { scope: Some(scope), ..everything(&world) };
        assert_eq!(refusal(start(&world, request).await), (Code::NotFound, reason));
    }
}

async fn what_is_wrong_is_named_by_its_field(backend: Backend) {
    let world = World::new(backend).await;
    let request = StartRunRequest {
        scope: Some(RunScope {
            items: vec!["a".to_owned()],
            tiers: vec!["x".repeat(51)],
            channels: vec![String::new(); 101],
            ..RunScope::default()
        }),
        rules: Some(RunRules {
            default_strategy: 99,
            tier_strategies: vec![TierStrategy::default()],
            ..RunRules::default()
        }),
        ..everything(&world)
    };
    let refused = start(&world, request).await.unwrap_err();
    let expected = [
        "scope.items[0]",
        "scope.tiers[0]",
        "scope.channels",
        "rules.default_strategy",
        "rules.tier_strategies[0].strategy",
    ];
    assert_eq!(fields(&refused), expected);
    let wrong = |change| what_if(&world, change);
    let moved = SupplyMoved { supply: "po".to_owned(), days_late: 4_000 };
    let refused = wrong(Change::SupplyMoved(moved)).await.unwrap_err();
    assert_eq!(fields(&refused), ["changes[0].supply_moved.days_late", "changes[0].supply_moved.supply"]);
    let extra = ExtraSupply { item: "items/a".to_owned(), quantity: 0, ..ExtraSupply::default() };
    let refused = wrong(Change::ExtraSupply(extra)).await.unwrap_err();
    assert_eq!(fields(&refused), ["changes[0].extra_supply.location", "changes[0].extra_supply.quantity"]);
    let refused = world.clients.runs.clone().what_if(WhatIfRequest::default()).await.unwrap_err();
    assert_eq!(fields(&refused), ["changes"]);
}

async fn only_so_many_runs_work_at_once(backend: Backend) {
    let world = World::new(backend).await;
    for _ in 0..10 {
        start(&world, everything(&world)).await.unwrap();
    }
    assert_eq!(refusal(start(&world, everything(&world)).await), (Code::ResourceExhausted, ErrorReason::Overloaded));
}

async fn only_the_newest_runs_are_kept(backend: Backend) {
    let world = World::new(backend).await;
    // A hundred that ended long ago, one of them with a line.
    let columns =
        "id, state, request, actor, reason_code, note, created_at, ended_at, failure, cursor_item, progress, version";
    let empty = if backend == Backend::Postgres { "''::bytea" } else { "x''" };
    let rows: Vec<String> = (0..100)
        .map(|n| {
            format!("('00000000-0000-4000-8000-{n:012}', 'DONE', {empty}, '', '', '', {n}, 1, '', '', {empty}, 1)")
        })
        .collect();
    let text = format!("INSERT INTO allocation_run ({columns}) VALUES {}", rows.join(", "));
    world.execute(Box::leak(text.into_boxed_str())).await;
    five_wait(&world).await;
    world.app.spawn_jobs(&world.jobs);
    let started = start(&world, everything(&world)).await.unwrap();
    is_done(&world, &started.name).await;
    let oldest = "runs/00000000-0000-4000-8000-000000000000";
    eventually("the oldest is forgotten", || async { get(&world, oldest).await.is_err() }).await;
    assert!(get(&world, "runs/00000000-0000-4000-8000-000000000001").await.is_ok(), "the others are kept");
}

async fn the_largest_quantities_do_not_overflow(backend: Backend) {
    const MAX: i64 = 1_000_000_000_000;
    let world = World::new(backend).await;
    world.free("a", MAX);
    for _ in 0..3 {
        let mut order = world.order("a", MAX);
        order.lines[0].locations = vec!["locations/main".to_owned()];
        world.place(order).await;
    }
    world.app.spawn_jobs(&world.jobs);
    let started = start(&world, everything(&world)).await.unwrap();
    is_done(&world, &started.name).await;
    let extra = ExtraSupply {
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        quantity: MAX,
        expected_date: Some(backorder_proto::common::v1::Date { year: 9999, month: 12, day: 30 }),
    };
    let answer = what_if(&world, Change::ExtraSupply(extra)).await.unwrap();
    assert_eq!((answer.lines_improved, answer.units_gained), (1, MAX));
}

on_each_backend!(
    a_run_is_started_once_for_its_request_id,
    lines_keep_the_version_of_the_claim_that_was_read,
    a_run_that_dies_goes_on_and_writes_every_line_once,
    a_run_that_is_cancelled_takes_no_more_lines_and_keeps_whole_items,
    a_run_that_is_done_cannot_be_cancelled_and_only_such_runs_are_compared,
    a_watch_tells_how_a_run_goes_and_ends_with_it,
    what_does_not_exist_is_named,
    what_is_wrong_is_named_by_its_field,
    only_so_many_runs_work_at_once,
    only_the_newest_runs_are_kept,
    the_largest_quantities_do_not_overflow,
);
