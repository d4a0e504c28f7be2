//! Positions in memory, from which availability is read without asking the database.
//!
//! It is fed by what this process writes, after each commit, and by the feed, which has what other instances write as well
//! ([`follow`]). In whichever order things come, an entry is replaced by a higher version only. It tells how old it may be:
//! how long ago it was looked for the last time whether anything was committed that it does not have. What it does not
//! know, the database is asked for; it never says that something is not there. No decision about stock reads it.

mod follow;
mod shard;
#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use backorder_domain::{
    ids::{ItemId, LocationId},
    stock::position::Position,
};
use backorder_storage::columns;
use jiff::Timestamp;
use tokio::time::Instant;

pub use follow::keep_index;
use shard::{Put, Shard};

/// Parts with a lock each, so that a reader rarely meets a writer: a lock is held for the time of one entry.
const SHARDS: usize = 256;

/// The units of one position at one version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    /// Counts the changes; 0 while there is no position.
    pub version: i64,
    /// When it was changed last, in microseconds since the Unix epoch.
    pub updated_at: i64,
    /// Free units.
    pub available: i64,
    /// Units reserved for claims.
    pub reserved: i64,
    /// Units handed to the warehouse.
    pub released: i64,
    /// Units held for the queue.
    pub held: i64,
    /// Units waiting for a quality decision.
    pub quality_control: i64,
    /// Damaged units.
    pub damaged: i64,
    /// Units on the way to the location.
    pub in_transit: i64,
}

impl Stock {
    /// A position as it was written at `updated_at`.
    #[must_use]
    pub fn of(position: &Position, updated_at: Timestamp) -> Self {
        Self {
            version: position.version,
            updated_at: columns::micros(updated_at),
            available: position.available.get(),
            reserved: position.reserved.get(),
            released: position.released.get(),
            held: position.held.get(),
            quality_control: position.quality_control.get(),
            damaged: position.damaged.get(),
            in_transit: position.in_transit.get(),
        }
    }

    /// The units at the location; more than a number can tell are told as the highest one.
    #[must_use]
    pub fn on_hand(&self) -> i64 {
        let states = [self.available, self.reserved, self.released, self.held, self.quality_control, self.damaged];
        states.iter().fold(0, |sum: i64, units| sum.saturating_add(*units))
    }
}

/// What availability needs to know of an item. The default is an item as it was created, without any of it: nothing is
/// kept of such items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemFacts {
    /// Counts the changes of the item.
    pub version: i64,
    /// Free units per location that are not sold.
    pub safety_stock: i64,
    /// Whether it is a kit, which has no availability of its own.
    pub is_kit: bool,
}

impl Default for ItemFacts {
    fn default() -> Self {
        Self { version: 1, safety_stock: 0, is_kit: false }
    }
}

/// What was found of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The position.
    pub stock: Stock,
    /// Free units that are not sold.
    pub safety_stock: i64,
}

/// The index. One per process, shared by all use cases.
pub struct AvailabilityIndex {
    shards: Box<[RwLock<Shard>]>,
    hasher: RandomState,
    positions_max: usize,
    positions: AtomicUsize,
    items: AtomicUsize,
    /// Whether an item was left out, whose facts may be asked for.
    misses_items: AtomicBool,
    begun: Instant,
    /// When everything that was committed was in here: in microseconds from `begun`, counted from 1; 0 for never.
    complete_at: AtomicU64,
}

impl AvailabilityIndex {
    /// An empty index that answers nothing yet. It keeps `positions_max` positions, and the facts of as many items.
    #[must_use]
    pub fn new(positions_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            positions_max,
            positions: AtomicUsize::new(0),
            items: AtomicUsize::new(0),
            misses_items: AtomicBool::new(false),
            begun: Instant::now(),
            complete_at: AtomicU64::new(0),
        }
    }

    /// When everything that was committed by then was in here. `None` before the first time, and while something is
    /// missing.
    #[must_use]
    pub fn complete_at(&self) -> Option<Instant> {
        let micros = self.complete_at.load(Ordering::Acquire).checked_sub(1)?;
        Some(self.begun + Duration::from_micros(micros)).filter(|_| !self.misses_items.load(Ordering::Acquire))
    }

    /// What is known of a pair; `None` where the database has to be asked.
    #[must_use]
    pub fn find(&self, item: &ItemId, location: &LocationId) -> Option<Found> {
        let shard = self.read_from(item.as_str());
        let stock = shard.stock(&self.hasher, item.as_str(), location.as_str())?;
        let facts = shard.item(item.as_str());
        (!facts.is_kit).then_some(Found { stock, safety_stock: facts.safety_stock })
    }

    /// Positions that are kept.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions.load(Ordering::Relaxed)
    }

    /// Whether no other position is kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.positions() >= self.positions_max
    }

    /// Takes a position in, unless it is known as new or newer.
    pub fn put_stock(&self, item: &str, location: &str, stock: &Stock) {
        let may_grow = || !self.is_full();
        let put = self.write_to(item).put_stock(&self.hasher, item, location, stock, may_grow);
        if put == Put::New {
            self.positions.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes in what is known of an item, unless it is known as new or newer.
    pub fn put_item(&self, item: &str, facts: ItemFacts) {
        let may_grow = || self.items.load(Ordering::Relaxed) < self.positions_max;
        match self.write_to(item).put_item(item, facts, may_grow) {
            Put::New => {
                self.items.fetch_add(1, Ordering::Relaxed);
            }
            // It would be taken for an item as it was created, which is wrong: the index answers nothing any more.
            Put::NoRoom => self.misses_items.store(true, Ordering::Release),
            Put::Newer | Put::Known => {}
        }
    }

    /// Everything that was committed before `instant` is in here.
    fn completed(&self, instant: Instant) {
        let micros = instant.saturating_duration_since(self.begun).as_micros();
        self.complete_at.store(u64::try_from(micros).unwrap_or(u64::MAX - 1) + 1, Ordering::Release);
    }

    /// Changes may be missing from now on.
    fn interrupted(&self) {
        self.complete_at.store(0, Ordering::Release);
    }

    fn write_to(&self, item: &str) -> RwLockWriteGuard<'_, Shard> {
        self.shard(item).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_from(&self, item: &str) -> RwLockReadGuard<'_, Shard> {
        self.shard(item).read().unwrap_or_else(PoisonError::into_inner)
    }

    /// An item lies in one shard with all its positions, so that what is read of both belongs together.
    #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash do")]
    fn shard(&self, item: &str) -> &RwLock<Shard> {
        &self.shards[self.hasher.hash_one(item) as usize % SHARDS]
    }
}
