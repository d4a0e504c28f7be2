//! The gate between orders and the warehouse, and what leaves through it.

use backorder_proto::allocation::v1::{
    AnswerRecallRequest, DeliveredLine, DocumentState, LineQuantity, ListShipmentsRequest, OrderState, PromiseReason,
    RecallReleaseRequest, RecallState, ReleaseLinesRequest, ReportShortPickRequest, ShipOrderLinesRequest,
    ShipmentDetails, ShipmentState, ShortPick,
};

use crate::world::{World, because, fields, money, reason, request_id};

pub async fn released_units_are_frozen_and_a_cancellation_asks_for_them(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("ann", "mug", 6).await;
    world.release("ann", 1, 4).await.expect("released");

    let refused = world.amend("ann", 1, 3).await.expect_err("only two are not in the warehouse's hands");
    assert_eq!(reason(&refused), "LINE_QUANTITY_CONFLICT");
    let cancelled = world.cancel_with_recalls("ann", 5).await.expect("two at once, three by a recall");

    let recall = &cancelled.recalls[0];
    assert_eq!((recall.state(), recall.quantity, recall.cancels), (RecallState::Pending, 3, true));
    let line = world.line("ann", 1).await;
    assert_eq!((line.cancelled, line.reserved, line.released, line.recalling), (2, 0, 4, 3));
    let too_many = world.cancel_with_recalls("ann", 2).await.expect_err("only one more can be asked for");
    assert_eq!(reason(&too_many), "LINE_QUANTITY_CONFLICT");

    let answer = world.answer_recall(&recall.name, 2).await.expect("the warehouse gives two back");
    let recall = answer.recall.expect("the recall");
    assert_eq!((recall.state(), recall.returned), (RecallState::Returned, 2));
    let line = world.line("ann", 1).await;
    assert_eq!((line.cancelled, line.reserved, line.released, line.recalling), (4, 0, 2, 0));
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.released, position.on_hand), (8, 2, 10));
    world.books_balance().await;
}

pub async fn a_recall_gives_units_back_to_their_line(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 2).await;
    world.release("ann", 1, 0).await.expect("released");

    let recall = world.recall("ann", 1, 3).await.expect("asked");
    assert!(world.pending_recalls().await.iter().any(|pending| pending.name == recall.name));
    world.answer_recall(&recall.name, 3).await.expect("given back");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.released), (3, 2), "reserved again, and not free for the queue");
    assert_eq!(world.line("bob", 1).await.open, 2);
    let again = world.answer_recall(&recall.name, 1).await.expect_err("it is answered");
    assert_eq!(reason(&again), "RECALL_STATE_CONFLICT");
    world.books_balance().await;
}

pub async fn a_recall_that_the_warehouse_refuses_changes_nothing(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released");
    let recall = world.cancel_with_recalls("ann", 0).await.expect("asked").recalls.remove(0);

    let answer = world.answer_recall(&recall.name, 0).await.expect("an answer too");

    assert_eq!(answer.recall.expect("the recall").state(), RecallState::Refused);
    let line = world.line("ann", 1).await;
    assert_eq!((line.released, line.recalling, line.cancelled), (5, 0, 0));
    world.ship("ann", 1, 0).await.expect("shipped");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    let unknown = world.answer_recall("recalls/none", 0).await.expect_err("no such recall");
    assert_eq!(reason(&unknown), "RECALL_NOT_FOUND");
    world.books_balance().await;
}

pub async fn what_ships_before_the_warehouse_answers_ends_its_recall(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released");
    let first = world.recall("ann", 1, 2).await.expect("asked");
    world.moment();
    let second = world.recall("ann", 1, 2).await.expect("asked");

    world.ship("ann", 1, 4).await.expect("the van had left");

    assert_eq!(world.line("ann", 1).await.recalling, 1);
    let gone = world.answer_recall(&second.name, 1).await.expect_err("nothing is left of the newest");
    assert_eq!(reason(&gone), "RECALL_STATE_CONFLICT");
    let too_many = world.answer_recall(&first.name, 2).await.expect_err("one of the first is gone too");
    assert_eq!(reason(&too_many), "LINE_QUANTITY_CONFLICT");
    let answer = world.answer_recall(&first.name, 1).await.expect("given back");
    let recall = answer.recall.expect("the recall");
    assert_eq!((recall.returned, recall.missed, recall.quantity), (1, 1, 2));
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.reserved, line.released, line.recalling), (4, 1, 0, 0));
    world.books_balance().await;
}

