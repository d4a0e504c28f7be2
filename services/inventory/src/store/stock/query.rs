//! Queries of stock tables by lists of keys. Lists are cut, so that no statement grows without a bound.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{BatchId, ItemId, LineId, LocationId, SupplyId},
    quantity::Quantity,
    stock::awaited::Awaited,
};
use backorder_storage::{Reads, StorageError, rows_by_key};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Value,
    sea_query::{Expr, ExprTrait, Query},
};

use super::rows::{invalid, item_id, location_id};
use crate::store::entity::{claim, claim_location, hold, peg, position, reservation, supply};

/// Keys in one list at most.
const KEYS_PER_QUERY_MAX: usize = 500;

fn texts<'a, T: AsRef<str> + 'a>(keys: &'a [&'a T]) -> impl Iterator<Item = &'a str> + 'a {
    keys.iter().map(|key| key.as_ref())
}

/// All positions of the items.
pub async fn positions(connection: &impl Reads, items: &[&ItemId]) -> Result<Vec<position::Model>, StorageError> {
    rows_by_key(connection, &["item_id"], texts(items).map(Value::from).collect()).await
}

#[derive(FromQueryResult)]
struct LocationSums {
    item_id: String,
    location_id: String,
    alone: i64,
    in_sets: i64,
}

#[derive(FromQueryResult)]
struct ItemSum {
    item_id: String,
    sum: i64,
}

#[derive(FromQueryResult)]
struct ItemOfLine {
    item_id: String,
    line_id: String,
}

/// The eligible units that wait, per item and location.
pub async fn awaited(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<BTreeMap<(ItemId, LocationId), Awaited>, StorageError> {
    const TABLE: &str = "claim_location";
    let sum = |in_set: &str| Expr::cust(format!("CAST(SUM(CASE WHEN {in_set} THEN quantity ELSE 0 END) AS BIGINT)"));
    let mut sums = BTreeMap::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let query = claim_location::Entity::find()
            .select_only()
            .column(claim_location::Column::ItemId)
            .column(claim_location::Column::LocationId)
            .column_as(sum("NOT in_set"), "alone")
            .column_as(sum("in_set"), "in_sets")
            .filter(claim_location::Column::ItemId.is_in(texts(chunk)))
            .group_by(claim_location::Column::ItemId)
            .group_by(claim_location::Column::LocationId);
        for row in query.into_model::<LocationSums>().all(connection).await? {
            let units = |sum| Quantity::try_new(sum).map_err(|e| invalid(TABLE, e));
            let awaited = Awaited { alone: units(row.alone)?, in_sets: units(row.in_sets)? };
            sums.insert((item_id(&row.item_id, TABLE)?, location_id(&row.location_id, TABLE)?), awaited);
        }
    }
    Ok(sums)
}

/// All units that wait, per item.
pub async fn total_waiting(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<BTreeMap<ItemId, Quantity>, StorageError> {
    const TABLE: &str = "claim";
    let mut sums = BTreeMap::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let query = claim::Entity::find()
            .select_only()
            .column(claim::Column::ItemId)
            .column_as(whole_sum(claim::Column::Waiting), "sum")
            .filter(claim::Column::ItemId.is_in(texts(chunk)))
            .filter(waits())
            .group_by(claim::Column::ItemId);
        for row in query.into_model::<ItemSum>().all(connection).await? {
            sums.insert(item_id(&row.item_id, TABLE)?, Quantity::try_new(row.sum).map_err(|e| invalid(TABLE, e))?);
        }
    }
    Ok(sums)
}

/// A sum as a whole number: PostgreSQL's SUM of BIGINT is a decimal.
pub fn whole_sum(column: impl ColumnTrait) -> Expr {
    column.sum().cast_as("BIGINT")
}

/// The condition of the index of the queue, with its number written out: a bound number would hide the index.
pub fn waits() -> Expr {
    Expr::cust("waiting > 0")
}

/// The condition of the index of open supplies.
pub fn is_open() -> Expr {
    Expr::cust("open > 0")
}

/// The items and lines of the claims of lines.
pub async fn items_of_lines(
    connection: &impl ConnectionTrait,
    lines: &[&LineId],
) -> Result<Vec<(ItemId, LineId)>, StorageError> {
    let mut found = Vec::with_capacity(lines.len());
    for chunk in lines.chunks(KEYS_PER_QUERY_MAX) {
        let query = claim::Entity::find()
            .select_only()
            .column(claim::Column::ItemId)
            .column(claim::Column::LineId)
            .filter(claim::Column::LineId.is_in(texts(chunk)))
            .distinct();
        for row in query.into_model::<ItemOfLine>().all(connection).await? {
            found.push((item_id(&row.item_id, "claim")?, super::rows::line_id(&row.line_id, "claim")?));
        }
    }
    Ok(found)
}

/// The claims of lines, all parts.
pub async fn claims_of_lines(connection: &impl Reads, lines: &[&LineId]) -> Result<Vec<claim::Model>, StorageError> {
    claims_of(connection, texts(lines)).await
}

async fn claims_of<'a>(
    connection: &impl Reads,
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<claim::Model>, StorageError> {
    rows_by_key(connection, &["line_id"], lines.map(Value::from).collect()).await
}

