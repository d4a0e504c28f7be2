//! From the changes of books to tables: few statements per table, however many rows.

use std::collections::HashMap;

use backorder_domain::{
    ids::ItemId,
    stock::{changes::StockChanges, claim::ClaimKey},
};
use backorder_storage::{StorageError, WriteTx, bulk};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, Iterable, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

use super::rows;
use crate::store::entity::{claim, claim_location, hold, peg, position, reservation, supply};

/// Keys in one deleting statement at most.
const KEYS_PER_STATEMENT_MAX: usize = 200;
/// Reservations that one version of a claim can add are numbered below this.
const TAKEN_PER_VERSION: i64 = 1_000;

/// Writes the changes of books whose items are locked. Sorted by item, as [`StockBooks::into_changes`] gives them.
///
/// [`StockBooks::into_changes`]: backorder_domain::stock::books::StockBooks::into_changes
///
/// # Errors
/// [`StorageError`] of the statements; a CHECK that refuses is a fault of the program.
pub async fn flush_in_tx(tx: &WriteTx<'_>, changes: &mut [StockChanges], now: Timestamp) -> Result<(), StorageError> {
    write_positions(tx, changes, now).await?;
    delete_ended(tx, changes).await?;
    write_supplies(tx, changes, now).await?;
    write_claims(tx, changes).await?;
    write_holds(tx, changes).await?;
    append_movements(tx, changes, now).await
}

async fn write_positions(tx: &WriteTx<'_>, changes: &[StockChanges], now: Timestamp) -> Result<(), StorageError> {
    let positions = changes.iter().flat_map(|c| c.positions.iter().map(|p| rows::position_row(&c.item, p, now)));
    let conflict =
        replacing_all_but::<position::Entity>(&[position::Column::ItemId, position::Column::LocationId], &[]);
    bulk::upsert(tx, positions.collect(), conflict).await?;
    Ok(())
}

async fn write_supplies(tx: &WriteTx<'_>, changes: &[StockChanges], now: Timestamp) -> Result<(), StorageError> {
    let supplies = changes.iter().flat_map(|c| c.supplies.iter().map(|s| rows::supply_row(&c.item, s, now)));
    let conflict = replacing_all_but::<supply::Entity>(
        &[supply::Column::ItemId, supply::Column::SupplyId],
        &[supply::Column::CreatedAt],
    );
    bulk::upsert(tx, supplies.collect(), conflict).await?;
    Ok(())
}

async fn write_claims(tx: &WriteTx<'_>, changes: &[StockChanges]) -> Result<(), StorageError> {
    let claims = changes.iter().flat_map(|c| c.claims.iter().map(|claim| rows::claim_row(&c.item, claim)));
    let key = [claim::Column::ItemId, claim::Column::LineId, claim::Column::Part];
    bulk::upsert(tx, claims.collect(), replacing_all_but::<claim::Entity>(&key, &[])).await?;

    let waiting = changes.iter().flat_map(|c| {
        let changed = c.claims.iter().filter(|claim| c.waits_changed.binary_search(&claim.key).is_ok());
        changed.flat_map(|claim| rows::waiting_rows(&c.item, claim))
    });
    bulk::insert(tx, waiting.collect()).await?;

    let reservations = changes.iter().flat_map(|c| {
        let versions: HashMap<&ClaimKey, i64> = c.claims.iter().map(|claim| (&claim.key, claim.version)).collect();
        let numbered = c.reservations.iter().zip(0..);
        numbered.map(move |((key, reservation), number)| {
            let version = versions.get(key).copied().unwrap_or_default();
            rows::reservation_row(&c.item, key, reservation, version * TAKEN_PER_VERSION + number % TAKEN_PER_VERSION)
        })
    });
    let conflict = OnConflict::columns(reservation_key()).update_column(reservation::Column::Quantity).to_owned();
    bulk::upsert(tx, reservations.collect(), conflict).await?;

    let pegs = changes.iter().flat_map(|c| c.pegs.iter().map(|(key, peg)| rows::peg_row(&c.item, key, peg)));
    let key = [peg::Column::ItemId, peg::Column::LineId, peg::Column::Part, peg::Column::SupplyId];
    bulk::upsert(tx, pegs.collect(), replacing_all_but::<peg::Entity>(&key, &[])).await?;
    Ok(())
}

fn reservation_key() -> [reservation::Column; 5] {
    [
        reservation::Column::ItemId,
        reservation::Column::LineId,
        reservation::Column::Part,
        reservation::Column::LocationId,
        reservation::Column::Batch,
    ]
}

