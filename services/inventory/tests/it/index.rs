//! Availability from memory: it says what the database says, and where it cannot, the database answers.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use backorder_domain::ids::IdProvider;
use backorder_inventory::Config;
use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_service_kit::{clients::InventoryClients, ids::SeededIds};
use backorder_storage::{feed, sql};
use backorder_testkit::{Backend, counts::cases, eventually, on_each_backend, seed};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    held::Held,
    world::{World, because, day, refusal},
};

const ITEMS: [&str; 3] = ["a", "b", "c"];
const LOCATIONS: [&str; 2] = ["main", "north"];

/// Random safety stocks are less than this.
const SAFETY_STOCKS: i64 = 3;

/// Looks often and is never too old, however slow the machine is.
fn patient() -> Config {
    Config { index_age_max: Duration::from_secs(3_600), index_tick: Duration::from_millis(5), ..Config::default() }
}

fn pair(item: &str, location: &str) -> ItemLocation {
    ItemLocation { item: format!("items/{item}"), location: format!("locations/{location}") }
}

fn all_pairs() -> Vec<ItemLocation> {
    ITEMS.iter().flat_map(|item| LOCATIONS.map(|location| pair(item, location))).collect()
}

async fn ask(
    clients: &InventoryClients,
    pairs: Vec<ItemLocation>,
    paths: &[&str],
    consistency: ReadConsistency,
) -> Result<BatchGetAvailabilityResponse, Status> {
    let request = BatchGetAvailabilityRequest {
        pairs,
        read_mask: Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        consistency: consistency.into(),
    };
    Ok(clients.availability.clone().batch_get_availability(request).await?.into_inner())
}

/// What memory may tell of pairs, from wherever it is told.
async fn bounded(clients: &InventoryClients, pairs: Vec<ItemLocation>) -> BatchGetAvailabilityResponse {
    ask(clients, pairs, &["position", "available_to_sell"], ReadConsistency::Bounded).await.unwrap()
}

async fn exact(clients: &InventoryClients, pairs: Vec<ItemLocation>) -> Vec<Availability> {
    let answer = ask(clients, pairs, &["position", "available_to_sell"], ReadConsistency::Exact).await.unwrap();
    assert_eq!(answer.age, None, "an exact answer is the database's");
    answer.availabilities
}

async fn from_memory(clients: &InventoryClients, pairs: Vec<ItemLocation>) -> Vec<Availability> {
    let answer = bounded(clients, pairs).await;
    assert!(answer.age.is_some(), "the database answered");
    answer.availabilities
}

/// Waits until memory answers for a pair.
async fn serving(clients: &InventoryClients, item: &str, location: &str) {
    let what = "memory answers";
    eventually(what, async || bounded(clients, vec![pair(item, location)]).await.age.is_some()).await;
}

/// Six positions with stock, and memory that answers for them.
async fn stocked(backend: Backend) -> World {
    let world = World::on_catalog(backend, patient()).await;
    for item in ITEMS {
        for location in LOCATIONS {
            world.receive(item, location, 20).await;
        }
    }
    serving(&world.clients, "a", "main").await;
    world
}

async fn put_safety_stock(world: &World, clients: &InventoryClients, item: &str, safety_stock: i64) {
    let item = Item { name: format!("items/{item}"), safety_stock, ..Item::default() };
    let request = BatchPutItemsRequest { request_id: world.id(), items: vec![item] };
    clients.catalog.clone().batch_put_items(request).await.unwrap();
}

async fn what_this_instance_wrote_is_in_memory_at_once(backend: Backend) {
    let world = stocked(backend).await;
    for units in 1..=20 {
        world.receive("a", "main", units).await;
        assert_eq!(from_memory(&world.clients, all_pairs()).await, exact(&world.clients, all_pairs()).await);
    }
    put_safety_stock(&world, &world.clients, "a", 7).await;
    let [answer] = from_memory(&world.clients, vec![pair("a", "main")]).await.try_into().unwrap();
    assert_eq!(answer.available_to_sell, 20 + 210 - 7);
}

/// One random command; what is refused changes nothing, which is as good.
async fn command(
    world: &World,
    clients: &InventoryClients,
    lines: &mut Vec<String>,
    draw: &mut impl FnMut(usize) -> usize,
) {
    let (item, location) = (ITEMS[draw(ITEMS.len())], LOCATIONS[draw(LOCATIONS.len())]);
    let (quantity, kind) = (1 + draw(9) as i64, draw(9));
    match kind {
        0 | 1 => {
            let line = world.wants(item, quantity);
            lines.push(line.line.clone());
            let request = ReserveStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
            clients.reservations.clone().reserve_stock(request).await.unwrap();
        }
        2 | 3 => {
            let line = lines.get(draw(lines.len().max(1))).cloned().unwrap_or_default();
            give_up_or_ship(world, clients, line, kind == 2).await;
        }
        4..8 => move_stock(world, clients, pair(item, location), quantity, kind).await,
        _ => put_safety_stock(world, clients, item, quantity % SAFETY_STOCKS).await,
    }
}

