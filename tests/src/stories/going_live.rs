//! A company comes from another system with its open orders, and nobody is promised anything twice.

use backorder_proto::allocation::v1::{
    BacklogImportState, Disposition, GoLiveChange, OpenOrderOutcome, OrderState, PromiseConstraint, PromiseReason,
    ReturnOrderLinesRequest, ReturnedLine,
};

use backorder_proto::inventory::v1::PackRounding;

use super::units::{cup_at_main, line, receive};
use crate::world::{World, because, date, reason, request_id};

pub async fn nothing_is_promised_anew_before_go_live_is_confirmed(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let (first, last) = (world.day(2), world.day(9));
    let ann = world.open("ann", ("mug", 6), 5).reserved(2).promised(first, last);

    let results = world.import("spring", vec![ann]).await;
    world.expect_supply("po", "mug", "main", 5, world.day(4)).await;
    world.receive("mug", "main", 3).await;
    world.idle().await;

    assert_eq!(results[0].outcome(), OpenOrderOutcome::Imported, "{results:#?}");
    let line = world.line("ann", 1).await;
    assert_eq!((line.ordered, line.reserved, line.open), (6, 2, 4), "only what was reserved before is taken");
    assert_eq!(line.original_promised_date.and_then(|day| day.date), Some(date(first)));
    assert_eq!(line.current_promised_date.and_then(|day| day.date), Some(date(last)), "the promise stands");
    let explained = world.explain("ann", 1).await;
    assert_eq!(explained.binding_constraint(), PromiseConstraint::GoLive);
    let reasons: Vec<_> = explained.history.iter().map(|promise| promise.reason()).collect();
    assert_eq!(reasons, [PromiseReason::Imported, PromiseReason::Imported]);
    assert_eq!(world.position("mug", "main").await.available, 11, "what is free stays free");
    assert_eq!(world.backlog_import("spring").await.state(), BacklogImportState::Open);
    world.books_balance().await;
}

pub async fn going_live_serves_by_the_queue_and_says_that_it_was_go_live(world: &World) {
    world.mug_at_main().await;
    let promised = world.day(6);
    let late = world.open("late", ("mug", 4), 3).promised(promised, promised);
    // Ordered later, but it had waited longer.
    let early = world.open("early", ("mug", 4), 9).queued(8).promised(promised, promised);
    world.import("spring", vec![late, early]).await;
    world.receive("mug", "main", 5).await;
    world.expect_supply("po", "mug", "main", 3, world.day(12)).await;

    world.go_live("spring").await;

    let (early, late) = (world.line("early", 1).await, world.line("late", 1).await);
    assert_eq!((early.reserved, late.reserved, late.open), (4, 1, 3));
    assert!(early.barriers.is_empty() && late.barriers.is_empty());
    assert_eq!(early.current_promised_date.and_then(|day| day.date), Some(date(world.day(0))));
    assert_eq!(late.current_promised_date.and_then(|day| day.date), Some(date(world.day(12))));
    assert_eq!(late.original_promised_date.and_then(|day| day.date), Some(date(promised)), "that never changes");
    let told = world.explain("late", 1).await.history;
    assert_eq!(told.len(), 2, "one message, however many things happened: {told:#?}");
    assert_eq!(told[1].reason(), PromiseReason::GoLive);
    let import = world.backlog_import("spring").await;
    assert_eq!((import.orders, import.lines, import.lines_live, import.open), (2, 2, 2, 8));
    world.books_balance().await;
}

pub async fn a_promise_that_can_be_kept_stays_as_it_was(world: &World) {
    world.mug_at_main().await;
    let day = world.day(5);
    world.import("spring", vec![world.open("ann", ("mug", 3), 4).promised(day, day)]).await;
    world.expect_supply("po", "mug", "main", 3, day).await;

    world.go_live("spring").await;

    assert_eq!(world.explain("ann", 1).await.history.len(), 1, "nothing is told");
    world.receive_supply("po", "mug", "main", 3).await;
    world.idle().await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.open), (3, 0), "it is a line like all others");
    assert_eq!(world.explain("ann", 1).await.history.last().expect("a promise").reason(), PromiseReason::Served);
    world.books_balance().await;
}

