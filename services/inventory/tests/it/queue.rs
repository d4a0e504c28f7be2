//! The queue: who may take stock, who comes first, and who gives to whom.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::Code;

use crate::world::{World, because, refusal};

async fn change(world: &World, line: &str, eligible: Option<bool>, queue_key: Option<&str>) -> UpdateQueueResponse {
    let change = QueueChange {
        line: line.to_owned(),
        part: 0,
        eligible,
        queue_key: queue_key.map(str::to_owned),
        queue_time: None,
        in_set: None,
    };
    let request = UpdateQueueRequest { request_id: world.id(), changes: vec![change], context: because("test") };
    world.clients.reservations.clone().update_queue(request).await.unwrap().into_inner()
}

async fn waiting(world: &World, item: &str, location: &str, page_size: i32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListWaitingClaimsRequest {
            item: format!("items/{item}"),
            location: location.to_owned(),
            page_size,
            page_token,
            decided_as_sets: false,
        };
        let page = world.clients.reservations.clone().list_waiting_claims(request).await.unwrap().into_inner();
        lines.extend(page.claims.into_iter().map(|claim| claim.line));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return lines;
        }
    }
}

async fn stock_is_not_held_for_a_line_that_is_not_eligible_until_it_becomes_so(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.reserve(vec![ReserveLine { eligible: false, ..world.wants("a", 3) }]).await.unwrap();
    let line = claim[0].line.clone();
    assert!(world.receive("a", "main", 5).await.holds.is_empty());
    let changed = change(&world, &line, Some(true), None).await;
    assert_eq!(changed.holds.iter().map(|hold| hold.quantity).collect::<Vec<_>>(), [3]);
    assert!(changed.claims[0].eligible);
    assert_eq!(world.position("a", "main").await.available, 2);
    world.balanced().await;
}

async fn open_claims_of_all_items_are_listed_in_pages_and_closed_ones_are_not(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 4).await;
    let claims = [world.backorder("b", 1).await, world.backorder("a", 2).await, world.backorder("a", 2).await];
    world.post_all(&[claims[1].line.clone()]).await;
    world.release(&claims[2].line, 2).await.unwrap();
    let mut lines = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListOpenClaimsRequest { page_size: 1, page_token };
        let page = world.clients.reservations.clone().list_open_claims(request).await.unwrap().into_inner();
        lines.extend(page.claims.into_iter().map(|claim| (claim.line, claim.reserved, claim.waiting)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(lines, [(claims[0].line.clone(), 0, 1), (claims[1].line.clone(), 1, 0)]);
}

async fn the_queue_is_listed_by_key_then_time_and_by_location(backend: Backend) {
    let world = World::new(backend).await;
    let mut lines = Vec::new();
    for (key, locations) in [("b", vec!["locations/north"]), ("a", vec![]), ("b", vec!["locations/main"])] {
        let locations = locations.into_iter().map(str::to_owned).collect();
        let line = ReserveLine { queue_key: key.to_owned(), locations, ..world.wants("a", 1) };
        lines.push(line.line.clone());
        world.reserve(vec![line]).await.unwrap();
    }
    assert_eq!(waiting(&world, "a", "", 2).await, [lines[1].clone(), lines[0].clone(), lines[2].clone()]);
    assert_eq!(waiting(&world, "a", "locations/main", 1).await, [lines[1].clone(), lines[2].clone()]);
    change(&world, &lines[2], None, Some("0")).await;
    assert_eq!(waiting(&world, "a", "", 0).await, [lines[2].clone(), lines[1].clone(), lines[0].clone()]);
}

async fn only_what_no_run_serves_alone_is_listed_where_that_is_asked(backend: Backend) {
    let world = World::new(backend).await;
    let (alone, in_set) = (world.wants("a", 1), world.wants("a", 1));
    let wish = Some(BatchWish { min_remaining_shelf_life_days: 9, ..BatchWish::default() });
    let asking = ReserveLine { wish, ..world.wants("a", 1) };
    let expected = [in_set.line.clone(), asking.line.clone()];
    let joins = QueueChange { line: in_set.line.clone(), in_set: Some(true), ..QueueChange::default() };
    world.reserve(vec![alone, in_set, asking]).await.unwrap();
    let joins = UpdateQueueRequest { request_id: world.id(), changes: vec![joins], context: because("test") };
    world.clients.reservations.clone().update_queue(joins).await.unwrap();
    let request = ListWaitingClaimsRequest {
        item: "items/a".to_owned(),
        page_size: 1,
        decided_as_sets: true,
        ..ListWaitingClaimsRequest::default()
    };
    let list = |request| async { world.clients.reservations.clone().list_waiting_claims(request).await };
    let first = list(request.clone()).await.unwrap().into_inner();
    let page_token = first.next_page_token;
    let other = ListWaitingClaimsRequest { page_token: page_token.clone(), decided_as_sets: false, ..request.clone() };
    assert_eq!(list(other).await.unwrap_err().code(), Code::InvalidArgument, "the token is of another list");
    let second = list(ListWaitingClaimsRequest { page_token, ..request }).await.unwrap().into_inner();
    assert_eq!([&first.claims[0].line, &second.claims[0].line], [&expected[0], &expected[1]]);
    assert_eq!((first.claims.len(), second.claims.len()), (1, 1));
    assert!(second.next_page_token.is_empty());
}

async fn reserved_units_are_reassigned_by_version_and_the_giver_waits_again(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 3).await;
    let giver = world.backorder("a", 3).await;
    let taker = world.backorder("a", 2).await;
    let reassign = |from_version: i64| ReassignReservationRequest {
        request_id: world.id(),
        from_line: giver.line.clone(),
        from_version,
        to_line: taker.line.clone(),
        to_version: taker.version,
        location: "locations/main".to_owned(),
        quantity: 2,
        context: because("promise"),
        ..ReassignReservationRequest::default()
    };
    let reservations = || world.clients.reservations.clone();
    let refused = refusal(reservations().reassign_reservation(reassign(giver.version + 1)).await);
    assert_eq!(refused, (Code::Aborted, ErrorReason::VersionMismatch));
    let answer = reservations().reassign_reservation(reassign(giver.version)).await.unwrap().into_inner();
    assert_eq!(answer.from_claim.map(|claim| (claim.reserved, claim.waiting)), Some((1, 2)));
    assert_eq!(answer.to_claim.map(|claim| (claim.reserved, claim.waiting)), Some((2, 0)));
    world.balanced().await;
}