async fn give_up_or_ship(world: &World, clients: &InventoryClients, line: String, gives_up: bool) {
    let (request_id, mut reservations) = (world.id(), clients.reservations.clone());
    if gives_up {
        let line = ReleaseLine { line, quantity: 1, ..ReleaseLine::default() };
        let request = ReleaseClaimsRequest { request_id, lines: vec![line], ..Default::default() };
        let _ = reservations.release_claims(request).await;
    } else {
        let line = PostLine { line, quantity: 1, ..PostLine::default() };
        let request = PostReservationsRequest { request_id, lines: vec![line], ..Default::default() };
        let _ = reservations.post_reservations(request).await;
    }
}

async fn move_stock(world: &World, clients: &InventoryClients, place: ItemLocation, quantity: i64, kind: usize) {
    let (request_id, context, mut stock) = (world.id(), because("random"), clients.stock.clone());
    let ItemLocation { item, location } = place;
    match kind {
        4 => {
            let line = ReceiptLine { item, location, accepted: quantity, ..Default::default() };
            let document = "random".to_owned();
            let request = ReceiveStockRequest { request_id, lines: vec![line], document, ..Default::default() };
            stock.receive_stock(request).await.unwrap();
        }
        5 => {
            let (state, delta) = (i32::from(StockState::Available), -quantity);
            let request =
                AdjustStockRequest { request_id, item, location, state, delta, context, ..Default::default() };
            let _ = stock.adjust_stock(request).await;
        }
        6 => {
            let damaged = quantity % 2 == 0;
            let request =
                QuarantineStockRequest { request_id, item, location, quantity, damaged, context, ..Default::default() };
            let _ = stock.quarantine_stock(request).await;
        }
        _ => {
            let [from_location, to_location] = LOCATIONS.map(|location| format!("locations/{location}"));
            let request = TransferStockRequest {
                request_id,
                item,
                from_location,
                to_location,
                quantity,
                expected_date: Some(day(9)),
                context,
                ..Default::default()
            };
            let _ = stock.transfer_stock(request).await;
        }
    }
}

/// What the database said of positions, by item, location and version.
#[derive(Default)]
struct History(HashMap<(String, String, i64), Position>);

impl History {
    fn key(position: &Position) -> (String, String, i64) {
        (position.item.clone(), position.location.clone(), position.version)
    }

    fn keep(&mut self, answers: &[Availability]) {
        for position in answers.iter().filter_map(|answer| answer.position.clone()) {
            let said = self.0.entry(Self::key(&position)).or_insert_with(|| position.clone());
            assert_eq!(*said, position, "a version is one state");
        }
    }

    /// The position is what the database said of its version. The item may be at another version than the database had it
    /// then: what an instance wrote itself is in its memory before what another wrote earlier.
    fn assert_said(&self, answers: &[Availability]) {
        for answer in answers {
            let position = answer.position.as_ref().unwrap();
            assert_eq!(self.0.get(&Self::key(position)), Some(position));
            let could_be_sold = |safety: i64| (position.available - safety).max(0) == answer.available_to_sell;
            assert!((0..SAFETY_STOCKS).any(could_be_sold), "{answer:?}");
        }
    }
}

/// Two instances write by turns. The one that wrote answers at once as the database does; the other one with what the
/// database said at that version, and soon with the newest.
async fn memory_says_what_the_database_says_at_the_same_version(backend: Backend) {
    let world = stocked(backend).await;
    let (other, _jobs) = world.working_instance(patient()).await;
    serving(&other, "a", "main").await;
    let ids = SeededIds::scoped(seed(), "index commands");
    let mut draw = |end: usize| (ids.next_uuid().as_u128() % end as u128) as usize;
    let (mut lines, mut history) = (Vec::new(), History::default());
    history.keep(&exact(&world.clients, all_pairs()).await);
    for _ in 0..cases("index_commands") {
        let (writer, reader) = if draw(2) == 0 { (&world.clients, &other) } else { (&other, &world.clients) };
        command(&world, writer, &mut lines, &mut draw).await;
        let now = exact(writer, all_pairs()).await;
        history.keep(&now);
        // What the writer did not write itself may still be on its way to it.
        let own = from_memory(writer, all_pairs()).await;
        history.assert_said(&own);
        history.assert_said(&from_memory(reader, all_pairs()).await);
        if draw(8) == 0 {
            for clients in [writer, reader] {
                let what = "both instances have everything";
                eventually(what, async || from_memory(clients, all_pairs()).await == now).await;
            }
        }
    }
    world.balanced().await;
}

