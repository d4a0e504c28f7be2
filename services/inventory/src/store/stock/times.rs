//! What the domain does not know of loaded rows: when they were written.

use std::collections::HashMap;

use backorder_domain::{
    ids::{ItemId, LocationId, SupplyId},
    stock::{position::Position, receipt::ReceiptKey, supply::Supply},
};
use jiff::Timestamp;

/// When loaded rows were created and changed, for messages that show them.
#[derive(Debug, Default)]
pub struct Times {
    pub(super) positions: HashMap<(ItemId, LocationId), (i64, Timestamp)>,
    pub(super) supplies: HashMap<SupplyId, (i64, Timestamp, Timestamp)>,
    pub(super) receipts: HashMap<ReceiptKey, Timestamp>,
}

impl Times {
    /// Whether a position was loaded, so that its row is there.
    #[must_use]
    pub fn knows_position(&self, item: &ItemId, location: &LocationId) -> bool {
        self.positions.contains_key(&(item.clone(), location.clone()))
    }

    /// Notes a position as it was loaded.
    pub(super) fn note_position(&mut self, item: &ItemId, position: &Position, updated_at: Timestamp) {
        self.positions.insert((item.clone(), position.location.clone()), (position.version, updated_at));
    }

    /// The version at which a position was loaded.
    #[must_use]
    pub fn position_version(&self, item: &ItemId, location: &LocationId) -> Option<i64> {
        self.positions.get(&(item.clone(), location.clone())).map(|(version, _)| *version)
    }

    /// When a position was changed last: `now` when it was changed since loading.
    #[must_use]
    pub fn position_updated_at(&self, item: &ItemId, position: &Position, now: Timestamp) -> Option<Timestamp> {
        let known = self.positions.get(&(item.clone(), position.location.clone()));
        match known {
            Some((version, at)) if *version == position.version => Some(*at),
            _ => (position.version > 0).then_some(now),
        }
    }

    /// When a supply was created and changed last.
    #[must_use]
    pub fn supply_times(&self, supply: &Supply, now: Timestamp) -> (Timestamp, Timestamp) {
        match self.supplies.get(&supply.id) {
            Some((version, created, updated)) => (*created, if *version == supply.version { *updated } else { now }),
            None => (now, now),
        }
    }

    /// When a line of a receipt was written: `now` when it was made since loading.
    #[must_use]
    pub fn received_line_recorded_at(&self, key: &ReceiptKey, now: Timestamp) -> Timestamp {
        self.receipts.get(key).copied().unwrap_or(now)
    }
}
