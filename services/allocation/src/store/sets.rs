//! Queries of ship sets about which inventory is to be asked.

use std::collections::{BTreeMap, BTreeSet};

use backorder_storage::{
    Batch, StorageError, WriteTx, rows_by_key,
    sql::{self, rows_of_placeholders},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{order_line, pending_set},
    orders::find_orders,
};
use backorder_domain::order::state::OrderState;
use backorder_storage::Reads;

/// A ship set: its order and its name there.
pub type SetKey = (String, String);

/// Asks for decisions about sets, each from a time on. One that is asked for already gets a new generation, so that a
/// decision under way does not take it off, and the earlier time.
pub fn put_due(batch: &mut Batch, sets: BTreeMap<SetKey, i64>) {
    let sets: Vec<(SetKey, i64)> = sets.into_iter().collect();
    for chunk in sets.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "INSERT INTO pending_set (order_id, set_name, generation, due_at) VALUES {} \
             ON CONFLICT (order_id, set_name) DO UPDATE SET generation = pending_set.generation + 1, due_at = \
             CASE WHEN excluded.due_at < pending_set.due_at THEN excluded.due_at ELSE pending_set.due_at END",
            rows_of_placeholders(chunk.len(), 4)
        );
        let values = chunk.iter().flat_map(|((order, name), due_at)| {
            [Value::from(order.as_str()), Value::from(name.as_str()), Value::from(1_i64), Value::from(*due_at)]
        });
        batch.push(text, values.collect());
    }
}

/// Sets that are due, the longest due first.
pub async fn due(
    connection: &impl ConnectionTrait,
    now: i64,
    limit: u64,
) -> Result<Vec<pending_set::Model>, StorageError> {
    use pending_set::Column as C;
    let query = pending_set::Entity::find()
        .filter(C::DueAt.lte(now))
        .order_by_asc(C::DueAt)
        .order_by_asc(C::OrderId)
        .order_by_asc(C::SetName)
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// How many sets are due.
pub async fn count_due(connection: &impl ConnectionTrait, now: i64) -> Result<u64, StorageError> {
    Ok(pending_set::Entity::find().filter(pending_set::Column::DueAt.lte(now)).count(connection).await?)
}

/// Takes off the sets that nobody asked for anew meanwhile; those with a time are looked at again then.
pub async fn decided_in_tx(tx: &WriteTx<'_>, sets: &[(pending_set::Model, Option<i64>)]) -> Result<(), StorageError> {
    for (set, again_at) in sets {
        let key = [Value::from(set.order_id.as_str()), Value::from(set.set_name.as_str()), Value::from(set.generation)];
        match again_at {
            None => {
                let text = "DELETE FROM pending_set WHERE order_id = ? AND set_name = ? AND generation = ?";
                sql::execute(tx, text, key).await?;
            }
            Some(at) => {
                let text = "UPDATE pending_set SET due_at = ? WHERE order_id = ? AND set_name = ? AND generation = ?";
                sql::execute(tx, text, std::iter::once(Value::from(*at)).chain(key)).await?;
            }
        }
    }
    Ok(())
}

/// Lines by order and number, without locks.
pub async fn lines(
    connection: &impl Reads,
    lines: &BTreeSet<(String, i32)>,
) -> Result<Vec<order_line::Model>, StorageError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let keys = lines.iter().flat_map(|(order, line)| [Value::from(order.as_str()), Value::from(*line)]).collect();
    rows_by_key(connection, &["order_id", "line_number"], keys).await
}

/// The sets in which lines are.
pub async fn sets_of_lines(
    connection: &impl Reads,
    lines: &BTreeSet<(String, i32)>,
) -> Result<BTreeSet<SetKey>, StorageError> {
    let rows = self::lines(connection, lines).await?;
    Ok(rows.into_iter().filter(|row| !row.set_name.is_empty()).map(|row| (row.order_id, row.set_name)).collect())
}

/// The lines of sets, of orders that are open.
pub async fn lines_of_sets(
    connection: &impl Reads,
    sets: &BTreeSet<SetKey>,
) -> Result<BTreeMap<SetKey, Vec<order_line::Model>>, StorageError> {
    let orders = find_orders(connection, &sets.iter().map(|(order, _)| order.clone()).collect()).await?;
    let is_open = |order: &&super::entity::customer_order::Model| order.state == OrderState::Open.as_str();
    let open: BTreeSet<&str> = orders.iter().filter(is_open).map(|order| order.id.as_str()).collect();
    let keys = sets.iter().filter(|(order, _)| open.contains(order.as_str()));
    let keys: Vec<Value> = keys.flat_map(|(order, name)| [order.as_str().into(), name.as_str().into()]).collect();
    let rows: Vec<order_line::Model> = rows_by_key(connection, &["order_id", "set_name"], keys).await?;
    let mut lines: BTreeMap<SetKey, Vec<order_line::Model>> = BTreeMap::new();
    for row in rows {
        lines.entry((row.order_id.clone(), row.set_name.clone())).or_default().push(row);
    }
    Ok(lines)
}
