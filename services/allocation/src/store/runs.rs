//! Queries of pending runs.

use std::collections::BTreeSet;

use backorder_storage::{
    StorageError, Store, WriteTx,
    sql::{self, rows_of_placeholders},
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _, QueryOrder as _, QuerySelect as _, Value};

use super::{KEYS_PER_QUERY_MAX, entity::pending_run};

/// An item at a location.
pub type Pool = (String, String);

/// Asks for a run about each pool. A pool that is asked for already gets a new generation, so that a run under way does
/// not take it off.
pub async fn request_in_tx(tx: &WriteTx<'_>, pools: &BTreeSet<Pool>, now: i64) -> Result<(), StorageError> {
    let pools: Vec<&Pool> = pools.iter().collect();
    for chunk in pools.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "INSERT INTO pending_run (item_id, location_id, generation, requested_at) VALUES {} \
             ON CONFLICT (item_id, location_id) DO UPDATE SET generation = pending_run.generation + 1",
            rows_of_placeholders(chunk.len(), 4)
        );
        let values = chunk.iter().flat_map(|(item, location)| {
            [Value::from(item.as_str()), Value::from(location.as_str()), Value::from(1_i64), Value::from(now)]
        });
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// Pending runs by item and location.
pub async fn pending(store: &Store, limit: u64) -> Result<Vec<pending_run::Model>, StorageError> {
    use pending_run::Column as C;
    let query = pending_run::Entity::find().order_by_asc(C::ItemId).order_by_asc(C::LocationId).limit(limit);
    Ok(query.all(store.reader()).await?)
}

/// Takes off the runs that nobody asked for anew meanwhile.
pub async fn done_in_tx(tx: &WriteTx<'_>, runs: &[pending_run::Model]) -> Result<(), StorageError> {
    for chunk in runs.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "DELETE FROM pending_run WHERE (item_id, location_id, generation) IN (VALUES {})",
            rows_of_placeholders(chunk.len(), 3)
        );
        let values = chunk.iter().flat_map(|run| {
            [Value::from(run.item_id.as_str()), Value::from(run.location_id.as_str()), Value::from(run.generation)]
        });
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// How many runs are pending.
pub async fn count(store: &Store) -> Result<u64, StorageError> {
    Ok(pending_run::Entity::find().count(store.reader()).await?)
}
