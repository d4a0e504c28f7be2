//! Empty, huge and wrong requests to the services of planners and suppliers: each is refused with the fields that are wrong,
//! and nothing of it is done.

use std::fmt::Debug;

use backorder_proto::{
    allocation::v1 as pb,
    common::v1::WriteContext,
    inventory::v1::{
        CommitRunRequest, GetItemGroupsRequest, ItemGroups, ListDropShipStockRequest, ListItemGroupsRequest,
        LocationProtections, PutItemGroupsRequest, QuotaGroup, QuotaPlan, ReportDropShipStockRequest, ReportedStock,
        RunUnits,
    },
};
use backorder_testkit::{Backend, on_each_backend};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, fields, reason, request_id},
};
use tonic::{Code, Response, Status};

/// Refused, with the fields that are wrong by name.
fn names<T: Debug>(what: &str, answer: Result<Response<T>, Status>) {
    let status = answer.map(|answer| format!("{:?}", answer.into_inner())).expect_err(what);
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "INVALID_REQUEST"),
        "{what}: {status:?}"
    );
    assert!(!fields(&status).is_empty(), "{what}: {status:?}");
}

macro_rules! refuses {
    ($client:expr, $call:ident, [$($request:expr),+ $(,)?]) => {
        $(names(stringify!($call), $client.clone().$call(tonic::Request::new($request)).await);)+
    };
}

async fn wrong_requests_of_planners_name_their_fields(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("planners");
    world.mug_at_main().await;
    world.place("ann", "mug", 5).await;
    holds_and_overrides(&world).await;
    going_live_and_exceptions(&world).await;
    substitutes_and_batches(&world).await;
    suppliers(&world).await;
    groups(&world).await;
    runs_and_figures(&world).await;
    policies_of_runs(&world).await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.open, line.barriers.len(), line.drop_ship_pending), (5, 0, 0), "nothing was done");
    assert!(world.overrides_of("ann").await.is_empty());
    world.books_balance().await;
    cluster.stop().await;
}

on_each_backend!(wrong_requests_of_planners_name_their_fields);

