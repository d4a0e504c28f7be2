//! Races that must have one winner.

use backorder_proto::{
    common::v1::ErrorReason,
    inventory::v1::{
        reservation_service_client::ReservationServiceClient, supply_service_client::SupplyServiceClient, *,
    },
};
use backorder_service_kit::{clients::ServiceChannel, problem::reason_of};
use backorder_testkit::{Backend, counts::cases, on_each_backend};
use jiff::SignedDuration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    held::Held,
    world::{World, day},
};

async fn many_callers_race_for_the_last_ten_units_and_ten_win(backend: Backend) {
    let world = World::new(backend).await;
    for round in 0..cases("last_units_rounds") {
        world.receive("a", "main", 10).await;
        let waits = round % 2 == 0;
        let callers = (0..cases("last_units_callers")).map(|_| {
            let shortfall = if waits { Shortfall::Backorder } else { Shortfall::Refuse };
            let line = ReserveLine { shortfall: i32::from(shortfall), ..world.wants("a", 1) };
            let request = ReserveStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
            let mut client = world.clients.reservations.clone();
            tokio::spawn(async move { client.reserve_stock(request).await.unwrap().into_inner().results[0].clone() })
        });
        let mut won = Vec::new();
        let mut lost = Vec::new();
        for result in futures::future::join_all(callers).await {
            let result = result.unwrap();
            let reserved = result.claim.as_ref().map_or(0, |claim| claim.reserved);
            if reserved == 1 { won.push(result.line) } else { lost.push(result) }
        }
        assert_eq!(won.len(), 10, "round {round}");
        let is_right = |result: &ReserveResult| match &result.claim {
            Some(claim) => waits && claim.waiting == 1,
            None => !waits && result.refused == 1,
        };
        assert!(lost.iter().all(is_right));
        world.post_all(&won).await;
        if waits {
            world.release_all(lost.into_iter().map(|result| result.line).collect()).await;
        }
        assert_eq!(world.position("a", "main").await.on_hand, 0);
    }
    world.balanced().await;
}

async fn a_soft_claim_is_posted_or_expires_never_both(backend: Backend) {
    let world = World::new(backend).await;
    for _ in 0..cases("reservation_post_expire_race") {
        let now = world.clock_now();
        let expire_time = Some(prost_types::Timestamp { seconds: now.as_second() + 60, nanos: 0 });
        let soft = ReserveLine { strength: i32::from(ReservationStrength::Soft), expire_time, ..world.wants("a", 2) };
        let line = soft.line.clone();
        world.receive("a", "main", 2).await;
        let on_hand = world.position("a", "main").await.on_hand;
        world.reserve(vec![soft]).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(61));
        // Asking for the activity wakes the job that ends the claim.
        let mut operations = world.clients.operations.clone();
        let (posted, _) = tokio::join!(world.post(&line, 2), operations.get_activity(GetActivityRequest {}));
        world.idle().await;
        let (claim, position) = (world.claim(&line).await, world.position("a", "main").await);
        match posted {
            Ok(_) => assert_eq!((claim.posted, claim.reserved, position.on_hand), (2, 0, on_hand - 2)),
            Err(status) => {
                assert_eq!(reason_of(&status), Some(ErrorReason::InsufficientReservation));
                assert_eq!((claim.posted, claim.reserved, position.on_hand), (0, 0, on_hand));
            }
        }
        assert_eq!(position.reserved, 0);
    }
    world.balanced().await;
}

/// Two items share no lock, so only the keys of claims and supplies tell that one of the two came second.
async fn a_name_that_two_items_race_for_goes_to_one_and_the_other_hears_its_name(backend: Backend) {
    let world = World::new(backend).await;
    // One process would take both reservations in one batch.
    let other = world.another_instance().await;
    for round in 0..cases("name_races") {
        let name = format!("supplies/s-{round}");
        let supply = |mut client: SupplyServiceClient<ServiceChannel>, item: &str| {
            let supply = Supply {
                name: name.clone(),
                item: format!("items/{item}"),
                location: "locations/main".to_owned(),
                kind: i32::from(SupplyKind::PurchaseOrderLine),
                ordered: 1,
                expected_date: Some(day(9)),
                ..Supply::default()
            };
            let (request_id, supplies) = (world.id(), vec![supply]);
            let request = BatchCreateSuppliesRequest { request_id, supplies, ..Default::default() };
            async move { client.batch_create_supplies(request).await.map(drop) }
        };
        let (one, two) = (supply(world.clients.supply.clone(), "a"), supply(other.supply.clone(), "b"));
        let refused = (Code::AlreadyExists, Some(ErrorReason::AlreadyExists), Some(name.clone()));
        assert_eq!(refusal_of_the_second(one, two, "supply").await, refused);

        let line = world.line();
        let reserve = |mut client: ReservationServiceClient<ServiceChannel>, item: &str| {
            let lines = vec![ReserveLine { line: line.clone(), ..world.wants(item, 1) }];
            let request = ReserveStockRequest { request_id: world.id(), lines, ..Default::default() };
            async move { client.reserve_stock(request).await.map(drop) }
        };
        let (one, two) = (reserve(world.clients.reservations.clone(), "a"), reserve(other.reservations.clone(), "b"));
        let refused = (Code::AlreadyExists, Some(ErrorReason::ClaimExists), Some(line.clone()));
        assert_eq!(refusal_of_the_second(one, two, "line").await, refused);
    }
    world.balanced().await;
}