pub async fn a_count_that_finds_less_than_the_warehouse_has_ends_a_recall_too(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released");
    let recall = world.recall("ann", 1, 4).await.expect("asked");

    world.count("mug", "main", 2).await;
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.released, line.recalling, line.open), (2, 2, 3), "a count is the truth");
    let pending = world.pending_recalls().await;
    let pending = pending.iter().find(|pending| pending.name == recall.name).expect("two may still come back");
    assert_eq!(pending.missed, 2);
    world.answer_recall(&recall.name, 2).await.expect("given back");
    assert_eq!(world.line("ann", 1).await.reserved, 2);
    world.books_balance().await;
}

pub async fn a_short_pick_waits_again_before_those_who_came_later(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 3).await;
    world.release("ann", 1, 5).await.expect("released");
    world.expect_supply("po", "mug", "main", 3, world.day(4)).await;

    world.short_pick("ann", 1, 2, false).await.expect("two are not there");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.released, line.open), (3, 2));
    let explained = world.explain("ann", 1).await;
    let last = explained.history.last().expect("a promise");
    assert_eq!(last.reason(), PromiseReason::StockLost, "{last:#?}");
    world.receive_supply("po", "mug", "main", 3).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 2, "her place in the queue is the old one");
    assert_eq!(world.line("bob", 1).await.reserved, 1);
    world.ship("ann", 1, 0).await.expect("shipped");
    assert_eq!(world.line("ann", 1).await.shipped, 5);
    world.books_balance().await;
}

pub async fn units_that_were_picked_damaged_stay_set_apart(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.release("ann", 1, 5).await.expect("released");

    world.short_pick("ann", 1, 1, true).await.expect("one is broken");
    let too_many = world.short_pick("ann", 1, 5, false).await.expect_err("four are in hands");

    assert_eq!(reason(&too_many), "LINE_QUANTITY_CONFLICT");
    let position = world.position("mug", "main").await;
    assert_eq!((position.released, position.damaged, position.on_hand), (4, 1, 5));
    world.books_balance().await;
}

pub async fn no_unit_of_a_quote_passes_the_gate(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.draft("ann").line("mug", 3).quote(3_600).await.expect("quoted");

    let refused = world.release("ann", 1, 1).await.expect_err("a quote is no order");

    assert_eq!(reason(&refused), "ORDER_STATE_CONFLICT");
    world.books_balance().await;
}

pub async fn one_shipment_carries_several_orders_and_tells_what_arrived(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 4).await;
    world.release("ann", 1, 2).await.expect("released");

    let details = ShipmentDetails {
        carrier: "Royal Mail".to_owned(),
        service: "next day".to_owned(),
        tracking_number: "RM123".to_owned(),
        freight_cost: Some(money(12)),
        expedited: true,
    };
    let shipment = world.ship_together(&["ann", "bob"], details.clone()).await.expect("shipped");
    assert_eq!((shipment.state(), shipment.details.as_ref()), (ShipmentState::Shipped, Some(&details)));
    let units: Vec<i64> = shipment.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(units, [5, 4]);

    let wrong = DeliveredLine { line: world.line_name("bob", 1), accepted: 3, ..Default::default() };
    let refused = world.deliver(&shipment.name, vec![wrong]).await.expect_err("one unit is not accounted for");
    assert_eq!(reason(&refused), "INVALID_REQUEST");
    let bob =
        DeliveredLine { line: world.line_name("bob", 1), accepted: 2, damaged: 1, refused: 1, ..Default::default() };
    let delivered = world.deliver(&shipment.name, vec![bob]).await.expect("delivered");

    assert_eq!((delivered.state(), delivered.documents()), (ShipmentState::Delivered, DocumentState::Unspecified));
    assert_eq!(world.line("ann", 1).await.delivered, 5, "what is not named arrived in order");
    assert_eq!(world.line("bob", 1).await.delivered, 3, "what was refused did not arrive");
    let again = world.deliver(&shipment.name, Vec::new()).await.expect_err("it is told already");
    assert_eq!(reason(&again), "SHIPMENT_STATE_CONFLICT");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_line_may_leave_in_several_shipments(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 5).await;

    let first = world.ship_together(&["ann"], ShipmentDetails::default()).await.expect("three");
    world.receive("mug", "main", 2).await;
    world.idle().await;
    let second = world.ship_together(&["ann"], ShipmentDetails::default()).await.expect("two");
    world.deliver(&second.name, Vec::new()).await.expect("delivered");

    assert_eq!(world.line("ann", 1).await.delivered, 2);
    let request = ListShipmentsRequest { order: world.order_name("ann"), ..Default::default() };
    let listed = world.allocation.shipments.clone().list_shipments(request).await.expect("listed").into_inner();
    let names: Vec<&str> = listed.shipments.iter().map(|shipment| shipment.name.as_str()).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&first.name.as_str()) && names.contains(&second.name.as_str()));
    world.books_balance().await;
}

