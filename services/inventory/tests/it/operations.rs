//! What operators and tests look at: activity and the proof of the books.

use backorder_proto::{
    common::v1::{Activity, ErrorReason},
    inventory::v1::*,
};
use backorder_storage::StorageError;
use backorder_testkit::{Backend, eventually, on_each_backend};
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::world::{World, day, refusal};

async fn an_idle_service_has_nothing_to_do(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 3).await;
    eventually("the service is idle", async || world.activity().await == Activity::default()).await;
}

async fn open_holds_are_counted_until_a_run_decides(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.backorder("a", 4).await;
    world.receive("a", "main", 4).await;
    assert_eq!(world.activity().await.holds_open, 1);
    world.serve("a", "main", &[(&claim, 4)]).await;
    assert_eq!(world.activity().await.holds_open, 0);
}

/// Stock in every kind of row: reserved, held, in transit, waiting and pegged.
async fn busy_world(backend: Backend) -> World {
    let world = World::new(backend).await;
    world.supply("p1", "a", "main", 20, day(9)).await;
    world.receive("a", "main", 5).await;
    world.backorder("a", 9).await;
    world.receive("a", "north", 2).await;
    world.backorder("b", 1).await;
    world.receive("b", "main", 6).await;
    world.receive("c", "main", 6).await;
    world
}

async fn the_books_of_a_busy_world_balance(backend: Backend) {
    let world = busy_world(backend).await;
    let books = world.verify().await;
    assert!(books.balanced, "{:?}", books.differences);
    assert_eq!((books.positions, books.claims), (4, 2));
    assert!(books.movements >= 6);
    assert_eq!(books.digest.len(), 64);
}

