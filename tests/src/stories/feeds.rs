//! Documents that a warehouse's or a carrier's own system sends and pulls.

use backorder_proto::{
    allocation::v1::{CarrierStatus, GetShipmentRequest, ListCarrierEventsRequest, ShipmentState, WarehouseOrderKind},
    convert::encode,
    inventory::v1::{
        BlindReason, CompareStockRequest, ComparedLine, ReceiptLine, StockDifference, StockDifferenceKind, StockState,
    },
};
use jiff::SignedDuration;

use crate::world::{World, feeds::refused, fields, reason, request_id};

pub async fn a_release_is_an_order_to_its_warehouse_until_it_is_acknowledged(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let mut draft = world.draft("ann").line("mug", 6);
    "dock-7".clone_into(&mut draft.order().ship_to);
    draft.place().await.expect("placed");
    world.release("ann", 1, 4).await.expect("released");
    world.moment();
    world.release("ann", 1, 2).await.expect("and the rest");

    let orders = world.warehouse_orders("main").await;
    assert_eq!(orders.len(), 2, "one for each release: {orders:#?}");
    let (order, line) = (&orders[0], &orders[0].lines[0]);
    assert_eq!(
        (order.kind(), order.location.as_str()),
        (WarehouseOrderKind::Release, world.location_name("main").as_str())
    );
    assert_eq!((line.line.as_str(), line.quantity), (world.line_name("ann", 1).as_str(), 4));
    assert_eq!((line.item.as_str(), line.ordered_unit_quantity), (world.item_name("mug").as_str(), 4));
    assert!(line.requested_date.is_some() && line.promised_date.is_some());
    assert_eq!(line.ship_to, "dock-7");

    world.acknowledge(&order.name, "W-1").await.expect("acknowledged");
    let again = world.acknowledge(&order.name, "W-2").await.expect("a second time is no error");
    assert_eq!(again.acknowledge_reference, "W-1", "the first one stands");
    let left = world.warehouse_orders("main").await;
    assert_eq!(left.iter().map(|order| &order.name).collect::<Vec<_>>(), [&orders[1].name]);
    let unknown = world.acknowledge("warehouseOrders/none", "").await.expect_err("no such order");
    assert_eq!(reason(&unknown), "WAREHOUSE_ORDER_NOT_FOUND");
}

pub async fn a_recall_is_an_order_to_the_warehouse_that_has_the_units(world: &World) {
    world.item("mug").await;
    world.warehouse("main", 1).await;
    world.warehouse("north", 2).await;
    world.receive("mug", "north", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released");
    world.moment();

    let recall = world.cancel_with_recalls("ann", 3).await.expect("asked").recalls.remove(0);
    world.moment();
    let other = world.recall("ann", 1, 1).await.expect("asked");

    let orders = world.warehouse_orders("north").await;
    let told: Vec<_> = orders.iter().map(|o| (o.kind(), o.lines[0].quantity, o.lines[0].recall.as_str())).collect();
    let expected = [
        (WarehouseOrderKind::Release, 5, ""),
        (WarehouseOrderKind::Recall, 3, recall.name.as_str()),
        (WarehouseOrderKind::Recall, 1, other.name.as_str()),
    ];
    assert_eq!(told, expected);
    assert!(world.warehouse_orders("main").await.is_empty());
    world.answer_recall(&recall.name, 3).await.expect("given back");
    world.books_balance().await;
}

pub async fn what_a_warehouse_shipped_and_did_not_find_is_one_document(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 8).await;
    world.place("ann", "mug", 8).await;
    world.release("ann", 1, 8).await.expect("released");

    let lines = vec![world.confirmed("ann", [5, 2, 1])];
    let answer = world.confirm_shipment("945-1", lines.clone()).await.expect("taken");

    assert!(refused(&answer.results).is_empty(), "{:#?}", answer.results);
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.released, line.open), (5, 0, 3), "what is not there waits again");
    let position = world.position("mug", "main").await;
    assert_eq!((position.on_hand, position.damaged), (1, 1));
    let get = GetShipmentRequest { name: answer.shipment.clone() };
    let shipment = world.allocation.shipments.clone().get_shipment(get).await.expect("there").into_inner();
    assert_eq!(shipment.details.expect("details").tracking_number, world.id("945-1"));

    let again = world.confirm_shipment("945-1", lines).await.expect("the same document, another request");
    assert_eq!(again, answer, "the first answer, and no second effect");
    assert_eq!(world.line("ann", 1).await.shipped, 5);
    let other = world.confirm_shipment("945-1", vec![world.confirmed("ann", [1, 0, 0])]).await;
    assert_eq!(reason(&other.expect_err("the number is used")), "DOCUMENT_REUSED");
    world.books_balance().await;
}

