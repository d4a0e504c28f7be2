//! Who waits, for what, until when and why.

use std::time::Duration;

use backorder_proto::{
    allocation::v1::*,
    common::v1::ErrorReason,
    inventory::v1::{self as inventory, Peg},
};
use backorder_service_kit::paging::resume_token;
use backorder_testkit::{Backend, on_each_backend};
use tonic::{Code, Response, Status};

use crate::world::{World, day, days_ago, refusal, wanted_on};

const EVERYTHING: ListBackordersRequest = ListBackordersRequest {
    page_size: 0,
    page_token: String::new(),
    item: String::new(),
    customer: String::new(),
    location: String::new(),
    age_days_min: 0,
    promised_before: None,
    without_date: false,
    on_hold: false,
    hold_type: 0,
};

impl World {
    async fn explain(&self, line: &str) -> Result<ExplainPromiseResponse, Status> {
        let request = ExplainPromiseRequest { name: line.to_owned() };
        self.clients.backlog.clone().explain_promise(request).await.map(Response::into_inner)
    }

    async fn constraint(&self, line: &str) -> PromiseConstraint {
        self.explain(line).await.unwrap().binding_constraint()
    }

    /// Dated supply of item `a`, of which some units are pegged to lines.
    fn supply(&self, id: &str, open: i64, expected: i32, pegs: &[(&str, i64)]) {
        let mut books = self.inventory.books();
        for (line, quantity) in pegs {
            let claim = books.claims.get_mut(&((*line).to_owned(), 1)).unwrap();
            claim.pegs.push(Peg {
                supply: format!("supplies/{id}"),
                location: "locations/main".to_owned(),
                quantity: *quantity,
                expected_date: Some(day(expected)),
            });
            claim.pegged += quantity;
            claim.version += 1;
        }
        books.supplies.push(inventory::Supply {
            name: format!("supplies/{id}"),
            item: "items/a".to_owned(),
            location: "locations/main".to_owned(),
            ordered: open,
            open,
            pegged: pegs.iter().map(|(_, quantity)| quantity).sum(),
            expected_date: Some(day(expected)),
            ..inventory::Supply::default()
        });
    }
}

async fn only_lines_that_wait_are_listed_by_item_and_in_the_order_of_the_queue(backend: Backend) {
    let world = World::new(backend).await;
    world.free("b", 5);
    for (item, ordered_days_ago) in [("b", 5), ("b", 4), ("a", 1), ("a", 3)] {
        world.place(OrderDraft { order_time: days_ago(ordered_days_ago), ..world.order(item, 5) }).await;
    }
    let all = world.backorders(EVERYTHING).await;
    assert_eq!(all, ["orders/A-4/lines/1", "orders/A-3/lines/1", "orders/A-2/lines/1"]);

    let mut paged = Vec::new();
    let mut request = ListBackordersRequest { page_size: 1, ..EVERYTHING };
    loop {
        let page = world.clients.backlog.clone().list_backorders(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.backorders.len(), 1);
        paged.extend(page.backorders.into_iter().map(|backorder| backorder.line.unwrap().name));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, all);
    request.page_token = "00".to_owned();
    let damaged = world.clients.backlog.clone().list_backorders(request).await;
    assert_eq!(refusal(damaged), (Code::InvalidArgument, ErrorReason::PageTokenInvalid));
}

