//! Allocation runs that are committed: reserved units change hands as the run decided, and whatever changed since stays.

use backorder_proto::allocation::v1::{
    AllocationRun, HoldType, RunLineOutcome, RunState, RunStrategy, VerifyOrdersRequest,
};
use futures::future::join_all;

use crate::world::{World, runs::by_tier};

const GOLD_FIRST: [(&str, RunStrategy); 2] = [("GOLD", RunStrategy::Redistribute), ("STD", RunStrategy::Redistribute)];

async fn order(world: &World, name: &str, tier: &str, quantity: i64) {
    world.draft(name).tier(tier).line("mug", quantity).place().await.expect("placed");
    world.moment();
}

/// A standard customer has all ten mugs, and a golden one waits for six.
async fn gold_waits(world: &World) -> AllocationRun {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    order(world, "std", "STD", 10).await;
    order(world, "gold", "GOLD", 6).await;
    world.idle().await;
    world.simulate(Some(by_tier(&GOLD_FIRST))).await
}

/// (reserved, open) of an order's line.
async fn units(world: &World, order: &str) -> (i64, i64) {
    let line = world.line(order, 1).await;
    (line.reserved, line.open)
}

async fn outcome(world: &World, run: &AllocationRun, order: &str) -> (RunLineOutcome, i64, i64) {
    let line = world.run_line(run, order).await;
    (line.outcome(), line.units_taken, line.units_given)
}

/// Nothing is sold twice, and orders and books agree.
async fn all_is_right(world: &World) {
    world.idle().await;
    world.books_balance().await;
    let proof = world.allocation.operations.clone().verify_orders(VerifyOrdersRequest {}).await.expect("proven");
    assert!(proof.into_inner().balanced);
}

pub async fn gold_takes_from_standard_by_commit(world: &World) {
    let run = gold_waits(world).await;
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((10, 0), (0, 6)), "nothing happened yet");
    let run = world.commit_run(&run).await;
    assert_eq!(run.state(), RunState::Committed);
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((4, 6), (6, 0)));
    assert_eq!(outcome(world, &run, "std").await, (RunLineOutcome::Applied, 6, 0));
    assert_eq!(outcome(world, &run, "gold").await, (RunLineOutcome::Applied, 0, 6));
    let mugs = world.position("mug", "main").await;
    assert_eq!((mugs.reserved, mugs.held, mugs.available), (10, 0, 0));
    // The promise of each follows its units, and says why.
    for order in ["std", "gold"] {
        let told = world.explain(order, 1).await.history;
        let cause = told.last().map(|revision| revision.cause.clone()).unwrap_or_default();
        assert!(cause.contains("an allocation run was committed"), "{order}: {told:#?}");
    }
    all_is_right(world).await;
}

pub async fn a_second_commit_has_nothing_to_do(world: &World) {
    let run = gold_waits(world).await;
    let first = world.commit_run(&run).await;
    all_is_right(world).await;
    assert_eq!(world.commit_run(&run).await, first, "it is committed");
    let again = world.simulate(Some(by_tier(&GOLD_FIRST))).await;
    assert_eq!(again.progress.clone().expect("progress").lines_changed, 0);
    let again = world.commit_run(&again).await;
    assert_eq!(outcome(world, &again, "gold").await, (RunLineOutcome::Unchanged, 0, 0));
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((4, 6), (6, 0)));
    all_is_right(world).await;
}

pub async fn a_line_that_changed_since_is_left_and_told(world: &World) {
    let run = gold_waits(world).await;
    world.cancel("gold", 1, 1).await.expect("cancelled");
    world.idle().await;
    let run = world.commit_run(&run).await;
    assert_eq!(outcome(world, &run, "gold").await, (RunLineOutcome::Stale, 0, 0));
    assert_eq!(outcome(world, &run, "std").await, (RunLineOutcome::Kept, 0, 0), "nobody gets its units");
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((10, 0), (0, 5)));
    let progress = run.progress.expect("progress").commit.expect("committed");
    assert_eq!((progress.lines_stale, progress.lines_kept, progress.units_taken), (1, 1, 0));
    all_is_right(world).await;
}