/// All claims that wait for the items.
pub async fn waiting_claims(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<Vec<claim::Model>, StorageError> {
    let mut rows = Vec::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let query = claim::Entity::find().filter(claim::Column::ItemId.is_in(texts(chunk))).filter(waits());
        rows.extend(query.all(connection).await?);
    }
    Ok(rows)
}

/// All claims on the items of which units are reserved or wait.
pub async fn open_claims(connection: &impl Reads, items: &[&ItemId]) -> Result<Vec<claim::Model>, StorageError> {
    let mut rows = waiting_claims(connection, items).await?;
    let mut lines: Vec<String> = Vec::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let query = reservation::Entity::find()
            .select_only()
            .column(reservation::Column::LineId)
            .distinct()
            .filter(reservation::Column::ItemId.is_in(texts(chunk)));
        lines.extend(query.into_tuple::<String>().all(connection).await?);
    }
    let reserved = claims_of(connection, lines.iter().map(String::as_str)).await?;
    // What waits as well is there already; a line may have parts of which nothing is reserved.
    rows.extend(reserved.into_iter().filter(|row| row.reserved > 0 && row.waiting == 0));
    Ok(rows)
}

/// All claims on the items that have units reserved at one of the locations.
pub async fn reserved_claims(
    connection: &impl Reads,
    items: &[&ItemId],
    locations: &[&LocationId],
) -> Result<Vec<claim::Model>, StorageError> {
    let mut lines: Vec<String> = Vec::new();
    for items in items.chunks(KEYS_PER_QUERY_MAX) {
        for locations in locations.chunks(KEYS_PER_QUERY_MAX) {
            let query = reservation::Entity::find()
                .select_only()
                .column(reservation::Column::LineId)
                .distinct()
                .filter(reservation::Column::ItemId.is_in(texts(items)))
                .filter(reservation::Column::LocationId.is_in(texts(locations)));
            lines.extend(query.into_tuple::<String>().all(connection).await?);
        }
    }
    let mut rows = claims_of(connection, lines.iter().map(String::as_str)).await?;
    // A line may have parts of which nothing is reserved.
    rows.retain(|row| row.reserved > 0);
    Ok(rows)
}

/// The claims that ask for days of shelf life and have units of one of the batches.
pub async fn claims_bound_to(
    connection: &impl Reads,
    batches: &BTreeSet<(ItemId, BatchId)>,
) -> Result<Vec<claim::Model>, StorageError> {
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    let keys = batches.iter().flat_map(|(item, batch)| [Value::from(item.as_str()), Value::from(batch.as_str())]);
    let bound: Vec<reservation::Model> = rows_by_key(connection, &["item_id", "batch"], keys.collect()).await?;
    let lines: BTreeSet<&str> = bound.iter().map(|row| row.line_id.as_str()).collect();
    let mut rows = claims_of(connection, lines.into_iter()).await?;
    rows.retain(|row| row.shelf_life_days > 0);
    Ok(rows)
}

/// The reservations of claims, in the order in which they were taken. Those of other parts of a line come with them.
pub async fn reservations_of(
    connection: &impl Reads,
    claims: &[&claim::Model],
) -> Result<Vec<reservation::Model>, StorageError> {
    let mut rows: Vec<reservation::Model> = rows_by_key(connection, &["line_id"], lines_of(claims)).await?;
    rows.sort_by_key(|row| row.taken);
    Ok(rows)
}

/// The pegs of claims. Those of other parts of a line come with them.
pub async fn pegs_of(connection: &impl Reads, claims: &[&claim::Model]) -> Result<Vec<peg::Model>, StorageError> {
    rows_by_key(connection, &["line_id"], lines_of(claims)).await
}

/// The lines of claims, each once.
fn lines_of(claims: &[&claim::Model]) -> Vec<Value> {
    let mut lines: Vec<&str> = claims.iter().map(|claim| claim.line_id.as_str()).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.into_iter().map(Value::from).collect()
}

/// The open holds of the items.
pub async fn holds(connection: &impl ConnectionTrait, items: &[&ItemId]) -> Result<Vec<hold::Model>, StorageError> {
    let mut rows = Vec::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        rows.extend(hold::Entity::find().filter(hold::Column::ItemId.is_in(texts(chunk))).all(connection).await?);
    }
    Ok(rows)
}

/// The open supplies of the items.
pub async fn open_supplies(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<Vec<supply::Model>, StorageError> {
    let mut rows = Vec::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let query = supply::Entity::find().filter(supply::Column::ItemId.is_in(texts(chunk))).filter(is_open());
        rows.extend(query.all(connection).await?);
    }
    Ok(rows)
}

/// Supplies by id, and the supplies that they are parts of.
pub async fn supplies_and_parents(
    connection: &impl ConnectionTrait,
    ids: &[&SupplyId],
) -> Result<Vec<supply::Model>, StorageError> {
    let mut rows = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let parents = Query::select()
            .column(supply::Column::ParentSupplyId)
            .from(supply::Entity)
            .and_where(supply::Column::SupplyId.is_in(texts(chunk)))
            .and_where(supply::Column::ParentSupplyId.is_not_null())
            .to_owned();
        let either = Condition::any()
            .add(supply::Column::SupplyId.is_in(texts(chunk)))
            .add(supply::Column::SupplyId.in_subquery(parents));
        rows.extend(supply::Entity::find().filter(either).all(connection).await?);
    }
    Ok(rows)
}
