//! Queries of working calendars and lanes.

use std::collections::HashMap;

use backorder_domain::{
    calendar::{DayCount, Week, WorkingCalendar},
    ids::{CalendarId, LaneId, LocationId},
};
use backorder_storage::{StorageError, WriteTx, bulk, columns};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::LockType,
};

use super::{
    catalog::invalid,
    entity::{calendar, calendar_day, lane},
};
use crate::catalog::{Calendar, Lane, Stored};

const CALENDAR: &str = "calendar";
const LANE: &str = "lane";

/// One working calendar.
pub async fn find_calendar(
    connection: &impl ConnectionTrait,
    id: &CalendarId,
) -> Result<Option<Stored<Calendar>>, StorageError> {
    let row = calendar::Entity::find_by_id(id.as_str()).one(connection).await?;
    Ok(with_days(connection, row.into_iter().collect()).await?.pop())
}

/// One working calendar, locked until the transaction ends.
pub async fn lock_calendar_in_tx(tx: &WriteTx<'_>, id: &CalendarId) -> Result<Option<Stored<Calendar>>, StorageError> {
    let row = calendar::Entity::find_by_id(id.as_str()).lock(LockType::NoKeyUpdate).one(tx).await?;
    Ok(with_days(tx, row.into_iter().collect()).await?.pop())
}

