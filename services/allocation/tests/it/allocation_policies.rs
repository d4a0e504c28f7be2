//! Policies of allocation runs as their callers see them: versions that hold from a time on, what is in force, what is
//! refused, and runs that go by the version that held when they were started.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use backorder_allocation::{Config, CrashPoint, SIMULATION_CRASH_POINT};
use backorder_proto::{allocation::v1::*, common::v1::ErrorReason, convert::encode};
use backorder_testkit::{Backend, eventually, on_each_backend};
use jiff::{SignedDuration, Timestamp};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{NOW, World, because, refusal};

const SPRING: &str = "allocationPolicies/spring";

fn segment(place: i32, strategy: RunStrategy, include: &str) -> Segment {
    Segment {
        name: format!("segment {place}"),
        strategy: strategy.into(),
        include: include.to_owned(),
        evaluation_seq: place,
        check_seq: place,
        ..Segment::default()
    }
}

fn policy(id: &str, strategy: RunStrategy) -> AllocationPolicy {
    AllocationPolicy {
        name: format!("allocationPolicies/{id}"),
        segments: vec![segment(1, strategy, "")],
        ..AllocationPolicy::default()
    }
}

fn falling_back(id: &str, to: &str) -> AllocationPolicy {
    AllocationPolicy { fallback: format!("allocationPolicies/{to}"), ..policy(id, RunStrategy::Win) }
}

/// So many hours after the beginning of the world.
fn in_hours(hours: i64) -> Option<prost_types::Timestamp> {
    let now: Timestamp = NOW.parse().unwrap();
    Some(encode::timestamp(now + SignedDuration::from_hours(hours)))
}

fn put_request(world: &World, policy: AllocationPolicy) -> PutAllocationPolicyRequest {
    PutAllocationPolicyRequest {
        request_id: world.id(),
        policy: Some(policy),
        context: because("test"),
        ..PutAllocationPolicyRequest::default()
    }
}

async fn put(world: &World, request: PutAllocationPolicyRequest) -> Result<AllocationPolicyVersion, Status> {
    Ok(world.clients.allocation_policies.clone().put_allocation_policy(request).await?.into_inner())
}

async fn put_now(world: &World, policy: AllocationPolicy) -> AllocationPolicyVersion {
    put(world, put_request(world, policy)).await.unwrap()
}

async fn get(
    world: &World,
    name: &str,
    as_of: Option<prost_types::Timestamp>,
) -> Result<AllocationPolicyVersion, Status> {
    let request = GetAllocationPolicyRequest { name: name.to_owned(), as_of };
    Ok(world.clients.allocation_policies.clone().get_allocation_policy(request).await?.into_inner())
}

async fn retire(
    world: &World,
    id: &str,
    effective_time: Option<prost_types::Timestamp>,
) -> Result<AllocationPolicyVersion, Status> {
    let request = RetireAllocationPolicyRequest {
        request_id: world.id(),
        name: format!("allocationPolicies/{id}"),
        effective_time,
        context: because("test"),
        ..RetireAllocationPolicyRequest::default()
    };
    Ok(world.clients.allocation_policies.clone().retire_allocation_policy(request).await?.into_inner())
}

async fn use_policy(
    world: &World,
    policy: &str,
    effective_time: Option<prost_types::Timestamp>,
) -> Result<AllocationPolicyInForce, Status> {
    let request = UseAllocationPolicyRequest {
        request_id: world.id(),
        policy: policy.to_owned(),
        effective_time,
        context: because("test"),
        ..UseAllocationPolicyRequest::default()
    };
    Ok(world.clients.allocation_policies.clone().use_allocation_policy(request).await?.into_inner())
}

async fn in_force(world: &World, as_of: Option<prost_types::Timestamp>) -> String {
    let request = GetAllocationPolicyInForceRequest { as_of };
    let mut client = world.clients.allocation_policies.clone();
    client.get_allocation_policy_in_force(request).await.unwrap().into_inner().policy
}

fn fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

const NOT_FOUND: (Code, ErrorReason) = (Code::NotFound, ErrorReason::AllocationPolicyNotFound);
const IN_USE: (Code, ErrorReason) = (Code::FailedPrecondition, ErrorReason::StillInUse);

