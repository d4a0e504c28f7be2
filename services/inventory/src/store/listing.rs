//! Queries of pages. Each reads one row more than the page holds, in an order that a unique key ends.

use backorder_domain::ids::{ItemId, LocationId, SupplyId};
use backorder_storage::{StorageError, columns};
use jiff::civil::Date;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{BinOper, Expr, ExprTrait, Func},
};

use super::{
    entity::{claim, hold, position, supply},
    stock::{is_open, waits},
};

/// Sorts behind every date, for supplies without one.
pub const NO_DATE: &str = "9999-99-99";

/// One position.
pub async fn find_position(
    connection: &impl ConnectionTrait,
    item: &ItemId,
    location: &LocationId,
) -> Result<Option<position::Model>, StorageError> {
    let key = (item.as_str().to_owned(), location.as_str().to_owned());
    Ok(position::Entity::find_by_id(key).one(connection).await?)
}

/// Positions by item and location.
pub async fn list_positions(
    connection: &impl ConnectionTrait,
    after: Option<[&str; 2]>,
    item: Option<&ItemId>,
    location: Option<&LocationId>,
    limit: u64,
) -> Result<Vec<position::Model>, StorageError> {
    let (by_item, by_location) = (position::Column::ItemId, position::Column::LocationId);
    let mut query = position::Entity::find().order_by_asc(by_item).order_by_asc(by_location).limit(limit);
    if let Some(item) = item {
        query = query.filter(by_item.eq(item.as_str()));
    }
    if let Some(location) = location {
        query = query.filter(by_location.eq(location.as_str()));
    }
    if let Some([item, location]) = after {
        let same_item = Condition::all().add(by_item.eq(item)).add(by_location.gt(location));
        query = query.filter(Condition::any().add(by_item.gt(item)).add(same_item));
    }
    Ok(query.all(connection).await?)
}

/// Which claims that wait for an item are listed.
#[derive(Debug, Clone)]
pub struct WaitingFilter {
    /// The item.
    pub item: ItemId,
    /// Only those that this location may serve.
    pub location: Option<LocationId>,
    /// Only those that no run serves alone.
    pub decided_as_sets: bool,
}

/// Claims on an item that wait, in the order of the queue.
pub async fn list_waiting(
    connection: &impl ConnectionTrait,
    after: Option<(&str, i64, &str, i32)>,
    filter: &WaitingFilter,
    limit: u64,
) -> Result<Vec<claim::Model>, StorageError> {
    use claim::Column::{
        InSet, ItemId as Item, LineId, Locations, Part, QueueKey, QueueTime, ShelfLifeDays, WishedBatch,
    };
    let WaitingFilter { item, location, decided_as_sets } = filter;
    let mut query = claim::Entity::find()
        .filter(Item.eq(item.as_str()))
        .filter(waits())
        .order_by_asc(QueueKey)
        .order_by_asc(QueueTime)
        .order_by_asc(LineId)
        .order_by_asc(Part)
        .limit(limit);
    if let Some(location) = location {
        // The list between blanks differs from itself without the location: only then it is in it. LIKE would not do,
        // because SQLite's takes capital letters for small ones.
        // The operator is written out, because the builder knows it for PostgreSQL only.
        let concat = || BinOper::Custom("||");
        let list = || Expr::val(" ").binary(concat(), Expr::col(Locations)).binary(concat(), Expr::val(" "));
        let without = Func::cust("replace").args([list(), Expr::val(format!(" {location} ")), Expr::val("")]);
        query = query.filter(list().ne(without));
    }
    if *decided_as_sets {
        let asks = Condition::any().add(InSet.eq(true)).add(WishedBatch.ne("")).add(ShelfLifeDays.gt(0));
        query = query.filter(asks);
    }
    if let Some((key, time, line, part)) = after {
        // Compared as rows, so that the index is entered at the place and not at the head of the queue.
        let place = Expr::tuple([QueueKey, QueueTime, LineId, Part].map(Expr::col));
        let passed = Expr::tuple([Expr::val(key), Expr::val(time), Expr::val(line), Expr::val(part)]);
        query = query.filter(place.gt(passed));
    }
    Ok(query.all(connection).await?)
}