async fn holds_and_overrides(world: &World) {
    let request_id = request_id();
    let (holds, overrides) = (&world.allocation.holds, &world.allocation.overrides);
    let huge = vec!["x".repeat(5_000); 1_001];
    let set =
        |targets| pb::SetHoldsRequest { request_id: request_id.clone(), targets, r#type: 99, ..Default::default() };
    refuses!(
        holds,
        set_holds,
        [Default::default(), set(Vec::new()), set(huge.clone()), set(vec!["orders/".to_owned()])]
    );
    let clear = pb::ClearHoldsRequest { request_id: request_id.clone(), targets: huge, ..Default::default() };
    refuses!(holds, clear_holds, [Default::default(), clear]);
    refuses!(holds, list_holds, [pb::ListHoldsRequest { page_size: -1, ..Default::default() }]);
    let mut negative = world.assignment("ann", -1, &[("ann", i64::MIN)]);
    negative.location = "locations/".to_owned();
    refuses!(overrides, assign_by_hand, [Default::default(), negative]);
    refuses!(overrides, change_queue_time, [Default::default()]);
    refuses!(overrides, pin_confirmation, [Default::default()]);
    refuses!(overrides, decide_override, [Default::default()]);
    refuses!(overrides, end_override, [Default::default()]);
    refuses!(overrides, list_overrides, [pb::ListOverridesRequest { page_size: -1, ..Default::default() }]);
}

async fn runs_and_figures(world: &World) {
    let (runs, figures) = (&world.allocation.runs, &world.allocation.figures);
    let huge = pb::RunScope { items: vec![world.item_name("mug"); 1_001], ..Default::default() };
    let rules = pb::RunRules { default_strategy: 99, ..Default::default() };
    let start = pb::StartRunRequest { request_id: request_id(), ..Default::default() };
    refuses!(
        runs,
        start_run,
        [
            Default::default(),
            pb::StartRunRequest { scope: Some(huge), ..start.clone() },
            pb::StartRunRequest { mode: -1, ..start.clone() },
            pb::StartRunRequest { rules: Some(rules), ..start },
        ]
    );
    refuses!(runs, get_run, [Default::default(), pb::GetRunRequest { name: "runs/../x".to_owned() }]);
    refuses!(runs, list_runs, [pb::ListRunsRequest { page_size: -1, ..Default::default() }]);
    refuses!(runs, list_run_lines, [Default::default()]);
    refuses!(runs, watch_run, [Default::default()]);
    refuses!(
        runs,
        commit_run,
        [Default::default(), pb::CommitRunRequest { name: "runs/../x".to_owned(), ..Default::default() }]
    );
    refuses!(runs, cancel_run, [Default::default()]);
    refuses!(runs, compare_runs, [Default::default()]);
    let schedule = pb::RunSchedule { weekdays: vec![-1; 1_000], time_zone: "x".repeat(1_000), ..Default::default() };
    let put = pb::PutRunScheduleRequest { request_id: request_id(), schedule: Some(schedule), ..Default::default() };
    refuses!(runs, put_run_schedule, [Default::default(), put]);
    refuses!(
        runs,
        get_run_schedule,
        [Default::default(), pb::GetRunScheduleRequest { name: "runSchedules/../x".to_owned() }]
    );
    refuses!(runs, delete_run_schedule, [Default::default()]);
    let nothing = pb::WhatIfChange::default();
    refuses!(runs, what_if, [Default::default(), pb::WhatIfRequest { changes: vec![nothing; 21], rules: None }]);
    // An empty request asks for everything, so what is wrong has to be there.
    let late = pb::GetServiceFiguresRequest { on_time_days_late: i32::MIN, ..Default::default() };
    let unknown = pb::GetServiceFiguresRequest { group_by: 99, figures: vec![-1; 1_001], ..Default::default() };
    refuses!(figures, get_service_figures, [late, unknown]);
    let unnamed = vec![pb::GivenParameter::default(); 1_001];
    let unknown = pb::GetShortageCostRequest { group_by: 99, ..Default::default() };
    let unnamed = pb::GetShortageCostRequest { parameters: unnamed, ..Default::default() };
    refuses!(figures, get_shortage_cost, [unknown, unnamed]);
    figure_reviews(world).await;
    let (reservations, availability) = (&world.inventory.reservations, &world.inventory.availability);
    let none = RunUnits { line: world.line_name("ann", 1), quantity: i64::MIN, ..Default::default() };
    let commit = CommitRunRequest {
        request_id: request_id(),
        run: "x".repeat(201),
        item: world.item_name("mug"),
        gains: vec![none; 1_001],
        ..Default::default()
    };
    refuses!(reservations, commit_run, [Default::default(), commit]);
    refuses!(availability, read_items, [Default::default()]);
}

async fn figure_reviews(world: &World) {
    let (periods, targets) = (&world.allocation.figure_periods, &world.allocation.figure_targets);
    let month = pb::CloseFigurePeriodRequest { request_id: request_id(), ..Default::default() };
    let far = pb::CloseFigurePeriodRequest { month: "9999-12".to_owned(), group_by: 99, ..month.clone() };
    refuses!(periods, close_figure_period, [Default::default(), month, far]);
    refuses!(periods, get_figure_period, [Default::default()]);
    refuses!(periods, list_figure_periods, [pb::ListFigurePeriodsRequest { page_size: -1, ..Default::default() }]);
    refuses!(periods, list_restatements, [Default::default()]);
    let huge = pb::FigureTarget { name: "x".repeat(10_000), window_days: i32::MAX, ..Default::default() };
    let huge = pb::PutFigureTargetRequest { request_id: request_id(), target: Some(huge), context: None };
    refuses!(targets, put_figure_target, [Default::default(), huge]);
    refuses!(targets, get_figure_target, [Default::default()]);
    refuses!(targets, delete_figure_target, [Default::default()]);
}

async fn policies_of_runs(world: &World) {
    let client = &world.allocation.allocation_policies;
    let segment = pb::Segment { name: "all".to_owned(), strategy: 3, ..Default::default() };
    let put = |change: &dyn Fn(&mut pb::AllocationPolicy)| {
        let mut policy = pb::AllocationPolicy {
            name: "allocationPolicies/hostile".to_owned(),
            segments: vec![segment.clone()],
            ..Default::default()
        };
        change(&mut policy);
        let context = Some(WriteContext { reason_code: "test".to_owned(), ..Default::default() });
        pb::PutAllocationPolicyRequest { request_id: request_id(), policy: Some(policy), context, ..Default::default() }
    };
    let filter = |text: String| put(&move |policy| policy.segments[0].include.clone_from(&text));
    let deep = format!("{}true{}", "(".repeat(900), ")".repeat(900));
    let chain = format!("true{}", " && true".repeat(300));
    let wide = format!("line.open in [{}]", "1, ".repeat(700));
    refuses!(
        client,
        put_allocation_policy,
        [
            Default::default(),
            put(&|policy| policy.name = "allocationPolicies/a/b".to_owned()),
            put(&|policy| policy.segments.clear()),
            put(&|policy| policy.segments = vec![segment.clone(); 101]),
            put(&|policy| policy.segments = vec![segment.clone(); 60_000]),
            put(&|policy| policy.segments[0].strategy = 99),
            put(&|policy| policy.segments[0].evaluation_seq = i32::MIN),
            put(&|policy| policy.promotion_days = Some(i32::MIN)),
            put(&|policy| policy.fallback = "allocationPolicies/hostile".to_owned()),
            put(&|policy| policy.tiers = vec![String::new(); 1_001]),
            filter(deep),
            filter(chain),
            filter(wide),
            filter("x".repeat(90_000)),
            filter("[1].exists(x, x > 0)".to_owned()),
            filter("customer.password == 'x'".to_owned()),
            filter("line.cost_of_delay > 1".to_owned()),
            filter("\0".to_owned()),
        ]
    );
    refuses!(client, retire_allocation_policy, [Default::default()]);
    refuses!(client, get_allocation_policy, [Default::default()]);
    refuses!(client, list_allocation_policy_versions, [Default::default()]);
    refuses!(
        client,
        list_allocation_policies,
        [pb::ListAllocationPoliciesRequest { page_size: -1, ..Default::default() }]
    );
    let negative = pb::ListAllocationPoliciesInForceRequest { page_size: -1, ..Default::default() };
    refuses!(client, list_allocation_policies_in_force, [negative]);
    refuses!(client, use_allocation_policy, [Default::default()]);
    runs_by_policies(world).await;
}

async fn runs_by_policies(world: &World) {
    let client = &world.allocation.allocation_policies;
    let never = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: -1 });
    refuses!(client, get_allocation_policy_in_force, [pb::GetAllocationPolicyInForceRequest { as_of: never }]);
    let both = pb::RunRules {
        policy: "allocationPolicies/hostile".to_owned(),
        policy_draft: Some(pb::AllocationPolicy::default()),
        ..Default::default()
    };
    let empty = pb::RunRules { policy_draft: Some(pb::AllocationPolicy::default()), ..Default::default() };
    let start = |rules| pb::StartRunRequest { request_id: request_id(), rules: Some(rules), ..Default::default() };
    refuses!(world.allocation.runs, start_run, [start(both), start(empty)]);
}

