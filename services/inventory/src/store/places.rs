//! Queries of locations.

use std::{collections::BTreeMap, sync::Arc};

use backorder_domain::{
    calendar::DayCount,
    ids::{CalendarId, LocationId},
    time::time_zone,
};
use backorder_storage::{StorageError, WriteTx, bulk, columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::LockType,
};

use super::{catalog::invalid, entity::location};
use crate::catalog::{Location, LocationKind, Place, Places, Stored};

/// One location.
pub async fn find_location(
    connection: &impl ConnectionTrait,
    id: &LocationId,
) -> Result<Option<Stored<Location>>, StorageError> {
    let row = location::Entity::find_by_id(id.as_str()).one(connection).await?;
    row.map(read_location).transpose()
}

/// One location, locked until the transaction ends.
pub async fn lock_location_in_tx(tx: &WriteTx<'_>, id: &LocationId) -> Result<Option<Stored<Location>>, StorageError> {
    let query = location::Entity::find_by_id(id.as_str()).lock(LockType::NoKeyUpdate);
    query.one(tx).await?.map(read_location).transpose()
}

/// Locations by rank, then id, after a pair of them.
pub async fn list_locations(
    connection: &impl ConnectionTrait,
    after: Option<(i32, &str)>,
    limit: u64,
) -> Result<Vec<Stored<Location>>, StorageError> {
    let mut query =
        location::Entity::find().order_by_asc(location::Column::Rank).order_by_asc(location::Column::Id).limit(limit);
    if let Some((rank, id)) = after {
        let same_rank = Condition::all().add(location::Column::Rank.eq(rank)).add(location::Column::Id.gt(id));
        query = query.filter(Condition::any().add(location::Column::Rank.gt(rank)).add(same_rank));
    }
    query.all(connection).await?.into_iter().map(read_location).collect()
}

/// What the service remembers of all locations.
pub async fn read_places(connection: &impl ConnectionTrait) -> Result<Arc<Places>, StorageError> {
    let rows = location::Entity::find().all(connection).await?;
    let mut places = BTreeMap::new();
    for row in rows {
        let Stored { value, .. } = read_location(row)?;
        let zone = time_zone(&value.time_zone).map_err(|e| invalid("location", e))?;
        places.insert(value.id, Place { kind: value.kind, rank: value.rank, zone });
    }
    Ok(Arc::new(Places::new(places)))
}

/// Writes a location as it shall be.
pub async fn put_location_in_tx(tx: &WriteTx<'_>, stored: &Stored<Location>) -> Result<(), StorageError> {
    let location = &stored.value;
    let row = location::ActiveModel {
        id: Set(location.id.as_str().to_owned()),
        display_name: Set(location.display_name.clone()),
        kind: Set(location.kind.as_str().to_owned()),
        time_zone: Set(location.time_zone.clone()),
        rank: Set(location.rank),
        calendar_id: Set(location.calendar.as_ref().map(|id| id.as_str().to_owned())),
        order_cut_off: Set(location.order_cut_off.map(columns::time_text)),
        dock_to_stock_days: Set(i32::from(location.dock_to_stock_days)),
        handling_days: Set(i32::from(location.handling_days)),
        version: Set(stored.version),
        created_at: Set(columns::micros(stored.created_at)),
        updated_at: Set(columns::micros(stored.updated_at)),
    };
    if stored.version == 1 {
        // Not an upsert: of two transactions that make one location at once, the second has to hear of the first.
        bulk::insert(tx, vec![row]).await?;
        return Ok(());
    }
    let on_key = bulk::replacing_all_but([location::Column::Id], [location::Column::CreatedAt]);
    bulk::upsert(tx, vec![row], &on_key).await?;
    Ok(())
}

fn read_location(row: location::Model) -> Result<Stored<Location>, StorageError> {
    let kind = LocationKind::parse(&row.kind).ok_or_else(|| invalid("location", format!("kind {:?}", row.kind)))?;
    let value = Location {
        id: LocationId::try_new(row.id).map_err(|e| invalid("location", e))?,
        display_name: row.display_name,
        kind,
        time_zone: row.time_zone,
        rank: row.rank,
        calendar: row.calendar_id.map(CalendarId::try_new).transpose().map_err(|e| invalid("location", e))?,
        order_cut_off: columns::optional_time(row.order_cut_off.as_deref(), "location")?,
        dock_to_stock_days: days(row.dock_to_stock_days)?,
        handling_days: days(row.handling_days)?,
    };
    Ok(Stored {
        value,
        version: row.version,
        created_at: columns::instant(row.created_at, "location")?,
        updated_at: columns::instant(row.updated_at, "location")?,
    })
}

fn days(number: i32) -> Result<DayCount, StorageError> {
    DayCount::try_from(number).map_err(|e| invalid("location", e))
}
