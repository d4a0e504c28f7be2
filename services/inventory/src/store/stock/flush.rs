//! From the changes of books to tables: few statements per table, however many rows, sent together.

use std::collections::{HashMap, VecDeque};

use backorder_domain::{
    ids::ItemId,
    stock::{
        changes::StockChanges,
        claim::{Claim, ClaimKey},
        position::Position,
    },
};
use backorder_storage::{AtOnce, Batch, bulk};
use jiff::Timestamp;
use sea_orm::Value;
use uuid::Uuid;

use super::{
    Times,
    batch_rows::{batch_row, batch_stock_row},
    group_rows::write_groups,
    receipt_rows::received_line_row,
    rows,
};
use crate::store::entity::{
    batch as batch_facts, batch_stock, claim, hold, movement, peg, position, receipt_line, reservation, supply,
};

/// The table whose rows are the locks of items.
const LEDGER: &str = "item_ledger";
/// Reservations that one version of a claim can add are numbered below this.
const TAKEN_PER_VERSION: i64 = 1_000;

/// Writes the changes of books whose items are locked. Sorted by item, as [`StockBooks::into_changes`] gives them.
///
/// [`StockBooks::into_changes`]: backorder_domain::stock::books::StockBooks::into_changes
///
/// A CHECK that refuses is a fault of the program.
///
/// # Panics
/// When a reservation comes without its claim, or a movement without a number, which is a fault of the program as well.
pub fn flush(
    batch: &mut Batch,
    changes: &mut [StockChanges],
    numbers: &mut MovementNumbers,
    times: &Times,
    now: Timestamp,
) {
    let moved: Vec<usize> = (0..changes.len()).filter(|place| !changes[*place].movements.is_empty()).collect();
    let movements = take_movements(changes, numbers, now);
    let ledgers = moved.into_iter().map(|place| &changes[place].item);
    let ledgers = ledgers.flat_map(|item| [Value::from(item.as_str()), Value::from(numbers.last(item))]);
    batch.update(LEDGER, &["item_id"], &["last_movement"], ledgers.collect());
    write_positions(batch, changes, times, now);
    write_rest(batch, changes, now);
    batch.insert(movements);
}

/// Writes the changes of books of which nothing is locked, if no unit of their items has moved since and each position is as it
/// was read. Sorted as for [`flush`].
///
/// # Panics
/// As [`flush`].
pub fn flush_unchanged(
    writes: &mut AtOnce,
    changes: &mut [StockChanges],
    numbers: &mut MovementNumbers,
    times: &Times,
    now: Timestamp,
) {
    let before = numbers.last.clone();
    let movements = take_movements(changes, numbers, now);
    let (mut moved, mut positions) = (Vec::new(), Vec::new());
    for c in changes.iter() {
        let read = before.get(&c.item).copied().unwrap_or_default();
        moved.extend([Value::from(c.item.as_str()), Value::from(numbers.last(&c.item)), Value::from(read)]);
        for position in &c.positions {
            // A position that nobody read is at no version, so that it is found to be changed.
            let read = times.position_version(&c.item, &position.location).unwrap_or_default();
            positions.push((rows::position_row(&c.item, position, now), Value::from(read)));
        }
    }
    // The ledger first: it is the item's lock.
    writes.update_unchanged(LEDGER, &["item_id"], &["last_movement"], "last_movement", moved);
    let key = [position::Column::ItemId, position::Column::LocationId];
    writes.replace_unchanged(positions, &key, position::Column::Version);
    write_rest(writes.rest(), changes, now);
    writes.rest().insert(movements);
}

/// What stands beside positions, ledgers and movements.
fn write_rest(batch: &mut Batch, changes: &[StockChanges], now: Timestamp) {
    delete_ended(batch, changes);
    write_supplies(batch, changes, now);
    write_claims(batch, changes);
    write_holds(batch, changes);
    write_receipts(batch, changes, now);
    write_batches(batch, changes);
    write_groups(batch, changes, now);
}

/// What movements are numbered by.
#[derive(Debug)]
pub struct MovementNumbers {
    /// A number for each movement, ascending.
    pub ids: VecDeque<i64>,
    /// The newest movement of each item, 0 where there is none.
    pub last: HashMap<ItemId, i64>,
}

