//! Malformed, huge and hostile requests: the right code, every violation named, nothing half done.

use std::fmt::Debug;

use backorder_proto::{
    allocation::v1::{
        CancelOrderLinesRequest, ListOrdersRequest, OrderDraft, OrderLineDraft, PlaceOrderRequest, QuoteOrderRequest,
        ShipOrderLinesRequest,
    },
    inventory::v1::{
        BatchGetAvailabilityRequest, CreateItemRequest, Item, ReceiptLine, ReceiveStockRequest, ReserveLine,
        ReserveStockRequest, Shortfall, VerifyBooksRequest,
    },
};
use backorder_testkit::{Backend, counts, on_each_backend, seed};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, reason, request_id},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

async fn malformed_requests_name_every_violation(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("hostile");
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    let before = books(&world).await;

    malformed_orders(&world).await;
    malformed_stock(&world).await;

    assert_eq!(books(&world).await, before, "a refused request moved stock");
    cluster.stop().await;
}

on_each_backend!(malformed_requests_name_every_violation);

async fn malformed_orders(world: &World) {
    let mug = world.item_name("mug");
    let line = |item: &str, quantity: i64| OrderLineDraft { item: item.to_owned(), quantity, ..Default::default() };
    let place = |request_id: String, lines: Vec<OrderLineDraft>| PlaceOrderRequest {
        request_id,
        order: Some(OrderDraft { order_id: "hostile".to_owned(), lines, ..Default::default() }),
        context: None,
    };
    let mut orders = world.allocation.orders.clone();
    let request = place("no uuid".to_owned(), vec![line("mug", 0), line(&mug, -1), line(&mug, i64::MAX)]);
    invalid(
        orders.place_order(request).await,
        &[
            "request_id",
            "order.lines[0].item",
            "order.lines[0].quantity",
            "order.lines[1].quantity",
            "order.lines[2].quantity",
        ],
    );
    invalid(orders.place_order(PlaceOrderRequest { request_id: request_id(), ..Default::default() }).await, &["order"]);
    invalid(orders.place_order(place(request_id(), Vec::new())).await, &["order.lines"]);
    invalid(orders.place_order(place(request_id(), vec![line(&mug, 1); 2_001])).await, &["order.lines"]);
    let twice = OrderLineDraft { line_number: 7, ..line(&mug, 1) };
    invalid(orders.place_order(place(request_id(), vec![twice.clone(), twice])).await, &["order.lines[1].line_number"]);
    let mut hostile_id = place(request_id(), vec![line(&mug, 1)]);
    hostile_id.order.as_mut().expect("a draft").order_id = "a/../b\r\n".to_owned();
    invalid(orders.place_order(hostile_id).await, &["order.order_id"]);
    let quote = QuoteOrderRequest {
        request_id: request_id(),
        order: place(String::new(), vec![line(&mug, 1)]).order,
        ..Default::default()
    };
    invalid(orders.quote_order(quote).await, &["time_to_live"]);
    invalid(
        orders.cancel_order_lines(CancelOrderLinesRequest::default()).await,
        &["request_id", "name", "context.reason_code"],
    );
    invalid(
        orders.ship_order_lines(ShipOrderLinesRequest { request_id: request_id(), ..Default::default() }).await,
        &["lines"],
    );
    invalid(orders.list_orders(ListOrdersRequest { page_size: -1, ..Default::default() }).await, &["page_size"]);
    refused(
        orders.list_orders(ListOrdersRequest { page_token: "AAAA".to_owned(), ..Default::default() }).await,
        Code::InvalidArgument,
        "PAGE_TOKEN_INVALID",
    );
}

async fn malformed_stock(world: &World) {
    let mug = world.item_name("mug");
    let mut reservations = world.inventory.reservations.clone();
    let reserve =
        |line: ReserveLine| ReserveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
    let request = reserve(ReserveLine { quantity: 0, shortfall: 99, strength: 99, ..Default::default() });
    invalid(
        reservations.reserve_stock(request).await,
        &["lines[0].line", "lines[0].item", "lines[0].quantity", "lines[0].shortfall", "lines[0].strength"],
    );
    let soft_for_ever = ReserveLine {
        line: "x".to_owned(),
        item: mug.clone(),
        quantity: 1,
        shortfall: Shortfall::Keep.into(),
        strength: 1,
        ..Default::default()
    };
    invalid(reservations.reserve_stock(reserve(soft_for_ever)).await, &["lines[0].expire_time"]);

    let mut stock = world.inventory.stock.clone();
    let receipt =
        ReceiptLine { item: mug.clone(), location: "locations/".to_owned(), accepted: -1, ..Default::default() };
    let request = ReceiveStockRequest { request_id: request_id(), lines: vec![receipt], ..Default::default() };
    invalid(stock.receive_stock(request).await, &["lines[0].location", "lines[0].accepted"]);
    let item = Item { name: "items/x".to_owned(), pack_size: -1, safety_stock: -1, ..Default::default() };
    let request = CreateItemRequest { request_id: request_id(), item: Some(item) };
    invalid(world.inventory.catalog.clone().create_item(request).await, &["item.pack_size", "item.safety_stock"]);
    let pairs = vec![Default::default(); 1_001];
    invalid(
        world
            .inventory
            .availability
            .clone()
            .batch_get_availability(BatchGetAvailabilityRequest { pairs, ..Default::default() })
            .await,
        &["pairs"],
    );
}