async fn going_live_and_exceptions(world: &World) {
    let (go_live, exceptions) = (&world.allocation.go_live, &world.allocation.exceptions);
    let mut negative = world.import_request("wrong", vec![world.open("old", ("mug", 5), 3)]);
    negative.orders[0].lines[0].shipped = i64::MIN;
    refuses!(go_live, import_open_orders, [Default::default()]);
    // Each order of an import is judged by itself.
    let judged = world.try_import(negative).await.expect("judged");
    let faults: Vec<&str> = judged[0].faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!((judged[0].outcome(), faults), (pb::OpenOrderOutcome::Refused, vec!["lines[0].shipped"]));
    refuses!(go_live, confirm_go_live, [Default::default()]);
    refuses!(exceptions, assign_exception, [Default::default()]);
    refuses!(exceptions, snooze_exception, [Default::default()]);
    let request_id = request_id();
    let long = pb::NoteExceptionRequest { request_id, note: "x".repeat(100_000), ..Default::default() };
    refuses!(exceptions, note_exception, [Default::default(), long]);
    refuses!(exceptions, list_exceptions, [pb::ListExceptionsRequest { page_size: -1, ..Default::default() }]);
}

async fn substitutes_and_batches(world: &World) {
    let orders = &world.allocation.orders;
    let mut negative = world.substitution("ann", -1);
    negative.substitute = "items/".to_owned();
    refuses!(orders, substitute_line, [Default::default(), negative]);
    refuses!(world.allocation.serving, commit_held, [Default::default()]);
    let stock = &world.inventory.stock;
    refuses!(stock, put_batches, [Default::default()]);
    refuses!(stock, list_stock_by_batch, [Default::default()]);
    refuses!(stock, list_batches, [Default::default()]);
    let shipments = &world.allocation.shipments;
    let listed = |item: &str, batch: &str| pb::ListShippedBatchesRequest {
        item: item.to_owned(),
        batch: batch.to_owned(),
        ..Default::default()
    };
    let negative = pb::ListShippedBatchesRequest { page_size: -1, ..Default::default() };
    refuses!(shipments, list_shipped_batches, [negative, listed("items/", ""), listed("", "a/b")]);
    let nanos = Some(prost_types::Timestamp { seconds: 0, nanos: -1 });
    let never = pb::SummarizeShippedOwnersRequest { from_time: nanos, until_time: None };
    refuses!(shipments, summarize_shipped_owners, [never]);
    let picked = |units: Option<pb::PickedUnits>| pb::ShipOrderLinesRequest {
        request_id: request_id(),
        lines: vec![pb::LineQuantity { name: world.line_name("ann", 1), quantity: 1 }],
        picked: vec![pb::PickedLine { name: world.line_name("bob", 1), location: String::new(), units }],
        ..Default::default()
    };
    let negative = pb::PickedUnits { batch: "red".to_owned(), owner: "x".repeat(5_000), quantity: i64::MIN };
    refuses!(orders, ship_order_lines, [picked(None), picked(Some(negative))]);
}

