//! Runs that are committed as their callers see it: once, gone on with after a crash, ended after an item, and with word of
//! every line. What it means for stock, promises and customers is told in the stories.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use backorder_allocation::{COMMIT_APPLIED_CRASH_POINT, COMMIT_PLANNED_CRASH_POINT, Config, CrashPoint};
use backorder_proto::{allocation::v1::*, common::v1::ErrorReason};
use backorder_testkit::{Backend, eventually, on_each_backend};
use tonic::{Code, Status};

use crate::{
    scripted_runs::UNCOMMITTED_ITEM,
    world::{World, because, refusal},
};

/// Places an order of one line for a customer of a tier.
async fn place(world: &World, item: &str, tier: &str, quantity: i64) {
    let mut order = OrderDraft { customer_tier: tier.to_owned(), ..world.order(item, quantity) };
    order.lines[0].locations = vec!["locations/main".to_owned()];
    world.place(order).await;
}

/// Of `a` and of `b` customers of tier STD have all that is there, and one of tier GOLD waits: orders.
async fn gold_waits(world: &World) {
    for (item, there, wanted) in [("a", 5, 4), ("b", 3, 2)] {
        world.free(item, there);
        place(world, item, "STD", there).await;
        place(world, item, "GOLD", wanted).await;
    }
}

/// A run by which GOLD is served first.
fn gold_first(world: &World) -> StartRunRequest {
    let rules = RunRules {
        default_strategy: RunStrategy::Redistribute.into(),
        sequence: Some(ServingSequence {
            keys: vec![SequenceKey::Tier.into(), SequenceKey::OrderTime.into()],
            tier_order: vec!["GOLD".to_owned()],
            ..ServingSequence::default()
        }),
        ..RunRules::default()
    };
    StartRunRequest { request_id: world.id(), rules: Some(rules), context: because("test"), ..Default::default() }
}

async fn start(world: &World, request: StartRunRequest) -> AllocationRun {
    world.clients.runs.clone().start_run(request).await.unwrap().into_inner()
}

fn to_commit(world: &World, name: &str) -> CommitRunRequest {
    CommitRunRequest { request_id: world.id(), name: name.to_owned(), context: because("agreed") }
}

async fn commit(world: &World, request: CommitRunRequest) -> Result<AllocationRun, Status> {
    Ok(world.clients.runs.clone().commit_run(request).await?.into_inner())
}

async fn get(world: &World, name: &str) -> AllocationRun {
    let request = GetRunRequest { name: name.to_owned() };
    world.clients.runs.clone().get_run(request).await.unwrap().into_inner()
}

async fn comes_to(world: &World, name: &str, state: RunState) -> AllocationRun {
    eventually(state.as_str_name(), || async { get(world, name).await.state() == state }).await;
    get(world, name).await
}

/// Simulates a run by which GOLD is served first, with the jobs of the world.
async fn simulated(world: &World) -> String {
    world.app.spawn_jobs(&world.jobs);
    let started = start(world, gold_first(world)).await;
    comes_to(world, &started.name, RunState::Done).await.name
}

/// What became of the lines of a run: (order, outcome, units taken, units given).
async fn outcomes(world: &World, name: &str) -> Vec<(String, RunLineOutcome, i64, i64)> {
    let request = ListRunLinesRequest { name: name.to_owned(), ..ListRunLinesRequest::default() };
    let lines = world.clients.runs.clone().list_run_lines(request).await.unwrap().into_inner().lines;
    let order = |line: &RunLine| line.line.split('/').nth(1).unwrap().to_owned();
    lines.iter().map(|line| (order(line), line.outcome(), line.units_taken, line.units_given)).collect()
}

fn told(outcomes: &[(&str, RunLineOutcome, i64, i64)]) -> Vec<(String, RunLineOutcome, i64, i64)> {
    outcomes.iter().map(|(order, outcome, taken, given)| ((*order).to_owned(), *outcome, *taken, *given)).collect()
}

/// (reserved, open) of an order's line, as the order knows it.
async fn units(world: &World, order: &str) -> (i64, i64) {
    let request = GetOrderRequest { name: format!("orders/{order}") };
    let order = world.clients.orders.clone().get_order(request).await.unwrap().into_inner();
    (order.lines[0].reserved, order.lines[0].open)
}

async fn all_units(world: &World) -> Vec<(i64, i64)> {
    let mut all = Vec::new();
    for order in ["A-1", "A-2", "A-3", "A-4"] {
        all.push(units(world, order).await);
    }
    all
}