pub async fn the_preview_says_what_going_live_then_does(world: &World) {
    world.mug_at_main().await;
    let day = world.day(6);
    let orders = vec![
        world.open("first", ("mug", 4), 9).promised(day, day),
        world.open("second", ("mug", 4), 8).promised(day, day),
        world.open("third", ("mug", 4), 7).promised(day, day),
        world.open("fourth", ("mug", 2), 6),
    ];
    world.expect_supply("po", "mug", "main", 5, world.day(10)).await;
    world.import("spring", orders).await;
    world.receive("mug", "main", 5).await;
    let before = [world.line("first", 1).await, world.line("fourth", 1).await];

    let (lines, summary) = world.preview_go_live("spring").await;

    assert_eq!(before, [world.line("first", 1).await, world.line("fourth", 1).await], "a preview changes nothing");
    assert_eq!(world.position("mug", "main").await.available, 5);
    let changes: Vec<_> = lines.iter().map(|line| (line.change(), line.reserved_after)).collect();
    let told = [(GoLiveChange::Earlier, 4), (GoLiveChange::Later, 1), (GoLiveChange::Lost, 0), (GoLiveChange::None, 0)];
    assert_eq!(changes, told, "{lines:#?}");
    assert_eq!(summary.units_gained, 5);
    let lost = summary.counts.iter().find(|count| count.change() == GoLiveChange::Lost).expect("one loses its day");
    assert_eq!((lost.lines, lost.units, lost.values[0].units), (1, 4, 20));
    world.go_live("spring").await;
    for (line, order) in lines.iter().zip(["first", "second", "third", "fourth"]) {
        let after = world.line(order, 1).await;
        assert_eq!(after.reserved, line.reserved_after, "{order}");
        assert_eq!(after.current_promised_date.and_then(|day| day.date), line.new_promised_date, "{order}");
        assert_eq!(after.expected_ship_date.and_then(|day| day.date), line.expected_date, "{order}");
    }
    assert!(world.preview_go_live("spring").await.0.is_empty(), "nothing is left to go live");
    world.books_balance().await;
}

pub async fn what_shipped_before_is_part_of_the_line_and_may_come_back(world: &World) {
    world.mug_at_main().await;
    let left = world.day(-3);
    let partly = world.open("partly", ("mug", 10), 6).shipped(4, left).cancelled(1).reserved(2);
    let wholly = world.open("wholly", ("mug", 3), 6).shipped(3, left);
    world.receive("mug", "main", 2).await;
    world.import("spring", vec![partly, wholly]).await;

    let line = world.line("partly", 1).await;
    assert_eq!((line.ordered, line.shipped, line.cancelled, line.reserved, line.open), (10, 4, 1, 2, 3));
    assert_eq!(line.filled_at_once, 6, "shipped and reserved, where nothing else is said");
    assert_eq!(world.order("wholly").await.state(), OrderState::Completed);
    let done = world.line("wholly", 1).await;
    assert_eq!(done.actual_ship_date.and_then(|day| day.date), Some(date(left)));
    assert_eq!(world.position("mug", "main").await.on_hand, 2, "no stock moved for the past");
    world.books_balance().await;
    world.go_live("spring").await;
    world.ship("partly", 1, 2).await.expect("what is reserved ships");
    let returned = ReturnOrderLinesRequest {
        request_id: request_id(),
        lines: vec![ReturnedLine {
            name: world.line_name("wholly", 1),
            quantity: 2,
            location: world.location_name("main"),
            disposition: Disposition::Restock.into(),
            ..Default::default()
        }],
        return_time: None,
        context: because("customer"),
    };
    world.allocation.orders.clone().return_order_lines(returned).await.expect("they come back");
    world.idle().await;
    assert_eq!(world.line("wholly", 1).await.returned, 2);
    let line = world.line("partly", 1).await;
    assert_eq!((line.shipped, line.reserved, line.open), (6, 2, 1), "what came back serves the queue");
    world.books_balance().await;
}

pub async fn units_that_were_reserved_and_are_not_there_are_named(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    let first = world.open("first", ("mug", 4), 9).reserved(4);
    let second = world.open("second", ("mug", 4), 8).reserved(3);

    let results = world.import("spring", vec![second, first]).await;

    assert!(results[1].shortages.is_empty(), "the first in the queue has all that it had");
    let short = &results[0].shortages[0];
    assert_eq!((short.line.as_str(), short.reserved_before, short.reserved), (&*world.line_name("second", 1), 3, 1));
    let line = world.line("second", 1).await;
    assert_eq!((line.reserved, line.open), (1, 3), "what is missing waits");
    let import = world.backlog_import("spring").await;
    assert_eq!((import.reserved_before, import.reserved, import.lines_short), (7, 5, 1));
    let (_, summary) = world.preview_go_live("spring").await;
    assert_eq!((summary.lines_short, summary.units_short), (1, 2));
    world.books_balance().await;
}

