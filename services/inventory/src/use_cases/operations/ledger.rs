//! What the movements of items leave, read once in the order in which they were written.

use std::collections::HashMap;

use backorder_domain::stock::state::StockState;
use backorder_storage::StorageError;
use sea_orm::ConnectionTrait;

use crate::store::{
    movements::{self, Written},
    verify::ItemRange,
};

/// Numbers of movements that one statement reads.
const NUMBERS_AT_ONCE: i64 = 20_000;

/// The movements of a range of items, summed by place and state. The newest of each item and the links between them are
/// followed as well: per item, numbers ascend in the order of the links (they are drawn under the item's lock).
#[derive(Default)]
pub struct Ledger {
    items: HashMap<String, Trail>,
    locations: HashMap<String, u32>,
    /// How many movements were read.
    pub movements: i64,
    /// Movements that do not name the one before them: their number, the number that they name and the one that is right.
    pub broken: Vec<(i64, i64, i64)>,
}

/// What is known of an item.
#[derive(Default)]
struct Trail {
    newest: i64,
    left: HashMap<(u32, StockState), i64>,
}

impl Ledger {
    /// Reads the movements of a range up to the number `last`.
    ///
    /// # Errors
    /// [`StorageError`] of the queries; [`StorageError::InvalidRow`] for a state that does not exist.
    pub async fn read(connection: &impl ConnectionTrait, range: &ItemRange, last: i64) -> Result<Self, StorageError> {
        let mut ledger = Self::default();
        let mut after = 0;
        while after < last {
            let through = after.saturating_add(NUMBERS_AT_ONCE);
            for movement in movements::written(connection, range, after, through).await? {
                ledger.add(movement)?;
            }
            after = through;
        }
        Ok(ledger)
    }

    fn add(&mut self, movement: Written) -> Result<(), StorageError> {
        self.movements += 1;
        let from = self.place(movement.from_location_id, &movement.from_state)?;
        let to = self.place(movement.to_location_id, &movement.to_state)?;
        let trail = match self.items.get_mut(&movement.item_id) {
            Some(trail) => trail,
            None => self.items.entry(movement.item_id).or_default(),
        };
        if movement.previous != trail.newest {
            self.broken.push((movement.id, movement.previous, trail.newest));
        }
        trail.newest = movement.id;
        for (place, units) in [(from, -movement.quantity), (to, movement.quantity)] {
            if let Some(place) = place {
                *trail.left.entry(place).or_default() += units;
            }
        }
        Ok(())
    }

    /// A place and a state as a key; `None` for outside.
    fn place(&mut self, location: Option<String>, state: &str) -> Result<Option<(u32, StockState)>, StorageError> {
        let Some(location) = location else { return Ok(None) };
        let state = state
            .parse()
            .map_err(|_| StorageError::InvalidRow { table: "movement", detail: format!("{state:?} is no state") })?;
        let next = u32::try_from(self.locations.len()).unwrap_or(u32::MAX);
        let number = match self.locations.get(&location) {
            Some(number) => *number,
            None => *self.locations.entry(location).or_insert(next),
        };
        Ok(Some((number, state)))
    }

    /// Takes out what the movements leave in a state of a place.
    pub fn take(&mut self, item: &str, location: &str, state: StockState) -> i64 {
        let Some(number) = self.locations.get(location) else { return 0 };
        self.items.get_mut(item).and_then(|trail| trail.left.remove(&(*number, state))).unwrap_or_default()
    }

    /// Takes out the number of an item's newest movement; 0 when it has none.
    pub fn take_newest(&mut self, item: &str) -> i64 {
        self.items.get_mut(item).map(|trail| std::mem::take(&mut trail.newest)).unwrap_or_default()
    }

    /// Units that were not taken out: item, location, state and how many. Zeros are left out.
    pub fn units_left(&self) -> impl Iterator<Item = (&str, &str, StockState, i64)> {
        let names: HashMap<u32, &str> = self.locations.iter().map(|(name, number)| (*number, name.as_str())).collect();
        self.items.iter().flat_map(move |(item, trail)| {
            let units = trail.left.iter().filter(|(_, units)| **units != 0);
            let named: Vec<_> = units
                .map(|((number, state), units)| {
                    (item.as_str(), names.get(number).copied().unwrap_or_default(), *state, *units)
                })
                .collect();
            named
        })
    }

    /// Newest movements that were not taken out, with their item.
    pub fn newest_left(&self) -> impl Iterator<Item = (&str, i64)> {
        let newest = self.items.iter().map(|(item, trail)| (item.as_str(), trail.newest));
        newest.filter(|(_, newest)| *newest != 0)
    }
}
