//! Reported stock of suppliers.

use backorder_domain::ids::ItemId;
use backorder_storage::{StorageError, WriteTx, columns, sql};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
};

use super::entity::drop_ship_stock::{Column as C, Entity, Model};

/// Writes a report, unless a later one is there.
pub async fn put_in_tx(tx: &WriteTx<'_>, rows: &[Model]) -> Result<(), StorageError> {
    for chunk in rows.chunks(sql::ROWS_PER_STATEMENT_MAX) {
        let text = format!(
            "INSERT INTO drop_ship_stock (item_id, supplier, quantity, as_of, expires_at, recorded_at) VALUES {} \
             ON CONFLICT (item_id, supplier) DO UPDATE SET quantity = excluded.quantity, as_of = excluded.as_of, \
             expires_at = excluded.expires_at, recorded_at = excluded.recorded_at \
             WHERE excluded.as_of >= drop_ship_stock.as_of",
            sql::rows_of_placeholders(chunk.len(), 6)
        );
        let values = chunk.iter().flat_map(|row| {
            [
                Value::from(row.item_id.as_str()),
                Value::from(row.supplier.as_str()),
                Value::from(row.quantity),
                Value::from(row.as_of),
                Value::from(row.expires_at),
                Value::from(row.recorded_at),
            ]
        });
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// Which reports are listed. Conditions add up.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this item.
    pub item: Option<ItemId>,
    /// Only of this supplier; empty means all.
    pub supplier: String,
    /// Only what is stale.
    pub stale_only: bool,
}

/// Reports by item, then supplier, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<(&str, &str)>,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Model>, StorageError> {
    let mut query = Entity::find().order_by_asc(C::ItemId).order_by_asc(C::Supplier).limit(limit);
    if let Some(item) = &filter.item {
        query = query.filter(C::ItemId.eq(item.as_str()));
    }
    if !filter.supplier.is_empty() {
        query = query.filter(C::Supplier.eq(filter.supplier.as_str()));
    }
    if filter.stale_only {
        query = query.filter(C::ExpiresAt.lte(columns::micros(now)));
    }
    if let Some((item, supplier)) = after {
        let same_item = Condition::all().add(C::ItemId.eq(item)).add(C::Supplier.gt(supplier));
        query = query.filter(Condition::any().add(C::ItemId.gt(item)).add(same_item));
    }
    Ok(query.all(connection).await?)
}

/// What a supplier reported of items, in any order.
pub async fn of_supplier(
    connection: &impl ConnectionTrait,
    supplier: &str,
    items: &[&str],
) -> Result<Vec<Model>, StorageError> {
    let query = Entity::find().filter(C::Supplier.eq(supplier)).filter(C::ItemId.is_in(items.iter().copied()));
    Ok(query.all(connection).await?)
}