async fn a_run_that_gives_more_than_is_there_skips_and_says_so(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.backorder("a", 5).await;
    let second = world.backorder("a", 2).await;
    world.receive("a", "main", 3).await;
    let served = world.serve("a", "main", &[(&first, 5), (&second, 2)]).await;
    let outcomes: Vec<_> = served.results.iter().map(GainResult::outcome).collect();
    assert_eq!(outcomes, [GainOutcome::NoCover, GainOutcome::Applied]);
    let position = world.position("a", "main").await;
    assert_eq!((position.reserved, position.held, position.available), (2, 1, 0), "the rest still waits for the first");
    world.balanced().await;
}

async fn holds_are_listed_oldest_first_and_by_item(backend: Backend) {
    let world = World::new(backend).await;
    for item in ["b", "a"] {
        world.backorder(item, 1).await;
        world.receive(item, "main", 1).await;
        world.clock.advance(jiff::SignedDuration::from_secs(1));
    }
    let held: Vec<_> = world.holds().await.into_iter().map(|hold| hold.item).collect();
    assert_eq!(held, ["items/b", "items/a"]);
    let request = ListHoldsRequest { item: "items/a".to_owned(), ..ListHoldsRequest::default() };
    let holds = world.clients.reservations.clone().list_holds(request).await.unwrap().into_inner().holds;
    assert_eq!((holds.len(), holds[0].quantity), (1, 1));
    assert_eq!(world.activity().await.holds_open, 2);
}

on_each_backend!(
    stock_is_not_held_for_a_line_that_is_not_eligible_until_it_becomes_so,
    open_claims_of_all_items_are_listed_in_pages_and_closed_ones_are_not,
    the_queue_is_listed_by_key_then_time_and_by_location,
    only_what_no_run_serves_alone_is_listed_where_that_is_asked,
    reserved_units_are_reassigned_by_version_and_the_giver_waits_again,
    a_run_that_gives_more_than_is_there_skips_and_says_so,
    holds_are_listed_oldest_first_and_by_item,
);