async fn the_backlog_is_filtered_by_item_customer_location_and_age(backend: Backend) {
    let world = World::new(backend).await;
    world.place(OrderDraft { order_time: days_ago(8), ..world.order("a", 5) }).await;
    world.place(OrderDraft { customer: "C".to_owned(), order_time: days_ago(2), ..world.order("a", 5) }).await;
    let mut at_main = world.order("b", 5);
    at_main.lines[0].locations.push("locations/main".to_owned());
    world.place(at_main).await;
    let (first, second, third) = ("orders/A-1/lines/1", "orders/A-2/lines/1", "orders/A-3/lines/1");

    let by_item = ListBackordersRequest { item: "items/b".to_owned(), ..EVERYTHING };
    assert_eq!(world.backorders(by_item).await, [third]);
    let by_customer = ListBackordersRequest { customer: "C".to_owned(), ..EVERYTHING };
    assert_eq!(world.backorders(by_customer).await, [second]);
    let by_location = ListBackordersRequest { location: "locations/main".to_owned(), ..EVERYTHING };
    assert_eq!(world.backorders(by_location).await, [first, second, third], "main serves where none is named");
    let elsewhere = ListBackordersRequest { location: "locations/MAIN".to_owned(), ..EVERYTHING };
    assert!(world.backorders(elsewhere).await.is_empty());
    let old = |age_days_min| ListBackordersRequest { age_days_min, ..EVERYTHING };
    assert_eq!(world.backorders(old(2)).await, [first, second]);
    assert_eq!(world.backorders(old(3)).await, [first]);
    let without_date = ListBackordersRequest { without_date: true, ..EVERYTHING };
    assert_eq!(world.backorders(without_date).await.len(), 3);
    let promised = ListBackordersRequest { promised_before: Some(day(31)), ..EVERYTHING };
    assert!(world.backorders(promised.clone()).await.is_empty());
    let both = ListBackordersRequest { without_date: true, ..promised };
    let both = world.clients.backlog.clone().list_backorders(both).await;
    assert_eq!(refusal(both), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn lines_are_listed_by_the_day_on_which_they_are_promised(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("soon", 5, 10, &[]);
    world.supply("later", 5, 20, &[]);
    for _ in 0..3 {
        world.place(world.order("a", 5)).await;
    }
    let before = |date| ListBackordersRequest { promised_before: Some(date), ..EVERYTHING };
    assert!(world.backorders(before(day(10))).await.is_empty());
    assert_eq!(world.backorders(before(day(11))).await, ["orders/A-1/lines/1"]);
    assert_eq!(world.backorders(before(day(31))).await, ["orders/A-1/lines/1", "orders/A-2/lines/1"]);
    let without_date = ListBackordersRequest { without_date: true, ..EVERYTHING };
    assert_eq!(world.backorders(without_date).await, ["orders/A-3/lines/1"]);
}

async fn a_backorder_tells_who_waits_since_when(backend: Backend) {
    let world = World::new(backend).await;
    let order = OrderDraft {
        customer_tier: "GOLD".to_owned(),
        channel: "web".to_owned(),
        order_time: days_ago(8),
        ..world.order("a", 5)
    };
    world.place(order).await;
    let answer = world.clients.backlog.clone().list_backorders(EVERYTHING).await.unwrap().into_inner();
    let found = &answer.backorders[0];
    assert_eq!((found.customer.as_str(), found.customer_tier.as_str(), found.channel.as_str()), ("c", "GOLD", "web"));
    assert_eq!((found.order_time, found.age_days), (days_ago(8), 8));
    assert_eq!(found.line.as_ref().unwrap().open, 5);
}

async fn refused_demand_is_listed_as_lost(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 2);
    for item in ["a", "b"] {
        let mut order = world.order(item, 5);
        order.lines[0].shortage_instruction = ShortageInstruction::NoBackOrder.into();
        world.place(order).await;
    }
    let list = async |item: &str| {
        let request = ListLostDemandRequest { item: item.to_owned(), ..ListLostDemandRequest::default() };
        world.clients.backlog.clone().list_lost_demand(request).await.unwrap().into_inner().lost_demand
    };
    let lost = list("").await;
    let quantities: Vec<_> = lost.iter().map(|lost| (lost.line.as_str(), lost.quantity)).collect();
    assert_eq!(quantities, [("orders/A-1/lines/1", 3), ("orders/A-2/lines/1", 5)]);
    assert!(lost.iter().all(|lost| lost.reason() == LostDemandReason::CustomerInstruction));
    assert_eq!(list("items/b").await, lost[1..]);
    assert!(world.backorders(EVERYTHING).await.is_empty());
}

async fn an_explanation_names_the_supply_and_who_is_ahead(backend: Backend) {
    let world = World::new(backend).await;
    world.place(OrderDraft { order_time: days_ago(2), ..world.order("a", 5) }).await;
    world.place(OrderDraft { order_time: days_ago(1), ..world.order("a", 4) }).await;
    let (first, second) = ("orders/A-1/lines/1", "orders/A-2/lines/1");
    assert_eq!(world.constraint(first).await, PromiseConstraint::NoSupply);
    world.supply("late", 9, 1, &[]);
    assert_eq!(world.constraint(first).await, PromiseConstraint::NoSupply, "past due covers nothing");
    world.supply("po", 7, 20, &[(first, 5), (second, 2)]);

    assert_eq!(world.constraint(first).await, PromiseConstraint::SupplyDate);
    let explained = world.explain(second).await.unwrap();
    assert_eq!(explained.binding_constraint(), PromiseConstraint::Queue);
    assert_eq!((explained.lines_ahead, explained.units_ahead), (1, 5));
    assert_eq!(explained.ahead[0].line, first);
    assert_eq!(explained.ahead[0].waiting, 5);
    let supplies: Vec<_> = explained
        .supplies
        .iter()
        .map(|supply| (supply.supply.as_str(), supply.pegged_to_line, supply.pegged_to_others, supply.past_due))
        .collect();
    assert_eq!(supplies, [("supplies/late", 0, 0, true), ("supplies/po", 2, 5, false)]);
    assert_eq!(explained.history.len(), 1);
    assert!(!explained.summary.is_empty());
}

async fn what_is_served_is_bound_by_nothing_but_a_later_wish(backend: Backend) {
    let world = World::new(backend).await;
    world.free("a", 10);
    world.place(world.order("a", 5)).await;
    assert_eq!(world.constraint("orders/A-1/lines/1").await, PromiseConstraint::None);
    let mut later = world.order("a", 5);
    later.lines[0].requested_date = wanted_on(day(20));
    world.place(later).await;
    assert_eq!(world.constraint("orders/A-2/lines/1").await, PromiseConstraint::RequestedDate);
}

async fn only_lines_that_are_there_are_explained(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 5)).await;
    let explained = world.explain("orders/A-9/lines/1").await;
    assert_eq!(refusal(explained), (Code::NotFound, ErrorReason::OrderNotFound));
    let explained = world.explain("orders/A-1/lines/2").await;
    assert_eq!(refusal(explained), (Code::NotFound, ErrorReason::OrderLineNotFound));
    let explained = world.explain("A-1").await;
    assert_eq!(refusal(explained), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn a_watch_from_a_token_misses_no_promise(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.place(world.order("a", 5)).await;
    world.idle().await;
    let token = world.clients.backlog.clone().get_resume_token(GetResumeTokenRequest {}).await.unwrap().into_inner();
    world.place(world.order("a", 5)).await;
    let request = WatchPromisesRequest { resume_token: token.resume_token, orders: Vec::new() };
    let mut watch = world.clients.backlog.clone().watch_promises(request).await.unwrap().into_inner();
    world.place(world.order("b", 5)).await;
    let mut tokens = Vec::new();
    for line in ["orders/A-2/lines/1", "orders/A-3/lines/1"] {
        let message = next(&mut watch).await;
        assert_eq!(message.line, line);
        assert_eq!(message.promise.unwrap().revision, 1);
        tokens.push(message.resume_token);
    }
    let orders = vec!["orders/A-3".to_owned()];
    let request = WatchPromisesRequest { resume_token: tokens[0].clone(), orders };
    let mut watch = world.clients.backlog.clone().watch_promises(request).await.unwrap().into_inner();
    assert_eq!(next(&mut watch).await.line, "orders/A-3/lines/1");
    for wrong in ["00".to_owned(), resume_token("allocation/promises", 1_000_000)] {
        let wrong = WatchPromisesRequest { resume_token: wrong, orders: Vec::new() };
        let refused = world.clients.backlog.clone().watch_promises(wrong).await.map(|_| ());
        assert_eq!(refusal(refused), (Code::InvalidArgument, ErrorReason::ResumeTokenInvalid));
    }
}

async fn next(watch: &mut tonic::Streaming<WatchPromisesResponse>) -> WatchPromisesResponse {
    let patience = backorder_testkit::patience().max(Duration::from_secs(1));
    tokio::time::timeout(patience, watch.message()).await.expect("a message in time").unwrap().expect("a message")
}

on_each_backend!(
    only_lines_that_wait_are_listed_by_item_and_in_the_order_of_the_queue,
    the_backlog_is_filtered_by_item_customer_location_and_age,
    lines_are_listed_by_the_day_on_which_they_are_promised,
    a_backorder_tells_who_waits_since_when,
    refused_demand_is_listed_as_lost,
    an_explanation_names_the_supply_and_who_is_ahead,
    what_is_served_is_bound_by_nothing_but_a_later_wish,
    only_lines_that_are_there_are_explained,
    a_watch_from_a_token_misses_no_promise,
);