impl MovementNumbers {
    /// The number of the item's newest movement; 0 when it has none.
    #[must_use]
    pub fn last(&self, item: &ItemId) -> i64 {
        self.last.get(item).copied().unwrap_or_default()
    }
}

fn write_positions(batch: &mut Batch, changes: &[StockChanges], times: &Times, now: Timestamp) {
    let positions = changes.iter().flat_map(|c| c.positions.iter().map(|position| (&c.item, position)));
    let (known, new): (Vec<_>, Vec<_>) =
        positions.partition(|(item, position)| times.knows_position(item, &position.location));
    let rows = |positions: Vec<(&ItemId, &Position)>| {
        let row = |(item, position)| rows::position_row(item, position, now);
        positions.into_iter().map(row).collect::<Vec<_>>()
    };
    // The lock of the item keeps both as they are.
    batch.replace(rows(known), &[position::Column::ItemId, position::Column::LocationId]);
    batch.insert(rows(new));
}

fn write_supplies(batch: &mut Batch, changes: &[StockChanges], now: Timestamp) {
    let supplies = changes.iter().flat_map(|c| c.supplies.iter().map(|s| rows::supply_row(&c.item, s, now)));
    let key = [supply::Column::ItemId, supply::Column::SupplyId];
    batch.upsert(supplies.collect(), &bulk::replacing_all_but(key, [supply::Column::CreatedAt]));
}

fn write_receipts(batch: &mut Batch, changes: &[StockChanges], now: Timestamp) {
    use receipt_line::Column::{ItemId as Item, Line, ReceiptId, RecordedAt};
    let lines = changes.iter().flat_map(|c| c.receipts.iter().map(|line| received_line_row(&c.item, line, now)));
    batch.upsert(lines.collect(), &bulk::replacing_all_but([Item, ReceiptId, Line], [RecordedAt]));
}

/// The balances of batches and what is known of them; a balance of no units has no row.
fn write_batches(batch: &mut Batch, changes: &[StockChanges]) {
    let (mut stock, mut ended) = (Vec::new(), Vec::new());
    for c in changes {
        for row in &c.batch_stock {
            if row.quantity.is_zero() {
                let place = &row.place;
                let key = [c.item.as_str(), place.location.as_str(), place.shelf.as_str()];
                ended.extend(key.map(Value::from));
                ended
                    .extend([Value::from(rows::batch_column(place.batch.as_ref())), Value::from(place.owner.as_str())]);
            } else {
                stock.push(batch_stock_row(&c.item, row));
            }
        }
    }
    batch.delete("batch_stock", &["item_id", "location_id", "shelf", "batch", "owner"], ended);
    let key = {
        use batch_stock::Column as C;
        [C::ItemId, C::LocationId, C::Shelf, C::Batch, C::Owner]
    };
    batch.upsert(stock, &bulk::replacing(key, [batch_stock::Column::Quantity]));
    let known = changes.iter().flat_map(|c| c.batches.iter().map(|info| batch_row(&c.item, info)));
    let key = [batch_facts::Column::ItemId, batch_facts::Column::Batch];
    batch.upsert(known.collect(), &bulk::replacing_all_but(key, []));
}

fn write_claims(batch: &mut Batch, changes: &[StockChanges]) {
    let claims = changes.iter().flat_map(|c| c.claims.iter().map(|claim| (&c.item, claim)));
    let (new, known): (Vec<_>, Vec<_>) = claims.partition(|(_, claim)| claim.version == 1);
    let rows = |claims: Vec<(&ItemId, &Claim)>| -> Vec<claim::ActiveModel> {
        claims.into_iter().map(|(item, claim)| rows::claim_row(item, claim)).collect()
    };
    // A new claim must not overwrite: another transaction may have claimed for the same line under another item's lock.
    batch.insert(rows(new));
    let key = [claim::Column::LineId, claim::Column::Part];
    batch.upsert(rows(known), &bulk::replacing_all_but(key, [claim::Column::ItemId]));

    let waiting = changes.iter().flat_map(|c| {
        let changed = c.claims.iter().filter(|claim| c.waits_changed.binary_search(&claim.key).is_ok());
        changed.flat_map(|claim| rows::waiting_rows(&c.item, claim))
    });
    batch.insert(waiting.collect());

    let (mut new, mut known) = (Vec::new(), Vec::new());
    for c in changes {
        for ((key, reservation), number) in c.reservations.iter().zip(0..) {
            let version = version_of(c, key).unwrap_or_default();
            // On PostgreSQL no foreign key says so again (docs/adr/0043).
            assert!(version > 0, "a reservation is written beside its claim");
            let taken = version * TAKEN_PER_VERSION + number % TAKEN_PER_VERSION;
            let rows = if version == 1 { &mut new } else { &mut known };
            rows.push(rows::reservation_row(&c.item, key, reservation, taken));
        }
    }
    batch.insert(new);
    let key = {
        use reservation::Column as C;
        [C::LineId, C::Part, C::LocationId, C::Batch]
    };
    let replaced = [reservation::Column::Quantity, reservation::Column::Released];
    batch.upsert(known, &bulk::replacing(key, replaced));

    let pegs = changes.iter().flat_map(|c| c.pegs.iter().map(|(key, peg)| rows::peg_row(&c.item, key, peg)));
    let key = [peg::Column::LineId, peg::Column::Part, peg::Column::SupplyId];
    batch.upsert(pegs.collect(), &bulk::replacing_all_but(key, []));
}

