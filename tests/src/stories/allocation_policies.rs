//! Allocation runs by policies: segments with filters, exceptions and what they stop, fallbacks, drafts, and what is in force.

use backorder_proto::allocation::v1::{
    AllocationPolicy, CompareRunsRequest, ExceptionBehaviour, FallbackScope, GetAllocationPolicyRequest, RunProgress,
    RunResult, RunStrategy, UseAllocationPolicyRequest,
};
use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use super::simulated_runs::{three_wait, worked_example};
use crate::world::{
    World,
    allocation_policies::{by_draft, by_policy, segment},
    because, reason, request_id,
};

const TIERS: [&str; 6] = ["WIN", "GAIN", "FIRST", "SECOND", "FILL", "LOSE"];

/// The policy of the worked example: each tier has a segment with its own filter.
fn example(world: &World, policy: &str) -> AllocationPolicy {
    let of = |tier: &str| format!("customer.tier == {tier:?}");
    let segments = vec![
        segment(1, "must", RunStrategy::Win, &of("WIN")),
        segment(2, "promised", RunStrategy::Gain, "customer.tier.startsWith('GA')"),
        segment(3, "first", RunStrategy::Redistribute, &of("FIRST")),
        segment(4, "second", RunStrategy::Redistribute, "line.ordered == 40 && customer.tier != 'WIN'"),
        segment(5, "shops", RunStrategy::Fill, "customer.tier in ['FILL']"),
        segment(6, "rest", RunStrategy::Lose, ""),
    ];
    world.allocation_policy(policy, &TIERS, segments)
}

/// Everybody gets what is left, by tier.
fn plain(world: &World) -> AllocationPolicy {
    world.allocation_policy("plain", &TIERS, vec![segment(1, "all", RunStrategy::Redistribute, "")])
}

pub async fn a_policy_gives_every_segment_what_its_strategy_says(world: &World) {
    worked_example(world, 40).await;
    let version = world.put_policy(example(world, "example")).await.expect("written");
    let run = world.simulate(by_policy(&world.allocation_policy_name("example"))).await;
    let expected = [
        ("r1", "must", vec![(0, 40)]),
        ("r2", "promised", vec![(0, 30)]),
        ("r3", "first", vec![(0, 30), (5, 20)]),
        ("r4", "second", vec![(5, 30)]),
        ("r5", "shops", vec![]),
        ("r6", "rest", vec![]),
    ];
    for (name, segment, expected) in expected {
        assert_eq!(world.would_have(&run, name).await, expected, "{name}");
        assert_eq!(world.run_line(&run, name).await.segment, segment, "{name}");
    }
    let rules = run.rules.clone().expect("rules");
    assert_eq!(rules.policy, version.name, "the version is told");
    let progress = run.progress.expect("progress");
    let segments: Vec<_> = progress.segments.iter().map(|sums| (sums.segment.as_str(), sums.units_confirmed)).collect();
    assert_eq!(
        segments,
        [("must", 40), ("promised", 30), ("first", 50), ("second", 30), ("shops", 0), ("rest", 0)],
        "in the order of service"
    );
    let waits: Vec<_> = progress.tier_waits.iter().map(|wait| wait.customer_tier.as_str()).collect();
    assert_eq!(waits, TIERS);
    let again = world.simulate(by_draft(example(world, "example"))).await;
    let request = CompareRunsRequest { first: run.name, second: again.name, ..Default::default() };
    let compared = world.allocation.runs.clone().compare_runs(request).await.expect("compared").into_inner();
    assert_eq!(compared.differences, [], "a draft decides as the policy does");
}

/// Beside the mugs, of which the winner wants more than there are, ten cups that a winner could have of a loser.
async fn with_cups(world: &World) {
    worked_example(world, 110).await;
    world.item("cup").await;
    world.receive("cup", "main", 10).await;
    world.draft("c1").tier("LOSE").line("cup", 10).place().await.expect("placed");
    world.draft("c2").tier("WIN").line("cup", 10).place().await.expect("placed");
    world.idle().await;
    world.put_policy(plain(world)).await.expect("written");
}

struct Outcome {
    mugs: Vec<Vec<(i64, i64)>>,
    cups: Vec<Vec<(i64, i64)>>,
    by_fallback: [bool; 2],
    discarded: usize,
    progress: RunProgress,
}

