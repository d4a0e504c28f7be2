//! What is promised for when, and why.

use backorder_proto::{
    allocation::v1::{
        ConfirmationSource, GetResumeTokenRequest, PromiseConstraint, PromiseReason, WatchPromisesRequest,
    },
    inventory::v1::{AdviseShipmentRequest, CancelSupplyRequest, GetSupplyRequest},
};
use jiff::SignedDuration;
use tokio_stream::StreamExt as _;

use crate::world::{World, date, request_id};

pub async fn a_backorder_without_supply_says_that_no_date_is_known(world: &World) {
    world.mug_at_main().await;

    let order = world.place("ann", "mug", 5).await;

    let line = &order.lines[0];
    assert!(line.current_promised_date.is_none(), "a date was invented: {:?}", line.current_promised_date);
    assert_eq!((line.open, line.backordered), (5, 5));
    let sources: Vec<_> = line.confirmations.iter().map(|part| (part.source(), part.quantity)).collect();
    assert_eq!(sources, [(ConfirmationSource::None, 5)]);
    let explained = world.explain("ann", 1).await;
    assert_eq!(explained.binding_constraint(), PromiseConstraint::NoSupply);
}

pub async fn a_backorder_is_promised_on_the_day_of_its_supply(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;

    let order = world.place("ann", "mug", 5).await;

    let line = &order.lines[0];
    assert_eq!((line.reserved, line.open, line.filled_at_once, line.backordered), (2, 3, 2, 3));
    let promised = line.current_promised_date.as_ref().expect("a date is known");
    assert_eq!(promised.date, Some(date(world.day(7))));
    assert_eq!(line.original_promised_date, line.current_promised_date);
    let parts: Vec<_> =
        line.confirmations.iter().map(|part| (part.source(), part.quantity, part.supply.clone())).collect();
    assert_eq!(
        parts,
        [(ConfirmationSource::Stock, 2, String::new()), (ConfirmationSource::Supply, 3, world.supply_name("po")),]
    );
}

pub async fn a_promise_moves_with_its_supply_and_says_why(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    world.place("ann", "mug", 5).await;

    world.move_supply("po", world.day(16)).await;
    world.idle().await;

    let explained = world.explain("ann", 1).await;
    let line = explained.line.expect("the line is explained");
    assert_eq!(line.current_promised_date.and_then(|promised| promised.date), Some(date(world.day(16))));
    assert_eq!(line.original_promised_date.and_then(|promised| promised.date), Some(date(world.day(7))));
    let history: Vec<_> = explained.history.iter().map(|revision| (revision.revision, revision.reason())).collect();
    assert_eq!(history, [(1, PromiseReason::Placed), (2, PromiseReason::SupplyChanged)]);
    assert_eq!(explained.binding_constraint, i32::from(PromiseConstraint::SupplyDate));
}

/// What is put aside for a line has no supply any more and is not reserved yet: no reason to take its date away.
pub async fn a_receipt_changes_the_promise_of_whom_it_serves_once(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 5).await;

    world.receive_supply("po", "mug", "main", 5).await;
    world.idle().await;

    assert_eq!(history(world, "ann").await, [PromiseReason::Placed, PromiseReason::Served]);
    assert_eq!(history(world, "bob").await, [PromiseReason::Placed]);
}

pub async fn a_receipt_that_is_too_small_takes_the_dates_of_those_it_does_not_serve(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 5).await;

    world.receive_short("po", "mug", "main", 5).await;
    world.idle().await;

    assert_eq!(history(world, "ann").await, [PromiseReason::Placed, PromiseReason::Served]);
    assert_eq!(history(world, "bob").await, [PromiseReason::Placed, PromiseReason::SupplyChanged]);
    assert!(world.line("bob", 1).await.current_promised_date.is_none(), "nothing is expected any more");
}

async fn history(world: &World, order: &str) -> Vec<PromiseReason> {
    world.explain(order, 1).await.history.iter().map(|revision| revision.reason()).collect()
}

pub async fn the_agreed_and_the_expected_day_of_a_supply_are_two_fields(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;

    let moved = world.move_supply("po", world.day(16)).await;

    assert_eq!(moved.agreed_date, Some(date(world.day(7))));
    assert_eq!(moved.expected_date, Some(date(world.day(16))));
}