fn write_holds(batch: &mut Batch, changes: &[StockChanges]) {
    let open = changes.iter().flat_map(|c| {
        let open = c.holds.iter().filter(|hold| !hold.quantity.is_zero());
        open.map(|hold| rows::hold_row(&c.item, hold))
    });
    let key = [hold::Column::ItemId, hold::Column::HoldId];
    batch.upsert(open.collect(), &bulk::replacing(key, [hold::Column::Quantity, hold::Column::Version]));
}

/// Deletes what ended, before what refers to the same rows is written.
fn delete_ended(batch: &mut Batch, changes: &[StockChanges]) {
    let of_claim = |key: &ClaimKey| [Value::from(key.line.as_str()), Value::from(key.part)];
    let (mut waiting, mut reservations, mut pegs, mut holds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for c in changes {
        for key in c.waits_changed.iter().filter(|key| !is_new(c, key)) {
            waiting.push(Value::from(c.item.as_str()));
            waiting.extend(of_claim(key));
        }
        for (key, location, batch) in &c.reservations_ended {
            reservations.extend(of_claim(key));
            reservations.extend([Value::from(location.as_str()), Value::from(rows::batch_column(batch.as_ref()))]);
        }
        for (key, supply) in &c.pegs_ended {
            pegs.extend(of_claim(key));
            pegs.push(Value::from(supply.as_str()));
        }
        for hold in c.holds.iter().filter(|hold| hold.quantity.is_zero()) {
            holds.extend([Value::from(c.item.as_str()), Value::from(hold.id.as_str())]);
        }
    }
    batch.delete("claim_location", &["item_id", "line_id", "part"], waiting);
    batch.delete("reservation", &["line_id", "part", "location_id", "batch"], reservations);
    batch.delete("peg", &["line_id", "part", "supply_id"], pegs);
    batch.delete("hold", &["item_id", "hold_id"], holds);
}

/// Whether the claim came with these changes: its first command gives it version 1.
fn is_new(changes: &StockChanges, key: &ClaimKey) -> bool {
    version_of(changes, key) == Some(1)
}

/// The version of a claim that is written with these changes.
fn version_of(changes: &StockChanges, key: &ClaimKey) -> Option<i64> {
    let place = changes.claims.binary_search_by(|claim| claim.key.cmp(key)).ok()?;
    Some(changes.claims[place].version)
}

/// The rows of the movements, each with the one before it of the same item.
///
/// # Panics
/// When there are fewer numbers than movements, which is a fault of the program.
fn take_movements(
    changes: &mut [StockChanges],
    numbers: &mut MovementNumbers,
    now: Timestamp,
) -> Vec<movement::ActiveModel> {
    let mut ordinals: HashMap<Uuid, i32> = HashMap::new();
    let mut movements = Vec::new();
    for c in changes {
        let mut previous = numbers.last(&c.item);
        for movement in std::mem::take(&mut c.movements) {
            assert!(!numbers.ids.is_empty(), "every movement has a number");
            let id = numbers.ids.pop_front().unwrap_or_default();
            let next = ordinals.entry(movement.command_id).or_default();
            let place = rows::MovementPlace { id, previous, ordinal: *next };
            *next += 1;
            movements.push(rows::movement_row(&c.item, movement, place, now));
            previous = id;
        }
        numbers.last.insert(c.item.clone(), previous);
    }
    movements
}