/// Working calendars after an id, ascending.
pub async fn list_calendars(
    connection: &impl ConnectionTrait,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Stored<Calendar>>, StorageError> {
    let mut query = calendar::Entity::find().order_by_asc(calendar::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(calendar::Column::Id.gt(after));
    }
    let rows = query.all(connection).await?;
    with_days(connection, rows).await
}

async fn with_days(
    connection: &impl ConnectionTrait,
    rows: Vec<calendar::Model>,
) -> Result<Vec<Stored<Calendar>>, StorageError> {
    let mut days: HashMap<String, Vec<calendar_day::Model>> = HashMap::new();
    if !rows.is_empty() {
        let ids = rows.iter().map(|row| row.id.as_str());
        let query = calendar_day::Entity::find().filter(calendar_day::Column::CalendarId.is_in(ids));
        for day in query.all(connection).await? {
            days.entry(day.calendar_id.clone()).or_default().push(day);
        }
    }
    rows.into_iter()
        .map(|row| {
            let days = days.remove(&row.id).unwrap_or_default();
            read_calendar(row, &days)
        })
        .collect()
}

fn read_calendar(row: calendar::Model, days: &[calendar_day::Model]) -> Result<Stored<Calendar>, StorageError> {
    let week = Week::try_from_bits(row.working_days).ok_or_else(|| invalid(CALENDAR, "a week without a day"))?;
    let listed = |works: bool| {
        let days = days.iter().filter(move |day| day.works == works);
        days.map(|day| columns::date(&day.day, "calendar_day")).collect::<Result<Vec<_>, _>>()
    };
    let days = WorkingCalendar::try_new(week, listed(false)?, listed(true)?).map_err(|e| invalid(CALENDAR, e))?;
    let id = CalendarId::try_new(row.id).map_err(|e| invalid(CALENDAR, e))?;
    Ok(Stored {
        value: Calendar { id, display_name: row.display_name, days },
        version: row.version,
        created_at: columns::instant(row.created_at, CALENDAR)?,
        updated_at: columns::instant(row.updated_at, CALENDAR)?,
    })
}

/// Writes a working calendar as it shall be.
pub async fn put_calendar_in_tx(tx: &WriteTx<'_>, stored: &Stored<Calendar>) -> Result<(), StorageError> {
    use calendar::Column as C;
    let Calendar { id, display_name, days } = &stored.value;
    let row = calendar::ActiveModel {
        id: Set(id.as_str().to_owned()),
        display_name: Set(display_name.clone()),
        working_days: Set(days.week().bits()),
        version: Set(stored.version),
        created_at: Set(columns::micros(stored.created_at)),
        updated_at: Set(columns::micros(stored.updated_at)),
    };
    if stored.version == 1 {
        // Not an upsert: of two transactions that make one calendar at once, the second has to hear of the first.
        bulk::insert(tx, vec![row]).await?;
    } else {
        bulk::upsert(tx, vec![row], &bulk::replacing_all_but([C::Id], [C::CreatedAt])).await?;
        let old = calendar_day::Entity::delete_many().filter(calendar_day::Column::CalendarId.eq(id.as_str()));
        old.exec(tx).await?;
    }
    let row = |day, works| {
        calendar_day::Model { calendar_id: id.as_str().to_owned(), day: columns::date_text(day), works }
            .into_active_model()
    };
    let holidays = days.holidays().map(|day| row(day, false));
    bulk::insert(tx, holidays.chain(days.extra_days().map(|day| row(day, true))).collect()).await?;
    Ok(())
}

/// One lane.
pub async fn find_lane(connection: &impl ConnectionTrait, id: &LaneId) -> Result<Option<Stored<Lane>>, StorageError> {
    lane::Entity::find_by_id(id.as_str()).one(connection).await?.map(read_lane).transpose()
}

/// One lane, locked until the transaction ends.
pub async fn lock_lane_in_tx(tx: &WriteTx<'_>, id: &LaneId) -> Result<Option<Stored<Lane>>, StorageError> {
    let query = lane::Entity::find_by_id(id.as_str()).lock(LockType::NoKeyUpdate);
    query.one(tx).await?.map(read_lane).transpose()
}

/// The id of the lane that goes the way of `wanted`.
pub async fn lane_of_way(connection: &impl ConnectionTrait, wanted: &Lane) -> Result<Option<LaneId>, StorageError> {
    let query = lane::Entity::find()
        .filter(lane::Column::LocationId.eq(wanted.location.as_str()))
        .filter(lane::Column::DestinationZone.eq(&wanted.destination_zone))
        .filter(lane::Column::Service.eq(&wanted.service));
    query.one(connection).await?.map(|row| LaneId::try_new(row.id).map_err(|e| invalid(LANE, e))).transpose()
}

/// Lanes after an id, ascending.
pub async fn list_lanes(
    connection: &impl ConnectionTrait,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Stored<Lane>>, StorageError> {
    let mut query = lane::Entity::find().order_by_asc(lane::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(lane::Column::Id.gt(after));
    }
    query.all(connection).await?.into_iter().map(read_lane).collect()
}

fn read_lane(row: lane::Model) -> Result<Stored<Lane>, StorageError> {
    let value = Lane {
        id: LaneId::try_new(row.id).map_err(|e| invalid(LANE, e))?,
        location: LocationId::try_new(row.location_id).map_err(|e| invalid(LANE, e))?,
        destination_zone: row.destination_zone,
        service: row.service,
        destination_time_zone: row.destination_time_zone,
        transit_days: DayCount::try_from(row.transit_days).map_err(|e| invalid(LANE, e))?,
        calendar: row.calendar_id.map(CalendarId::try_new).transpose().map_err(|e| invalid(LANE, e))?,
        pickup_time: columns::time(&row.pickup_time, LANE)?,
    };
    Ok(Stored {
        value,
        version: row.version,
        created_at: columns::instant(row.created_at, LANE)?,
        updated_at: columns::instant(row.updated_at, LANE)?,
    })
}

/// Writes a lane as it shall be.
pub async fn put_lane_in_tx(tx: &WriteTx<'_>, stored: &Stored<Lane>) -> Result<(), StorageError> {
    use lane::Column as C;
    let lane = &stored.value;
    let row = lane::ActiveModel {
        id: Set(lane.id.as_str().to_owned()),
        location_id: Set(lane.location.as_str().to_owned()),
        destination_zone: Set(lane.destination_zone.clone()),
        service: Set(lane.service.clone()),
        destination_time_zone: Set(lane.destination_time_zone.clone()),
        transit_days: Set(i32::from(lane.transit_days)),
        calendar_id: Set(lane.calendar.as_ref().map(|id| id.as_str().to_owned())),
        pickup_time: Set(columns::time_text(lane.pickup_time)),
        version: Set(stored.version),
        created_at: Set(columns::micros(stored.created_at)),
        updated_at: Set(columns::micros(stored.updated_at)),
    };
    if stored.version == 1 {
        // Not an upsert: of two transactions that make one lane at once, the second has to hear of the first.
        bulk::insert(tx, vec![row]).await?;
        return Ok(());
    }
    bulk::upsert(tx, vec![row], &bulk::replacing_all_but([C::Id], [C::CreatedAt])).await?;
    Ok(())
}
