//! Reservations that are decided on what a process knows, while others write to the same database.

use std::sync::Arc;

use backorder_domain::ids::IdProvider as _;
use backorder_inventory::Config;
use backorder_proto::inventory::v1::*;
use backorder_service_kit::{clients::InventoryClients, ids::SeededIds};
use backorder_storage::sql;
use backorder_testkit::{Backend, counts::cases, on_each_backend, seed};
use sea_orm::ConnectionTrait as _;
use tonic::{Code, Status};

use crate::{held::Held, world::World};

async fn reserve(
    clients: &InventoryClients,
    id: String,
    lines: Vec<ReserveLine>,
) -> Result<Vec<ReserveResult>, Status> {
    let request = ReserveStockRequest { request_id: id, lines, ..ReserveStockRequest::default() };
    Ok(clients.reservations.clone().reserve_stock(request).await?.into_inner().results)
}

/// What was reserved and what waits of the only line.
async fn reserves(clients: &InventoryClients, world: &World, line: ReserveLine) -> (i64, i64) {
    let results = reserve(clients, world.id(), vec![line]).await.unwrap();
    results[0].claim.as_ref().map(|claim| (claim.reserved, claim.waiting)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_units_are_taken_in_one_statement_and_what_waits_is_not() {
    let world = World::new(Backend::Postgres).await;
    world.receive("a", "main", 5).await;
    for (quantity, is_at_once) in [(3, true), (3, false), (1, false)] {
        let held = Held::item(&world, "a", "SELECT 1").await;
        let (mut client, line) = (world.clients.reservations.clone(), world.wants("a", quantity));
        let request = ReserveStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
        let call = tokio::spawn(async move { client.reserve_stock(request).await });
        held.is_waited_for(&world).await;
        assert_eq!(held.waiting_statement(&world).await.starts_with("WITH g0"), is_at_once, "{quantity}");
        held.ends().await;
        call.await.unwrap().unwrap();
    }
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.reserved), (0, 5));
    world.balanced().await;
}

/// Only what is taken at once draws numbers for movements to come: the long way draws those that it uses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_units_are_taken_at_once_on_sqlite_and_what_waits_is_not() {
    let world = World::new(Backend::Sqlite).await;
    world.receive("a", "main", 5).await;
    let kept_numbers = async || {
        let reader = world.app.store().reader();
        let text = "SELECT seq - (SELECT MAX(id) FROM movement) AS kept FROM sqlite_sequence WHERE name = 'movement'";
        let row = reader.query_one_raw(sql::statement(reader, text, [])).await.unwrap().unwrap();
        row.try_get::<i64>("", "kept").unwrap()
    };
    assert_eq!(kept_numbers().await, 0);
    assert_eq!(reserves(&world.clients, &world, world.wants("b", 3)).await, (0, 3));
    assert_eq!(kept_numbers().await, 0, "nothing is free of it");
    assert_eq!(reserves(&world.clients, &world, world.wants("a", 3)).await, (3, 0));
    assert!(kept_numbers().await > 0);
    assert_eq!(reserves(&world.clients, &world, world.wants("a", 3)).await, (2, 1));
    world.balanced().await;
}

/// Decided on what a call before them was about to do, which was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_behind_one_that_is_refused_take_what_is_there_and_no_more() {
    let world = World::new(Backend::Postgres).await;
    world.receive("a", "main", 10).await;
    assert_eq!(reserves(&world.clients, &world, world.wants("a", 1)).await, (1, 0));
    let held = Held::item(&world, "a", "UPDATE position SET version = version + 1 WHERE item_id = 'a'").await;
    let begins = |quantity| {
        let (mut client, line) = (world.clients.reservations.clone(), world.wants("a", quantity));
        let request = ReserveStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
        tokio::spawn(async move { client.reserve_stock(request).await.unwrap().into_inner().results })
    };
    let first = begins(2);
    held.is_waited_for(&world).await;
    assert!(held.waiting_statement(&world).await.starts_with("WITH g0"));
    let others: Vec<_> = (0..10).map(|_| begins(1)).collect();
    held.ends().await;
    assert_eq!(first.await.unwrap()[0].claim.as_ref().unwrap().reserved, 2);
    let others = futures::future::join_all(others).await;
    let reserved = others.into_iter().map(|results| results.unwrap()[0].claim.as_ref().unwrap().reserved);
    assert_eq!(reserved.sum::<i64>(), 7);
    let position = world.position("a", "main").await;
    assert_eq!((position.available, position.reserved), (0, 10));
    world.balanced().await;
}

