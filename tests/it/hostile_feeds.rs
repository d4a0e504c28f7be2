//! Wrong, empty, huge, doubled and contradictory documents of warehouses and carriers: each fault is named by its field and
//! line, and nothing of the document is done.

use std::fmt::Debug;

use backorder_proto::{
    allocation::v1::{
        AcknowledgeWarehouseOrdersRequest, CarrierStatus, ConfirmShipmentRequest, ConfirmShipmentResponse,
        ConfirmedLine, ListCarrierEventsRequest, ListShipmentsRequest, ListWarehouseOrdersRequest,
        ReportCarrierStatusRequest, ReportedEvent,
    },
    common::v1::DocumentRef,
    inventory::v1::{
        AdjustmentLine, AdviseAdjustmentRequest, AdviseReceiptRequest, BookStockDifferencesRequest,
        CompareStockRequest, ComparedLine, ListReceiptsRequest, ListStockDifferencesRequest, ReceiptLine, StockState,
    },
};
use backorder_testkit::{Backend, on_each_backend};
use backorder_tests::{
    cluster::in_process::InProcess,
    world::{World, because, date, feeds::refused, fields, reason, request_id},
};
use tonic::{Code, Response, Status};

/// More units than any command may name, and so many that two of them are more than a number holds.
const TOO_MANY: i64 = 1_000_000_000_001;

/// Eight mugs are there: six in the warehouse's hands for Ann, two free. One left for Bob, as `van`.
async fn a_warehouse_at_work(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    world.place("bob", "mug", 1).await;
    world.release("bob", 1, 1).await.expect("released");
    world.confirm_shipment("van", vec![world.confirmed("bob", [1, 0, 0])]).await.expect("shipped");
    world.place("ann", "mug", 6).await;
    world.release("ann", 1, 6).await.expect("released");
    world.idle().await;
}

/// Everything that a document could have changed.
async fn all_of(world: &World) -> impl Debug + PartialEq {
    let position = world.position("mug", "main").await;
    let lines = [world.line("ann", 1).await, world.line("bob", 1).await];
    let receipts = ListReceiptsRequest { page_size: 100, ..Default::default() };
    let receipts = world.inventory.receipts.clone().list_receipts(receipts).await.expect("listed").into_inner();
    let differences = ListStockDifferencesRequest { page_size: 100, ..Default::default() };
    let feed = &world.inventory.feed;
    let differences = feed.clone().list_stock_differences(differences).await.expect("listed").into_inner();
    let shipments = ListShipmentsRequest { page_size: 100, ..Default::default() };
    let shipments = world.allocation.shipments.clone().list_shipments(shipments).await.expect("listed").into_inner();
    let mut events = Vec::new();
    for shipment in &shipments.shipments {
        let request = ListCarrierEventsRequest { shipment: shipment.name.clone() };
        events.push(world.allocation.feed.clone().list_carrier_events(request).await.expect("listed").into_inner());
    }
    let orders = ListWarehouseOrdersRequest { page_size: 100, ..Default::default() };
    let orders = world.allocation.feed.clone().list_warehouse_orders(orders).await.expect("listed").into_inner();
    (position, lines, receipts, differences, shipments, (events, orders))
}

/// What was refused, and the fields that it named, against those that it should have named.
struct Checked {
    wrong: Vec<String>,
}

impl Checked {
    fn names<T: Debug>(&mut self, what: &str, answer: Result<Response<T>, Status>, expected: &[&str]) {
        let told = match &answer {
            Ok(answer) => format!("taken: {answer:?}"),
            Err(status) if (status.code(), reason(status).as_str()) == (Code::InvalidArgument, "INVALID_REQUEST") => {
                let named = fields(status);
                if named == expected {
                    return;
                }
                format!("names {named:?}")
            }
            Err(status) => format!("refused otherwise: {status:?}"),
        };
        self.wrong.push(format!("{what}: {told}, not {expected:?}"));
    }
}

fn named(sender: &str, number: &str) -> Option<DocumentRef> {
    Some(DocumentRef { sender: sender.to_owned(), number: number.to_owned() })
}

async fn wrong_documents_name_their_fields_and_lines_and_do_nothing(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("hostile");
    a_warehouse_at_work(&world).await;
    let before = all_of(&world).await;
    let mut checked = Checked { wrong: Vec::new() };
    shipments(&world, &mut checked).await;
    receipts(&world, &mut checked).await;
    adjustments(&world, &mut checked).await;
    comparisons(&world, &mut checked).await;
    carriers(&world, &mut checked).await;
    acknowledgements(&world, &mut checked).await;
    assert!(checked.wrong.is_empty(), "{:#?}", checked.wrong);
    assert_eq!(all_of(&world).await, before, "a refused document has changed something");
    world.books_balance().await;
    cluster.stop().await;
}

