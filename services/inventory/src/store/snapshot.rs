//! Positions as availability shows them: those of pairs, and all of them for the index, a page at a time in the order of
//! their keys.

use std::collections::HashMap;

use backorder_domain::ids::{ItemId, LocationId};
use backorder_storage::{Reads, StorageError, columns, rows_by_key, sql::statement};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::{
    entity::position,
    stock::{item_id, location_id, position_of},
};
use crate::index::{ItemFacts, Stock};

/// Rows read at once.
const ROWS_MAX: i64 = 5_000;

/// A position as it is kept in memory.
#[derive(Debug, Default, FromQueryResult)]
pub struct PositionRow {
    /// The item.
    pub item_id: String,
    /// The location.
    pub location_id: String,
    available: i64,
    reserved: i64,
    released: i64,
    held: i64,
    quality_control: i64,
    damaged: i64,
    in_transit: i64,
    version: i64,
    updated_at: i64,
}

impl PositionRow {
    /// Its units.
    #[must_use]
    pub const fn stock(&self) -> Stock {
        Stock {
            version: self.version,
            updated_at: self.updated_at,
            available: self.available,
            reserved: self.reserved,
            released: self.released,
            held: self.held,
            quality_control: self.quality_control,
            damaged: self.damaged,
            in_transit: self.in_transit,
        }
    }
}

/// The positions after a key; none after the last.
pub async fn positions_after(
    connection: &impl ConnectionTrait,
    item: &str,
    location: &str,
) -> Result<Vec<PositionRow>, StorageError> {
    let text = "SELECT item_id, location_id, available, reserved, released, held, quality_control, damaged, in_transit, \
                version, updated_at FROM position WHERE (item_id, location_id) > (?, ?) \
                ORDER BY item_id, location_id LIMIT ?";
    let values = [Value::from(item), Value::from(location), Value::from(ROWS_MAX)];
    Ok(PositionRow::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// An item of which there is more to know than that it exists.
#[derive(Debug, FromQueryResult)]
pub struct ItemRow {
    /// The item.
    pub id: String,
    safety_stock: i64,
    version: i64,
    components: i64,
}

impl ItemRow {
    /// What is to be known.
    #[must_use]
    pub const fn facts(&self) -> ItemFacts {
        ItemFacts { version: self.version, safety_stock: self.safety_stock, is_kit: self.components > 0 }
    }
}

/// The items after an id that are not as they were created, have a safety stock or are kits; none after the last.
pub async fn items_after(connection: &impl ConnectionTrait, item: &str) -> Result<Vec<ItemRow>, StorageError> {
    let text = "SELECT id, safety_stock, version, components FROM \
                (SELECT id, safety_stock, version, \
                   (SELECT COUNT(*) FROM item_component WHERE item_component.item_id = item.id) AS components \
                 FROM item WHERE id > ?) AS known \
                WHERE version > 1 OR safety_stock > 0 OR components > 0 ORDER BY id LIMIT ?";
    let values = [Value::from(item), Value::from(ROWS_MAX)];
    Ok(ItemRow::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// The stock of pairs, each given once; pairs that never had any are left out.
pub async fn stock_of_pairs(
    connection: &impl Reads,
    pairs: &[&(ItemId, LocationId)],
) -> Result<HashMap<(ItemId, LocationId), Stock>, StorageError> {
    let keys = pairs.iter().flat_map(|(item, location)| [Value::from(item.as_str()), Value::from(location.as_str())]);
    let rows: Vec<position::Model> = rows_by_key(connection, &["item_id", "location_id"], keys.collect()).await?;
    let stock_of = |row: position::Model| {
        let stock = Stock::of(&position_of(&row)?, columns::instant(row.updated_at, "position")?);
        Ok(((item_id(&row.item_id, "position")?, location_id(&row.location_id, "position")?), stock))
    };
    rows.into_iter().map(stock_of).collect()
}