async fn a_version_is_written_once_and_the_one_before_it_stays(backend: Backend) {
    let world = World::new(backend).await;
    let request = put_request(&world, policy("spring", RunStrategy::Win));
    let first = put(&world, request.clone()).await.unwrap();
    assert_eq!((first.name.as_str(), first.etag.as_str()), ("allocationPolicies/spring/versions/1", "1"));
    assert_eq!(put(&world, request.clone()).await.unwrap(), first, "the same write");
    let other = PutAllocationPolicyRequest { policy: Some(policy("spring", RunStrategy::Gain)), ..request };
    assert_eq!(refusal(put(&world, other).await), (Code::InvalidArgument, ErrorReason::RequestIdReused));
    let on = |etag: &str, strategy| PutAllocationPolicyRequest {
        etag: etag.to_owned(),
        ..put_request(&world, policy("spring", strategy))
    };
    let stale = put(&world, on("0", RunStrategy::Gain)).await;
    assert_eq!(refusal(stale), (Code::Aborted, ErrorReason::VersionMismatch));
    let second = put(&world, on("1", RunStrategy::Gain)).await.unwrap();
    assert_eq!(get(&world, SPRING, None).await.unwrap(), second);
    assert_eq!(get(&world, &first.name, None).await.unwrap(), first);
    let context = first.context.unwrap();
    assert_eq!((context.actor.as_str(), context.reason_code.as_str()), ("test", "test"), "who and why");
    let mut newest_first = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListAllocationPolicyVersionsRequest { name: SPRING.to_owned(), page_size: 1, page_token };
        let mut client = world.clients.allocation_policies.clone();
        let page = client.list_allocation_policy_versions(request).await.unwrap().into_inner();
        newest_first.extend(page.versions.into_iter().map(|version| version.etag));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(newest_first, ["2", "1"]);
}

async fn a_version_holds_from_its_time_on_and_a_newer_one_of_that_time_overrules_it(backend: Backend) {
    let world = World::new(backend).await;
    let at = |hours, strategy| PutAllocationPolicyRequest {
        effective_time: in_hours(hours),
        ..put_request(&world, policy("spring", strategy))
    };
    put(&world, at(24, RunStrategy::Win)).await.unwrap();
    assert_eq!(refusal(get(&world, SPRING, None).await), NOT_FOUND, "it waits");
    let listed = world.clients.allocation_policies.clone();
    let listed = listed.clone().list_allocation_policies(ListAllocationPoliciesRequest::default()).await.unwrap();
    let listed: Vec<_> = listed.into_inner().policies.into_iter().map(|version| version.etag).collect();
    assert_eq!(listed, ["1"], "what is yet to take effect is listed");
    put(&world, at(2, RunStrategy::Gain)).await.unwrap();
    put(&world, at(24, RunStrategy::Fill)).await.unwrap();
    let holds =
        async |hours| get(&world, SPRING, in_hours(hours)).await.map(|version| version.etag).unwrap_or_default();
    assert_eq!(
        (holds(1).await, holds(2).await, holds(23).await, holds(24).await),
        (String::new(), "2".into(), "2".into(), "3".into())
    );
    world.clock.advance(SignedDuration::from_hours(30));
    assert_eq!(get(&world, SPRING, None).await.unwrap().etag, "3");
    let past = put(&world, at(29, RunStrategy::Win)).await.unwrap_err();
    assert_eq!(fields(&past), ["effective_time"]);
}

