//! What this process knows of positions that were reserved lately, so that the next reservation is decided without asking the
//! database first (docs/adr/0045).
//!
//! It may be wrong, because other instances write, too: what is decided on it is written only if the rows are still as they
//! are known, and done the long way if not. So nothing depends on it but time.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
};

use backorder_domain::{
    ids::{ItemId, LocationId},
    stock::position::Position,
};
use jiff::Timestamp;

use crate::store::stock::KnownStock;

/// Positions known at most; they take some 300 bytes each.
const POSITIONS_MAX: usize = 100_000;
/// Numbers of movements kept at most.
const NUMBERS_MAX: usize = 8_192;

/// The memory. Shared by all reservations of one process.
#[derive(Debug, Default)]
pub struct KnownPositions {
    stocks: Mutex<Stocks>,
    numbers: Mutex<BTreeSet<i64>>,
    /// In what is remembered.
    pub remembering: Confidence,
    /// In what was read a moment ago.
    pub reading: Confidence,
}

/// Two generations: when the younger is full, the elder is forgotten. What is used is young again.
#[derive(Debug, Default)]
struct Stocks {
    young: HashMap<ItemId, KnownStock>,
    old: HashMap<ItemId, KnownStock>,
    positions_young: usize,
}

impl Stocks {
    fn get(&mut self, item: &ItemId) -> Option<&mut KnownStock> {
        if let Some(stock) = self.old.remove(item) {
            self.put(item.clone(), stock);
        }
        self.young.get_mut(item)
    }

    fn put(&mut self, item: ItemId, stock: KnownStock) {
        if self.positions_young + stock.positions.len() > POSITIONS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.positions_young = 0;
        }
        self.positions_young += stock.positions.len();
        self.remove(&item);
        self.young.insert(item, stock);
    }

    fn remove(&mut self, item: &ItemId) {
        self.old.remove(item);
        if let Some(stock) = self.young.remove(item) {
            self.positions_young = self.positions_young.saturating_sub(stock.positions.len());
        }
    }
}

/// What a transaction did to an item's stock.
#[derive(Debug, Clone)]
pub struct StockWritten {
    /// The item.
    pub item: ItemId,
    /// Its newest movement before.
    pub last_before: i64,
    /// Its newest movement now.
    pub last_now: i64,
    /// The positions that it changed, as they are now.
    pub positions: Vec<Position>,
    /// Whether the item has groups.
    pub is_grouped: bool,
}

impl KnownPositions {
    /// What is known of an item, if it has all these locations.
    #[must_use]
    pub fn find<'l>(&self, item: &ItemId, locations: impl IntoIterator<Item = &'l LocationId>) -> Option<KnownStock> {
        let mut stocks = self.stocks();
        let stock = stocks.get(item)?;
        locations.into_iter().all(|location| stock.position(location).is_some()).then(|| stock.clone())
    }

    /// Keeps what was just read or written, unless something newer is known.
    pub fn learn(&self, item: ItemId, mut stock: KnownStock) {
        let mut stocks = self.stocks();
        if let Some(known) = stocks.get(&item) {
            if known.last_movement > stock.last_movement {
                return;
            }
            if known.last_movement == stock.last_movement {
                let others = known.positions.drain(..).filter(|(other, _)| stock.position(&other.location).is_none());
                let others: Vec<_> = others.collect();
                stock.positions.extend(others);
                // Groups are set without a movement, and what was read may be from before.
                stock.is_grouped |= known.is_grouped;
            }
        }
        stocks.put(item, stock);
    }

    /// Keeps up with what was committed here. What is known of an item that somebody else wrote in between is forgotten.
    pub fn note(&self, written: &StockWritten, now: Timestamp) {
        let mut stocks = self.stocks();
        let Some(known) = stocks.get(&written.item) else {
            let positions = written.positions.iter().map(|position| (position.clone(), now)).collect();
            stocks.put(
                written.item.clone(),
                KnownStock { last_movement: written.last_now, positions, is_grouped: written.is_grouped },
            );
            return;
        };
        if known.last_movement != written.last_before {
            if known.last_movement < written.last_now {
                stocks.remove(&written.item);
            }
            return;
        }
        known.last_movement = written.last_now;
        known.is_grouped |= written.is_grouped;
        for (known, at) in &mut known.positions {
            let changed = written.positions.iter().find(|position| position.location == known.location);
            if let Some(changed) = changed {
                (*known, *at) = (changed.clone(), now);
            }
        }
    }

    /// Whether it is still known, or something newer.
    #[must_use]
    pub fn is_known(&self, written: &StockWritten) -> bool {
        self.stocks().get(&written.item).is_some_and(|known| known.last_movement >= written.last_now)
    }

    /// Forgets items that are not as they were known.
    pub fn forget<'i>(&self, items: impl IntoIterator<Item = &'i ItemId>) {
        let mut stocks = self.stocks();
        items.into_iter().for_each(|item| stocks.remove(item));
    }

    /// Numbers for movements, each above `above`: where the movements of an item ascend, so must those of all. `None` when there
    /// are too few.
    #[must_use]
    pub fn take_numbers(&self, count: usize, above: i64) -> Option<Vec<i64>> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<i64> = numbers.range(above.saturating_add(1)..).take(count).copied().collect();
        if taken.len() < count {
            return None;
        }
        for number in &taken {
            numbers.remove(number);
        }
        Some(taken)
    }

    /// How many numbers to draw in a write that takes `count`, so that the writes after it find some.
    #[must_use]
    pub fn numbers_to_draw(&self, count: usize) -> usize {
        let kept = self.numbers.lock().unwrap_or_else(PoisonError::into_inner).len();
        if kept < 4 * count { 8 * count } else { 0 }
    }

    /// Keeps numbers that were drawn. The lowest are dropped where there are too many: nobody needs all.
    pub fn put_numbers(&self, drawn: impl IntoIterator<Item = i64>) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.extend(drawn);
        while numbers.len() > NUMBERS_MAX {
            numbers.pop_first();
        }
    }

    fn stocks(&self) -> MutexGuard<'_, Stocks> {
        self.stocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a quicker way is worth trying, by how often it failed lately: one failure costs as much as many successes gain, and