async fn what_another_instance_wrote_is_in_memory_within_the_age(backend: Backend) {
    let world = stocked(backend).await;
    // It has no jobs: nobody but the readers gives its events their place in the feed.
    let other = world.another_instance().await;
    let (reader, _jobs) = world.working_instance(patient()).await;
    serving(&reader, "a", "main").await;
    for units in 1..=10 {
        let line = ReceiptLine {
            item: "items/a".to_owned(),
            location: "locations/main".to_owned(),
            accepted: units,
            ..Default::default()
        };
        let document = "elsewhere".to_owned();
        let request = ReceiveStockRequest { request_id: world.id(), lines: vec![line], document, ..Default::default() };
        other.stock.clone().receive_stock(request).await.unwrap();
        let committed = Instant::now();
        let version = exact(&other, vec![pair("a", "main")]).await[0].position.clone().unwrap().version;
        let mut is_there = false;
        while !is_there {
            let since = committed.elapsed();
            let answer = bounded(&reader, vec![pair("a", "main")]).await;
            let age = Duration::try_from(answer.age.unwrap()).unwrap();
            is_there = answer.availabilities[0].position.clone().unwrap().version >= version;
            assert!(is_there || age >= since, "{age:?} promised what was committed {since:?} ago");
            tokio::task::yield_now().await;
        }
    }
}

/// Runs SQL beside the service.
async fn sql(world: &World, text: &str) {
    let store = world.app.store();
    store.write("beside", move |tx| Box::pin(async move { sql::execute(tx, text, []).await.map(drop) })).await.unwrap();
}

/// Changes a position of which no event tells.
async fn change_unseen(world: &World, available: i64) {
    let text = format!(
        "UPDATE position SET available = {available}, version = version + 1 WHERE item_id = 'a' AND location_id = 'main'"
    );
    sql(world, &text).await;
}

async fn available(clients: &InventoryClients) -> (i64, bool) {
    let answer = bounded(clients, vec![pair("a", "main")]).await;
    (answer.availabilities[0].position.clone().unwrap().available, answer.age.is_some())
}

async fn memory_that_lost_the_feed_grows_old_and_the_database_answers(backend: Backend) {
    let config = Config { index_age_max: Duration::from_millis(400), ..patient() };
    let world = World::on_catalog(backend, config).await;
    world.receive("a", "main", 20).await;
    serving(&world.clients, "a", "main").await;
    change_unseen(&world, 77).await;
    eventually("memory answers what it has", async || available(&world.clients).await == (20, true)).await;
    sql(&world, "ALTER TABLE feed RENAME TO feed_away").await;
    eventually("the database answers", async || available(&world.clients).await == (77, false)).await;
    sql(&world, "ALTER TABLE feed_away RENAME TO feed").await;
    eventually("memory is complete again", async || available(&world.clients).await == (20, true)).await;
}

async fn memory_is_read_anew_when_the_feed_has_forgotten_what_it_lacks(backend: Backend) {
    let world = stocked(backend).await;
    let store = world.app.store();
    eventually("all events are in the feed", async || feed::unstamped(store).await.unwrap() == 0).await;
    change_unseen(&world, 77).await;
    assert_eq!(available(&world.clients).await, (20, true), "no event told of it");
    let text = "UPDATE feed SET last_position = last_position + 3, oldest_position = last_position + 4 WHERE id = 1";
    sql(&world, text).await;
    eventually("memory has what the events told", async || available(&world.clients).await == (77, true)).await;
}

async fn memory_without_room_for_all_answers_what_it_has(backend: Backend) {
    let world = stocked(backend).await;
    let small = Config { index_positions_max: 2, ..patient() };
    let (clients, _jobs) = world.working_instance(small).await;
    serving(&clients, "a", "north").await;
    let is_from_memory = async |item| bounded(&clients, vec![pair(item, "main")]).await.age.is_some();
    assert_eq!((is_from_memory("a").await, is_from_memory("b").await), (true, false));
    // Whether it is kept or not, a change is told.
    for item in ["a", "b"] {
        world.receive(item, "main", 1).await;
        eventually("the other instance knows of it", async || {
            let told = bounded(&clients, vec![pair(item, "main")]).await.availabilities;
            told[0].position.as_ref().is_some_and(|position| position.available == 21)
        })
        .await;
    }
    assert_eq!(bounded(&clients, all_pairs()).await.availabilities, exact(&clients, all_pairs()).await);
}