pub async fn a_call_at_the_gate_that_is_sent_again_is_done_once(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    world.place("ann", "mug", 9).await;
    let mut gate = world.allocation.releases.clone();
    let lines = |quantity| vec![LineQuantity { name: world.line_name("ann", 1), quantity }];

    let release = ReleaseLinesRequest { request_id: request_id(), lines: lines(4), context: None };
    let first = gate.release_lines(release.clone()).await.expect("released").into_inner();
    let again = gate.release_lines(release.clone()).await.expect("the same answer").into_inner();
    assert_eq!((first, world.line("ann", 1).await.released), (again, 4));
    let other = ReleaseLinesRequest { lines: lines(5), ..release };
    assert_eq!(reason(&gate.release_lines(other).await.expect_err("another command")), "REQUEST_ID_REUSED");

    let context = because("customer-called");
    let recall = RecallReleaseRequest { request_id: request_id(), lines: lines(3), cancels: true, context };
    let first = gate.recall_release(recall.clone()).await.expect("asked").into_inner();
    let again = gate.recall_release(recall).await.expect("the same answer").into_inner();
    assert_eq!((&first, world.line("ann", 1).await.recalling), (&again, 3));

    let name = first.recalls[0].name.clone();
    let answer = AnswerRecallRequest { request_id: request_id(), name, returned: 2, context: None };
    let first = gate.answer_recall(answer.clone()).await.expect("given back").into_inner();
    let again = gate.answer_recall(answer).await.expect("the same answer").into_inner();
    assert_eq!((first, world.line("ann", 1).await.cancelled), (again, 2));
    world.books_balance().await;
}

pub async fn a_wrong_call_at_the_gate_names_every_field_and_does_nothing(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    let line = world.line_name("ann", 1);
    let mut gate = world.allocation.releases.clone();

    let wrong = LineQuantity { name: "ann/1".to_owned(), quantity: -1 };
    let twice = LineQuantity { name: line.clone(), quantity: 1 };
    let request = ReleaseLinesRequest { lines: vec![wrong, twice.clone(), twice], ..Default::default() };
    let refused = gate.release_lines(request).await.expect_err("four mistakes");
    assert_eq!(fields(&refused), ["request_id", "lines[0].name", "lines[0].quantity", "lines[2].name"]);
    let request = RecallReleaseRequest { request_id: request_id(), ..Default::default() };
    let refused = gate.recall_release(request).await.expect_err("no lines and no reason");
    assert_eq!(fields(&refused), ["lines", "context.reason_code"]);
    let request = AnswerRecallRequest { request_id: request_id(), name: "x".to_owned(), returned: -1, context: None };
    let refused = gate.answer_recall(request).await.expect_err("no recall and no quantity");
    assert_eq!(fields(&refused), ["name", "returned"]);
    let lines = vec![ShortPick { name: line.clone(), quantity: 0, damaged: false }];
    let request = ReportShortPickRequest { request_id: request_id(), lines, ..Default::default() };
    let refused = gate.report_short_pick(request).await.expect_err("no units and no reason");
    assert_eq!(fields(&refused), ["lines[0].quantity", "context.reason_code"]);
    let details = ShipmentDetails { carrier: "x".repeat(101), freight_cost: Some(money(-1)), ..Default::default() };
    let lines = vec![LineQuantity { name: line, quantity: 1 }];
    let request =
        ShipOrderLinesRequest { request_id: request_id(), lines, details: Some(details), ..Default::default() };
    let refused = world.allocation.orders.clone().ship_order_lines(request).await.expect_err("two mistakes");
    assert_eq!(fields(&refused), ["details.carrier", "details.freight_cost"]);

    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.released, line.shipped), (5, 0, 0));
    world.books_balance().await;
}
