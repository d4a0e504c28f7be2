//! Who made a write and why is kept for every write: by its movements or, where it has none, by a note.

use backorder_proto::{common::v1::WriteContext, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::world::World;

fn context() -> Option<WriteContext> {
    let (actor, reason_code, note) = ("ada".to_owned(), "phone".to_owned(), "asked twice".to_owned());
    Some(WriteContext { actor, reason_code, note })
}

/// Method, subject, actor, reason code and note of every note, in the order of the subjects.
async fn notes(world: &World) -> Vec<[String; 5]> {
    let reader = world.app.store().reader();
    let text = "SELECT method, subject, actor, reason_code, note FROM audit_note ORDER BY subject";
    let rows = reader.query_all_raw(Statement::from_string(reader.get_database_backend(), text)).await.unwrap();
    let columns = ["method", "subject", "actor", "reason_code", "note"];
    rows.iter().map(|row| columns.map(|column| row.try_get("", column).unwrap())).collect()
}

fn noted(method: &str, subject: String) -> [String; 5] {
    let texts = [method, &subject, "ada", "phone", "asked twice"];
    texts.map(str::to_owned)
}

async fn a_reservation_that_only_waits_is_noted_once(backend: Backend) {
    let world = World::new(backend).await;
    let lines = vec![world.wants("a", 2), world.wants("b", 3)];
    let subject = format!("claims/{}/parts/1", lines[0].line);
    let request = ReserveStockRequest { request_id: world.id(), lines, context: context(), ..Default::default() };
    world.clients.reservations.clone().reserve_stock(request).await.unwrap();
    assert_eq!(notes(&world).await, [noted("reserve_stock", subject)]);
}

async fn a_reservation_that_moves_units_is_told_by_its_movements(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 2).await;
    let lines = vec![world.wants("a", 2), world.wants("b", 3)];
    let request = ReserveStockRequest { request_id: world.id(), lines, context: context(), ..Default::default() };
    world.clients.reservations.clone().reserve_stock(request).await.unwrap();
    assert!(notes(&world).await.is_empty());
    let request = ListMovementsRequest { item: "items/a".to_owned(), ..Default::default() };
    let movements = world.clients.stock.clone().list_movements(request).await.unwrap().into_inner().movements;
    assert!(movements.iter().any(|movement| movement.context == context()));
}

async fn waiting_units_that_are_given_back_are_noted(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.backorder("a", 2).await;
    let lines = vec![ReleaseLine { line: claim.line.clone(), quantity: 2, ..Default::default() }];
    let request = ReleaseClaimsRequest { request_id: world.id(), lines, context: context(), ..Default::default() };
    world.clients.reservations.clone().release_claims(request).await.unwrap();
    let given_back = noted("release_claims", format!("claims/{}/parts/0", claim.line));
    assert_eq!(notes(&world).await.first(), Some(&given_back));
}

async fn a_count_that_finds_what_the_books_say_is_noted(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 2).await;
    let (item, location) = ("items/a".to_owned(), "locations/main".to_owned());
    let lines = vec![CountLine { item, location, counted: 2, ..Default::default() }];
    let request = CountStockRequest { request_id: world.id(), lines, context: context(), ..Default::default() };
    world.clients.stock.clone().count_stock(request).await.unwrap();
    assert_eq!(notes(&world).await, [noted("count_stock", "positions/a/main".to_owned())]);
}

on_each_backend!(
    a_reservation_that_only_waits_is_noted_once,
    a_reservation_that_moves_units_is_told_by_its_movements,
    waiting_units_that_are_given_back_are_noted,
    a_count_that_finds_what_the_books_say_is_noted,
);
