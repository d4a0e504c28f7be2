//! Stock comparisons and the differences that they showed.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::compare::Figures,
};
use backorder_storage::{
    Batch, StorageError, WriteTx, columns,
    sql::{self, rows_of_placeholders},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use super::{
    entity::{position, stock_comparison, stock_difference},
    stock::{item_id, position_of},
};

/// Nobody decided about the difference.
pub const OPEN: &str = "OPEN";
/// The difference was booked.
pub const BOOKED: &str = "BOOKED";
/// A newer comparison speaks of the item.
pub const SUPERSEDED: &str = "SUPERSEDED";

const IDS_PER_STATEMENT_MAX: usize = 500;

/// The books of a location as a warehouse would tell them, by item, each with what is in its hands for picking.
pub async fn figures_at(
    connection: &impl ConnectionTrait,
    location: &LocationId,
) -> Result<BTreeMap<ItemId, (Figures, Quantity)>, StorageError> {
    let rows = position::Entity::find().filter(position::Column::LocationId.eq(location.as_str())).all(connection);
    let mut figures = BTreeMap::new();
    for row in rows.await? {
        let position = position_of(&row)?;
        let sellable = [position.available, position.held, position.reserved, position.released];
        let sellable = Quantity::checked_sum(sellable).ok_or_else(|| StorageError::InvalidRow {
            table: "position",
            detail: format!("{} at {}: the sum overflows", row.item_id, row.location_id),
        })?;
        let (quality_control, damaged) = (position.quality_control, position.damaged);
        let of_item = Figures { sellable, quality_control, damaged };
        figures.insert(item_id(&row.item_id, "position")?, (of_item, position.released));
    }
    Ok(figures)
}

/// What newer comparisons of a location speak of.
#[derive(Debug)]
pub enum Newer {
    /// Of all items.
    Whole,
    /// Of these items, as far as they showed differences.
    Items(BTreeSet<String>),
}

/// What comparisons of a location that are newer than `as_of` speak of.
pub async fn newer(
    connection: &impl ConnectionTrait,
    location: &LocationId,
    as_of: Timestamp,
) -> Result<Newer, StorageError> {
    use stock_comparison::Column as C;
    let of_location = C::LocationId.eq(location.as_str());
    let whole = stock_comparison::Entity::find()
        .filter(of_location)
        .filter(C::AsOf.gt(columns::micros(as_of)))
        .filter(C::Whole.eq(true))
        .one(connection)
        .await?;
    if whole.is_some() {
        return Ok(Newer::Whole);
    }
    use stock_difference::Column as D;
    let rows = stock_difference::Entity::find()
        .filter(D::LocationId.eq(location.as_str()))
        .filter(D::AsOf.gt(columns::micros(as_of)))
        .all(connection)
        .await?;
    Ok(Newer::Items(rows.into_iter().map(|row| row.item_id).collect()))
}

/// Closes the open differences of a location that a newer comparison speaks of: of all items, or of `items`.
pub async fn supersede_in_tx(
    tx: &WriteTx<'_>,
    location: &LocationId,
    items: Option<&[&str]>,
    as_of: Timestamp,
    now: Timestamp,
) -> Result<(), StorageError> {
    let text =
        "UPDATE stock_difference SET state = ?, closed_at = ? WHERE location_id = ? AND state = ? AND as_of <= ?";
    let values = || {
        [
            Value::from(SUPERSEDED),
            Value::from(columns::micros(now)),
            Value::from(location.as_str()),
            Value::from(OPEN),
            Value::from(columns::micros(as_of)),
        ]
    };
    let Some(items) = items else {
        sql::execute(tx, text, values()).await?;
        return Ok(());
    };
    for chunk in items.chunks(IDS_PER_STATEMENT_MAX) {
        let text = format!("{text} AND item_id IN (VALUES {})", rows_of_placeholders(chunk.len(), 1));
        let ids = chunk.iter().map(|item| Value::from(*item));
        sql::execute(tx, text, values().into_iter().chain(ids)).await?;
    }
    Ok(())
}

/// Writes a comparison with its differences.
pub fn insert(batch: &mut Batch, comparison: stock_comparison::Model, differences: Vec<stock_difference::Model>) {
    batch.insert(vec![comparison.into_active_model()]);
    batch.insert(differences.into_iter().map(stock_difference::Model::into_active_model).collect());
}

/// Differences by their ids.
pub async fn find(
    connection: &impl ConnectionTrait,
    ids: &[String],
) -> Result<Vec<stock_difference::Model>, StorageError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        let rows = stock_difference::Entity::find().filter(stock_difference::Column::Id.is_in(chunk.iter()));
        found.extend(rows.all(connection).await?);
    }
    Ok(found)
}

/// Books those of the differences that are open; answers how many were.
pub async fn book_in_tx(tx: &WriteTx<'_>, ids: &[String], now: Timestamp) -> Result<u64, StorageError> {
    let mut booked = 0;
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        let text = format!(
            "UPDATE stock_difference SET state = ?, closed_at = ? WHERE state = ? AND id IN (VALUES {})",
            rows_of_placeholders(chunk.len(), 1)
        );
        let values = [Value::from(BOOKED), Value::from(columns::micros(now)), Value::from(OPEN)];
        booked +=
            sql::execute(tx, text, values.into_iter().chain(chunk.iter().map(|id| Value::from(id.as_str())))).await?;
    }
    Ok(booked)
}

/// Differences, newest first, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    location: Option<&LocationId>,
    state: Option<&str>,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<stock_difference::Model>, StorageError> {
    use stock_difference::Column as C;
    let mut query = stock_difference::Entity::find().order_by_desc(C::RecordedAt).order_by_asc(C::Id).limit(limit);
    if let Some(location) = location {
        query = query.filter(C::LocationId.eq(location.as_str()));
    }
    if let Some(state) = state {
        query = query.filter(C::State.eq(state));
    }
    if let Some((recorded, id)) = after {
        let same_time = Condition::all().add(C::RecordedAt.eq(recorded)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::RecordedAt.lt(recorded)).add(same_time));
    }
    Ok(query.all(connection).await?)
}
