//! One part of the index: the positions of some items, packed tightly, because there may be millions.
//!
//! Nothing is ever taken out: items and positions are never deleted.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use hashbrown::HashTable;

use super::{ItemFacts, Stock};

/// A position in memory. States that are nearly always 0 lie elsewhere.
#[derive(Debug, Clone, Copy)]
struct Entry {
    version: i64,
    updated_at: i64,
    available: i64,
    reserved: i64,
    /// Where the id of the item begins among the names, and how long it is.
    item_at: u32,
    item_length: u16,
    /// Place among the locations.
    location: u32,
    /// Place among the rare states; [`NOWHERE`] while all of them are 0.
    rare: u32,
}

/// The states in which most positions have nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rare {
    released: i64,
    held: i64,
    quality_control: i64,
    damaged: i64,
    in_transit: i64,
}

const NOWHERE: u32 = u32::MAX;

/// What became of what was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is known for the first time.
    New,
    /// It is newer than what was known, and replaces it.
    Newer,
    /// What is known is as new or newer, and stays.
    Known,
    /// It is not known, and there is no room for more.
    NoRoom,
}

/// Positions and what is known of their items.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Places among the entries, by item and location.
    places: HashTable<u32>,
    entries: Vec<Entry>,
    rare: Vec<Rare>,
    /// The ids of items, one after the other.
    names: Vec<u8>,
    locations: Vec<Box<str>>,
    location_places: HashMap<Box<str>, u32>,
    /// Items of which there is more to know than that they exist; see [`ItemFacts`].
    items: HashMap<Box<str>, ItemFacts>,
}

impl Shard {
    /// What is known of a position.
    pub(super) fn stock(&self, hasher: &RandomState, item: &str, location: &str) -> Option<Stock> {
        let hash = hasher.hash_one((item, location));
        let place = self.places.find(hash, |place| self.is_at(*place, item, location))?;
        let entry = self.entries.get(index(*place))?;
        let rare = self.rare.get(index(entry.rare)).copied().unwrap_or_default();
        Some(Stock {
            version: entry.version,
            updated_at: entry.updated_at,
            available: entry.available,
            reserved: entry.reserved,
            released: rare.released,
            held: rare.held,
            quality_control: rare.quality_control,
            damaged: rare.damaged,
            in_transit: rare.in_transit,
        })
    }

    /// What is known of an item beside its positions.
    pub(super) fn item(&self, item: &str) -> ItemFacts {
        self.items.get(item).copied().unwrap_or_default()
    }

    /// Takes a position in, unless what is known of it is as new. `may_grow` says whether one more may be kept.
    pub(super) fn put_stock(
        &mut self,
        hasher: &RandomState,
        item: &str,
        location: &str,
        stock: &Stock,
        may_grow: impl FnOnce() -> bool,
    ) -> Put {
        let hash = hasher.hash_one((item, location));
        if let Some(place) = self.places.find(hash, |place| self.is_at(*place, item, location)).copied() {
            let known = self.entries.get(index(place)).map_or(0, |entry| entry.version);
            if known >= stock.version {
                return Put::Known;
            }
            self.write(place, stock);
            return Put::Newer;
        }
        if !may_grow() || !self.add(hasher, hash, item, location) {
            return Put::NoRoom;
        }
        self.write(count(self.entries.len() - 1), stock);
        Put::New
    }

    /// Takes in what is known of an item, unless what is known of it is as new. `may_grow` says whether one more may be
    /// kept. An item as it was created is not kept: it is what is taken for granted.
    pub(super) fn put_item(&mut self, item: &str, facts: ItemFacts, may_grow: impl FnOnce() -> bool) -> Put {
        if let Some(known) = self.items.get_mut(item) {
            if known.version >= facts.version {
                return Put::Known;
            }
            *known = facts;
            return Put::Newer;
        }
        if facts == ItemFacts::default() {
            return Put::Known;
        }
        if !may_grow() {
            return Put::NoRoom;
        }
        self.items.insert(item.into(), facts);
        Put::New
    }

    fn is_at(&self, place: u32, item: &str, location: &str) -> bool {
        self.entries.get(index(place)).is_some_and(|entry| {
            self.name_of(entry) == item.as_bytes()
                && self.locations.get(index(entry.location)).is_some_and(|known| **known == *location)
        })
    }

    fn name_of(&self, entry: &Entry) -> &[u8] {
        let begin = index(entry.item_at);
        self.names.get(begin..begin + usize::from(entry.item_length)).unwrap_or_default()
    }

    /// Adds an entry without stock; answers false where its place cannot be told in the numbers that are kept.
    fn add(&mut self, hasher: &RandomState, hash: u64, item: &str, location: &str) -> bool {
        let (Ok(item_at), Ok(item_length)) = (u32::try_from(self.names.len()), u16::try_from(item.len())) else {
            return false;
        };
        let place = count(self.entries.len());
        let location = self.place_of_location(location);
        if place == NOWHERE || location == NOWHERE {
            return false;
        }
        reserve_a_little(&mut self.names, item.len());
        self.names.extend_from_slice(item.as_bytes());
        reserve_a_little(&mut self.entries, 1);
        let (version, updated_at, available, reserved) = (0, 0, 0, 0);
        let rare = NOWHERE;
        self.entries.push(Entry { version, updated_at, available, reserved, item_at, item_length, location, rare });
        // The table asks for the hashes of the others when it grows, and cannot be borrowed with them.
        let mut places = std::mem::take(&mut self.places);
        places.insert_unique(hash, place, |place| self.hash_at(hasher, *place));
        self.places = places;
        true
    }

    fn hash_at(&self, hasher: &RandomState, place: u32) -> u64 {
        let Some(entry) = self.entries.get(index(place)) else { return 0 };
        let item = std::str::from_utf8(self.name_of(entry)).unwrap_or_default();
        let location = self.locations.get(index(entry.location)).map_or("", |location| location);
        hasher.hash_one((item, location))
    }

    fn place_of_location(&mut self, location: &str) -> u32 {
        if let Some(place) = self.location_places.get(location) {
            return *place;
        }
        let place = count(self.locations.len());
        self.locations.push(location.into());
        self.location_places.insert(location.into(), place);
        place
    }

    fn write(&mut self, place: u32, stock: &Stock) {
        let Some(entry) = self.entries.get_mut(index(place)) else { return };
        entry.version = stock.version;
        entry.updated_at = stock.updated_at;
        entry.available = stock.available;
        entry.reserved = stock.reserved;
        let rare = Rare {
            released: stock.released,
            held: stock.held,
            quality_control: stock.quality_control,
            damaged: stock.damaged,
            in_transit: stock.in_transit,
        };
        if let Some(known) = self.rare.get_mut(index(entry.rare)) {
            *known = rare;
        } else if rare != Rare::default() {
            // There are no more of them than of entries, whose number fits.
            entry.rare = count(self.rare.len());
            reserve_a_little(&mut self.rare, 1);
            self.rare.push(rare);
        }
    }
}

/// Room for `more`, and an eighth beside: doubling would leave a quarter of a large index empty.
fn reserve_a_little<T>(vector: &mut Vec<T>, more: usize) {
    if vector.capacity() - vector.len() < more {
        vector.reserve_exact(more + vector.len() / 8 + 16);
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NOWHERE)
}