/// what goes another way gains, too, so that it is tried again.
#[derive(Debug, Default)]
pub struct Confidence(AtomicI32);

impl Confidence {
    const MOST: i32 = 16;
    const LEAST: i32 = -64;
    const LOSS: i32 = 16;

    /// Whether to try it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= 0
    }

    /// It went well, or was not tried.
    pub fn gain(&self) {
        self.change(|now| (now + 1).min(Self::MOST));
    }

    /// It failed.
    pub fn lose(&self) {
        self.change(|now| (now - Self::LOSS).max(Self::LEAST));
    }

    fn change(&self, change: impl Fn(i32) -> i32) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(change(now)));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn item(text: &str) -> ItemId {
        ItemId::try_new(text).unwrap()
    }

    fn place(text: &str) -> LocationId {
        LocationId::try_new(text).unwrap()
    }

    fn position(location: &str, version: i64) -> Position {
        Position { version, ..Position::empty(place(location)) }
    }

    fn stock(last_movement: i64, positions: &[(&str, i64)]) -> KnownStock {
        let positions =
            positions.iter().map(|(location, version)| (position(location, *version), Timestamp::UNIX_EPOCH));
        KnownStock { last_movement, positions: positions.collect(), is_grouped: false }
    }

    fn written(last_before: i64, last_now: i64, positions: &[(&str, i64)]) -> StockWritten {
        let positions = positions.iter().map(|(location, version)| position(location, *version));
        StockWritten { item: item("a"), last_before, last_now, positions: positions.collect(), is_grouped: false }
    }

    /// The newest movement that is known, and the versions of positions.
    fn known(memory: &KnownPositions, locations: &[&str]) -> Option<(i64, Vec<i64>)> {
        let places: Vec<LocationId> = locations.iter().map(|location| place(location)).collect();
        let found = memory.find(&item("a"), &places)?;
        Some((found.last_movement, places.iter().map(|at| found.position(at).unwrap().version).collect()))
    }

    #[test]
    fn what_was_read_later_is_kept_and_positions_of_one_moment_come_together() {
        let memory = KnownPositions::default();
        memory.learn(item("a"), stock(7, &[("x", 3)]));
        memory.learn(item("a"), stock(7, &[("y", 5)]));
        assert_eq!(known(&memory, &["x", "y"]), Some((7, vec![3, 5])));
        memory.learn(item("a"), stock(6, &[("x", 2)]));
        assert_eq!(known(&memory, &["x"]), Some((7, vec![3])), "that was before");
        memory.learn(item("a"), stock(8, &[("y", 6)]));
        assert_eq!(known(&memory, &["x"]), None, "x may have changed since");
        assert_eq!(known(&memory, &["y"]), Some((8, vec![6])));
    }

    #[test]
    fn what_was_committed_here_is_known_and_a_gap_forgets() {
        let memory = KnownPositions::default();
        memory.note(&written(0, 4, &[("x", 1), ("y", 1)]), Timestamp::UNIX_EPOCH);
        assert_eq!(known(&memory, &["x", "y"]), Some((4, vec![1, 1])));
        assert!(!memory.is_known(&written(4, 5, &[("x", 2)])));
        memory.note(&written(4, 5, &[("x", 2)]), Timestamp::UNIX_EPOCH);
        assert_eq!(known(&memory, &["x", "y"]), Some((5, vec![2, 1])));
        assert!(memory.is_known(&written(0, 4, &[])) && memory.is_known(&written(4, 5, &[])));
        memory.note(&written(0, 4, &[("x", 1)]), Timestamp::UNIX_EPOCH);
        assert_eq!(known(&memory, &["x"]), Some((5, vec![2])), "told late");
        memory.note(&written(8, 9, &[("x", 4)]), Timestamp::UNIX_EPOCH);
        assert_eq!(known(&memory, &["x"]), None, "somebody else moved units between 5 and 8");
        memory.note(&written(9, 10, &[("x", 5)]), Timestamp::UNIX_EPOCH);
        memory.forget([&item("a")]);
        assert_eq!(known(&memory, &["x"]), None);
        assert!(!memory.is_known(&written(9, 10, &[])), "what was decided on it is not written");
    }

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let memory = KnownPositions::default();
        memory.learn(item("a"), stock(1, &[("x", 1)]));
        for number in 0..2 * POSITIONS_MAX {
            memory.learn(item(&format!("i{number}")), stock(1, &[("x", 1)]));
            if number % 1_000 == 0 {
                assert!(known(&memory, &["x"]).is_some(), "{number}");
            }
        }
        let stocks = memory.stocks();
        assert!(stocks.young.len() + stocks.old.len() <= POSITIONS_MAX);
        assert!(!stocks.young.contains_key(&item("i0")) && !stocks.old.contains_key(&item("i0")));
    }

    #[test]
    fn that_an_item_has_groups_is_not_forgotten_for_what_was_read_before() {
        let memory = KnownPositions::default();
        let is_grouped = || memory.stocks().get(&item("a")).map(|known| known.is_grouped);
        memory.learn(item("a"), stock(4, &[("x", 1)]));
        memory.note(&StockWritten { is_grouped: true, ..written(4, 4, &[("x", 1)]) }, Timestamp::UNIX_EPOCH);
        assert_eq!(is_grouped(), Some(true), "groups are set without a movement");
        memory.learn(item("a"), stock(4, &[("y", 1)]));
        assert_eq!(is_grouped(), Some(true));
        memory.learn(item("a"), stock(5, &[("y", 1)]));
        assert_eq!(is_grouped(), Some(false), "read after it was written, in one snapshot with its positions");
    }

    #[test]
    fn numbers_are_above_the_newest_movement_and_used_once() {
        let memory = KnownPositions::default();
        memory.put_numbers([5, 6, 7, 9]);
        assert_eq!(memory.take_numbers(2, 6), Some(vec![7, 9]));
        assert_eq!(memory.take_numbers(1, 6), None);
        assert_eq!(memory.take_numbers(2, 0), Some(vec![5, 6]));
        assert_eq!((memory.numbers_to_draw(3), memory.take_numbers(0, 9)), (24, Some(Vec::new())));
        memory.put_numbers(0..20);
        assert_eq!(memory.numbers_to_draw(3), 0);
    }

    #[test]
    fn what_fails_often_is_left_and_tried_again() {
        let confidence = Confidence::default();
        confidence.lose();
        assert!(!confidence.is_there());
        (0..16).for_each(|_| confidence.gain());
        assert!(confidence.is_there());
        (0..100).for_each(|_| confidence.gain());
        confidence.lose();
        assert!(confidence.is_there(), "one failure among many");
        (0..100).for_each(|_| confidence.lose());
        (0..64).for_each(|_| confidence.gain());
        assert!(confidence.is_there(), "not left for ever");
    }
}