async fn suppliers(world: &World) {
    let (takes, stock) = (&world.allocation.drop_ship, &world.inventory.drop_ship_stock);
    let take = pb::TakeFromDropShipRequest {
        request_id: request_id(),
        line: world.line_name("ann", 1),
        quantity: -1,
        supplier: "x".repeat(5_000),
        answer_hours: i32::MAX,
        ..Default::default()
    };
    refuses!(takes, take_from_drop_ship, [Default::default(), take]);
    refuses!(takes, confirm_take, [Default::default()]);
    refuses!(takes, refuse_take, [Default::default()]);
    refuses!(takes, cancel_take, [Default::default()]);
    refuses!(takes, confirm_drop_shipment, [Default::default()]);
    refuses!(takes, list_drop_ship_takes, [pb::ListDropShipTakesRequest { page_size: -1, ..Default::default() }]);
    let line = ReportedStock { item: "mug".to_owned(), quantity: i64::MIN, unit: String::new() };
    let report = ReportDropShipStockRequest {
        request_id: request_id(),
        supplier: String::new(),
        lines: vec![line; 1_001],
        valid_hours: -1,
        ..Default::default()
    };
    refuses!(stock, report_drop_ship_stock, [Default::default(), report]);
    refuses!(stock, list_drop_ship_stock, [ListDropShipStockRequest { page_size: -1, ..Default::default() }]);
}

async fn groups(world: &World) {
    let groups = &world.inventory.groups;
    let of = |groups: ItemGroups| PutItemGroupsRequest {
        request_id: request_id(),
        groups: Some(ItemGroups { item: world.item_name("mug"), ..groups }),
        context: None,
    };
    let levels = vec!["tier".to_owned()];
    let many = QuotaPlan { groups: vec![QuotaGroup::default(); 10_000], ..Default::default() };
    let far = QuotaPlan { backward_periods: i32::MAX, forward_periods: -1, ..Default::default() };
    let nowhere = LocationProtections { location: "x".repeat(5_000), ..Default::default() };
    refuses!(
        groups,
        put_item_groups,
        [
            Default::default(),
            of(ItemGroups { levels: levels.clone(), plans: vec![many], ..Default::default() }),
            of(ItemGroups { levels: levels.clone(), plans: vec![far], ..Default::default() }),
            of(ItemGroups { levels: levels.clone(), protections: vec![nowhere; 2], ..Default::default() }),
            of(ItemGroups { levels: vec!["x".repeat(5_000)], ..Default::default() }),
            of(ItemGroups { levels: vec!["\0".to_owned()], ..Default::default() }),
            of(ItemGroups { levels, etag: "not mine".to_owned(), ..Default::default() }),
        ]
    );
    refuses!(groups, get_item_groups, [GetItemGroupsRequest::default()]);
    refuses!(groups, list_item_groups, [ListItemGroupsRequest { page_size: -1, ..Default::default() }]);
}
