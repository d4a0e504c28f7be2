//! Queries of availability: safety stock and dated supply of given items, by pair of item and location.

use std::collections::{BTreeMap, HashMap};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
};
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{
    entity::{item, supply},
    stock::{self, is_open, position_of},
};
use backorder_domain::stock::position::Position;

/// Item ids in one `IN` list at most.
const IDS_PER_QUERY_MAX: usize = 500;

/// A pair of item and location.
pub type Pair = (ItemId, LocationId);

/// Dated supply of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inbound {
    /// Units that still come.
    pub open: Quantity,
    /// The day on which they are expected; `None` when it is not known.
    pub expected_date: Option<Date>,
}

/// Everything that availability is made of, of one snapshot.
#[derive(Debug, Default)]
pub struct AvailabilityRows {
    /// Positions with the time of their last change.
    pub positions: HashMap<Pair, (Position, Timestamp)>,
    /// Eligible units that wait.
    pub waiting: BTreeMap<Pair, Quantity>,
    /// Open supplies.
    pub inbound: HashMap<Pair, Vec<Inbound>>,
    /// Units per location that are never promised.
    pub safety_stock: HashMap<ItemId, Quantity>,
}

/// Reads what availability of the items is made of, at all locations.
pub async fn read(connection: &impl ConnectionTrait, items: &[&ItemId]) -> Result<AvailabilityRows, StorageError> {
    let mut rows = AvailabilityRows {
        waiting: stock::eligible_waiting(connection, items).await?,
        safety_stock: safety_stocks(connection, items).await?,
        ..AvailabilityRows::default()
    };
    for row in stock::positions(connection, items).await? {
        let position = position_of(&row)?;
        let updated_at = columns::instant(row.updated_at, "position")?;
        let pair = (stock::item_id(&row.item_id, "position")?, position.location.clone());
        rows.positions.insert(pair, (position, updated_at));
    }
    for (pair, inbound) in inbound(connection, items).await? {
        rows.inbound.entry(pair).or_default().push(inbound);
    }
    Ok(rows)
}

/// The safety stock of items; those that do not exist are left out.
pub async fn safety_stocks(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<HashMap<ItemId, Quantity>, StorageError> {
    const TABLE: &str = "item";
    let mut stocks = HashMap::with_capacity(items.len());
    for chunk in items.chunks(IDS_PER_QUERY_MAX) {
        let query = item::Entity::find()
            .select_only()
            .column(item::Column::Id)
            .column(item::Column::SafetyStock)
            .filter(item::Column::Id.is_in(chunk.iter().map(|id| id.as_str())));
        let rows: Vec<(String, i64)> = query.into_tuple().all(connection).await?;
        for (id, units) in rows {
            stocks.insert(stock::item_id(&id, TABLE)?, units_of(units, TABLE)?);
        }
    }
    Ok(stocks)
}

async fn inbound(connection: &impl ConnectionTrait, items: &[&ItemId]) -> Result<Vec<(Pair, Inbound)>, StorageError> {
    const TABLE: &str = "supply";
    let mut found = Vec::new();
    for chunk in items.chunks(IDS_PER_QUERY_MAX) {
        let query = supply::Entity::find()
            .select_only()
            .column(supply::Column::ItemId)
            .column(supply::Column::LocationId)
            .column(supply::Column::Open)
            .column(supply::Column::ExpectedDate)
            .filter(supply::Column::ItemId.is_in(chunk.iter().map(|id| id.as_str())))
            .filter(is_open());
        let rows: Vec<(String, String, i64, Option<String>)> = query.into_tuple().all(connection).await?;
        for (item, location, open, date) in rows {
            let pair = (stock::item_id(&item, TABLE)?, stock::location_id(&location, TABLE)?);
            let expected_date = columns::optional_date(date.as_deref(), TABLE)?;
            found.push((pair, Inbound { open: units_of(open, TABLE)?, expected_date }));
        }
    }
    Ok(found)
}

fn units_of(units: i64, table: &'static str) -> Result<Quantity, StorageError> {
    Quantity::try_new(units).map_err(|error| StorageError::InvalidRow { table, detail: error.to_string() })
}
