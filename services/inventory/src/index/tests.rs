#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;

use backorder_proto::inventory::v1 as pb;
use backorder_storage::feed::FeedEvent;
use backorder_testkit::seed_bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::{follow::take_in, *};

fn stock(version: i64, available: i64) -> Stock {
    Stock { version, updated_at: version * 10, available, ..Stock::default() }
}

fn found(index: &AvailabilityIndex, item: &str, location: &str) -> Option<Found> {
    index.find(&ItemId::try_new(item).unwrap(), &LocationId::try_new(location).unwrap())
}

fn position_event(version: i64, available: i64) -> FeedEvent {
    let position = pb::Position {
        item: "items/i".to_owned(),
        location: "locations/l".to_owned(),
        available,
        version,
        update_time: Some(prost_types::Timestamp { seconds: version, nanos: 5_000 }),
        ..pb::Position::default()
    };
    event("PositionChanged", version, &pb::PositionChanged { position: Some(position) })
}

fn event(name: &str, sequence: i64, message: &impl prost::Message) -> FeedEvent {
    FeedEvent {
        position: 1,
        event_id: Uuid::nil(),
        aggregate: String::new(),
        sequence,
        event_type: format!("backorder.inventory.v1.{name}"),
        payload: message.encode_to_vec().into(),
        occurred_at: Timestamp::UNIX_EPOCH,
        traceparent: None,
    }
}

#[test]
fn a_position_is_replaced_by_a_higher_version_only() {
    let index = AvailabilityIndex::new(10);
    index.put_stock("i", "l", &stock(5, 50));
    for (version, available, expected) in [(4, 40, 50), (5, 51, 50), (7, 70, 70), (6, 60, 70)] {
        index.put_stock("i", "l", &stock(version, available));
        assert_eq!(found(&index, "i", "l").unwrap().stock.available, expected, "version {version}");
    }
    assert_eq!(index.positions(), 1);
}

#[test]
fn events_may_come_late_twice_and_in_any_order() {
    let index = AvailabilityIndex::new(10);
    let events = [3, 1, 3, 2].map(|version| position_event(version, version * 100));
    take_in(&index, &events).unwrap();
    let Found { stock, .. } = found(&index, "i", "l").unwrap();
    assert_eq!((stock.version, stock.available, stock.updated_at), (3, 300, 3_000_005));
}

#[test]
fn what_is_known_of_an_item_is_replaced_by_a_higher_version_only() {
    let index = AvailabilityIndex::new(10);
    index.put_stock("i", "l", &stock(1, 50));
    let changed = |version, safety_stock| {
        let item = pb::Item { name: "items/i".to_owned(), safety_stock, ..pb::Item::default() };
        event("ItemChanged", version, &pb::ItemChanged { item: Some(item) })
    };
    let safety = || found(&index, "i", "l").unwrap().safety_stock;
    take_in(&index, &[changed(1, 0)]).unwrap();
    assert_eq!(safety(), 0);
    take_in(&index, &[changed(3, 0), changed(2, 9)]).unwrap();
    assert_eq!(safety(), 0, "the older event came late");
    take_in(&index, &[changed(4, 7), changed(3, 0)]).unwrap();
    assert_eq!(safety(), 7);
}

#[test]
fn a_kit_is_left_to_the_database() {
    let index = AvailabilityIndex::new(10);
    index.put_stock("i", "l", &stock(1, 0));
    index.put_item("i", ItemFacts { version: 2, safety_stock: 0, is_kit: true });
    assert_eq!(found(&index, "i", "l"), None);
    index.put_item("i", ItemFacts { version: 3, ..ItemFacts::default() });
    assert!(found(&index, "i", "l").is_some());
}

#[test]
fn beyond_its_bound_it_keeps_no_position_and_answers_nothing_when_it_misses_an_item() {
    let index = AvailabilityIndex::new(2);
    index.completed(Instant::now());
    for item in ["a", "b", "c"] {
        index.put_stock(item, "l", &stock(1, 1));
    }
    index.put_stock("b", "l", &stock(2, 9));
    let known = ["a", "b", "c"].map(|item| found(&index, item, "l").map(|found| found.stock.available));
    assert_eq!((known, index.positions()), ([Some(1), Some(9), None], 2));
    for item in ["a", "b"] {
        index.put_item(item, ItemFacts { version: 2, safety_stock: 1, is_kit: false });
    }
    index.put_item("a", ItemFacts { version: 3, safety_stock: 5, is_kit: false });
    index.put_item("new", ItemFacts::default());
    assert_eq!(found(&index, "a", "l").unwrap().safety_stock, 5);
    assert!(index.complete_at().is_some());
    index.put_item("c", ItemFacts { version: 2, safety_stock: 1, is_kit: false });
    assert_eq!(index.complete_at(), None);
}

#[tokio::test(start_paused = true)]
async fn it_tells_when_it_was_complete_and_not_while_something_may_be_missing() {
    let index = AvailabilityIndex::new(10);
    assert_eq!(index.complete_at(), None);
    tokio::time::advance(Duration::from_secs(3)).await;
    let looked_at = Instant::now();
    tokio::time::advance(Duration::from_millis(40)).await;
    index.completed(looked_at);
    assert_eq!(index.complete_at().unwrap().elapsed(), Duration::from_millis(40));
    index.interrupted();
    assert_eq!(index.complete_at(), None);
}

/// A number below `end`, from the seed.
fn drawn(bytes: [u8; 32]) -> impl FnMut(u64) -> u64 {
    let mut state = u64::from_le_bytes(bytes[..8].try_into().unwrap()) | 1;
    move |end| {
        // xorshift64*, S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled".
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

#[test]
fn it_holds_what_a_plain_map_holds() {
    let mut draw = drawn(seed_bytes("index of positions"));
    let (index, mut plain) = (AvailabilityIndex::new(1_000_000), HashMap::<(String, String), Stock>::new());
    for _ in 0..60_000 {
        // Names of which one ends where the other goes on.
        let (item, location) = (format!("i{}", draw(6_000)), format!("{}l", draw(4)));
        let mut units = || i64::try_from(draw(5)).unwrap() / 4 * i64::MAX / 8;
        let mut new = Stock { available: units(), reserved: units(), released: units(), ..Stock::default() };
        (new.held, new.quality_control, new.damaged, new.in_transit) = (units(), units(), units(), units());
        new.version = 1 + i64::try_from(draw(6)).unwrap();
        new.updated_at = i64::try_from(draw(1_000)).unwrap();
        index.put_stock(&item, &location, &new);
        let known = plain.entry((item, location)).or_default();
        if new.version > known.version {
            *known = new;
        }
    }
    assert_eq!(index.positions(), plain.len());
    for ((item, location), known) in &plain {
        assert_eq!(found(&index, item, location).map(|found| found.stock).as_ref(), Some(known), "{item} {location}");
    }
    assert_eq!(found(&index, "i6000", "0l"), None);
    assert_eq!(found(&index, "i1", "9l"), None);
}
