//! Rows of batches: to domain values and back, and the queries by which commands find them.

use std::collections::HashMap;

use backorder_domain::{
    ids::ItemId,
    stock::batch::{BatchInfo, BatchPlace, BatchScope, BatchStock},
};
use backorder_storage::{StorageError, columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::Expr,
};

use super::rows::{batch_column, batch_id, invalid, item_id, location_id, units};
use crate::store::entity::{batch, batch_stock, reservation};

/// Keys in one list at most.
const KEYS_PER_QUERY_MAX: usize = 500;

#[derive(FromQueryResult)]
struct BoundRow {
    item_id: String,
    location_id: String,
    batch: String,
    quantity: i64,
}

/// What there is of batches and owners, by item.
pub async fn batches_of(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<HashMap<ItemId, BatchScope>, StorageError> {
    let mut found: HashMap<ItemId, BatchScope> = HashMap::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let ids = || chunk.iter().map(|item| item.as_str());
        for row in batch_stock::Entity::find().filter(batch_stock::Column::ItemId.is_in(ids())).all(connection).await? {
            found.entry(item_id(&row.item_id, "batch_stock")?).or_default().stock.push(batch_stock_of(&row)?);
        }
        for row in batch::Entity::find().filter(batch::Column::ItemId.is_in(ids())).all(connection).await? {
            found.entry(item_id(&row.item_id, "batch")?).or_default().known.push(batch_info_of(&row)?);
        }
        let bound = reservation::Entity::find()
            .select_only()
            .columns([reservation::Column::ItemId, reservation::Column::LocationId, reservation::Column::Batch])
            .column_as(Expr::cust("CAST(SUM(quantity) AS BIGINT)"), "quantity")
            .filter(reservation::Column::ItemId.is_in(ids()))
            .filter(reservation::Column::Batch.ne(""))
            .group_by(reservation::Column::ItemId)
            .group_by(reservation::Column::LocationId)
            .group_by(reservation::Column::Batch)
            .into_model::<BoundRow>();
        for row in bound.all(connection).await? {
            let Some(batch) = batch_id(&row.batch, "reservation")? else { continue };
            let at = location_id(&row.location_id, "reservation")?;
            let scope = found.entry(item_id(&row.item_id, "reservation")?).or_default();
            scope.bound.push((at, batch, units(row.quantity, "reservation")?));
        }
    }
    Ok(found)
}

/// The balance of a row.
pub fn batch_stock_of(row: &batch_stock::Model) -> Result<BatchStock, StorageError> {
    const TABLE: &str = "batch_stock";
    let place = BatchPlace {
        location: location_id(&row.location_id, TABLE)?,
        shelf: row.shelf.parse().map_err(|e| invalid(TABLE, e))?,
        batch: batch_id(&row.batch, TABLE)?,
        owner: row.owner.clone(),
    };
    Ok(BatchStock { place, quantity: units(row.quantity, TABLE)?, version: 1 })
}

/// The row of a balance.
pub fn batch_stock_row(item: &ItemId, stock: &BatchStock) -> batch_stock::ActiveModel {
    batch_stock::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        location_id: Set(stock.place.location.as_str().to_owned()),
        shelf: Set(stock.place.shelf.as_str().to_owned()),
        batch: Set(batch_column(stock.place.batch.as_ref())),
        owner: Set(stock.place.owner.clone()),
        quantity: Set(stock.quantity.get()),
    }
}

/// What a row knows of a batch.
pub fn batch_info_of(row: &batch::Model) -> Result<BatchInfo, StorageError> {
    let batch = batch_id(&row.batch, "batch")?.ok_or_else(|| invalid("batch", "no batch"))?;
    let best_before = columns::optional_date(row.best_before.as_deref(), "batch")?;
    Ok(BatchInfo { batch, best_before, supplier_lot: row.supplier_lot.clone(), version: 1 })
}

/// The row of what is known of a batch.
pub fn batch_row(item: &ItemId, info: &BatchInfo) -> batch::ActiveModel {
    batch::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        batch: Set(info.batch.as_str().to_owned()),
        best_before: Set(info.best_before.map(columns::date_text)),
        supplier_lot: Set(info.supplier_lot.clone()),
    }
}
