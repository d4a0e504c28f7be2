//! Orders to warehouses and their lines.

use std::collections::{BTreeSet, HashMap};

use backorder_storage::{
    Batch, StorageError, WriteTx, columns,
    sql::{self, rows_of_placeholders, statement},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{warehouse_order, warehouse_order_line},
};
use crate::order::warehouse_order::Handed;

/// The warehouse is to ship.
pub const RELEASE: &str = "RELEASE";
/// The warehouse is to give back.
pub const RECALL: &str = "RECALL";

/// An order to a warehouse with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeWarehouseOrder {
    /// The order.
    pub row: warehouse_order::Model,
    /// Its lines.
    pub lines: Vec<warehouse_order_line::Model>,
}

/// Writes new orders with their lines.
pub fn insert(batch: &mut Batch, orders: Vec<WholeWarehouseOrder>) {
    let (mut rows, mut lines) = (Vec::with_capacity(orders.len()), Vec::new());
    for order in orders {
        rows.push(order.row.into_active_model());
        lines.extend(order.lines.into_iter().map(warehouse_order_line::Model::into_active_model));
    }
    batch.insert(rows);
    batch.insert(lines);
}

/// Which orders are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those to this warehouse; empty means all.
    pub location: String,
    /// Whether those that are acknowledged are listed too.
    pub with_acknowledged: bool,
}

/// Orders by the time at which they were written, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<WholeWarehouseOrder>, StorageError> {
    use warehouse_order::Column as C;
    let mut query = warehouse_order::Entity::find().order_by_asc(C::CreatedAt).order_by_asc(C::Id).limit(limit);
    if !filter.location.is_empty() {
        query = query.filter(C::LocationId.eq(filter.location.as_str()));
    }
    if !filter.with_acknowledged {
        query = query.filter(C::AcknowledgedAt.is_null());
    }
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::CreatedAt.eq(time)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::CreatedAt.gt(time)).add(same_time));
    }
    with_lines(connection, query.all(connection).await?).await
}

/// Orders by their ids, in any order.
pub async fn find(connection: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<WholeWarehouseOrder>, StorageError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let rows = warehouse_order::Entity::find().filter(warehouse_order::Column::Id.is_in(chunk.iter()));
        found.extend(with_lines(connection, rows.all(connection).await?).await?);
    }
    Ok(found)
}

async fn with_lines(
    connection: &impl ConnectionTrait,
    rows: Vec<warehouse_order::Model>,
) -> Result<Vec<WholeWarehouseOrder>, StorageError> {
    use warehouse_order_line::Column as C;
    let query = warehouse_order_line::Entity::find()
        .filter(C::WarehouseOrderId.is_in(rows.iter().map(|row| row.id.as_str())))
        .order_by_asc(C::WarehouseOrderId)
        .order_by_asc(C::Number);
    let mut lines: HashMap<String, Vec<warehouse_order_line::Model>> = HashMap::new();
    for line in query.all(connection).await? {
        lines.entry(line.warehouse_order_id.clone()).or_default().push(line);
    }
    let whole =
        |row: warehouse_order::Model| WholeWarehouseOrder { lines: lines.remove(&row.id).unwrap_or_default(), row };
    Ok(rows.into_iter().map(whole).collect())
}

/// Acknowledges those of the orders that are not; answers their ids.
pub async fn acknowledge_in_tx(
    tx: &WriteTx<'_>,
    ids: &[String],
    reference: &str,
    now: Timestamp,
) -> Result<BTreeSet<String>, StorageError> {
    let mut acknowledged = BTreeSet::new();
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "UPDATE warehouse_order SET acknowledged_at = ?, acknowledge_reference = ? \
             WHERE acknowledged_at IS NULL AND id IN (VALUES {}) RETURNING id",
            rows_of_placeholders(chunk.len(), 1)
        );
        let values = [Value::from(columns::micros(now)), Value::from(reference)];
        let values = values.into_iter().chain(chunk.iter().map(|id| Value::from(id.as_str())));
        for row in tx.query_all_raw(statement(tx, text, values)).await? {
            acknowledged.insert(row.try_get("", "id")?);
        }
    }
    Ok(acknowledged)
}

/// What was handed to which warehouses of the lines, the last one first.
pub async fn handed_in_tx(tx: &WriteTx<'_>, lines: &BTreeSet<(String, i32)>) -> Result<Handed, StorageError> {
    let lines: Vec<&(String, i32)> = lines.iter().collect();
    let mut handed = Handed::new();
    for chunk in lines.chunks(sql::ROWS_PER_STATEMENT_MAX) {
        let text = format!(
            "SELECT l.order_id, l.line_number, o.location_id, l.quantity FROM warehouse_order_line l \
             JOIN warehouse_order o ON o.id = l.warehouse_order_id \
             WHERE o.kind = ? AND (l.order_id, l.line_number) IN (VALUES {}) ORDER BY o.created_at DESC, o.id DESC",
            rows_of_placeholders(chunk.len(), 2)
        );
        let keys = chunk.iter().flat_map(|(order, line)| [Value::from(order.as_str()), Value::from(*line)]);
        for row in tx.query_all_raw(statement(tx, text, std::iter::once(Value::from(RELEASE)).chain(keys))).await? {
            let key = (row.try_get("", "order_id")?, row.try_get("", "line_number")?);
            handed.entry(key).or_default().push((row.try_get("", "location_id")?, row.try_get("", "quantity")?));
        }
    }
    Ok(handed)
}