async fn what_another_instance_took_is_not_taken_again(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.another_instance().await;
    world.receive("a", "main", 10).await;
    assert_eq!(reserves(&world.clients, &world, world.wants("a", 1)).await, (1, 0));
    assert_eq!(reserves(&other, &world, world.wants("a", 8)).await, (8, 0));
    assert_eq!(reserves(&world.clients, &world, world.wants("a", 3)).await, (1, 2));
    assert_eq!(reserves(&other, &world, world.wants("a", 1)).await, (0, 1));
    world.balanced().await;
}

on_each_backend!(what_another_instance_took_is_not_taken_again);

/// The position is as it was known, and the item is not: its newest movement is another instance's, elsewhere.
async fn movements_of_an_item_are_linked_whoever_makes_them_wherever(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.another_instance().await;
    for location in ["main", "north"] {
        world.receive("a", location, 10).await;
    }
    for _ in 0..3 {
        for (clients, location) in [(&world.clients, "main"), (&other, "north")] {
            let line = ReserveLine { locations: vec![format!("locations/{location}")], ..world.wants("a", 1) };
            assert_eq!(reserves(clients, &world, line).await, (1, 0));
        }
    }
    world.balanced().await;
}

on_each_backend!(movements_of_an_item_are_linked_whoever_makes_them_wherever);

async fn an_item_that_becomes_free_again_is_taken_at_once_again(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 1).await;
    for _ in 0..3 {
        let line = world.wants("a", 1);
        assert_eq!(reserves(&world.clients, &world, line.clone()).await, (1, 0));
        let refused = ReserveLine { shortfall: i32::from(Shortfall::Refuse), ..world.wants("a", 1) };
        let results = reserve(&world.clients, world.id(), vec![refused]).await.unwrap();
        assert_eq!((results[0].refused, results[0].claim.is_none()), (1, true));
        world.release(&line.line, 1).await.unwrap();
    }
    world.balanced().await;
}

on_each_backend!(an_item_that_becomes_free_again_is_taken_at_once_again);

/// One caller of an instance: does what it likes, and sends some requests twice.
struct Caller {
    clients: InventoryClients,
    ids: Arc<SeededIds>,
    number: u32,
    made: u32,
    /// Lines with units of their own.
    held: Vec<(String, i64)>,
    acknowledged: Vec<(String, i64, i64)>,
}

const ITEMS: [&str; 3] = ["a", "b", "c"];

impl Caller {
    /// A random number below `end`.
    fn draw(&self, end: usize) -> usize {
        (self.ids.next_uuid().as_u128() % end as u128) as usize
    }

    fn line(&mut self) -> ReserveLine {
        self.made += 1;
        let shortfall = [Shortfall::Backorder, Shortfall::Refuse, Shortfall::Keep][self.draw(3)];
        let locations = [vec![], vec!["locations/main".to_owned()], vec!["locations/north".to_owned()]];
        ReserveLine {
            line: format!("orders/{}/lines/{}", self.number, self.made),
            item: format!("items/{}", ITEMS[self.draw(ITEMS.len())]),
            quantity: self.draw(3) as i64 + 1,
            shortfall: i32::from(shortfall),
            locations: locations[self.draw(3)].clone(),
            eligible: true,
            split_allowed: self.draw(2) == 0,
            ..ReserveLine::default()
        }
    }