async fn outcome(world: &World, behaviour: ExceptionBehaviour, fallback: Option<(&str, FallbackScope)>) -> Outcome {
    let mut policy = example(world, "example");
    policy.set_exception_behaviour(behaviour);
    if let Some((fallback, scope)) = fallback {
        policy.set_fallback_scope(scope);
        policy.fallback = world.allocation_policy_name(fallback);
    }
    let run = world.simulate_items(&["mug", "cup"], by_draft(policy)).await;
    assert_eq!(run.exceptions.len(), 1, "{run:#?}");
    assert_eq!((run.exceptions[0].line.as_str(), run.exceptions[0].missing), (world.line_name("r1", 1).as_str(), 10));
    let (mut mugs, mut cups) = (Vec::new(), Vec::new());
    for name in ["r1", "r2", "r3", "r4", "r5", "r6"] {
        mugs.push(world.would_have(&run, name).await);
    }
    for name in ["c1", "c2"] {
        cups.push(world.would_have(&run, name).await);
    }
    let lines = world.run_lines(&run).await;
    let by_fallback = ["mug", "cup"].map(|item| {
        let item = world.item_name(item);
        lines.iter().filter(|line| line.item == item).all(|line| line.by_fallback)
    });
    let discarded = lines.iter().filter(|line| line.result() == RunResult::Discarded).count();
    Outcome { mugs, cups, by_fallback, discarded, progress: run.progress.expect("progress") }
}

pub async fn an_exception_stops_its_item_or_the_whole_run(world: &World) {
    with_cups(world).await;
    let now = world.simulate(None).await;
    let lines = world.run_lines(&now).await;
    let as_now = ["r1", "r2", "r3", "r4", "r5", "r6"].map(|order| {
        let name = world.line_name(order, 1);
        world.by_day(lines.iter().filter(|line| line.line == name).flat_map(|line| line.before.clone()))
    });
    let item = outcome(world, ExceptionBehaviour::StopFailedCombinations, None).await;
    assert_eq!(as_now[3], [(0, 40)]);
    assert_eq!((&item.mugs[..], item.cups), (&as_now[..], vec![vec![], vec![(0, 10)]]));
    assert!(!item.progress.exception_reached_all);
    let all = outcome(world, ExceptionBehaviour::StopCompletely, None).await;
    assert_eq!((&all.mugs[..], all.cups), (&as_now[..], vec![vec![(0, 10)], vec![]]), "no line changes");
    assert!(all.progress.exception_reached_all);
    assert_eq!((all.discarded, all.progress.lines_discarded, all.progress.lines_changed), (10, 10, 0));
}

pub async fn a_fallback_decides_about_what_failed_or_about_everything(world: &World) {
    with_cups(world).await;
    let by_tier = vec![vec![(0, 100), (5, 10)], vec![(5, 30)], vec![(5, 10)], vec![], vec![], vec![]];
    let of_winner = vec![vec![], vec![(0, 10)]];
    let (failed, all) = (("plain", FallbackScope::FailedCombinations), ("plain", FallbackScope::Unrestricted));
    let stop_item = ExceptionBehaviour::StopFailedCombinations;
    let about_failed = outcome(world, stop_item, Some(failed)).await;
    assert_eq!((&about_failed.mugs, &about_failed.cups), (&by_tier, &of_winner));
    assert_eq!((about_failed.by_fallback, about_failed.discarded), ([true, false], 0));
    let about_all = outcome(world, stop_item, Some(all)).await;
    assert_eq!((&about_all.mugs, &about_all.cups), (&by_tier, &of_winner));
    assert_eq!((about_all.by_fallback, about_all.progress.exception_reached_all), ([true, true], true));
    let instead = outcome(world, ExceptionBehaviour::StopCompletely, Some(all)).await;
    assert_eq!((&instead.mugs, &instead.cups), (&by_tier, &of_winner));
    assert_eq!((instead.by_fallback, instead.discarded), ([true, true], 0));
}

pub async fn what_a_fallback_leaves_out_keeps_what_the_first_policy_left_it(world: &World) {
    with_cups(world).await;
    let segments = vec![
        segment(1, "winners", RunStrategy::Skip, "customer.tier == 'WIN'"),
        segment(2, "others", RunStrategy::Redistribute, ""),
    ];
    world.put_policy(world.allocation_policy("others", &TIERS, segments)).await.expect("written");
    let fallback = Some(("others", FallbackScope::Unrestricted));
    let decided = outcome(world, ExceptionBehaviour::StopFailedCombinations, fallback).await;
    // The winner of the mugs failed and keeps its 20 and what is expected; the one of the cups keeps what it won.
    let mugs = vec![vec![(0, 20), (5, 50)], vec![(0, 30)], vec![(0, 50)], vec![], vec![], vec![]];
    assert_eq!((decided.mugs, decided.cups), (mugs, vec![vec![], vec![(0, 10)]]));
    assert_eq!((decided.by_fallback, decided.discarded), ([false, false], 2));
}

