//! Queries of the copies of items and locations.

use backorder_storage::{StorageError, Store, WriteTx, bulk};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{item_copy, location_copy},
};
use crate::catalog::{ItemCopy, Place};

/// The copies of the given items that are there.
pub async fn items<'a>(store: &Store, ids: impl Iterator<Item = &'a str>) -> Result<Vec<ItemCopy>, StorageError> {
    let ids: Vec<&str> = ids.collect();
    let mut items = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let query = item_copy::Entity::find().filter(item_copy::Column::Id.is_in(chunk.iter().copied()));
        items.extend(query.all(store.reader()).await?.into_iter().map(ItemCopy::from));
    }
    Ok(items)
}

/// The copies of all locations.
pub async fn places(store: &Store) -> Result<Vec<Place>, StorageError> {
    let rows = location_copy::Entity::find().all(store.reader()).await?;
    rows.into_iter().map(Place::try_from).collect()
}

/// Writes copies of items over those that are there.
pub async fn put_items_in_tx(tx: &WriteTx<'_>, items: &[ItemCopy]) -> Result<(), StorageError> {
    use item_copy::Column as C;
    let rows = items.iter().map(|item| item_copy::Model::from(item).into_active_model()).collect();
    let columns = [C::Category, C::BaseUnit, C::PackSize, C::CostNanos, C::CostCurrency, C::Units, C::Version];
    bulk::upsert(tx, rows, &bulk::replacing([C::Id], columns)).await?;
    Ok(())
}

/// Writes copies of locations over those that are there.
pub async fn put_places_in_tx(tx: &WriteTx<'_>, places: &[Place]) -> Result<(), StorageError> {
    use location_copy::Column as C;
    let rows = places.iter().map(|place| location_copy::Model::from(place).into_active_model()).collect();
    bulk::upsert(tx, rows, &bulk::replacing([C::Id], [C::Kind, C::TimeZone, C::Rank, C::Version])).await?;
    Ok(())
}
