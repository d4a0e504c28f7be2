//! The one way in which stock is locked: the row of each item, ascending.
//!
//! Everything of an item (positions, claims, reservations, pegs, holds, supplies) changes only under its item's lock, so
//! that a row that does not exist yet is guarded too: a line that begins to wait and stock that arrives cannot miss each
//! other. On SQLite the writing transaction is alone and no statement is sent.

use backorder_domain::ids::ItemId;
use backorder_storage::{StorageError, WriteTx};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType};

use super::entity::item;

/// Item ids in one statement at most.
const IDS_PER_STATEMENT_MAX: usize = 500;

/// Locks the rows of the items until the transaction ends.
///
/// # Panics
/// When the ids are not ascending, which is a fault of the program.
pub async fn lock_items_in_tx(tx: &WriteTx<'_>, ids: &[&ItemId]) -> Result<(), StorageError> {
    assert!(ids.is_sorted(), "items are locked in ascending order");
    if tx.backend() == DbBackend::Sqlite {
        return Ok(());
    }
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        let _locked: Vec<String> = item::Entity::find()
            .select_only()
            .column(item::Column::Id)
            .filter(item::Column::Id.is_in(chunk.iter().map(|id| id.as_str())))
            .order_by_asc(item::Column::Id)
            // Rows that refer to the item may still be inserted by others: only changes wait.
            .lock(LockType::NoKeyUpdate)
            .into_tuple()
            .all(tx)
            .await?;
    }
    Ok(())
}
