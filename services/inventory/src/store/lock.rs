//! The one way in which stock is locked: the row of each item, ascending.
//!
//! Everything of an item (positions, claims, reservations, pegs, holds, supplies) changes only under its item's lock, so
//! that a row that does not exist yet is guarded too: a line that begins to wait and stock that arrives cannot miss each
//! other. On SQLite the writing transaction is alone and no statement is sent.

use backorder_domain::ids::ItemId;
use backorder_storage::{StorageError, WriteTx, sql};
use sea_orm::{ConnectionTrait, DbBackend};

/// Item ids in one statement at most.
const IDS_PER_STATEMENT_MAX: usize = 500;

/// Locks the rows of the items until the transaction ends, and answers those of the ids that may have a row. A row that
/// another transaction makes a moment later is seen and not locked, so nothing must be decided on it.
///
/// # Panics
/// When the ids are not ascending, which is a fault of the program.
pub async fn lock_items_in_tx<'a>(tx: &WriteTx<'_>, ids: &[&'a ItemId]) -> Result<Vec<&'a ItemId>, StorageError> {
    assert!(ids.is_sorted(), "items are locked in ascending order");
    if tx.backend() == DbBackend::Sqlite {
        return Ok(ids.to_vec());
    }
    let mut locked = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        // Rows that refer to the item may still be inserted by others: only changes wait.
        let text = "SELECT id FROM item WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE";
        let ids = sql::texts(chunk.iter().map(|id| id.as_str()));
        let rows = tx.query_all_raw(sql::statement(tx, text, [ids])).await.map_err(StorageError::from)?;
        let rows: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "id")).collect();
        let rows = rows.map_err(StorageError::from)?;
        // Both ascend bytewise.
        locked.extend(chunk.iter().filter(|id| rows.binary_search_by(|row| row.as_str().cmp(id.as_str())).is_ok()));
    }
    Ok(locked)
}