async fn a_check_writes_nothing_and_everything_that_is_wrong_is_told(backend: Backend) {
    let world = World::new(backend).await;
    let request =
        PutAllocationPolicyRequest { validate_only: true, ..put_request(&world, policy("spring", RunStrategy::Win)) };
    assert_eq!(put(&world, request.clone()).await.unwrap().etag, "1");
    assert_eq!(refusal(get(&world, SPRING, None).await), NOT_FOUND);
    let mut wrong = policy("spring", RunStrategy::Win);
    wrong.segments.push(segment(1, RunStrategy::Unspecified, "line.cost_of_delay > 3"));
    wrong.segments[0].include = "customer.tier = 'GOLD'".to_owned();
    wrong.segments[1].sort = vec![SegmentSort { key: SegmentSortKey::Channel.into(), ..SegmentSort::default() }];
    wrong.promotion_days = Some(0);
    let refused =
        put(&world, PutAllocationPolicyRequest { policy: Some(wrong), context: None, ..request.clone() }).await;
    let expected = [
        "policy.segments[1].strategy",
        "policy.segments[0].include",
        "policy.segments[1].name",
        "policy.segments[1].evaluation_seq",
        "policy.segments[1].sort[0]",
        "policy.promotion_days",
        "policy.promotion_days",
        "context.reason_code",
    ];
    assert_eq!(fields(&refused.unwrap_err()), expected);
    let mut unknown = policy("spring", RunStrategy::Win);
    unknown.segments[0].exclude = "line.cost_of_delay > 3".to_owned();
    let refused = put(&world, PutAllocationPolicyRequest { policy: Some(unknown), ..request }).await.unwrap_err();
    let told = refused.get_details_bad_request().unwrap().field_violations.remove(0);
    assert_eq!(told.field, "policy.segments[0].exclude");
    assert!(told.description.contains("line.value_at_risk and line.margin are known"), "{}", told.description);
}

async fn fallbacks_are_there_and_lead_nowhere_back(backend: Backend) {
    let world = World::new(backend).await;
    let refused = put(&world, put_request(&world, falling_back("a", "b"))).await;
    assert_eq!(refusal(refused), NOT_FOUND);
    put_now(&world, policy("c", RunStrategy::Improve)).await;
    put_now(&world, falling_back("b", "c")).await;
    put_now(&world, falling_back("a", "b")).await;
    let circle = put(&world, put_request(&world, falling_back("c", "a"))).await.unwrap_err();
    assert_eq!(fields(&circle), ["policy.fallback"]);
    let later =
        PutAllocationPolicyRequest { effective_time: in_hours(5), ..put_request(&world, falling_back("c", "a")) };
    assert_eq!(fields(&put(&world, later).await.unwrap_err()), ["policy.fallback"]);
    assert_eq!(refusal(retire(&world, "c", None).await), IN_USE);
    // From then on nobody falls back to c.
    let alone = PutAllocationPolicyRequest {
        effective_time: in_hours(5),
        ..put_request(&world, policy("b", RunStrategy::Win))
    };
    put(&world, alone).await.unwrap();
    assert_eq!(refusal(retire(&world, "c", in_hours(4)).await), IN_USE);
    assert!(retire(&world, "c", in_hours(5)).await.unwrap().retires);
    let on_retired = put(&world, put_request(&world, falling_back("d", "c"))).await;
    assert_eq!(refusal(on_retired), NOT_FOUND, "it is retired later");
    world.clock.advance(SignedDuration::from_hours(6));
    assert_eq!(refusal(get(&world, "allocationPolicies/c", None).await), NOT_FOUND);
    assert!(get(&world, "allocationPolicies/c/versions/1", None).await.is_ok(), "versions stay");
}

async fn the_policy_in_force_is_decided_with_its_time_and_not_retired(backend: Backend) {
    let world = World::new(backend).await;
    assert_eq!(in_force(&world, None).await, "");
    assert_eq!(refusal(use_policy(&world, SPRING, None).await), NOT_FOUND);
    put_now(&world, policy("spring", RunStrategy::Gain)).await;
    let decided = use_policy(&world, SPRING, in_hours(3)).await.unwrap();
    assert_eq!((decided.policy.as_str(), decided.etag.as_str()), (SPRING, "1"));
    assert_eq!((in_force(&world, None).await.as_str(), in_force(&world, in_hours(3)).await.as_str()), ("", SPRING));
    assert_eq!(refusal(retire(&world, "spring", None).await), IN_USE);
    use_policy(&world, "", in_hours(9)).await.unwrap();
    assert_eq!(refusal(retire(&world, "spring", in_hours(8)).await), IN_USE);
    retire(&world, "spring", in_hours(9)).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(10));
    assert_eq!(in_force(&world, None).await, "");
    let request = ListAllocationPoliciesInForceRequest::default();
    let decisions = world.clients.allocation_policies.clone().list_allocation_policies_in_force(request).await;
    let decisions: Vec<_> = decisions.unwrap().into_inner().decisions.into_iter().map(|one| one.policy).collect();
    assert_eq!(decisions, ["", SPRING]);
}

