//! Queries of unfinished steps, and of the answers of finished ones.

use std::collections::BTreeSet;

use backorder_storage::{
    Batch, Reads, StorageError, Store, WriteTx,
    idempotency::{self, RequestKey},
    keyed_row, rows_by_key,
    sql::{self, statement},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value,
};

use super::entity::unfinished_step;
use crate::saga::StepKind;

/// Writes steps.
pub fn insert(batch: &mut Batch, steps: Vec<unfinished_step::Model>) {
    batch.insert(steps.into_iter().map(unfinished_step::Model::into_active_model).collect());
}

/// Ends steps, which are locked.
pub fn remove<'a>(batch: &mut Batch, ids: impl IntoIterator<Item = &'a str>) {
    batch.delete("unfinished_step", &["id"], ids.into_iter().map(Value::from).collect());
}

struct StepId {
    id: String,
}

keyed_row!(StepId, "unfinished_step" { id });

/// Locks steps, ascending; answers those that are there.
pub async fn lock_in_tx(tx: &WriteTx<'_>, ids: &BTreeSet<String>) -> Result<BTreeSet<String>, StorageError> {
    if tx.backend() == DbBackend::Sqlite {
        let ids = ids.iter().map(|id| Value::from(id.as_str())).collect();
        let rows: Vec<StepId> = rows_by_key(tx, &["id"], ids).await?;
        return Ok(rows.into_iter().map(|row| row.id).collect());
    }
    let text = "SELECT id FROM unfinished_step WHERE id = ANY(?) ORDER BY id FOR UPDATE";
    let rows = tx.query_all_raw(statement(tx, text, [sql::texts(ids.iter().map(String::as_str))])).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// Ends a step; answers whether it was there.
pub async fn remove_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<bool, StorageError> {
    Ok(unfinished_step::Entity::delete_by_id(id).exec(tx).await?.rows_affected == 1)
}

/// One step.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<unfinished_step::Model>, StorageError> {
    Ok(unfinished_step::Entity::find_by_id(id).one(connection).await?)
}

/// The steps of the ids that are there.
pub async fn find_all<'a>(
    connection: &impl Reads,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<unfinished_step::Model>, StorageError> {
    rows_by_key(connection, &["id"], ids.map(Value::from).collect()).await
}

/// Whether one of the requests was done, or one of the steps or orders is there. SQLite has the rows at hand and is not asked.
///
/// What it answers was true when the statement began. Requests, steps and orders that another transaction writes meanwhile are
/// refused by their keys, which is a lost race.
pub async fn may_know_any_in_tx<'a>(
    tx: &WriteTx<'_>,
    requests: &[&RequestKey],
    steps: impl Iterator<Item = &'a str>,
    orders: impl Iterator<Item = &'a str>,
) -> Result<bool, StorageError> {
    if tx.backend() == DbBackend::Sqlite {
        return Ok(true);
    }
    let (requests_known, mut values) = idempotency::any_known(requests);
    let text = format!(
        "SELECT {requests_known} OR (SELECT COUNT(*) FROM unfinished_step WHERE id = ANY(?)) > 0 \
         OR (SELECT COUNT(*) FROM customer_order WHERE id = ANY(?)) > 0 AS is_known"
    );
    values.extend([sql::texts(steps), sql::texts(orders)]);
    let row = tx.query_one_raw(statement(tx, text, values)).await?;
    Ok(row.map(|row| row.try_get("", "is_known")).transpose()?.unwrap_or(true))
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
    let text = "SELECT command_hash, answer FROM request WHERE id = ? AND answer IS NOT NULL \
                UNION ALL SELECT command_hash, NULL FROM unfinished_step WHERE id = ?";
    let values = [Value::from(key.id().to_vec()), Value::from(step)];
    let Some(row) = tx.query_one_raw(statement(tx, text, values)).await? else { return Ok(None) };
    Ok(Some((row.try_get("", "command_hash")?, row.try_get("", "answer")?)))
}