pub async fn tamper(world: &World, text: &'static str) {
    try_to_tamper(world, text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
}

async fn try_to_tamper(world: &World, text: &'static str) -> Result<(), StorageError> {
    let done = world.app.store().write("tamper", move |tx| {
        Box::pin(async move {
            tx.execute_unprepared(text).await?;
            Ok::<_, StorageError>(())
        })
    });
    done.await
}

/// What damages the books, what mends them again, and the kind of the difference with the beginning of its name.
const TAMPERINGS: [(&str, &str, &str, &str); 8] = [
    (
        "UPDATE position SET damaged = damaged + 2 WHERE item_id = 'c'",
        "UPDATE position SET damaged = damaged - 2 WHERE item_id = 'c'",
        "position",
        "positions/c/main",
    ),
    (
        "UPDATE movement SET quantity = quantity + 1 WHERE item_id = 'c'",
        "UPDATE movement SET quantity = quantity - 1 WHERE item_id = 'c'",
        "position",
        "positions/c/main",
    ),
    (
        "UPDATE claim SET reserved = reserved + 1 WHERE item_id = 'a'",
        "UPDATE claim SET reserved = reserved - 1 WHERE item_id = 'a'",
        "claim",
        "claims/orders/o/lines/0/parts/1",
    ),
    (
        "UPDATE claim SET pegged = pegged - 1 WHERE item_id = 'a'",
        "UPDATE claim SET pegged = pegged + 1 WHERE item_id = 'a'",
        "claim",
        "claims/orders/o/lines/0/parts/1",
    ),
    (
        "UPDATE supply SET pegged = pegged + 1 WHERE item_id = 'a'",
        "UPDATE supply SET pegged = pegged - 1 WHERE item_id = 'a'",
        "supply",
        "supplies/p1",
    ),
    (
        "UPDATE claim_location SET quantity = quantity + 1 WHERE item_id = 'b' AND location_id = 'main'",
        "UPDATE claim_location SET quantity = quantity - 1 WHERE item_id = 'b' AND location_id = 'main'",
        "claim",
        "claims/orders/o/lines/1/parts/1",
    ),
    (
        "UPDATE item_ledger SET last_movement = 0 WHERE item_id = 'c'",
        "UPDATE item_ledger SET last_movement = (SELECT MAX(id) FROM movement WHERE item_id = 'c') WHERE item_id = 'c'",
        "ledger",
        "items/c",
    ),
    (
        "UPDATE movement SET previous = previous + 1 WHERE item_id = 'b' AND previous <> 0",
        "UPDATE movement SET previous = previous - 1 WHERE item_id = 'b' AND previous <> 0",
        "ledger",
        "movements/",
    ),
];

async fn every_kind_of_difference_is_found_and_named(backend: Backend) {
    let world = busy_world(backend).await;
    for (damage, repair, kind, name) in TAMPERINGS {
        tamper(&world, damage).await;
        let books = world.verify().await;
        let is_named = |difference: &BookDifference| difference.kind == kind && difference.name.starts_with(name);
        assert!(!books.balanced && books.differences.iter().any(is_named), "{damage}: {:?}", books.differences);
        tamper(&world, repair).await;
        world.balanced().await;
    }
}

async fn a_claim_for_no_item_is_refused_or_found(backend: Backend) {
    let world = busy_world(backend).await;
    let done = try_to_tamper(&world, "UPDATE claim SET item_id = 'nowhere' WHERE item_id = 'b'").await;
    if backend == Backend::Sqlite {
        assert!(done.is_err(), "a foreign key refuses it");
        return;
    }
    done.expect("PostgreSQL has no key for it: the lock of the item proves it");
    let books = world.verify().await;
    let named = books.differences.iter().find(|difference| difference.name == "claims");
    let (booked, expected) = named.map(|difference| (difference.booked, difference.expected)).unwrap_or_default();
    assert!(!books.balanced && (booked, expected) == (2, 1), "{:?}", books.differences);
}

async fn what_stands_for_no_claim_is_refused_or_found(backend: Backend) {
    let world = busy_world(backend).await;
    for (damage, repair) in [
        ("UPDATE reservation SET part = part + 8", "UPDATE reservation SET part = part - 8"),
        ("UPDATE claim_location SET part = part + 8", "UPDATE claim_location SET part = part - 8"),
    ] {
        let done = try_to_tamper(&world, damage).await;
        if backend == Backend::Sqlite {
            assert!(done.is_err(), "a foreign key refuses it: {damage}");
            continue;
        }
        done.expect("PostgreSQL has no key for it: the claim is written by the same statement");
        let books = world.verify().await;
        let is_named =
            |difference: &BookDifference| difference.kind == "claim" && difference.name.ends_with("/parts/9");
        assert!(!books.balanced && books.differences.iter().any(is_named), "{damage}: {:?}", books.differences);
        tamper(&world, repair).await;
        world.balanced().await;
    }
}

async fn free_stock_beside_a_waiting_line_is_starvation(backend: Backend) {
    let world = busy_world(backend).await;
    tamper(&world, "UPDATE position SET held = held - 1, available = available + 1 WHERE item_id = 'b'").await;
    tamper(&world, "DELETE FROM hold WHERE item_id = 'b'").await;
    let books = world.verify().await;
    let starved = books.differences.iter().find(|difference| difference.kind == "starved").expect("starvation");
    assert_eq!(starved.name, "positions/b/main");
}

async fn the_same_history_has_the_same_digest_whatever_ids_were_drawn(backend: Backend) {
    let (one, other) = (busy_world(backend).await, {
        let world = World::new(backend).await;
        for _ in 0..5 {
            world.id();
        }
        world.supply("p1", "a", "main", 20, day(9)).await;
        world.receive("a", "main", 5).await;
        world.backorder("a", 9).await;
        world.receive("a", "north", 2).await;
        world.backorder("b", 1).await;
        world.receive("b", "main", 6).await;
        world.receive("c", "main", 6).await;
        world
    });
    let digest = one.verify().await.digest;
    assert_eq!(digest, other.verify().await.digest);
    one.receive("c", "main", 1).await;
    assert_ne!(digest, one.verify().await.digest);
}

async fn a_random_id_in_a_cause_does_not_change_the_digest(backend: Backend) {
    let mut digests = Vec::new();
    for run in ["0b6f9f0a-6f0a-4d0f-9d3b-2c7f0d1e5a11", "91f3c9d2-2f0e-4f61-8a59-d6c1e8b7a3f0"] {
        let world = World::new(backend).await;
        let line = ReceiptLine {
            item: "items/a".to_owned(),
            location: "locations/main".to_owned(),
            accepted: 3,
            ..ReceiptLine::default()
        };
        let request = ReceiveStockRequest {
            request_id: world.id(),
            lines: vec![line],
            document: format!("runs/{run}"),
            ..ReceiveStockRequest::default()
        };
        world.clients.stock.clone().receive_stock(request).await.unwrap();
        digests.push(world.verify().await.digest);
    }
    assert_eq!(digests[0], digests[1]);
}

async fn no_event_is_parked_and_an_unknown_one_is_not_found(backend: Backend) {
    let world = World::new(backend).await;
    let mut operations = world.clients.operations.clone();
    let parked = operations.list_dead_letters(ListDeadLettersRequest::default()).await.unwrap().into_inner();
    assert_eq!(parked, ListDeadLettersResponse::default());
    let request = RedriveDeadLetterRequest { event_id: "0b6f9f0a-6f0a-4d0f-9d3b-2c7f0d1e5a11".to_owned() };
    let refused = refusal(operations.redrive_dead_letter(request).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::DeadLetterNotFound));
}

on_each_backend!(
    an_idle_service_has_nothing_to_do,
    open_holds_are_counted_until_a_run_decides,
    the_books_of_a_busy_world_balance,
    every_kind_of_difference_is_found_and_named,
    a_claim_for_no_item_is_refused_or_found,
    what_stands_for_no_claim_is_refused_or_found,
    free_stock_beside_a_waiting_line_is_starvation,
    the_same_history_has_the_same_digest_whatever_ids_were_drawn,
    a_random_id_in_a_cause_does_not_change_the_digest,
    no_event_is_parked_and_an_unknown_one_is_not_found,
);
