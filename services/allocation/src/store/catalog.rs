//! Queries of the copies of items, locations, working calendars and lanes.

use backorder_storage::{StorageError, WriteTx, bulk};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{calendar_copy, item_copy, lane_copy, location_copy},
};
use crate::catalog::{CalendarCopy, ItemCopy, LaneCopy, Place, PlaceCopies};

/// The copies of the given items that are there.
pub async fn items<'a>(
    connection: &impl ConnectionTrait,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<ItemCopy>, StorageError> {
    let ids: Vec<&str> = ids.collect();
    let mut items = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let query = item_copy::Entity::find().filter(item_copy::Column::Id.is_in(chunk.iter().copied()));
        items.extend(query.all(connection).await?.into_iter().map(ItemCopy::from));
    }
    Ok(items)
}

/// The copies of all locations, working calendars and lanes.
pub async fn places(connection: &impl ConnectionTrait) -> Result<PlaceCopies, StorageError> {
    let places = location_copy::Entity::find().all(connection).await?;
    let calendars = calendar_copy::Entity::find().all(connection).await?;
    let lanes = lane_copy::Entity::find().all(connection).await?;
    Ok(PlaceCopies {
        places: places.into_iter().map(Place::try_from).collect::<Result<_, _>>()?,
        calendars: calendars.into_iter().map(CalendarCopy::try_from).collect::<Result<_, _>>()?,
        lanes: lanes.into_iter().map(LaneCopy::try_from).collect::<Result<_, _>>()?,
    })
}

/// Writes copies of items over those that are there.
pub async fn put_items_in_tx(tx: &WriteTx<'_>, items: &[ItemCopy]) -> Result<(), StorageError> {
    let rows = items.iter().map(|item| item_copy::Model::from(item).into_active_model()).collect();
    bulk::upsert(tx, rows, &bulk::replacing_all_but([item_copy::Column::Id], [])).await?;
    Ok(())
}

/// Writes copies of locations, working calendars and lanes over those that are there.
pub async fn put_places_in_tx(tx: &WriteTx<'_>, copies: &PlaceCopies) -> Result<(), StorageError> {
    let rows = copies.places.iter().map(|place| location_copy::Model::from(place).into_active_model()).collect();
    bulk::upsert(tx, rows, &bulk::replacing_all_but([location_copy::Column::Id], [])).await?;
    let rows =
        copies.calendars.iter().map(|calendar| calendar_copy::Model::from(calendar).into_active_model()).collect();
    bulk::upsert(tx, rows, &bulk::replacing_all_but([calendar_copy::Column::Id], [])).await?;
    let rows = copies.lanes.iter().map(|lane| lane_copy::Model::from(lane).into_active_model()).collect();
    bulk::upsert(tx, rows, &bulk::replacing_all_but([lane_copy::Column::Id], [])).await?;
    Ok(())
}