/// 945.
async fn shipments(world: &World, checked: &mut Checked) {
    let ann = world.line_name("ann", 1);
    let line = |shipped, not_found, damaged| ConfirmedLine {
        line: ann.clone(),
        shipped,
        not_found,
        damaged,
        picked: Vec::new(),
    };
    let of = |lines: Vec<ConfirmedLine>| ConfirmShipmentRequest {
        request_id: request_id(),
        document: world.document("945"),
        location: world.location_name("main"),
        lines,
        ..Default::default()
    };
    let unnamed = ConfirmedLine { line: "ann/1".to_owned(), ..line(1, 0, 0) };
    let nameless = ConfirmShipmentRequest { document: named("", &"9".repeat(101)), ..of(vec![line(1, 0, 0)]) };
    let cases: [(ConfirmShipmentRequest, &[&str]); 8] = [
        (ConfirmShipmentRequest::default(), &["request_id", "document", "location", "lines"]),
        (of(Vec::new()), &["lines"]),
        (of(vec![line(1, 0, 0); 2_001]), &["lines"]),
        (of(vec![line(-1, i64::MIN, TOO_MANY)]), &["lines[0].shipped", "lines[0].not_found", "lines[0].damaged"]),
        (of(vec![line(1, 0, 0), line(2, 0, 0)]), &["lines[1].line"]),
        (of(vec![line(0, 0, 0)]), &["lines[0].shipped"]),
        (of(vec![line(1, 0, 0), unnamed]), &["lines[1].line"]),
        (nameless, &["document.sender", "document.number"]),
    ];
    for (request, expected) in cases {
        let answer = world.allocation.feed.clone().confirm_shipment(request).await;
        checked.names("945", answer, expected);
    }
}

/// 944.
async fn receipts(world: &World, checked: &mut Checked) {
    let (item, location) = (world.item_name("mug"), world.location_name("main"));
    let line =
        |accepted| ReceiptLine { item: item.clone(), location: location.clone(), accepted, ..Default::default() };
    let of = |lines: Vec<ReceiptLine>| AdviseReceiptRequest {
        request_id: request_id(),
        document: world.document("944"),
        lines,
        ..Default::default()
    };
    let unasked = ReceiptLine { closes_supply: true, ..line(1) };
    let both = ReceiptLine {
        supply: world.supply_name("po"),
        closes_supply: true,
        rest_expected_date: Some(date(world.day(3))),
        ..line(1)
    };
    let no_batch = ReceiptLine { best_before: Some(date(world.day(3))), ..line(1) };
    let nowhere = ReceiptLine { location: "main".to_owned(), item: String::new(), ..line(1) };
    let most = ReceiptLine { damaged: TOO_MANY - 1, ..line(TOO_MANY - 1) };
    let cases: [(AdviseReceiptRequest, &[&str]); 9] = [
        (AdviseReceiptRequest::default(), &["request_id", "document", "lines"]),
        (of(vec![line(1); 1_001]), &["lines"]),
        (of(vec![line(1), line(0)]), &["lines[1]"]),
        (of(vec![line(-1), line(TOO_MANY)]), &["lines[0].accepted", "lines[1].accepted"]),
        (of(vec![most]), &["lines[0]"]),
        (of(vec![unasked]), &["lines[0].closes_supply"]),
        (of(vec![both]), &["lines[0].rest_expected_date"]),
        (of(vec![no_batch]), &["lines[0].best_before"]),
        (of(vec![nowhere]), &["lines[0].item", "lines[0].location"]),
    ];
    for (request, expected) in cases {
        checked.names("944", world.inventory.feed.clone().advise_receipt(request).await, expected);
    }
}

