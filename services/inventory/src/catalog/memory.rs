//! What this process remembers of the master data, so that a stock command reads no master data from the store.
//!
//! Items are never deleted, and what has stock cannot become a kit, so that an item exists and may have stock can be
//! remembered for ever. Locations may change on another
//! instance: they are read again when one is missing, after a write of our own, and when they are [`STALE_AFTER`] old.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use backorder_domain::{
    ids::{ItemId, LocationId},
    time::{civil_date_in, day_number},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::LocationKind;

/// The longest time after which a change of a location by another instance is seen here.
pub const STALE_AFTER: Duration = Duration::from_secs(10);
/// Items remembered at most; then remembering starts anew.
const ITEMS_MAX: usize = 1_000_000;

/// What is remembered of a location.
#[derive(Debug, Clone)]
pub struct Place {
    /// What kind of place it is.
    pub kind: LocationKind,
    /// Lower ranks are used first.
    pub rank: i32,
    /// The time zone in which its dates are read.
    pub zone: TimeZone,
}

/// All locations at one time.
#[derive(Debug, Default)]
pub struct Places {
    by_id: BTreeMap<LocationId, Place>,
    default_candidates: Vec<LocationId>,
}

impl Places {
    /// Makes it of all locations there are.
    #[must_use]
    pub fn new(by_id: BTreeMap<LocationId, Place>) -> Self {
        let mut serving: Vec<_> = by_id
            .iter()
            .filter(|(_, place)| place.kind.serves_by_default())
            .map(|(id, place)| (place.rank, id))
            .collect();
        serving.sort();
        let default_candidates = serving.into_iter().map(|(_, id)| id.clone()).collect();
        Self { by_id, default_candidates }
    }

    /// One location.
    #[must_use]
    pub fn get(&self, id: &LocationId) -> Option<&Place> {
        self.by_id.get(id)
    }

    /// The locations that serve a line which names none: warehouses and stores by rank, then id.
    #[must_use]
    pub fn default_candidates(&self) -> &[LocationId] {
        &self.default_candidates
    }

    /// All locations, ascending by id.
    pub fn ids(&self) -> impl Iterator<Item = &LocationId> {
        self.by_id.keys()
    }

    /// The civil date of an instant at a location; `None` when there is no such location.
    #[must_use]
    pub fn date_at(&self, location: &LocationId, instant: Timestamp) -> Option<Date> {
        self.by_id.get(location).map(|place| civil_date_in(instant, &place.zone))
    }

    /// The civil date of an instant at each location.
    #[must_use]
    pub fn dates_at(&self, instant: Timestamp) -> BTreeMap<LocationId, Date> {
        self.by_id.iter().map(|(id, place)| (id.clone(), civil_date_in(instant, &place.zone))).collect()
    }

    /// The sum of the numbers of these dates: it grows with each day that begins anywhere.
    #[must_use]
    pub fn days_at(&self, instant: Timestamp) -> i64 {
        self.by_id.values().map(|place| i64::from(day_number(civil_date_in(instant, &place.zone)))).sum()
    }
}

/// The memory. Shared by all use cases of one process.
#[derive(Debug, Default)]
pub struct Memory {
    items: RwLock<HashSet<ItemId>>,
    places: RwLock<RememberedPlaces>,
}

#[derive(Debug, Default)]
struct RememberedPlaces {
    /// When they were read, and how they were.
    latest: Option<(Instant, Arc<Places>)>,
    /// How often locations were written here.
    writes: u64,
}

impl Memory {
    /// Those of the items that are not known to exist and to be no kits.
    #[must_use]
    pub fn unknown_items<'a>(&self, items: impl IntoIterator<Item = &'a ItemId>) -> Vec<&'a ItemId> {
        let known = self.items.read().unwrap_or_else(PoisonError::into_inner);
        items.into_iter().filter(|item| !known.contains(*item)).collect()
    }

    /// Remembers that items exist.
    pub fn remember_items(&self, items: impl IntoIterator<Item = ItemId>) {
        let mut known = self.items.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ITEMS_MAX {
            known.clear();
        }
        known.extend(items);
    }

    /// Forgets items: what they are was changed.
    pub fn forget_items<'a>(&self, items: impl IntoIterator<Item = &'a ItemId>) {
        let mut known = self.items.write().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            known.remove(item);
        }
    }

    /// The locations, when they were read not long ago.
    #[must_use]
    pub fn places(&self) -> Option<Arc<Places>> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = places.latest.as_ref().filter(|(read_at, _)| read_at.elapsed() < STALE_AFTER);
        fresh.map(|(_, places)| Arc::clone(places))
    }

    /// How often locations were written here. Ask before they are read.
    #[must_use]
    pub fn place_writes(&self) -> u64 {
        self.places.read().unwrap_or_else(PoisonError::into_inner).writes
    }

    /// Remembers the locations as they were just read, after so many writes: when one was written meanwhile, the read may
    /// not have seen it, and nothing is remembered.
    pub fn remember_places(&self, places: Arc<Places>, writes: u64) {
        let mut remembered = self.places.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.writes == writes {
            remembered.latest = Some((Instant::now(), places));
        }
    }

    /// Forgets the locations, because one was written.
    pub fn forget_places(&self) {
        let mut remembered = self.places.write().unwrap_or_else(PoisonError::into_inner);
        remembered.latest = None;
        remembered.writes += 1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn place(kind: LocationKind, rank: i32) -> Place {
        Place { kind, rank, zone: TimeZone::UTC }
    }

    fn id(text: &str) -> LocationId {
        LocationId::try_new(text).unwrap()
    }

    #[test]
    fn a_line_without_candidates_is_served_by_warehouses_and_stores_by_rank() {
        let places = Places::new(BTreeMap::from([
            (id("a"), place(LocationKind::Store, 2)),
            (id("b"), place(LocationKind::Warehouse, 1)),
            (id("c"), place(LocationKind::DropShipSupplier, 0)),
            (id("d"), place(LocationKind::Store, 1)),
        ]));
        assert_eq!(places.default_candidates(), [id("b"), id("d"), id("a")]);
    }

    #[test]
    fn items_are_remembered_and_locations_are_forgotten_when_written() {
        let memory = Memory::default();
        let item = ItemId::try_new("i").unwrap();
        assert_eq!(memory.unknown_items([&item]), [&item]);
        memory.remember_items([item.clone()]);
        assert!(memory.unknown_items([&item]).is_empty());
        memory.remember_places(Arc::new(Places::default()), memory.place_writes());
        assert!(memory.places().is_some());
        memory.forget_places();
        assert!(memory.places().is_none());
    }

    #[test]
    fn locations_that_were_read_before_one_was_written_are_not_remembered() {
        let memory = Memory::default();
        let writes = memory.place_writes();
        memory.forget_places();
        memory.remember_places(Arc::new(Places::default()), writes);
        assert!(memory.places().is_none());
    }
}