const COMMITTED: [(i64, i64); 4] = [(1, 4), (4, 0), (1, 2), (2, 0)];

async fn units_change_hands_and_a_second_commit_does_nothing(backend: Backend) {
    let world = World::new(backend).await;
    gold_waits(&world).await;
    let name = simulated(&world).await;
    let request = to_commit(&world, &name);
    let begun = commit(&world, request.clone()).await.unwrap();
    assert_eq!(begun.state(), RunState::Committing);
    assert_eq!(begun.commit_context.clone().unwrap().reason_code, "agreed");
    let ended = comes_to(&world, &name, RunState::Committed).await;
    assert_eq!(commit(&world, request).await.unwrap(), begun, "the same write, the same answer");
    assert_eq!(all_units(&world).await, COMMITTED);
    let applied = RunLineOutcome::Applied;
    let expected = [("A-1", applied, 4, 0), ("A-2", applied, 0, 4), ("A-3", applied, 2, 0), ("A-4", applied, 0, 2)];
    assert_eq!(outcomes(&world, &name).await, told(&expected));
    let progress = ended.progress.clone().unwrap().commit.unwrap();
    assert_eq!((progress.items_total, progress.items_done, progress.lines_committed), (2, 2, 4));
    assert_eq!((progress.units_taken, progress.units_given), (6, 6));
    assert_eq!(commit(&world, to_commit(&world, &name)).await.unwrap(), ended, "it is committed");
    let again = start(&world, gold_first(&world)).await;
    let again = comes_to(&world, &again.name, RunState::Done).await;
    assert_eq!(again.progress.unwrap().lines_changed, 0, "nothing is left to change");
    commit(&world, to_commit(&world, &again.name)).await.unwrap();
    let again = comes_to(&world, &again.name, RunState::Committed).await;
    assert_eq!(again.progress.unwrap().commit.unwrap(), RunCommitProgress::default());
    let all_unchanged = outcomes(&world, &again.name).await;
    assert!(all_unchanged.iter().all(|(_, outcome, ..)| *outcome == RunLineOutcome::Unchanged), "{all_unchanged:?}");
    assert_eq!(world.inventory.books().commit_calls.len(), 2, "one call per item");
    assert!(world.verify().await.balanced);
}

async fn a_run_may_commit_by_itself(backend: Backend) {
    let world = World::new(backend).await;
    gold_waits(&world).await;
    world.app.spawn_jobs(&world.jobs);
    let request = StartRunRequest { mode: RunMode::Commit.into(), ..gold_first(&world) };
    let started = start(&world, request).await;
    assert_eq!((started.state(), started.mode()), (RunState::Running, RunMode::Commit));
    let request = WatchRunRequest { name: started.name };
    let mut stream = world.clients.runs.clone().watch_run(request).await.unwrap().into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await.unwrap() {
        last = message.run;
    }
    let last = last.unwrap();
    assert_eq!(last.state(), RunState::Committed, "the watch ends with the commit");
    assert_eq!(last.commit_context, last.context);
    assert_eq!(all_units(&world).await, COMMITTED);
}

async fn a_commit_that_dies_goes_on_and_does_everything_once(backend: Backend) {
    for point in [COMMIT_PLANNED_CRASH_POINT, COMMIT_APPLIED_CRASH_POINT] {
        let died = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&died);
        let dies = move |passed: &str| passed == point && !seen.swap(true, Ordering::SeqCst);
        let config = Config { crash_point: Some(CrashPoint::new(dies)), ..Config::default() };
        let world = World::with(backend, config).await;
        gold_waits(&world).await;
        let name = simulated(&world).await;
        commit(&world, to_commit(&world, &name)).await.unwrap();
        let ended = comes_to(&world, &name, RunState::Committed).await;
        assert!(died.load(Ordering::SeqCst), "nothing passed {point}");
        let progress = ended.progress.unwrap().commit.unwrap();
        assert_eq!((progress.items_done, progress.lines_committed, progress.units_given), (2, 4, 6), "after {point}");
        assert_eq!(all_units(&world).await, COMMITTED, "after {point}");
        let books = world.inventory.books();
        assert_eq!(books.committed.len(), 2, "what was sent again was the same call");
        assert_eq!(books.commit_calls.len(), if point == COMMIT_APPLIED_CRASH_POINT { 3 } else { 2 });
    }
}