/// PostgreSQL only: on SQLite nobody can be made to wait between two reads.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_during_the_snapshot_is_in_memory_after_it() {
    let world = stocked(Backend::Postgres).await;
    let components = Held::components(&world).await;
    let (reader, _jobs) = world.working_instance(patient()).await;
    // The snapshot has read the positions, and wants the items.
    components.is_waited_for(&world).await;
    world.receive("a", "main", 5).await;
    let store = world.app.store();
    eventually("the event is in the feed", async || feed::unstamped(store).await.unwrap() == 0).await;
    components.ends().await;
    serving(&reader, "a", "main").await;
    assert_eq!(from_memory(&reader, all_pairs()).await, exact(&reader, all_pairs()).await);
}

async fn only_the_wanted_fields_are_told(backend: Backend) {
    let world = stocked(backend).await;
    world.supply("p1", "a", "main", 5, day(9)).await;
    let mut whole = world.clients.availability.clone();
    let request = BatchGetAvailabilityRequest { pairs: vec![pair("a", "main")], ..Default::default() };
    let whole = whole.batch_get_availability(request).await.unwrap().into_inner();
    assert_eq!(whole.age, None, "the books tell everything");
    let version = whole.availabilities[0].position.clone().unwrap().version;
    let least = |position: Position| Availability { position: Some(position), ..Availability::default() };
    let asked = async |paths: &[&str]| {
        let answer = ask(&world.clients, vec![pair("a", "main")], paths, ReadConsistency::Unspecified).await.unwrap();
        (answer.availabilities[0].clone(), answer.age.is_some())
    };
    let on_hand = least(Position { on_hand: 20, version, ..Position::default() });
    assert_eq!(asked(&["position.on_hand"]).await, (on_hand, true));
    let inbound = Availability { inbound: 5, ..least(Position { version, ..Position::default() }) };
    assert_eq!(asked(&["inbound"]).await, (inbound, false));
    assert_eq!(asked(&["*"]).await, (whole.availabilities[0].clone(), false));
    let position = whole.availabilities[0].position.clone().unwrap();
    assert_eq!(asked(&["position"]).await, (least(position), true));
}

async fn a_pair_without_stock_is_asked_of_the_database(backend: Backend) {
    let world = stocked(backend).await;
    put_safety_stock(&world, &world.clients, "d", 3).await;
    let answer = bounded(&world.clients, vec![pair("a", "main"), pair("d", "main")]).await;
    assert_eq!((answer.age, answer.availabilities.len()), (None, 2));
    let none = answer.availabilities[1].position.clone().unwrap();
    assert_eq!((none.item.as_str(), none.on_hand, none.version, none.update_time), ("items/d", 0, 0, None));
    let unknown = ask(&world.clients, vec![pair("x", "main")], &["position"], ReadConsistency::Bounded).await;
    assert_eq!(refusal(unknown), (Code::NotFound, ErrorReason::ItemNotFound));
    let unknown = ask(&world.clients, vec![pair("a", "mars")], &["position"], ReadConsistency::Exact).await;
    assert_eq!(refusal(unknown), (Code::NotFound, ErrorReason::LocationNotFound));
}

async fn a_path_or_consistency_that_is_unknown_is_refused_by_its_name(backend: Backend) {
    let world = World::new(backend).await;
    let pairs = vec![pair("a", "main")];
    let status = ask(&world.clients, pairs.clone(), &["position", "position.weight"], ReadConsistency::Bounded).await;
    let status = status.unwrap_err();
    let violation = status.get_details_bad_request().unwrap().field_violations.remove(0);
    assert_eq!((status.code(), violation.field.as_str()), (Code::InvalidArgument, "read_mask.paths[1]"));
    assert!(violation.description.contains("position.on_hand"), "{}", violation.description);
    let request = BatchGetAvailabilityRequest { pairs: pairs.clone(), consistency: 9, ..Default::default() };
    let status = world.clients.availability.clone().batch_get_availability(request).await.unwrap_err();
    let violation = status.get_details_bad_request().unwrap().field_violations.remove(0);
    assert_eq!((status.code(), violation.field.as_str()), (Code::InvalidArgument, "consistency"));
    let many = ask(&world.clients, pairs, &["position"; 65], ReadConsistency::Bounded).await;
    assert_eq!(refusal(many), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

on_each_backend!(
    what_this_instance_wrote_is_in_memory_at_once,
    memory_says_what_the_database_says_at_the_same_version,
    what_another_instance_wrote_is_in_memory_within_the_age,
    memory_that_lost_the_feed_grows_old_and_the_database_answers,
    memory_is_read_anew_when_the_feed_has_forgotten_what_it_lacks,
    memory_without_room_for_all_answers_what_it_has,
    only_the_wanted_fields_are_told,
    a_pair_without_stock_is_asked_of_the_database,
    a_path_or_consistency_that_is_unknown_is_refused_by_its_name,
);