pub async fn a_line_that_does_not_fit_is_refused_and_the_others_ship(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 7).await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 3).await;
    world.release("ann", 1, 4).await.expect("released");

    let lines = ["nobody", "ann", "bob"].map(|order| world.confirmed(order, [4, 0, 0]));
    let answer = world.confirm_shipment("945-1", lines.into()).await.expect("taken in part");

    let expected = [(1, "ORDER_NOT_FOUND"), (3, "LINE_QUANTITY_CONFLICT")];
    assert_eq!(refused(&answer.results), expected);
    assert_eq!((world.line("ann", 1).await.shipped, world.line("bob", 1).await.shipped), (4, 0));
    let nothing = world.confirm_shipment("945-2", vec![world.confirmed("bob", [0, 1, 0])]).await.expect("an answer");
    assert_eq!(refused(&nothing.results), [(1, "LINE_QUANTITY_CONFLICT")], "it was never handed over");
    assert!(nothing.shipment.is_empty());
    let rest = world.confirm_shipment("945-3", vec![world.confirmed("bob", [3, 0, 0])]).await.expect("taken");
    assert!(refused(&rest.results).is_empty(), "the refused line comes again under another number");
    world.books_balance().await;
}

pub async fn a_document_that_comes_many_times_at_once_has_one_effect(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    world.place("ann", "mug", 9).await;
    world.release("ann", 1, 0).await.expect("released");

    let sends = (0..8).map(|_| world.confirm_shipment("945-1", vec![world.confirmed("ann", [3, 1, 0])]));
    let answers = futures::future::join_all(sends).await;

    let mut shipments: Vec<String> =
        answers.into_iter().map(|answer| answer.expect("each is answered").shipment).collect();
    shipments.dedup();
    assert_eq!(shipments.len(), 1, "all name one shipment: {shipments:?}");
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.released, line.open), (3, 5, 1));
    let receipt = || vec![arrived(world, "mug", "", 2)];
    let sends = (0..8).map(|_| world.advise_receipt("944-1", receipt()));
    for answer in futures::future::join_all(sends).await {
        assert_eq!(answer.expect("each is answered").received.len(), 1);
    }
    world.idle().await;
    assert_eq!(world.position("mug", "main").await.on_hand, 9 - 4 + 2);
    world.books_balance().await;
}

fn arrived(world: &World, item: &str, supply: &str, accepted: i64) -> ReceiptLine {
    ReceiptLine {
        item: world.item_name(item),
        location: world.location_name("main"),
        supply: if supply.is_empty() { String::new() } else { world.supply_name(supply) },
        accepted,
        ..Default::default()
    }
}

pub async fn a_receipt_advice_books_what_is_known_and_refuses_the_rest(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;
    world.place("ann", "mug", 6).await;

    let lines = vec![
        ReceiptLine { damaged: 1, quality_hold: 2, refused: 1, ..arrived(world, "mug", "po", 6) },
        arrived(world, "unknown", "", 5),
        arrived(world, "mug", "nobody-s", 4),
    ];
    let answer = world.advise_receipt("944-1", lines.clone()).await.expect("taken in part");

    assert_eq!(refused(&answer.results), [(2, "ITEM_NOT_FOUND")]);
    let booked: Vec<_> = answer.received.iter().map(|line| (line.line, line.accepted, line.in_review)).collect();
    assert_eq!(booked, [(1, 6, 0), (3, 0, 4)], "numbered as in the document; the unknown supply waits for review");
    assert_eq!(answer.received[1].blind_reason(), BlindReason::UnknownSupply);
    assert_eq!(answer.received[0].document, "944-1");
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 6);
    let again = world.advise_receipt("944-1", lines).await.expect("the same document");
    assert_eq!(again, answer);
    let other = world.advise_receipt("944-1", vec![arrived(world, "mug", "po", 1)]).await;
    assert_eq!(reason(&other.expect_err("the number is used")), "DOCUMENT_REUSED");
    assert_eq!(world.position("mug", "main").await.on_hand, 6 + 1 + 2 + 4);
    world.books_balance().await;
}