fn invalid<T: Debug>(answer: Result<Response<T>, Status>, fields: &[&str]) {
    let status = answer.expect_err("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_REQUEST"), "{status:?}");
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("the violations are named").field_violations;
    let named: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(named, fields, "{violations:?}");
}

fn refused<T: Debug>(answer: Result<Response<T>, Status>, code: Code, why: &str) {
    let status = answer.expect_err("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (code, why), "{status:?}");
}

/// The digest of all movements and how many there are.
async fn books(world: &World) -> (String, i64) {
    world.idle().await;
    let answer = world.inventory.operations.clone().verify_books(VerifyBooksRequest { digest: true }).await;
    let answer = answer.expect("verify").into_inner();
    assert!(answer.balanced, "{:?}", answer.differences);
    (answer.digest, answer.movements)
}

/// Random requests with good and bad values mixed: whatever the answer, it must be one of the documented codes, and the
/// books must balance after all of them.
async fn random_requests_never_break_the_books(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("fuzz");
    world.mug_at_main().await;
    world.receive("mug", "main", 500).await;
    let mut random = StdRng::seed_from_u64(seed());
    for _ in 0..counts::cases("hostile_requests") {
        let lines = (0..random.random_range(0..4)).map(|_| mutated_line(&mut random, &world)).collect();
        let request = ReserveStockRequest { request_id: request_id(), lines, ..Default::default() };
        if let Err(status) = world.inventory.reservations.clone().reserve_stock(request).await {
            let documented = matches!(
                status.code(),
                Code::InvalidArgument
                    | Code::NotFound
                    | Code::AlreadyExists
                    | Code::FailedPrecondition
                    | Code::OutOfRange
            );
            assert!(documented && !reason(&status).is_empty(), "{status:?}");
        }
    }
    world.books_balance().await;
    cluster.stop().await;
}

on_each_backend!(random_requests_never_break_the_books);

fn mutated_line(random: &mut StdRng, world: &World) -> ReserveLine {
    let mut choose = |values: &[String]| values[random.random_range(0..values.len())].clone();
    let line = choose(&["a", "b", "c", "", "\0", "../../etc", "'; DROP TABLE claim; --"].map(str::to_owned));
    let item = choose(&[world.item_name("mug"), world.item_name("ghost"), "items/".to_owned(), "x".repeat(5_000)]);
    let location = choose(&[world.location_name("main"), world.location_name("nowhere"), String::new()]);
    let number = |random: &mut StdRng| [1, 3, 0, -1, i64::MAX, i64::MIN, 1_000_000_000_000][random.random_range(0..7)];
    ReserveLine {
        line: if random.random_bool(0.5) { request_id() } else { line },
        part: random.random_range(-1..3),
        item,
        quantity: number(random),
        locations: if random.random_bool(0.5) { vec![location] } else { Vec::new() },
        minimum_per_location: if random.random_bool(0.2) { number(random) } else { 0 },
        shortfall: random.random_range(0..5),
        strength: random.random_range(0..5),
        split_allowed: random.random_bool(0.5),
        eligible: random.random_bool(0.5),
        all_or_nothing_group: if random.random_bool(0.3) { "group".to_owned() } else { String::new() },
        waiting_limit: random.random_bool(0.3).then(|| number(random)),
        takes_over_line: if random.random_bool(0.1) { "a".to_owned() } else { String::new() },
        ..Default::default()
    }
}

/// More than the server takes in one message is refused before it is read.
async fn a_huge_message_is_refused(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("huge");
    world.mug_at_main().await;
    let mut draft = world.draft("huge").line("mug", 1);
    draft.order().customer = "x".repeat(5 << 20);
    let status = draft.send().await.expect_err("five MiB in one field");
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted | Code::InvalidArgument), "{status:?}");
    world.books_balance().await;
    cluster.stop().await;
}

on_each_backend!(a_huge_message_is_refused);