pub async fn an_order_at_fault_is_refused_with_every_fault_and_the_others_are_taken(world: &World) {
    world.mug_at_main().await;
    let sums = world.open("sums", ("mug", 4), 5).shipped(3, world.day(-9)).cancelled(2);
    let unknown = world.open("unknown", ("cup", 4), 5);
    let mut twice = world.open("twice", ("mug", 4), 5);
    twice.order.lines.push(twice.order.lines[0].clone());
    let dates = world.open("dates", ("mug", 4), 5).promised(world.day(-8), world.day(3));
    let right = world.open("right", ("mug", 4), 5);

    let results = world.import("spring", vec![sums, unknown, twice, dates, right]).await;

    let faults: Vec<Vec<(&str, &str)>> = results
        .iter()
        .map(|result| result.faults.iter().map(|fault| (fault.field.as_str(), fault.reason().as_str_name())).collect())
        .collect();
    let invalid = "ERROR_REASON_INVALID_REQUEST";
    assert_eq!(faults[0], [("lines[0].shipped", invalid), ("lines[0].ship_date", invalid)]);
    assert_eq!(faults[1], [("order.lines[0].item", "ERROR_REASON_ITEM_NOT_FOUND")]);
    assert_eq!(faults[2], [("lines[1].line_number", invalid)]);
    assert_eq!(faults[3], [("lines[0].original_promised_date", invalid)]);
    assert_eq!(results[4].outcome(), OpenOrderOutcome::Imported);
    assert!(world.try_order("sums").await.is_none(), "nothing of a refused order is taken");
    assert_eq!(world.backlog_import("spring").await.orders, 1);
    world.books_balance().await;
}

pub async fn orders_that_are_sent_again_are_taken_once(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    let request = world.import_request("spring", vec![world.open("ann", ("mug", 4), 5).reserved(4)]);
    let first = world.try_import(request.clone()).await.expect("taken over");

    let again = world.try_import(request.clone()).await.expect("the same answer");
    let mut other_request = request;
    other_request.request_id = request_id();
    let unchanged = world.try_import(other_request.clone()).await.expect("there already");
    other_request.request_id = request_id();
    other_request.orders[0].lines[0].cancelled = 0;
    other_request.orders[0].lines[0].reserved = 3;
    let other = world.try_import(other_request).await.expect("an answer too");

    assert_eq!(first, again);
    assert_eq!(unchanged[0].outcome(), OpenOrderOutcome::Unchanged);
    assert_eq!(other[0].faults[0].reason().as_str_name(), "ERROR_REASON_ALREADY_EXISTS", "{other:#?}");
    assert_eq!(world.position("mug", "main").await.reserved, 4);
    world.go_live("spring").await;
    let late = world.try_import(world.import_request("spring", vec![world.open("bob", ("mug", 1), 1)])).await;
    assert_eq!(reason(&late.expect_err("it is live")), "BACKLOG_IMPORT_STATE_CONFLICT");
    let again = world.try_confirm_go_live("spring").await.expect("it is");
    assert_eq!(again.state(), BacklogImportState::Live);
    let none = world.try_confirm_go_live("none").await.expect_err("there is none");
    assert_eq!(reason(&none), "BACKLOG_IMPORT_NOT_FOUND");
    world.books_balance().await;
}

pub async fn what_waits_is_pegged_in_the_order_of_the_queue_when_it_goes_live(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("soon", "mug", "main", 3, world.day(4)).await;
    world.expect_supply("later", "mug", "main", 3, world.day(8)).await;
    let day = world.day(8);
    world.import("spring", vec![world.open("late", ("mug", 3), 2).promised(day, day)]).await;
    world.import("spring", vec![world.open("early", ("mug", 3), 6).promised(day, day)]).await;

    world.go_live("spring").await;

    let expected = |line: backorder_proto::allocation::v1::OrderLine| line.expected_ship_date.and_then(|day| day.date);
    assert_eq!(expected(world.line("early", 1).await), Some(date(world.day(4))));
    assert_eq!(expected(world.line("late", 1).await), Some(date(day)));
    assert_eq!(world.explain("late", 1).await.history.len(), 1, "its day is as it was");
    world.books_balance().await;
}