pub async fn an_adjustment_of_a_warehouse_tells_who_lost_and_refuses_what_is_not_there(world: &World) {
    use StockState::{Available, Damaged, External, QualityControl};
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("ann", "mug", 6).await;
    world.place("bob", "mug", 4).await;

    let lines = vec![
        world.adjusted("mug", Available, Damaged, 3),
        world.adjusted("mug", QualityControl, External, 1),
        world.adjusted("mug", External, QualityControl, 2),
        world.adjusted("mug", QualityControl, Available, 1),
    ];
    let answer = world.advise_adjustment("947-1", lines).await.expect("taken in part");

    assert_eq!(refused(&answer.results), [(2, "INSUFFICIENT_STOCK")], "{:#?}", answer.results);
    let lost: Vec<_> = answer.taken_away.iter().map(|lost| (lost.line.as_str(), lost.quantity)).collect();
    assert_eq!(lost, [(world.line_name("bob", 1).as_str(), 3)], "the last in the queue");
    world.idle().await;
    assert_eq!(world.line("bob", 1).await.reserved, 2, "and the unit that passed its check is his again");
    let position = world.position("mug", "main").await;
    assert_eq!((position.damaged, position.quality_control, position.on_hand), (3, 1, 12));
    let wrong = world.advise_adjustment("947-2", vec![world.adjusted("mug", Damaged, Available, 1)]).await;
    let wrong = wrong.expect_err("no such adjustment: nothing is taken, and the number is free");
    assert_eq!(fields(&wrong), ["lines[0].to_state"]);
    world.advise_adjustment("947-2", vec![world.adjusted("mug", Damaged, External, 1)]).await.expect("mended");
    world.books_balance().await;
}

/// Item, state, kind, in flight, unexplained.
fn told<'d>(
    world: &World,
    differences: &'d [StockDifference],
) -> Vec<(String, StockState, StockDifferenceKind, i64, i64)> {
    let short = |name: &'d str| name.replace(&world.item_name(""), "");
    differences.iter().map(|d| (short(&d.item), d.state(), d.kind(), d.in_flight, d.unexplained)).collect()
}

pub async fn a_comparison_names_what_differs_and_books_nothing(world: &World) {
    use StockDifferenceKind::{MissingHere, MissingThere, Quantity, State};
    use StockState::{Available, Damaged};
    world.mug_at_main().await;
    for item in ["cup", "jar", "pan", "pot"] {
        world.item(item).await;
    }
    world.receive("mug", "main", 10).await;
    world.receive("cup", "main", 3).await;
    world.receive("pan", "main", 4).await;
    world.receive("pot", "main", 2).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released: they may have left");

    let theirs = [
        ("mug", Available, 4),
        ("jar", Available, 7),
        ("pan", Available, 3),
        ("pan", Damaged, 1),
        ("pot", Available, 2),
    ];
    let answer = world.compare("846-1", &theirs).await;

    let expected = [
        ("cup".to_owned(), Available, MissingThere, 0, -3),
        ("jar".to_owned(), Available, MissingHere, 0, 7),
        ("mug".to_owned(), Available, Quantity, 5, -1),
        ("pan".to_owned(), Available, State, 0, -1),
        ("pan".to_owned(), Damaged, State, 0, 1),
    ];
    assert_eq!(told(world, &answer.differences), expected);
    assert_eq!(answer.items_equal, 1);
    assert_eq!(world.position("mug", "main").await.on_hand, 10, "nothing is booked by itself");
    assert_eq!(world.compare("846-1", &theirs).await, answer, "the same document, the first answer");
    assert_eq!(world.open_differences().await.len(), 5);
    world.books_balance().await;
}

pub async fn a_difference_is_booked_once_and_what_moved_since_stands(world: &World) {
    use StockState::Available;
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 5).await;
    world.release("ann", 1, 4).await.expect("released");
    let found = world.compare("846-1", &[("mug", Available, 3)]).await.differences;
    assert_eq!((found[0].in_flight, found[0].unexplained), (4, -3), "four left, three are gone");

    world.ship("ann", 1, 4).await.expect("what was in flight is confirmed");
    let booked = world.book(&[&found[0]]).await.expect("booked");

    assert_eq!(world.position("mug", "main").await.on_hand, 3, "as the warehouse says");
    let lost: Vec<_> = booked.taken_away.iter().map(|lost| (lost.line.as_str(), lost.quantity)).collect();
    assert_eq!(lost, [(world.line_name("bob", 1).as_str(), 2)]);
    world.idle().await;
    assert_eq!(world.line("bob", 1).await.open, 2);
    let again = world.book(&[&found[0]]).await.expect_err("booked already");
    assert_eq!(reason(&again), "STOCK_DIFFERENCE_CLOSED");
    let unknown = StockDifference { name: "stockDifferences/none".to_owned(), ..Default::default() };
    let unknown = world.book(&[&unknown]).await.expect_err("no such difference");
    assert_eq!(reason(&unknown), "STOCK_DIFFERENCE_NOT_FOUND");
    assert_eq!(world.compare("846-2", &[("mug", Available, 3)]).await.differences, []);
    world.books_balance().await;
}