/// 947.
async fn adjustments(world: &World, checked: &mut Checked) {
    use StockState::{Available, Damaged, External, Held, QualityControl, Released, Reserved, Unspecified};
    let line = |from, to, quantity| world.adjusted("mug", from, to, quantity);
    let of = |lines: Vec<AdjustmentLine>| AdviseAdjustmentRequest {
        request_id: request_id(),
        document: world.document("947"),
        lines,
        ..Default::default()
    };
    let unreasoned = AdjustmentLine { reason_code: String::new(), ..line(External, Available, 1) };
    let unknown = AdjustmentLine { from_state: 99, to_state: -1, ..line(External, Available, 1) };
    let cases: [(AdviseAdjustmentRequest, &[&str]); 9] = [
        (AdviseAdjustmentRequest::default(), &["request_id", "document", "lines"]),
        (of(vec![line(External, Available, 1); 1_001]), &["lines"]),
        (
            of(vec![line(External, Available, 0), line(Available, External, -5)]),
            &["lines[0].quantity", "lines[1].quantity"],
        ),
        (
            of(vec![line(Available, Available, 1), line(Damaged, Available, 1)]),
            &["lines[0].to_state", "lines[1].to_state"],
        ),
        (
            of(vec![line(Reserved, External, 1), line(External, Released, 1)]),
            &["lines[0].to_state", "lines[1].to_state"],
        ),
        (
            of(vec![line(Held, Damaged, 1), line(QualityControl, Damaged, 1)]),
            &["lines[0].to_state", "lines[1].to_state"],
        ),
        (of(vec![line(Unspecified, Available, 1)]), &["lines[0].from_state"]),
        (of(vec![unreasoned]), &["lines[0].reason_code"]),
        (of(vec![unknown]), &["lines[0].from_state", "lines[0].to_state"]),
    ];
    for (request, expected) in cases {
        checked.names("947", world.inventory.feed.clone().advise_adjustment(request).await, expected);
    }
}

/// 846, and the booking of what it shows.
async fn comparisons(world: &World, checked: &mut Checked) {
    let item = world.item_name("mug");
    let line = |state: StockState, quantity| ComparedLine {
        item: item.clone(),
        state: state.into(),
        quantity,
        ..Default::default()
    };
    let of = |lines: Vec<ComparedLine>| CompareStockRequest {
        request_id: request_id(),
        document: world.document("846"),
        location: world.location_name("main"),
        lines,
        ..Default::default()
    };
    let twice = vec![line(StockState::Available, 1), line(StockState::Unspecified, 2)];
    let cases: [(CompareStockRequest, &[&str]); 6] = [
        (CompareStockRequest::default(), &["request_id", "document", "location", "lines"]),
        (of(vec![line(StockState::Damaged, 1); 5_001]), &["lines"]),
        (
            of(vec![line(StockState::Available, -1), line(StockState::Damaged, TOO_MANY)]),
            &["lines[0].quantity", "lines[1].quantity"],
        ),
        (of(vec![line(StockState::Reserved, 1), line(StockState::External, 1)]), &["lines[0].state", "lines[1].state"]),
        (of(twice), &["lines[1].item"]),
        (of(vec![ComparedLine { item: "mug".to_owned(), ..line(StockState::Available, 1) }]), &["lines[0].item"]),
    ];
    for (request, expected) in cases {
        checked.names("846", world.inventory.feed.clone().compare_stock(request).await, expected);
    }
    let book =
        |names: Vec<String>| BookStockDifferencesRequest { request_id: request_id(), names, context: because("daily") };
    let one = || "stockDifferences/one".to_owned();
    let cases: [(BookStockDifferencesRequest, &[&str]); 4] = [
        (BookStockDifferencesRequest::default(), &["request_id", "names", "context.reason_code"]),
        (book(vec![one(); 1_001]), &["names"]),
        (book(vec![one(), one()]), &["names[1]"]),
        (book(vec![one(), "one".to_owned()]), &["names[1]"]),
    ];
    for (request, expected) in cases {
        checked.names("book", world.inventory.feed.clone().book_stock_differences(request).await, expected);
    }
}

/// 214.
async fn carriers(world: &World, checked: &mut Checked) {
    let now = Some(backorder_proto::convert::encode::timestamp(world.now()));
    let event = |status: CarrierStatus| ReportedEvent {
        tracking_number: world.id("van"),
        status: status.into(),
        event_time: now,
        ..Default::default()
    };
    let of = |events: Vec<ReportedEvent>| ReportCarrierStatusRequest {
        request_id: request_id(),
        document: world.document("214"),
        events,
        context: None,
    };
    let both = ReportedEvent { shipment: "shipments/x".to_owned(), ..event(CarrierStatus::Delivered) };
    let neither = ReportedEvent { tracking_number: String::new(), ..event(CarrierStatus::Delivered) };
    let timeless = ReportedEvent { event_time: None, ..event(CarrierStatus::InTransit) };
    let long =
        ReportedEvent { note: "x".repeat(1_001), tracking_number: "9".repeat(101), ..event(CarrierStatus::InTransit) };
    let odd =
        ReportedEvent { tracking_number: String::new(), shipment: "van".to_owned(), ..event(CarrierStatus::InTransit) };
    let cases: [(ReportCarrierStatusRequest, &[&str]); 8] = [
        (ReportCarrierStatusRequest::default(), &["request_id", "document", "events"]),
        (of(vec![event(CarrierStatus::InTransit); 1_001]), &["events"]),
        (of(vec![event(CarrierStatus::Unspecified), timeless]), &["events[0].status", "events[1].event_time"]),
        (of(vec![event(CarrierStatus::Delivered), both]), &["events[1].tracking_number"]),
        (of(vec![neither]), &["events[0].shipment"]),
        (of(vec![event(CarrierStatus::Estimated)]), &["events[0].expected_delivery_time"]),
        (of(vec![long]), &["events[0].tracking_number", "events[0].note"]),
        (of(vec![odd]), &["events[0].shipment"]),
    ];
    for (request, expected) in cases {
        checked.names("214", world.allocation.feed.clone().report_carrier_status(request).await, expected);
    }
}