/// What bars a line after inventory has given its units is not told as if nothing had happened to it.
async fn what_was_asked_before_a_crash_is_told_though_the_line_is_pinned_since(backend: Backend) {
    let armed = Arc::new(AtomicBool::new(true));
    let is_armed = Arc::clone(&armed);
    let dies = move |passed: &str| passed == COMMIT_APPLIED_CRASH_POINT && is_armed.load(Ordering::SeqCst);
    let config = Config { crash_point: Some(CrashPoint::new(dies)), ..Config::default() };
    let world = World::with(backend, config).await;
    gold_waits(&world).await;
    let name = simulated(&world).await;
    commit(&world, to_commit(&world, &name)).await.unwrap();
    eventually("inventory has done it", || async { !world.inventory.books().committed.is_empty() }).await;
    pin(&world, "A-1").await;
    armed.store(false, Ordering::SeqCst);
    comes_to(&world, &name, RunState::Committed).await;
    assert_eq!(outcomes(&world, &name).await[0], ("A-1".to_owned(), RunLineOutcome::Applied, 4, 0));
    assert_eq!(all_units(&world).await, COMMITTED);
}

async fn pin(world: &World, order: &str) {
    let request = PinConfirmationRequest {
        request_id: world.id(),
        line: format!("orders/{order}/lines/1"),
        context: because("promised by hand"),
        ..PinConfirmationRequest::default()
    };
    world.clients.overrides.clone().pin_confirmation(request).await.unwrap();
}

async fn what_changed_since_is_left_as_it_is_and_told(backend: Backend) {
    let world = World::new(backend).await;
    gold_waits(&world).await;
    let name = simulated(&world).await;
    // A count takes a unit of the first; the second is pinned where inventory does not hear of it.
    let changed = world.inventory.books().lose("orders/A-1/lines/1", 1);
    world.tell(&[changed]).await;
    pin(&world, "A-3").await;
    commit(&world, to_commit(&world, &name)).await.unwrap();
    let ended = comes_to(&world, &name, RunState::Committed).await;
    let expected = [
        ("A-1", RunLineOutcome::Stale, 0, 0),
        ("A-2", RunLineOutcome::NoCover, 0, 0),
        ("A-3", RunLineOutcome::Pinned, 0, 0),
        ("A-4", RunLineOutcome::NoCover, 0, 0),
    ];
    assert_eq!(outcomes(&world, &name).await, told(&expected));
    let progress = ended.progress.unwrap().commit.unwrap();
    let counted = (progress.lines_stale, progress.lines_without_cover, progress.lines_skipped, progress.units_given);
    assert_eq!(counted, (1, 2, 1, 0));
    assert!(world.inventory.books().commit_calls.is_empty(), "nothing was asked of inventory");
    world.idle().await;
    assert_eq!(all_units(&world).await, [(4, 1), (0, 4), (3, 0), (0, 2)]);
}

async fn what_nobody_would_get_stays_with_its_line(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 5);
    place(&world, "a", "STD", 5).await;
    world.app.spawn_jobs(&world.jobs);
    let rules = RunRules { default_strategy: RunStrategy::Lose.into(), ..RunRules::default() };
    // Nobody waits for it, so it has to be named.
    let scope = RunScope { items: vec!["items/a".to_owned()], ..RunScope::default() };
    let request = StartRunRequest { scope: Some(scope), rules: Some(rules), ..gold_first(&world) };
    let started = start(&world, request).await;
    comes_to(&world, &started.name, RunState::Done).await;
    commit(&world, to_commit(&world, &started.name)).await.unwrap();
    let ended = comes_to(&world, &started.name, RunState::Committed).await;
    assert_eq!(outcomes(&world, &started.name).await, told(&[("A-1", RunLineOutcome::Kept, 0, 0)]));
    assert_eq!(ended.progress.unwrap().commit.unwrap().lines_kept, 1);
    assert_eq!(units(&world, "A-1").await, (5, 0));
}