pub async fn a_newer_comparison_supersedes_what_nobody_booked(world: &World) {
    use StockState::Available;
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let yesterday = world.compare("846-1", &[("mug", Available, 8)]).await.differences;
    world.moment();
    let today = world.compare("846-2", &[("mug", Available, 9)]).await.differences;

    assert_eq!(world.open_differences().await, today);
    let old = world.book(&[&yesterday[0]]).await.expect_err("it is not open any more");
    assert_eq!(reason(&old), "STOCK_DIFFERENCE_CLOSED");
    let both = world.book(&[&today[0], &yesterday[0]]).await.expect_err("all or none");
    assert_eq!(reason(&both), "STOCK_DIFFERENCE_CLOSED");
    assert_eq!(world.position("mug", "main").await.on_hand, 10);
    let late = CompareStockRequest {
        request_id: request_id(),
        document: world.document("846-0"),
        location: world.location_name("main"),
        lines: vec![ComparedLine { item: world.item_name("mug"), state: 0, quantity: 1, unit: String::new() }],
        as_of_time: Some(encode::timestamp(world.now() - SignedDuration::from_hours(30))),
        ..Default::default()
    };
    world.inventory.feed.clone().compare_stock(late).await.expect("an older one that comes late");
    assert_eq!(world.open_differences().await, today, "the newer one stands");
    world.book(&[&today[0]]).await.expect("booked");
    assert_eq!(world.position("mug", "main").await.on_hand, 9);
    world.books_balance().await;
}

pub async fn an_older_event_of_a_carrier_never_overwrites_a_newer_one(world: &World) {
    use CarrierStatus::{Delivered, Estimated, InTransit, PickedUp};
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released");
    world.confirm_shipment("van", vec![world.confirmed("ann", [5, 0, 0])]).await.expect("shipped");
    let start = world.now();
    let hour = |hours: i64| start + SignedDuration::from_hours(hours);

    world.carrier_says("214-1", "van", (InTransit, hour(2)), Some(hour(48))).await;
    let late = world.carrier_says("214-2", "van", (PickedUp, hour(1)), Some(hour(40))).await;

    let shipment = &late.shipments[0];
    assert_eq!((shipment.carrier_status(), shipment.state()), (InTransit, ShipmentState::Shipped));
    assert_eq!(shipment.expected_delivery_time, Some(encode::timestamp(hour(48))), "the newer estimate stands");
    let moved = world.carrier_says("214-3", "van", (Estimated, hour(5)), Some(hour(72))).await;
    assert_eq!(moved.shipments[0].expected_delivery_time, Some(encode::timestamp(hour(72))));
    let there = world.carrier_says("214-4", "van", (Delivered, hour(70)), None).await;
    let shipment = &there.shipments[0];
    assert_eq!((shipment.state(), shipment.lines[0].accepted), (ShipmentState::Delivered, 5));
    assert_eq!(shipment.delivery_time, Some(encode::timestamp(hour(70))));
    assert_eq!(world.line("ann", 1).await.delivered, 5);
    let after = world.carrier_says("214-5", "van", (Delivered, hour(71)), None).await;
    assert_eq!(after.shipments[0].delivery_time, Some(encode::timestamp(hour(70))), "the first delivery stands");
    let again = world.carrier_says("214-4", "van", (Delivered, hour(70)), None).await;
    assert_eq!(again, there);

    let request = ListCarrierEventsRequest { shipment: shipment.name.clone() };
    let events = world.allocation.feed.clone().list_carrier_events(request).await.expect("listed").into_inner().events;
    let kept: Vec<_> = events.iter().map(|event| event.status()).collect();
    assert_eq!(kept, [PickedUp, InTransit, Estimated, Delivered, Delivered], "all are kept, by their own time");
    let unknown = world.carrier_says("214-6", "nobody-s", (PickedUp, hour(1)), None).await;
    assert_eq!(refused(&unknown.results), [(1, "SHIPMENT_NOT_FOUND")]);
    world.books_balance().await;
}