/// 940.
async fn acknowledgements(world: &World, checked: &mut Checked) {
    let name = world.warehouse_orders("main").await.remove(0).name;
    let of = |names: Vec<String>| AcknowledgeWarehouseOrdersRequest {
        request_id: request_id(),
        names,
        ..Default::default()
    };
    let long = AcknowledgeWarehouseOrdersRequest { reference: "x".repeat(201), ..of(vec![name.clone()]) };
    let cases: [(AcknowledgeWarehouseOrdersRequest, &[&str]); 5] = [
        (AcknowledgeWarehouseOrdersRequest::default(), &["request_id", "names"]),
        (of(vec![name.clone(); 1_001]), &["names"]),
        (of(vec![name.clone(), name.clone()]), &["names[1]"]),
        (of(vec![name, "W-1".to_owned()]), &["names[1]"]),
        (long, &["reference"]),
    ];
    for (request, expected) in cases {
        checked.names("940", world.allocation.feed.clone().acknowledge_warehouse_orders(request).await, expected);
    }
}

fn results(answer: Result<ConfirmShipmentResponse, Status>) -> Vec<(i32, String)> {
    let answer = answer.expect("a document that can be read is taken");
    refused(&answer.results).into_iter().map(|(line, reason)| (line, reason.to_owned())).collect()
}

/// Documents that can be read and cannot be true.
async fn contradictory_documents_are_refused_line_by_line_and_once(backend: Backend) {
    let cluster = InProcess::start(backend).await;
    let world = cluster.world("hostile");
    a_warehouse_at_work(&world).await;
    let conflict = vec![(1, "LINE_QUANTITY_CONFLICT".to_owned())];
    let is_over = vec![(1, "ORDER_STATE_CONFLICT".to_owned())];
    let all = TOO_MANY - 1;

    let before = all_of(&world).await;
    assert_eq!(results(world.confirm_shipment("1", vec![world.confirmed("ann", [all; 3])]).await), conflict);
    assert_eq!(results(world.confirm_shipment("2", vec![world.confirmed("ann", [6, 1, 0])]).await), conflict);
    assert_eq!(results(world.confirm_shipment("3", vec![world.confirmed("bob", [1, 0, 0])]).await), is_over);
    let taken_away = world.adjusted("mug", StockState::QualityControl, StockState::Available, 1);
    let adjusted = world.advise_adjustment("4", vec![taken_away]).await.expect("judged");
    assert_eq!(refused(&adjusted.results), [(1, "INSUFFICIENT_STOCK")]);
    assert_eq!(all_of(&world).await, before, "lines that were refused have changed something");

    assert_eq!(results(world.confirm_shipment("5", vec![world.confirmed("ann", [6, 0, 0])]).await), []);
    let other = world.confirm_shipment("5", vec![world.confirmed("ann", [5, 1, 0])]).await;
    assert_eq!(reason(&other.expect_err("the number is used")), "DOCUMENT_REUSED");
    assert_eq!(results(world.confirm_shipment("6", vec![world.confirmed("ann", [0, 6, 0])]).await), is_over);
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.open, line.released), (6, 0, 0), "what left was there");

    // A carrier that tells things in the wrong order, twice, and about nothing.
    let now = world.now();
    let said =
        async |number: &str, tracked: &str, status, at| world.carrier_says(number, tracked, (status, at), None).await;
    let hour = jiff::SignedDuration::from_hours(1);
    said("7", "van", CarrierStatus::Delivered, now + hour).await;
    said("8", "van", CarrierStatus::PickedUp, now).await;
    let again = said("9", "van", CarrierStatus::Delivered, now + hour).await;
    assert_eq!(again.shipments[0].carrier_status(), CarrierStatus::Delivered);
    assert_eq!(world.line("bob", 1).await.delivered, 1, "what arrived has arrived once");
    let nothing = said("10", "nothing", CarrierStatus::Delivered, now).await;
    assert_eq!(refused(&nothing.results), [(1, "SHIPMENT_NOT_FOUND")]);
    world.books_balance().await;
    cluster.stop().await;
}

on_each_backend!(
    wrong_documents_name_their_fields_and_lines_and_do_nothing,
    contradictory_documents_are_refused_line_by_line_and_once,
);