pub async fn a_draft_is_tried_and_compared_and_leaves_nothing(world: &World) {
    three_wait(world).await;
    world.draft("dan").customer("dan").tier("GOLD").line("mug", 4).place().await.expect("placed");
    world.idle().await;
    let now = world.simulate(None).await;
    let gold = vec![
        segment(1, "gold", RunStrategy::Redistribute, "customer.tier == 'GOLD' && line.open > 3"),
        segment(2, "rest", RunStrategy::Redistribute, "line.requested_date <= today + duration_days(30)"),
    ];
    let tried = world.simulate(by_draft(world.allocation_policy("gold", &["GOLD"], gold))).await;
    assert_eq!(world.would_have(&tried, "dan").await, [(3, 4)]);
    assert_eq!(world.would_have(&tried, "ann").await, [(3, 6)]);
    assert_eq!(world.would_have(&tried, "bob").await, [(8, 8)]);
    let request = CompareRunsRequest { first: now.name, second: tried.name, ..Default::default() };
    let compared = world.allocation.runs.clone().compare_runs(request).await.expect("compared").into_inner();
    let mut lines: Vec<_> = compared.differences.iter().map(|one| (one.line.clone(), one.quantity_change)).collect();
    lines.sort();
    let changed = |order: &str, units| (world.line_name(order, 1), units);
    // Dan takes what Cid would have had, and two of the units of Bob that came soon.
    assert_eq!(lines, [changed("bob", 0), changed("cid", -3), changed("dan", 3)]);
    let request = GetAllocationPolicyRequest { name: world.allocation_policy_name("gold"), as_of: None };
    let kept = world.allocation.allocation_policies.clone().get_allocation_policy(request).await;
    assert_eq!(reason(&kept.expect_err("a draft is not kept")), "ALLOCATION_POLICY_NOT_FOUND");
}

async fn use_policy(world: &World, policy: &str, from: Option<Timestamp>) {
    let request = UseAllocationPolicyRequest {
        request_id: request_id(),
        policy: world.allocation_policy_name(policy),
        effective_time: from.map(backorder_proto::convert::encode::timestamp),
        context: because("spring"),
        ..Default::default()
    };
    world.allocation.allocation_policies.clone().use_allocation_policy(request).await.expect("decided");
}

/// Needs a clock that can be moved, and a company of its own: what is in force concerns every run that names no rules.
pub async fn what_goes_live_tomorrow_decides_tomorrow(world: &World) {
    three_wait(world).await;
    world.draft("dan").customer("dan").tier("GOLD").line("mug", 4).place().await.expect("placed");
    world.idle().await;
    let queue = vec![segment(1, "all", RunStrategy::Redistribute, "")];
    let old = world.put_policy(world.allocation_policy("old", &["none"], queue)).await.expect("written");
    use_policy(world, "old", None).await;
    let gold = vec![
        segment(1, "gold", RunStrategy::Redistribute, "customer.tier == 'GOLD'"),
        segment(2, "rest", RunStrategy::Redistribute, ""),
    ];
    let new = world.put_policy(world.allocation_policy("new", &["GOLD"], gold)).await.expect("written");
    let tomorrow = TimeZone::UTC.to_timestamp(world.day(1).to_datetime(Time::midnight())).expect("a day");
    use_policy(world, "new", Some(tomorrow)).await;
    let today = world.simulate(None).await;
    assert_eq!(today.rules.as_ref().expect("rules").policy, old.name);
    assert_eq!(world.would_have(&today, "dan").await, [(8, 1)]);
    let (days, dan) = (world.day(3), "dan");
    world.advance(SignedDuration::from_hours(24));
    let then = world.simulate(None).await;
    assert_eq!(then.rules.as_ref().expect("rules").policy, new.name);
    let line = world.run_line(&then, dan).await;
    let left: Vec<_> = line.after.iter().map(|part| (part.ship_date, part.quantity)).collect();
    assert_eq!(left, [(Some(crate::world::date(days)), 4)]);
    let before = world.allocation.runs.clone();
    let request = backorder_proto::allocation::v1::GetRunRequest { name: today.name.clone() };
    let before = before.clone().get_run(request).await.expect("kept").into_inner();
    assert_eq!(before.rules.expect("rules").policy, old.name, "what was decided by is kept");
}