/// Runs both at once; the code, the reason and a piece of metadata of the one that is refused.
async fn refusal_of_the_second<F>(one: F, two: F, key: &str) -> (Code, Option<ErrorReason>, Option<String>)
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let (one, two) = tokio::join!(tokio::spawn(one), tokio::spawn(two));
    let status = match (one.unwrap(), two.unwrap()) {
        (Ok(()), Err(status)) | (Err(status), Ok(())) => status,
        both => panic!("not one of two: {both:?}"),
    };
    let named = status.get_details_error_info().and_then(|info| info.metadata.get(key).cloned());
    (status.code(), reason_of(&status), named)
}

on_each_backend!(
    many_callers_race_for_the_last_ten_units_and_ten_win,
    a_soft_claim_is_posted_or_expires_never_both,
    a_name_that_two_items_race_for_goes_to_one_and_the_other_hears_its_name,
);

/// A row that was not there when the batch locked its items is there when it reads them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_is_made_while_a_batch_takes_its_locks_is_not_changed_without_one() {
    let world = World::new(Backend::Postgres).await;
    let put = |text: &str, ids: &[&str]| {
        let items = ids
            .iter()
            .map(|id| Item { name: format!("items/{id}"), description: text.to_owned(), ..Item::default() })
            .collect();
        let (mut catalog, request_id) = (world.clients.catalog.clone(), world.id());
        async move { catalog.batch_put_items(BatchPutItemsRequest { request_id, items }).await.unwrap().into_inner() }
    };
    let known = Held::item(&world, "a", "SELECT 1").await;
    let batch = tokio::spawn(put("of the batch", &["a", "new"]));
    known.is_waited_for(&world).await;
    put("of another", &["new"]).await;
    let new =
        Held::item(&world, "new", "UPDATE item SET version = 2, description = 'of a third' WHERE id = 'new'").await;
    known.ends().await;
    new.is_waited_for(&world).await;
    new.ends().await;
    assert_eq!(batch.await.unwrap().replaced, 2);
    let request = GetItemRequest { name: "items/new".to_owned() };
    let found = world.clients.catalog.clone().get_item(request).await.unwrap().into_inner();
    assert_eq!((found.etag.as_str(), found.description.as_str()), ("3", "of the batch"));
}

/// A claim that was not there when the release looked for the items of its lines is there when it reads them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_is_made_while_a_release_takes_its_locks_is_not_changed_without_one() {
    let world = World::new(Backend::Postgres).await;
    for item in ["a", "b"] {
        world.receive(item, "main", 5).await;
    }
    let (first, second) = (world.backorder("a", 5).await.line, world.wants("b", 5));
    let lines = [&first, &second.line]
        .map(|line| ReleaseLine { line: line.clone(), quantity: 5, ..ReleaseLine::default() })
        .to_vec();
    let request = ReleaseClaimsRequest { request_id: world.id(), lines, ..Default::default() };
    let known = Held::item(&world, "a", "SELECT 1").await;
    let mut client = world.clients.reservations.clone();
    let release = tokio::spawn(async move { client.release_claims(request).await });
    known.is_waited_for(&world).await;
    world.reserve(vec![second]).await.unwrap();
    let new = Held::item(&world, "b", "SELECT 1").await;
    known.ends().await;
    new.is_waited_for(&world).await;
    new.ends().await;
    release.await.unwrap().unwrap();
    assert_eq!(world.position("b", "main").await.available, 5);
    world.balanced().await;
}

/// Both look before they have the lock, and see neither the claim nor the request of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_two_instances_look_up_at_once_is_done_once_and_answered_twice() {
    let world = World::new(Backend::Postgres).await;
    let other = world.another_instance().await;
    world.receive("a", "main", 5).await;
    let request =
        ReserveStockRequest { request_id: world.id(), lines: vec![world.wants("a", 2)], ..Default::default() };
    let held = Held::item(&world, "a", "SELECT 1").await;
    let sent = [world.clients.reservations.clone(), other.reservations.clone()].map(|mut client| {
        let request = request.clone();
        tokio::spawn(async move { client.reserve_stock(request).await.map(tonic::Response::into_inner) })
    });
    held.is_waited_for_by(2, &world).await;
    held.ends().await;
    let [one, two] = sent;
    assert_eq!(one.await.unwrap().unwrap(), two.await.unwrap().unwrap());
    assert_eq!(world.position("a", "main").await.available, 3);
    world.balanced().await;
}

/// The second is run again and finds that its id was used for another command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_done_beside_one_of_another_command_is_told_apart() {
    let world = World::new(Backend::Postgres).await;
    let other = world.another_instance().await;
    world.receive("a", "main", 5).await;
    let (request_id, line) = (world.id(), world.wants("a", 2));
    let of = |lines| ReserveStockRequest { request_id: request_id.clone(), lines, ..Default::default() };
    let (first, second) = (of(vec![line.clone()]), of(vec![ReserveLine { quantity: 3, ..line }]));
    let held = Held::item(&world, "a", "SELECT 1").await;
    let sent = [(world.clients.reservations.clone(), first), (other.reservations.clone(), second)]
        .map(|(mut client, request)| tokio::spawn(async move { client.reserve_stock(request).await.map(drop) }));
    held.is_waited_for_by(2, &world).await;
    held.ends().await;
    let [one, two] = sent;
    let status = match (one.await.unwrap(), two.await.unwrap()) {
        (Ok(()), Err(status)) | (Err(status), Ok(())) => status,
        both => panic!("not one of two: {both:?}"),
    };
    assert_eq!(reason_of(&status), Some(ErrorReason::RequestIdReused));
    world.balanced().await;
}