/// Claims of which units are reserved or wait, by line and part.
pub async fn list_open_claims(
    connection: &impl ConnectionTrait,
    after: Option<(&str, i32)>,
    limit: u64,
) -> Result<Vec<claim::Model>, StorageError> {
    use claim::Column::{LineId, Part};
    let is_open = Expr::cust("reserved + waiting > 0");
    let mut query = claim::Entity::find().filter(is_open).order_by_asc(LineId).order_by_asc(Part).limit(limit);
    if let Some((line, part)) = after {
        let same_line = Condition::all().add(LineId.eq(line)).add(Part.gt(part));
        query = query.filter(Condition::any().add(LineId.gt(line)).add(same_line));
    }
    Ok(query.all(connection).await?)
}

/// Open holds, oldest first.
pub async fn list_holds(
    connection: &impl ConnectionTrait,
    after: Option<(i64, &str)>,
    item: Option<&ItemId>,
    limit: u64,
) -> Result<Vec<hold::Model>, StorageError> {
    use hold::Column::{CreatedAt, HoldId, ItemId as Item};
    let mut query = hold::Entity::find().order_by_asc(CreatedAt).order_by_asc(HoldId).limit(limit);
    if let Some(item) = item {
        query = query.filter(Item.eq(item.as_str()));
    }
    if let Some((created, hold)) = after {
        let same_time = Condition::all().add(CreatedAt.eq(created)).add(HoldId.gt(hold));
        query = query.filter(Condition::any().add(CreatedAt.gt(created)).add(same_time));
    }
    Ok(query.all(connection).await?)
}

/// One supply.
pub async fn find_supply(
    connection: &impl ConnectionTrait,
    id: &SupplyId,
) -> Result<Option<supply::Model>, StorageError> {
    Ok(supply::Entity::find().filter(supply::Column::SupplyId.eq(id.as_str())).one(connection).await?)
}

/// Which supplies are listed.
#[derive(Debug, Default)]
pub struct SupplyFilter {
    /// Only those of this item.
    pub item: Option<ItemId>,
    /// Only those of this location.
    pub location: Option<LocationId>,
    /// Only those under which more is expected.
    pub open_only: bool,
    /// Only those expected before this day.
    pub expected_before: Option<Date>,
}

/// Supplies by item, expected date and id.
pub async fn list_supplies(
    connection: &impl ConnectionTrait,
    after: Option<[&str; 3]>,
    filter: &SupplyFilter,
    limit: u64,
) -> Result<Vec<supply::Model>, StorageError> {
    use supply::Column::{ExpectedDate, ItemId as Item, LocationId as Location, SupplyId as Id};
    let date = || Expr::expr(Func::coalesce([Expr::col(ExpectedDate), Expr::val(NO_DATE)]));
    let mut query =
        supply::Entity::find().order_by_asc(Item).order_by(date(), sea_orm::Order::Asc).order_by_asc(Id).limit(limit);
    if let Some(item) = &filter.item {
        query = query.filter(Item.eq(item.as_str()));
    }
    if let Some(location) = &filter.location {
        query = query.filter(Location.eq(location.as_str()));
    }
    if filter.open_only {
        query = query.filter(is_open());
    }
    if let Some(day) = filter.expected_before {
        query = query.filter(ExpectedDate.lt(columns::date_text(day)));
    }
    if let Some([item, expected, id]) = after {
        let same_date = Condition::all().add(date().eq(expected)).add(Id.gt(id));
        let same_item =
            Condition::all().add(Item.eq(item)).add(Condition::any().add(date().gt(expected)).add(same_date));
        query = query.filter(Condition::any().add(Item.gt(item)).add(same_item));
    }
    Ok(query.all(connection).await?)
}
