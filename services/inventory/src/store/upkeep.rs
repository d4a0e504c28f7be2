//! Queries that find what the passing of business time left to do.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    stock::claim::{Claim, ClaimKey},
};
use backorder_storage::{Reads, StorageError, columns, sql::statement};
use jiff::{Timestamp, civil::Date};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use super::{
    entity::{claim, hold, item_group, supply},
    stock::{self, claim_of},
};

/// Soft claims whose time has come, longest due first, at most `limit`.
pub async fn due_claims(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(ItemId, ClaimKey)>, StorageError> {
    let rows = claim::Entity::find()
        .filter(is_due(now))
        .order_by_asc(claim::Column::ExpiresAt)
        .order_by_asc(claim::Column::LineId)
        .order_by_asc(claim::Column::Part)
        .limit(limit)
        .all(connection)
        .await?;
    rows.iter().map(|row| Ok((stock::item_id(&row.item_id, "claim")?, claim_of(row)?.key))).collect()
}

/// How many soft claims are due.
pub async fn count_due_claims(connection: &impl ConnectionTrait, now: Timestamp) -> Result<u64, StorageError> {
    let due = claim::Entity::find().filter(is_due(now));
    Ok(due.count(connection).await?)
}

/// A resolved claim has no expiry any more, so only what still may end is found.
fn is_due(now: Timestamp) -> Condition {
    // The first condition is that of the index.
    Condition::all().add(Expr::cust("expires_at IS NOT NULL")).add(claim::Column::ExpiresAt.lte(columns::micros(now)))
}

/// Items with groups that were not looked at for these days, ascending, at most `limit`. `days` is the sum of the day numbers of
/// all locations, which grows with each day that begins anywhere.
pub async fn unsettled_items(
    connection: &impl ConnectionTrait,
    days: i64,
    limit: u64,
) -> Result<Vec<ItemId>, StorageError> {
    let items: Vec<String> = item_group::Entity::find()
        .select_only()
        .column(item_group::Column::ItemId)
        .filter(item_group::Column::SettledDays.ne(days))
        .order_by_asc(item_group::Column::ItemId)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    items.iter().map(|item| stock::item_id(item, "item_group")).collect()
}

/// Items of which claims are pegged to supply that is past due, ascending: those of the `limit` oldest supplies. `dates`
/// are the civil dates now, by location.
pub async fn past_due_items(
    connection: &impl ConnectionTrait,
    dates: &BTreeMap<LocationId, Date>,
    limit: u64,
) -> Result<BTreeSet<ItemId>, StorageError> {
    let items: Vec<String> = supply::Entity::find()
        .select_only()
        .column(supply::Column::ItemId)
        .filter(is_pegged())
        .filter(is_past_due(dates))
        // The order of the index. Asked for distinct items, SQLite would rather walk through all supply by item.
        .order_by_asc(supply::Column::ExpectedDate)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    items.iter().map(|item| stock::item_id(item, "supply")).collect()
}

/// Balances of batches that can be sold though their best-before date is past at their location, at most `limit`.
pub async fn expired_batches(
    connection: &impl ConnectionTrait,
    dates: &BTreeMap<LocationId, Date>,
    limit: u64,
) -> Result<Vec<(ItemId, LocationId, BatchId)>, StorageError> {
    const TABLE: &str = "batch_stock";
    let Some(latest) = dates.values().max() else { return Ok(Vec::new()) };
    // The latest date bounds the index; each location's own date decides. A batch that has no units is soon forgotten by
    // nobody: it costs an index entry.
    let text = "SELECT DISTINCT s.item_id, s.location_id, s.batch, b.best_before FROM batch b \
         JOIN batch_stock s ON s.item_id = b.item_id AND s.batch = b.batch AND s.shelf = 'SELLABLE' \
         WHERE b.best_before IS NOT NULL AND b.best_before < $1 ORDER BY b.best_before";
    let rows = connection.query_all_raw(statement(connection, text, [columns::date_text(*latest).into()])).await?;
    let mut found = Vec::new();
    for row in rows {
        let location = stock::location_id(&row.try_get::<String>("", "location_id")?, TABLE)?;
        let best_before = columns::date(&row.try_get::<String>("", "best_before")?, "batch")?;
        if dates.get(&location).is_some_and(|today| best_before < *today) && (found.len() as u64) < limit {
            let batch = BatchId::try_new(row.try_get::<String>("", "batch")?);
            let batch = batch.map_err(|e| StorageError::InvalidRow { table: TABLE, detail: e.to_string() })?;
            found.push((stock::item_id(&row.try_get::<String>("", "item_id")?, TABLE)?, location, batch));
        }
    }
    Ok(found)
}

/// Claims of which reserved units do not fit any more at the date of their location, at most `limit`.
pub async fn unfit_claims(
    connection: &impl Reads,
    dates: &BTreeMap<LocationId, Date>,
    limit: u64,
) -> Result<Vec<(ItemId, ClaimKey)>, StorageError> {
    let Some(latest) = dates.values().max() else { return Ok(Vec::new()) };
    let rows = claim::Entity::find()
        // The first condition is that of the index.
        .filter(Expr::cust("fits_until IS NOT NULL"))
        .filter(claim::Column::FitsUntil.lt(columns::date_text(*latest)))
        .all(connection)
        .await?;
    let is_over = |(_, claim): &(claim::Model, Claim)| {
        let Some(until) = claim.fits_until else { return false };
        let mut kept = claim.reservations.iter().filter(|reservation| reservation.quantity > reservation.released);
        kept.any(|reservation| dates.get(&reservation.location).is_some_and(|today| until < *today))
    };
    // Not joined: where few claims are found or none, their reservations are found by key, and not by reading all.
    let mut over: Vec<_> = stock::complete_claims(connection, rows).await?.into_iter().filter(is_over).collect();
    // They come in the order of line and part.
    over.sort_by_key(|(_, claim)| claim.fits_until);
    over.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    over.into_iter().map(|(row, claim)| Ok((stock::item_id(&row.item_id, "claim")?, claim.key))).collect()
}

/// The condition of the index of pegged supply, with its number written out: a bound number would hide the index.
fn is_pegged() -> Expr {
    Expr::cust("pegged > 0")
}

/// Supply is past due at its own location's date. Locations are grouped by date, of which there are two or three.
fn is_past_due(dates: &BTreeMap<LocationId, Date>) -> Condition {
    let mut by_date: BTreeMap<Date, Vec<&str>> = BTreeMap::new();
    for (location, date) in dates {
        by_date.entry(*date).or_default().push(location.as_str());
    }
    let is_before = |date: Date| supply::Column::ExpectedDate.lt(columns::date_text(date));
    match by_date.into_iter().collect::<Vec<_>>().as_slice() {
        [(date, _)] => Condition::all().add(is_before(*date)),
        groups => groups.iter().fold(Condition::any(), |any, (date, locations)| {
            let at = supply::Column::LocationId.is_in(locations.iter().copied());
            any.add(Condition::all().add(is_before(*date)).add(at))
        }),
    }
}

/// How many holds are open.
pub async fn count_holds(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    Ok(hold::Entity::find().count(connection).await?)
}
