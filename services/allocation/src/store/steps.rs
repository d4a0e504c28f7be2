//! Queries of unfinished steps, and of the answers of finished ones.

use backorder_storage::{Batch, StorageError, Store, WriteTx, idempotency::RequestKey, sql::statement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use super::entity::unfinished_step;
use crate::saga::StepKind;

/// Writes a step.
pub fn insert(batch: &mut Batch, step: unfinished_step::Model) {
    batch.insert(vec![step.into_active_model()]);
}

/// Ends a step; answers whether it was there.
pub async fn remove_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<bool, StorageError> {
    Ok(unfinished_step::Entity::delete_by_id(id).exec(tx).await?.rows_affected == 1)
}

/// One step.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<unfinished_step::Model>, StorageError> {
    Ok(unfinished_step::Entity::find_by_id(id).one(connection).await?)
}

/// The oldest unfinished steps.
pub async fn oldest(store: &Store, limit: u64) -> Result<Vec<unfinished_step::Model>, StorageError> {
    use unfinished_step::Column as C;
    let query = unfinished_step::Entity::find().order_by_asc(C::BeganAt).order_by_asc(C::Id).limit(limit);
    Ok(query.all(store.reader()).await?)
}

/// How many steps are unfinished.
pub async fn count(store: &Store) -> Result<u64, StorageError> {
    Ok(unfinished_step::Entity::find().count(store.reader()).await?)
}

/// How many steps take orders of another system over.
pub async fn count_imports(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    let query = unfinished_step::Entity::find().filter(unfinished_step::Column::Kind.eq(StepKind::Import.as_str()));
    Ok(query.count(connection).await?)
}

/// What is known of a request: the hash of its command, and its answer when it is finished. The table of answers is the
/// shared one of `storage`, which writes it.
pub async fn known_in_tx(
    tx: &WriteTx<'_>,
    key: &RequestKey,
    step: &str,
) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>, StorageError> {
    let text = "SELECT command_hash, answer FROM request WHERE caller = ? AND method = ? AND request_id = ? \
                AND answer IS NOT NULL \
                UNION ALL SELECT command_hash, NULL FROM unfinished_step WHERE id = ?";
    let values = [
        Value::from(key.caller.as_str()),
        Value::from(key.method.as_str()),
        Value::from(key.request_id.as_str()),
        Value::from(step),
    ];
    let Some(row) = tx.query_one_raw(statement(tx, text, values)).await? else { return Ok(None) };
    Ok(Some((row.try_get("", "command_hash")?, row.try_get("", "answer")?)))
}