    async fn reserves(&mut self) {
        let lines: Vec<ReserveLine> = (0..=self.draw(3)).map(|_| self.line()).collect();
        let id = self.ids.next_uuid().to_string();
        let results = reserve(&self.clients, id.clone(), lines.clone()).await.unwrap();
        if self.draw(5) == 0 {
            assert_eq!(reserve(&self.clients, id, lines).await.unwrap(), results, "sent twice, done once");
        }
        for result in results {
            let (reserved, waiting) = result.claim.map_or((0, 0), |claim| (claim.reserved, claim.waiting));
            self.acknowledged.push((result.line.clone(), reserved, waiting));
            if reserved > 0 && waiting == 0 {
                self.held.push((result.line, reserved));
            }
        }
    }

    /// Gives units back, or sends them out.
    async fn ends_one(&mut self) {
        let Some((line, quantity)) = self.held.pop() else { return };
        self.acknowledged.retain(|(acknowledged, ..)| *acknowledged != line);
        let request_id = self.ids.next_uuid().to_string();
        let mut client = self.clients.reservations.clone();
        if self.draw(2) == 0 {
            let lines = vec![ReleaseLine { line, quantity, ..ReleaseLine::default() }];
            client.release_claims(ReleaseClaimsRequest { request_id, lines, ..Default::default() }).await.unwrap();
        } else {
            let lines = vec![PostLine { line, quantity, ..PostLine::default() }];
            client
                .post_reservations(PostReservationsRequest { request_id, lines, ..Default::default() })
                .await
                .unwrap();
        }
    }

    async fn receives(&mut self) {
        let line = ReceiptLine {
            item: format!("items/{}", ITEMS[self.draw(ITEMS.len())]),
            location: ["locations/main", "locations/north"][self.draw(2)].to_owned(),
            accepted: self.draw(8) as i64 + 1,
            ..ReceiptLine::default()
        };
        let request = ReceiveStockRequest {
            request_id: self.ids.next_uuid().to_string(),
            lines: vec![line],
            ..Default::default()
        };
        self.clients.stock.clone().receive_stock(request).await.unwrap();
    }

    async fn goes_on(mut self, steps: u32) -> Self {
        for _ in 0..steps {
            match self.draw(10) {
                0..6 => self.reserves().await,
                6..9 => self.ends_one().await,
                _ => self.receives().await,
            }
        }
        self
    }
}

/// What is acknowledged is in the books, what is sent twice is done once, and nothing is oversold, though both instances know
/// less than they think all the time.
async fn two_instances_that_write_to_the_same_items_lose_and_double_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let (other, _jobs) = world.working_instance(Config::default()).await;
    for item in ITEMS {
        world.receive(item, "main", 200).await;
        world.receive(item, "north", 20).await;
    }
    let callers = (0..8_u32).map(|number| Caller {
        clients: if number % 2 == 0 { world.clients.clone() } else { other.clone() },
        ids: Arc::new(SeededIds::scoped(seed(), &format!("caller {number}"))),
        number,
        made: 0,
        held: Vec::new(),
        acknowledged: Vec::new(),
    });
    let steps = cases("instance_commands");
    let callers = callers.map(|caller| tokio::spawn(caller.goes_on(steps)));
    let callers = futures::future::join_all(callers).await;
    world.idle().await;
    for caller in callers {
        for (line, reserved, waiting) in caller.unwrap().acknowledged.into_iter().filter(|(_, r, w)| r + w > 0) {
            let claim = world.claim(&line).await;
            // What waits may have been given units since, and nothing else happened to it.
            assert_eq!(claim.reserved + claim.waiting, reserved + waiting, "{line}");
        }
    }
    world.balanced().await;
}

on_each_backend!(two_instances_that_write_to_the_same_items_lose_and_double_nothing);

/// Nothing is decided on what is not known: an unknown item is named.
async fn an_item_that_is_not_there_is_named_beside_one_that_is(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    assert_eq!(reserves(&world.clients, &world, world.wants("a", 1)).await, (1, 0));
    let refused = reserve(&world.clients, world.id(), vec![world.wants("a", 1), world.wants("nothing", 1)]).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.position("a", "main").await.available, 4);
}

on_each_backend!(an_item_that_is_not_there_is_named_beside_one_that_is);