pub async fn what_was_pinned_or_held_since_keeps_what_it_has(world: &World) {
    let run = gold_waits(world).await;
    world.pin("std", None).await.expect("pinned");
    let pinned = world.commit_run(&run).await;
    assert_eq!(outcome(world, &pinned, "std").await, (RunLineOutcome::Pinned, 0, 0));
    assert_eq!(outcome(world, &pinned, "gold").await, (RunLineOutcome::NoCover, 0, 0));
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((10, 0), (0, 6)));
    let pin = world.overrides_of("std").await.remove(0);
    world.end_override(&pin.name).await.expect("ended");
    let run = world.simulate(Some(by_tier(&GOLD_FIRST))).await;
    world.hold(&world.order_name("gold"), HoldType::Credit).await;
    let held = world.commit_run(&run).await;
    assert_eq!(outcome(world, &held, "gold").await, (RunLineOutcome::Barred, 0, 0));
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((10, 0), (0, 6)));
    all_is_right(world).await;
}

pub async fn what_is_only_expected_follows_the_queue(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("soon", "mug", "main", 5, world.day(3)).await;
    world.expect_supply("later", "mug", "main", 5, world.day(8)).await;
    order(world, "std", "STD", 5).await;
    order(world, "gold", "GOLD", 5).await;
    world.idle().await;
    let run = world.simulate(Some(by_tier(&GOLD_FIRST))).await;
    assert_eq!(world.would_have(&run, "gold").await, [(3, 5)]);
    let promised = world.line("gold", 1).await;
    let run = world.commit_run(&run).await;
    assert_eq!(outcome(world, &run, "gold").await, (RunLineOutcome::ExpectedOnly, 0, 0));
    assert_eq!(world.line("gold", 1).await, promised);
    assert_eq!(run.progress.expect("progress").commit.expect("committed").lines_expected_only, 2);
}

pub async fn a_commit_while_orders_stream_in_oversells_nothing(world: &World) {
    const ORDERS: usize = 8;
    world.mug_at_main().await;
    world.receive("mug", "main", 40).await;
    for number in 0..ORDERS {
        order(world, &format!("std-{number}"), "STD", 5).await;
    }
    for number in 0..ORDERS {
        order(world, &format!("gold-{number}"), "GOLD", 3).await;
    }
    world.idle().await;
    let run = world.simulate(Some(by_tier(&GOLD_FIRST))).await;
    let placed = (0..20).map(|number| async move { world.place(&format!("new-{number}"), "mug", 2).await });
    let cancelled = (0..ORDERS / 2).map(|number| async move {
        world.cancel(&format!("std-{}", number * 2), 1, 1).await.expect("cancelled");
    });
    let (run, ..) = futures::join!(world.commit_run(&run), join_all(placed), join_all(cancelled));
    assert_eq!(run.state(), RunState::Committed);
    all_is_right(world).await;
    let mugs = world.position("mug", "main").await;
    assert_eq!((mugs.reserved, mugs.held, mugs.available), (40, 0, 0), "each of forty mugs is somebody's");
    let progress = run.progress.expect("progress").commit.expect("committed");
    let told = progress.lines_committed + progress.lines_stale + progress.lines_without_cover + progress.lines_kept;
    assert_eq!(told + progress.lines_expected_only + progress.lines_skipped, run_lines_changed(world, &run.name).await);
}

async fn run_lines_changed(world: &World, name: &str) -> i64 {
    let run = AllocationRun { name: name.to_owned(), ..AllocationRun::default() };
    let lines = world.run_lines(&run).await;
    let changed = lines.iter().filter(|line| line.outcome() != RunLineOutcome::Unchanged).count();
    i64::try_from(changed).unwrap_or_default()
}

/// What a crash is told about: a commit that was asked for.
pub async fn a_commit_is_asked_for(world: &World) -> AllocationRun {
    let run = gold_waits(world).await;
    world.ask_to_commit(&run).await
}

/// After the crash, the commit that was asked for has happened, once.
pub async fn the_commit_has_happened_once(world: &World, run: &AllocationRun) {
    let run = world.commit_run(run).await;
    assert_eq!(run.state(), RunState::Committed, "{run:#?}");
    assert_eq!((units(world, "std").await, units(world, "gold").await), ((4, 6), (6, 0)));
    assert_eq!(outcome(world, &run, "gold").await, (RunLineOutcome::Applied, 0, 6));
    let progress = run.progress.expect("progress").commit.expect("committed");
    assert_eq!((progress.lines_committed, progress.units_taken, progress.units_given), (2, 6, 6));
    all_is_right(world).await;
}