/// Two orders for `a`, of which the first has its 5 units and the second waits for as many; one for `b` waits.
async fn three_lines(world: &World) {
    world.free("a", 5);
    for (item, tier) in [("a", "STD"), ("a", "GOLD"), ("b", "GOLD")] {
        let mut order = world.order(item, 5);
        order.customer_tier = tier.to_owned();
        order.channel = "web".to_owned();
        order.lines[0].locations = vec!["locations/main".to_owned()];
        world.place(order).await;
    }
}

async fn start(world: &World, rules: Option<RunRules>) -> Result<AllocationRun, Status> {
    let request =
        StartRunRequest { request_id: world.id(), rules, context: because("test"), ..StartRunRequest::default() };
    Ok(world.clients.runs.clone().start_run(request).await?.into_inner())
}

async fn done(world: &World, name: &str) -> (AllocationRun, Vec<RunLine>) {
    let get = || async {
        let request = GetRunRequest { name: name.to_owned() };
        world.clients.runs.clone().get_run(request).await.unwrap().into_inner()
    };
    eventually("the run is done", || async { get().await.state() == RunState::Done }).await;
    let request = ListRunLinesRequest { name: name.to_owned(), ..ListRunLinesRequest::default() };
    let lines = world.clients.runs.clone().list_run_lines(request).await.unwrap().into_inner().lines;
    (get().await, lines)
}

async fn a_run_goes_by_the_version_that_held_when_it_was_started(backend: Backend) {
    let world = World::new(backend).await;
    three_lines(&world).await;
    let first = put_now(&world, policy("spring", RunStrategy::Lose)).await;
    use_policy(&world, SPRING, None).await.unwrap();
    let request = StartRunRequest { request_id: world.id(), context: because("test"), ..StartRunRequest::default() };
    let started = world.clients.runs.clone().start_run(request.clone()).await.unwrap().into_inner();
    assert_eq!(started.rules.as_ref().unwrap().policy, first.name);
    put_now(&world, policy("spring", RunStrategy::Skip)).await;
    use_policy(&world, "", None).await.unwrap();
    retire(&world, "spring", None).await.unwrap();
    let again = world.clients.runs.clone().start_run(request).await.unwrap().into_inner();
    assert_eq!(again, started, "the same write, whatever is in force by now");
    world.app.spawn_jobs(&world.jobs);
    let (_, lines) = done(&world, &started.name).await;
    assert!(lines.len() == 3 && lines.iter().all(|line| line.strategy() == RunStrategy::Lose), "{lines:#?}");
    let named = |name: &str| Some(RunRules { policy: name.to_owned(), ..RunRules::default() });
    assert_eq!(refusal(start(&world, named(SPRING)).await), NOT_FOUND, "it is retired");
    assert!(start(&world, named(&first.name)).await.is_ok(), "its versions can still be tried");
}