async fn many_lines_go_in_several_calls(backend: Backend) {
    let world = World::with(backend, Config { run_units_at_once: 2, ..Config::default() }).await;
    world.free("a", 6);
    for tier in ["STD", "GOLD"] {
        for _ in 0..6 {
            place(&world, "a", tier, 1).await;
        }
    }
    let name = simulated(&world).await;
    commit(&world, to_commit(&world, &name)).await.unwrap();
    let ended = comes_to(&world, &name, RunState::Committed).await;
    let progress = ended.progress.unwrap().commit.unwrap();
    assert_eq!((progress.lines_committed, progress.units_taken, progress.units_given), (12, 6, 6));
    let books = world.inventory.books();
    let shape: Vec<_> =
        books.commit_calls.iter().map(|call| (call.reductions.len(), call.gains.len(), call.more_follow)).collect();
    assert_eq!(shape, [(2, 2, true), (2, 2, true), (2, 2, false)], "each is balanced in itself");
}

async fn a_commit_that_is_cancelled_ends_after_its_items(backend: Backend) {
    // One item fills a group.
    let world = World::with(backend, Config { run_units_at_once: 2, ..Config::default() }).await;
    gold_waits(&world).await;
    let name = simulated(&world).await;
    world.inventory.hold_answers_back();
    commit(&world, to_commit(&world, &name)).await.unwrap();
    eventually("inventory was asked", || async { !world.inventory.books().commit_calls.is_empty() }).await;
    let request = CancelRunRequest { request_id: world.id(), name: name.clone(), context: because("stop") };
    let cancelled = world.clients.runs.clone().cancel_run(request).await.unwrap().into_inner();
    assert_eq!((cancelled.state(), cancelled.cancel_requested), (RunState::Committing, true));
    world.inventory.let_answers_go();
    let ended = comes_to(&world, &name, RunState::Cancelled).await;
    let progress = ended.progress.clone().unwrap().commit.unwrap();
    assert_eq!((progress.items_total, progress.items_done, progress.units_given), (2, 1, 4));
    assert_eq!(all_units(&world).await, [(1, 4), (4, 0), (3, 0), (0, 2)], "the item under way was finished");
    let (applied, nothing) = (RunLineOutcome::Applied, RunLineOutcome::Unspecified);
    let expected = [("A-1", applied, 4, 0), ("A-2", applied, 0, 4), ("A-3", nothing, 0, 0), ("A-4", nothing, 0, 0)];
    assert_eq!(outcomes(&world, &name).await, told(&expected));
    let late = commit(&world, to_commit(&world, &name)).await;
    assert_eq!(refusal(late), (Code::FailedPrecondition, ErrorReason::RunStateConflict));
}

async fn a_commit_that_inventory_refuses_fails_with_its_word(backend: Backend) {
    let world = World::new(backend).await;
    world.inventory.books().items.insert(UNCOMMITTED_ITEM.to_owned(), "china".to_owned());
    world.free("uncommitted", 5);
    place(&world, "uncommitted", "STD", 5).await;
    place(&world, "uncommitted", "GOLD", 4).await;
    let name = simulated(&world).await;
    commit(&world, to_commit(&world, &name)).await.unwrap();
    let failed = comes_to(&world, &name, RunState::Failed).await;
    assert!(failed.failure.contains(UNCOMMITTED_ITEM), "{}", failed.failure);
}

async fn only_a_run_that_is_done_is_committed(backend: Backend) {
    let world = World::new(backend).await;
    gold_waits(&world).await;
    let none = to_commit(&world, "runs/0b6f9f0a-6f0a-5d0f-9d3b-2c7f0d1e5a11");
    assert_eq!(refusal(commit(&world, none).await), (Code::NotFound, ErrorReason::RunNotFound));
    let nameless = to_commit(&world, "run");
    assert_eq!(refusal(commit(&world, nameless).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let started = start(&world, gold_first(&world)).await;
    let early = commit(&world, to_commit(&world, &started.name)).await;
    assert_eq!(refusal(early), (Code::FailedPrecondition, ErrorReason::RunStateConflict));
    let unknown = StartRunRequest { mode: 99, ..gold_first(&world) };
    let refused = world.clients.runs.clone().start_run(unknown).await;
    assert_eq!(refusal(refused), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

on_each_backend!(
    units_change_hands_and_a_second_commit_does_nothing,
    a_run_may_commit_by_itself,
    a_commit_that_dies_goes_on_and_does_everything_once,
    what_was_asked_before_a_crash_is_told_though_the_line_is_pinned_since,
    what_changed_since_is_left_as_it_is_and_told,
    what_nobody_would_get_stays_with_its_line,
    many_lines_go_in_several_calls,
    a_commit_that_is_cancelled_ends_after_its_items,
    a_commit_that_inventory_refuses_fails_with_its_word,
    only_a_run_that_is_done_is_committed,
);