async fn write_holds(tx: &WriteTx<'_>, changes: &[StockChanges]) -> Result<(), StorageError> {
    let open = changes.iter().flat_map(|c| {
        let open = c.holds.iter().filter(|hold| !hold.quantity.is_zero());
        open.map(|hold| rows::hold_row(&c.item, hold))
    });
    let conflict = OnConflict::columns([hold::Column::ItemId, hold::Column::HoldId])
        .update_columns([hold::Column::Quantity, hold::Column::Version])
        .to_owned();
    bulk::upsert(tx, open.collect(), conflict).await?;
    Ok(())
}

/// Deletes what ended, before what refers to the same rows is written.
async fn delete_ended(tx: &WriteTx<'_>, changes: &[StockChanges]) -> Result<(), StorageError> {
    let mut waiting = Vec::new();
    let (mut reservations, mut pegs, mut holds) = (Vec::new(), Vec::new(), Vec::new());
    for c in changes {
        let is_new = |key: &ClaimKey| c.claims.iter().any(|claim| claim.version == 1 && claim.key == *key);
        waiting.extend(c.waits_changed.iter().filter(|key| !is_new(key)).map(|key| waiting_of(&c.item, key)));
        reservations.extend(c.reservations_ended.iter().map(|(key, location, batch)| {
            Condition::all()
                .add(reservation::Column::ItemId.eq(c.item.as_str()))
                .add(reservation::Column::LineId.eq(key.line.as_str()))
                .add(reservation::Column::Part.eq(key.part))
                .add(reservation::Column::LocationId.eq(location.as_str()))
                .add(reservation::Column::Batch.eq(rows::batch_column(batch.as_ref())))
        }));
        pegs.extend(c.pegs_ended.iter().map(|(key, supply)| {
            Condition::all()
                .add(peg::Column::ItemId.eq(c.item.as_str()))
                .add(peg::Column::LineId.eq(key.line.as_str()))
                .add(peg::Column::Part.eq(key.part))
                .add(peg::Column::SupplyId.eq(supply.as_str()))
        }));
        holds.extend(c.holds.iter().filter(|hold| hold.quantity.is_zero()).map(|hold| {
            Condition::all()
                .add(hold::Column::ItemId.eq(c.item.as_str()))
                .add(hold::Column::HoldId.eq(hold.id.as_str()))
        }));
    }
    delete_rows::<claim_location::Entity>(tx, waiting).await?;
    delete_rows::<reservation::Entity>(tx, reservations).await?;
    delete_rows::<peg::Entity>(tx, pegs).await?;
    delete_rows::<hold::Entity>(tx, holds).await
}

fn waiting_of(item: &ItemId, key: &ClaimKey) -> Condition {
    Condition::all()
        .add(claim_location::Column::ItemId.eq(item.as_str()))
        .add(claim_location::Column::LineId.eq(key.line.as_str()))
        .add(claim_location::Column::Part.eq(key.part))
}

async fn delete_rows<E: EntityTrait>(tx: &WriteTx<'_>, keys: Vec<Condition>) -> Result<(), StorageError> {
    for chunk in keys.chunks(KEYS_PER_STATEMENT_MAX) {
        let any = chunk.iter().cloned().fold(Condition::any(), Condition::add);
        E::delete_many().filter(any).exec(tx).await?;
    }
    Ok(())
}

async fn append_movements(tx: &WriteTx<'_>, changes: &mut [StockChanges], now: Timestamp) -> Result<(), StorageError> {
    let mut ordinals: HashMap<Uuid, i32> = HashMap::new();
    let mut movements = Vec::new();
    for c in changes {
        for movement in std::mem::take(&mut c.movements) {
            let next = ordinals.entry(movement.command_id).or_default();
            let ordinal = *next;
            *next += 1;
            movements.push(rows::movement_row(&c.item, movement, ordinal, now));
        }
    }
    bulk::insert(tx, movements).await?;
    Ok(())
}

/// Takes every column over from the new row but those of the key and those that are kept.
fn replacing_all_but<E: EntityTrait>(key: &[E::Column], kept: &[E::Column]) -> OnConflict
where
    E::Column: Copy,
{
    let name = |column: &E::Column| format!("{column:?}");
    let stays: Vec<String> = key.iter().chain(kept).map(name).collect();
    let replaced = E::Column::iter().filter(|column| !stays.contains(&name(column)));
    bulk::replacing(key.to_vec(), replaced.collect::<Vec<_>>())
}
