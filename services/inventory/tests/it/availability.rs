//! What can be had, now and later.

use backorder_proto::{
    common::v1::{Date, ErrorReason},
    inventory::v1::*,
};
use backorder_testkit::{Backend, on_each_backend};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::world::{World, day, refusal};

/// The day on which every world begins.
const TODAY: Date = day(2);

fn pair(item: &str, location: &str) -> ItemLocation {
    ItemLocation { item: format!("items/{item}"), location: format!("locations/{location}") }
}

async fn ask(world: &World, pairs: Vec<ItemLocation>) -> Result<Vec<Availability>, Status> {
    let request = BatchGetAvailabilityRequest { pairs, ..BatchGetAvailabilityRequest::default() };
    Ok(world.clients.availability.clone().batch_get_availability(request).await?.into_inner().availabilities)
}

async fn available(world: &World, item: &str, location: &str) -> Availability {
    ask(world, vec![pair(item, location)]).await.unwrap().remove(0)
}

async fn profile(
    world: &World,
    item: &str,
    horizon_days: i32,
    quantity: i64,
) -> Result<GetAvailabilityProfileResponse, Status> {
    let ItemLocation { item, location } = pair(item, "main");
    let request = GetAvailabilityProfileRequest { item, location, horizon_days, quantity };
    Ok(world.clients.availability.clone().get_availability_profile(request).await?.into_inner())
}

/// Date, supply, demand and what may be promised of each day.
fn days(profile: &GetAvailabilityProfileResponse) -> Vec<(Date, i64, i64, i64)> {
    let day = |b: &AvailabilityBucket| (b.date.unwrap(), b.supply, b.demand, b.available_to_promise);
    profile.buckets.iter().map(day).collect()
}

async fn item_with_safety_stock(world: &World, id: &str, safety_stock: i64) {
    let item = Item { name: format!("items/{id}"), safety_stock, ..Item::default() };
    let request = BatchPutItemsRequest { request_id: world.id(), items: vec![item] };
    world.clients.catalog.clone().batch_put_items(request).await.unwrap();
}

async fn free_units_less_safety_stock_may_be_sold(backend: Backend) {
    let world = World::new(backend).await;
    item_with_safety_stock(&world, "s", 4).await;
    world.receive("s", "main", 3).await;
    assert_eq!(available(&world, "s", "main").await.available_to_sell, 0, "never below zero");
    world.receive("s", "main", 7).await;
    let availability = available(&world, "s", "main").await;
    assert_eq!(availability.available_to_sell, 6);
    assert_eq!(availability.position, Some(world.position("s", "main").await));
}

async fn what_waits_and_what_comes_is_told_with_the_next_day(backend: Backend) {
    let world = World::new(backend).await;
    world.supply("p1", "a", "main", 5, day(9)).await;
    world.supply("p2", "a", "main", 7, day(4)).await;
    world.supply("p3", "a", "north", 9, day(3)).await;
    world.backorder("a", 2).await;
    let main = available(&world, "a", "main").await;
    assert_eq!((main.waiting, main.inbound, main.inbound_past_due), (2, 12, 0));
    assert_eq!(main.next_supply_date, Some(day(4)));
    let north = available(&world, "a", "north").await;
    assert_eq!((north.waiting, north.inbound), (2, 9), "a line that two locations may serve counts at each");
}

async fn supply_is_past_due_after_its_day_at_its_own_location(backend: Backend) {
    let world = World::new(backend).await;
    let tokyo = Location {
        name: "locations/tokyo".to_owned(),
        kind: i32::from(LocationKind::Warehouse),
        time_zone: "Asia/Tokyo".to_owned(),
        ..Location::default()
    };
    let request = CreateLocationRequest { request_id: world.id(), location: Some(tokyo) };
    world.clients.catalog.clone().create_location(request).await.unwrap();
    world.supply("p1", "a", "main", 5, TODAY).await;
    world.supply("p2", "a", "tokyo", 5, TODAY).await;
    let due = async |location: &str| {
        let availability = available(&world, "a", location).await;
        (availability.inbound, availability.inbound_past_due, availability.next_supply_date)
    };
    assert_eq!(due("tokyo").await, (5, 0, Some(TODAY)));
    world.clock.advance(SignedDuration::from_hours(4));
    assert_eq!(due("tokyo").await, (0, 5, None), "it is past midnight there");
    assert_eq!(due("main").await, (5, 0, Some(TODAY)));
}