pub async fn a_cancelled_supply_takes_its_dates_with_it(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    world.expect_supply("later", "mug", "main", 3, world.day(30)).await;
    world.place("ann", "mug", 5).await;

    let request =
        CancelSupplyRequest { request_id: request_id(), name: world.supply_name("po"), quantity: 0, context: None };
    world.inventory.supply.clone().cancel_supply(request).await.expect("cancel a supply");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert!(line.current_promised_date.is_none(), "two of five units have no date any more");
    let parts: Vec<_> = line.confirmations.iter().map(|part| (part.source(), part.quantity)).collect();
    assert_eq!(parts, [(ConfirmationSource::Supply, 3), (ConfirmationSource::None, 2)]);
    assert_eq!(line.original_promised_date.and_then(|promised| promised.date), Some(date(world.day(7))));
    world.books_balance().await;
}

pub async fn the_explanation_names_supply_and_who_is_ahead(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 6, world.day(7)).await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 4).await;
    world.idle().await;

    let explained = world.explain("bob", 1).await;

    assert_eq!(explained.binding_constraint(), PromiseConstraint::Queue);
    assert_eq!((explained.lines_ahead, explained.units_ahead), (1, 4));
    let ahead: Vec<_> = explained.ahead.iter().map(|line| (line.line.clone(), line.waiting)).collect();
    assert_eq!(ahead, [(world.line_name("ann", 1), 4)]);
    let supply = explained.supplies.first().expect("the supply is named");
    assert_eq!((supply.open, supply.pegged_to_line, supply.pegged_to_others), (6, 2, 4));
    assert!(!explained.summary.is_empty());
}

pub async fn supply_that_is_past_due_promises_nothing(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("late", "mug", "main", 10, world.day(-1)).await;

    let order = world.place("ann", "mug", 5).await;

    assert!(order.lines[0].current_promised_date.is_none(), "a past day cannot be promised");
    let supply = world.explain("ann", 1).await.supplies.into_iter().next().expect("the supply is shown");
    assert!(supply.past_due);
}

pub async fn a_shipment_notice_carries_the_promise_to_its_own_day(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    world.place("ann", "mug", 4).await;

    let request = AdviseShipmentRequest {
        request_id: request_id(),
        supply: world.supply_name("po"),
        shipment_notice_id: world.id("asn"),
        quantity: 6,
        expected_date: Some(date(world.day(5))),
        ..Default::default()
    };
    world.inventory.supply.clone().advise_shipment(request).await.expect("advise a shipment");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!(line.current_promised_date.and_then(|promised| promised.date), Some(date(world.day(5))));
    let request = GetSupplyRequest { name: world.supply_name("po") };
    let order = world.inventory.supply.clone().get_supply(request).await.expect("get a supply").into_inner();
    assert_eq!((order.open, order.advised), (4, 6));
    world.receive_supply("asn", "mug", "main", 6).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 4);
    world.books_balance().await;
}

pub async fn a_watch_on_promises_resumes_without_a_gap(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    let token = world.allocation.backlog.clone().get_resume_token(GetResumeTokenRequest {}).await.expect("a token");
    let mut token = token.into_inner().resume_token;

    world.place("ann", "mug", 5).await;
    let mut seen = Vec::new();
    for day in [16, 20] {
        next_revision(world, &mut token, &mut seen).await;
        world.move_supply("po", world.day(day)).await;
    }
    next_revision(world, &mut token, &mut seen).await;

    assert_eq!(seen, [1, 2, 3]);
}

/// Opens a new watch from the token, takes one change, and closes it: the next watch must go on behind it.
async fn next_revision(world: &World, token: &mut String, seen: &mut Vec<i32>) {
    let request = WatchPromisesRequest { resume_token: token.clone(), orders: vec![world.order_name("ann")] };
    let mut changes = world.allocation.backlog.clone().watch_promises(request).await.expect("watch").into_inner();
    let next = async {
        loop {
            let change = changes.next().await.expect("the watch goes on").expect("a change");
            token.clone_from(&change.resume_token);
            if let Some(promise) = change.promise {
                return promise.revision;
            }
        }
    };
    seen.push(tokio::time::timeout(backorder_testkit::patience(), next).await.expect("a change comes"));
}

pub async fn a_supply_that_becomes_overdue_takes_its_dates_back(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("po", "mug", "main", 10, world.day(2)).await;
    world.place("ann", "mug", 5).await;

    world.advance(SignedDuration::from_hours(72));
    world.idle().await;

    backorder_testkit::eventually("the promise loses its date", || async {
        world.line("ann", 1).await.current_promised_date.is_none()
    })
    .await;
}