async fn segments_claim_by_what_orders_and_items_are(backend: Backend) {
    let world = World::new(backend).await;
    three_lines(&world).await;
    world.app.spawn_jobs(&world.jobs);
    let mut draft = policy("", RunStrategy::Win);
    draft.name.clear();
    draft.tiers = vec!["GOLD".to_owned(), "STD".to_owned()];
    draft.promotion_days = Some(30);
    draft.segments = vec![
        segment(1, RunStrategy::Redistribute, "line.tier == 'GOLD' && item.category == 'china' && item.id != 'b'"),
        segment(2, RunStrategy::Redistribute, "order.channel == 'web' && line.open == 0"),
        segment(3, RunStrategy::Skip, "line.promised_date < today"),
    ];
    let rules = || Some(RunRules { policy_draft: Some(draft.clone()), ..RunRules::default() });
    let (run, lines) = done(&world, &start(&world, rules()).await.unwrap().name).await;
    let told: Vec<_> =
        lines.iter().map(|line| (line.line.as_str(), line.segment.as_str(), line.quantity_change)).collect();
    assert_eq!(told, [("orders/A-1/lines/1", "segment 2", -5), ("orders/A-2/lines/1", "segment 1", 5)]);
    let progress = run.progress.unwrap();
    let left: Vec<_> = progress.left_out.iter().map(|left| (left.cause(), left.claims)).collect();
    assert_eq!(left, [(RunLeftOutCause::Unclaimed, 1)]);
    let failures: Vec<_> = progress.filter_failures.iter().map(|one| (one.field.as_str(), one.lines)).collect();
    assert_eq!(failures, [("segments[2].include", 1)], "nothing is promised of b");
    // A month later the line of the lower tier is served as one of the higher.
    world.clock.advance(SignedDuration::from_hours(31 * 24));
    let (run, lines) = done(&world, &start(&world, rules()).await.unwrap().name).await;
    assert_eq!((lines[0].segment.as_str(), lines[0].promoted, lines[1].promoted), ("segment 1", true, false));
    let waits = run.progress.unwrap().tier_waits;
    let waits: Vec<_> =
        waits.iter().map(|wait| (wait.customer_tier.as_str(), wait.longest_wait_days, wait.lines_promoted)).collect();
    assert_eq!(waits, [("GOLD", Some(31), 0), ("STD", Some(31), 1)]);
    let listed = world.clients.runs.clone().list_runs(ListRunsRequest::default()).await.unwrap().into_inner();
    assert!(
        listed.runs.iter().all(|run| run.rules.as_ref().unwrap().policy_draft.as_ref().unwrap().segments.is_empty())
    );
}

async fn a_run_that_stops_completely_survives_its_death_at_every_step(backend: Backend) {
    let passed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&passed);
    // It dies after its first lines, of the pass that finds the exception, and again after the first ones of the next pass.
    let dies =
        move |point: &str| point == SIMULATION_CRASH_POINT && matches!(seen.fetch_add(1, Ordering::SeqCst), 0 | 2);
    let config = Config { run_items_at_once: 1, crash_point: Some(CrashPoint::new(dies)), ..Config::default() };
    let world = World::with(backend, config).await;
    three_lines(&world).await;
    let mut draft = policy("stops", RunStrategy::Win);
    draft.segments = vec![segment(1, RunStrategy::Win, "customer.tier == 'GOLD'"), segment(2, RunStrategy::Lose, "")];
    draft.set_exception_behaviour(ExceptionBehaviour::StopCompletely);
    let started = start(&world, Some(RunRules { policy_draft: Some(draft), ..RunRules::default() })).await.unwrap();
    world.app.spawn_jobs(&world.jobs);
    let (run, lines) = done(&world, &started.name).await;
    assert!(passed.load(Ordering::SeqCst) >= 5, "it died twice");
    let told: Vec<_> =
        lines.iter().map(|line| (line.item.as_str(), line.result(), line.after == line.before)).collect();
    let discarded = |item| (item, RunResult::Discarded, true);
    assert_eq!(told, [discarded("items/a"), discarded("items/a"), discarded("items/b")], "no line changes");
    let progress = run.progress.unwrap();
    assert_eq!((progress.items_done, progress.lines, progress.lines_changed, progress.exceptions), (2, 3, 0, 1));
    assert!(progress.exception_reached_all);
    assert_eq!(run.exceptions[0].line, "orders/A-3/lines/1");
}

on_each_backend!(
    a_version_is_written_once_and_the_one_before_it_stays,
    a_version_holds_from_its_time_on_and_a_newer_one_of_that_time_overrules_it,
    a_check_writes_nothing_and_everything_that_is_wrong_is_told,
    fallbacks_are_there_and_lead_nowhere_back,
    the_policy_in_force_is_decided_with_its_time_and_not_retired,
    a_run_goes_by_the_version_that_held_when_it_was_started,
    segments_claim_by_what_orders_and_items_are,
    a_run_that_stops_completely_survives_its_death_at_every_step,
);