async fn pairs_are_answered_in_their_order_and_without_stock_with_zeros(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("b", "north", 3).await;
    let asked = [("b", "north"), ("a", "main"), ("b", "main"), ("b", "north")];
    let answers = ask(&world, asked.iter().map(|(item, location)| pair(item, location)).collect()).await.unwrap();
    let units = answers
        .iter()
        .map(|a| a.position.as_ref().unwrap())
        .map(|p| (p.item.as_str(), p.location.as_str(), p.available));
    let expected = [
        ("items/b", "locations/north", 3),
        ("items/a", "locations/main", 0),
        ("items/b", "locations/main", 0),
        ("items/b", "locations/north", 3),
    ];
    assert_eq!(units.collect::<Vec<_>>(), expected);
}

async fn a_thousand_pairs_are_answered_and_one_more_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    let items: Vec<Item> = (0..500).map(|n| Item { name: format!("items/n{n}"), ..Item::default() }).collect();
    let request = BatchPutItemsRequest { request_id: world.id(), items };
    world.clients.catalog.clone().batch_put_items(request).await.unwrap();
    let mut pairs: Vec<ItemLocation> =
        (0..500).flat_map(|n| ["main", "north"].map(|location| pair(&format!("n{n}"), location))).collect();
    assert_eq!(ask(&world, pairs.clone()).await.unwrap().len(), 1_000);
    pairs.push(pair("a", "main"));
    assert_eq!(refusal(ask(&world, pairs).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
    assert_eq!(refusal(ask(&world, Vec::new()).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn an_unknown_item_or_location_is_not_found(backend: Backend) {
    let world = World::new(backend).await;
    let unknown_item = ask(&world, vec![pair("a", "main"), pair("x", "main")]).await;
    assert_eq!(refusal(unknown_item), (Code::NotFound, ErrorReason::ItemNotFound));
    let unknown_location = ask(&world, vec![pair("a", "mars")]).await;
    assert_eq!(refusal(unknown_location), (Code::NotFound, ErrorReason::LocationNotFound));
}

async fn the_profile_promises_what_no_waiting_line_is_pegged_to(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    world.supply("p1", "a", "main", 20, day(9)).await;
    world.backorder("a", 15).await;
    let answer = profile(&world, "a", 30, 15).await.unwrap();
    assert_eq!(days(&answer), [(TODAY, 0, 0, 0), (day(9), 20, 5, 15)]);
    assert_eq!((answer.earliest_date, answer.time_zone.as_str()), (Some(day(9)), "Europe/London"));
    assert_eq!(profile(&world, "a", 30, 16).await.unwrap().earliest_date, None);
    let near = profile(&world, "a", 5, 15).await.unwrap();
    assert_eq!((days(&near).len(), near.earliest_date), (1, None), "beyond the horizon nothing is known");
}

async fn later_commitments_stay_covered(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let line = ReserveLine {
        locations: vec!["locations/main".to_owned()],
        requested_date: Some(day(20)),
        ..world.wants("a", 14)
    };
    world.reserve(vec![line]).await.unwrap();
    world.supply("p1", "a", "main", 3, day(9)).await;
    let answer = profile(&world, "a", 0, 1).await.unwrap();
    let cumulative: Vec<i64> = answer.buckets.iter().map(|bucket| bucket.cumulative).collect();
    assert_eq!(cumulative, [0, 0, -1], "one unit has no supply on the day that it is wanted");
    assert_eq!(answer.earliest_date, None);
}

async fn held_units_and_the_lines_that_they_are_for_cancel_out(backend: Backend) {
    let world = World::new(backend).await;
    world.backorder("a", 4).await;
    world.receive("a", "main", 10).await;
    assert_eq!(world.position("a", "main").await.held, 4);
    let answer = profile(&world, "a", 30, 6).await.unwrap();
    assert_eq!((answer.buckets[0].available_to_promise, answer.earliest_date), (6, Some(TODAY)));
}

async fn a_question_out_of_bounds_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    for (horizon, quantity) in [(-1, 0), (731, 0), (30, -1)] {
        let refused = refusal(profile(&world, "a", horizon, quantity).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest), "{horizon} {quantity}");
    }
}

on_each_backend!(
    free_units_less_safety_stock_may_be_sold,
    what_waits_and_what_comes_is_told_with_the_next_day,
    supply_is_past_due_after_its_day_at_its_own_location,
    pairs_are_answered_in_their_order_and_without_stock_with_zeros,
    a_thousand_pairs_are_answered_and_one_more_is_refused,
    an_unknown_item_or_location_is_not_found,
    the_profile_promises_what_no_waiting_line_is_pegged_to,
    later_commitments_stay_covered,
    held_units_and_the_lines_that_they_are_for_cancel_out,
    a_question_out_of_bounds_is_refused,
);