pub async fn a_customer_may_change_the_order_before_go_live(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    let day = world.day(6);
    world.import("spring", vec![world.open("ann", ("mug", 6), 5).reserved(2).promised(day, day)]).await;

    world.cancel("ann", 1, 3).await.expect("cancelled");
    world.amend("ann", 1, 8).await.expect("two more, which wait like the others");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.cancelled, line.reserved, line.open), (3, 2, 3), "{line:#?}");
    assert_eq!(line.current_promised_date.and_then(|day| day.date), Some(date(day)), "the promise stands");
    world.go_live("spring").await;
    assert_eq!(world.line("ann", 1).await.reserved, 5);
    world.books_balance().await;
}

pub async fn nobody_is_asked_before_go_live(world: &World) {
    world.mug_at_main().await;
    world.policy("patience", |policy| policy.acceptable_wait_days = Some(1)).await;
    world.import("spring", vec![world.open("ann", ("mug", 3), 5)]).await;
    let mut bob = world.draft("bob").line("mug", 3);
    bob.order().order_time = world.open("then", ("mug", 3), 5).order.order.and_then(|draft| draft.order_time);
    bob.place().await.expect("placed");

    world.asked("bob").await;

    assert_eq!(world.questions("ann").await, [], "another system still talks to her");
    world.go_live("spring").await;
    assert_eq!(world.asked("ann").await.open, 3);
    world.books_balance().await;
}

pub async fn a_kit_is_taken_over_with_what_became_of_it(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    let day = world.day(-2);
    let wrong = world.open("bob", ("set", 4), 5).shipped(5, day);

    let ann = world.open("ann", ("set", 4), 5).shipped(1, day).cancelled(1).reserved(1).promised(day, day);
    let results = world.import("spring", vec![ann.clone(), wrong]).await;

    assert_eq!(results[0].outcome(), OpenOrderOutcome::Imported, "{results:#?}");
    let faults: Vec<_> = results[1].faults.iter().map(|fault| &*fault.field).collect();
    assert_eq!(faults, ["lines[0].shipped"], "told once of the kit, not of each component");
    let kit = world.kit_of("ann").await;
    assert_eq!((kit.ordered, kit.shipped, kit.cancelled, kit.open + kit.covered), (4, 1, 1, 2));
    let lines: Vec<_> = world.order("ann").await.lines;
    let sums: Vec<_> = lines.iter().map(|line| (line.ordered, line.shipped, line.cancelled)).collect();
    assert_eq!(sums, [(8, 2, 2), (4, 1, 1)]);
    assert!(lines.iter().all(|line| line.ship_set_name == "kit 1"), "{lines:#?}");
    world.go_live("spring").await;
    let kit = world.kit_of("ann").await;
    assert_eq!((kit.open, kit.covered), (0, 2), "both that are left go together");
    world.ship("ann", 1, 0).await.expect("by the number of the kit");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    assert_eq!(world.import("spring-again", vec![ann]).await[0].outcome(), OpenOrderOutcome::Unchanged);
    world.books_balance().await;
}

pub async fn what_became_of_a_line_may_be_said_in_its_unit(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    receive(world, &request_id(), line(world, "CASE", 1)).await.expect("received");
    let of_boxes = |order: &str, unit: &str| {
        let mut open = world.open(order, ("cup", 4), 5).shipped(1, world.day(-2)).reserved(2);
        open.order.order.as_mut().expect("a draft").lines[0].ordered_unit = "BOX".to_owned();
        unit.clone_into(&mut open.order.lines[0].unit);
        open
    };

    let results =
        world.import("spring", vec![of_boxes("ann", "BOX"), of_boxes("bob", "CASE"), of_boxes("cid", "")]).await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.ordered, line.shipped, line.reserved, line.open), (24, 6, 12, 6));
    assert_eq!((line.ordered_unit_quantity, &*line.ordered_unit), (4, "BOX"));
    assert_eq!(results[1].faults.iter().map(|fault| &*fault.field).collect::<Vec<_>>(), ["lines[0].unit"]);
    let line = world.line("cid", 1).await;
    assert_eq!((line.ordered, line.shipped, line.reserved, line.open), (24, 1, 2, 21), "in base units");
    world.books_balance().await;
}
