//! Queries that sum the books, for a range of items at a time.

use backorder_domain::ids::ItemId;
use backorder_storage::{StorageError, sql::statement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

use super::{
    entity::{claim, claim_group, claim_location, group_balance, item, item_group, item_ledger, position, supply},
    stock::waits,
};

/// A range of items, both ends included.
#[derive(Debug, Clone)]
pub struct ItemRange {
    /// The first item.
    pub first: String,
    /// The last item.
    pub last: String,
}

/// The next items after one, at most `limit`, as a range; `None` after the last.
pub async fn next_items(
    connection: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Option<ItemRange>, StorageError> {
    let ids: Vec<String> = item::Entity::find()
        .select_only()
        .column(item::Column::Id)
        .filter(item::Column::Id.gt(after))
        .order_by_asc(item::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    let range = ids.first().zip(ids.last()).map(|(first, last)| ItemRange { first: first.clone(), last: last.clone() });
    Ok(range)
}

/// A sum by item and two more keys.
#[derive(Debug, FromQueryResult)]
pub struct Sum {
    /// The item.
    pub item_id: String,
    /// A location or a supply.
    pub key: String,
    /// A state.
    pub detail: String,
    /// The sum in base units.
    pub quantity: i64,
}

async fn sums(connection: &impl ConnectionTrait, text: &str, range: &ItemRange) -> Result<Vec<Sum>, StorageError> {
    let values = [range.first.as_str().into(), range.last.as_str().into()];
    Ok(Sum::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// Reserved, released and held units, and units under way, by item, location and state.
pub async fn bound_by_place(connection: &impl ConnectionTrait, range: &ItemRange) -> Result<Vec<Sum>, StorageError> {
    let text = "SELECT item_id, location_id AS key, 'RESERVED' AS detail, \
                CAST(SUM(quantity - released) AS BIGINT) AS quantity \
         FROM reservation WHERE item_id BETWEEN $1 AND $2 GROUP BY item_id, location_id \
         UNION ALL \
         SELECT item_id, location_id AS key, 'RELEASED' AS detail, CAST(SUM(released) AS BIGINT) AS quantity \
         FROM reservation WHERE item_id BETWEEN $1 AND $2 GROUP BY item_id, location_id \
         UNION ALL \
         SELECT item_id, location_id AS key, 'HELD' AS detail, CAST(SUM(quantity) AS BIGINT) AS quantity \
         FROM hold WHERE item_id BETWEEN $1 AND $2 GROUP BY item_id, location_id \
         UNION ALL \
         SELECT item_id, location_id AS key, 'IN_TRANSIT' AS detail, CAST(SUM(open) AS BIGINT) AS quantity \
         FROM supply WHERE kind = 'TRANSFER' AND item_id BETWEEN $1 AND $2 GROUP BY item_id, location_id";
    sums(connection, text, range).await
}

/// Balances of named units that differ from what the movements leave, that are too many for their position, or fewer than
/// reservations are bound to: `kind`, item, location, booked and expected.
pub async fn batch_differences(connection: &impl ConnectionTrait) -> Result<Vec<BatchDifference>, StorageError> {
    const SHELF: &str = "CASE WHEN {s} IN ('AVAILABLE', 'RESERVED', 'RELEASED', 'HELD') THEN 'SELLABLE' ELSE {s} END";
    let (to, from) = (SHELF.replace("{s}", "to_state"), SHELF.replace("{s}", "from_state"));
    let text = format!(
        "WITH flow AS (\
           SELECT item_id, to_location_id AS location_id, {to} AS shelf, batch, owner, quantity FROM movement \
           WHERE balanced AND to_location_id IS NOT NULL \
           UNION ALL \
           SELECT item_id, from_location_id AS location_id, {from} AS shelf, batch, owner, -quantity FROM movement \
           WHERE balanced AND from_location_id IS NOT NULL \
           UNION ALL \
           SELECT item_id, location_id, shelf, batch, owner, -quantity FROM batch_stock), \
         named AS (SELECT item_id, location_id, CAST(SUM(quantity) AS BIGINT) AS quantity FROM batch_stock \
           GROUP BY item_id, location_id), \
         bound AS (SELECT item_id, location_id, batch, CAST(SUM(quantity) AS BIGINT) AS quantity FROM reservation \
           WHERE batch <> '' GROUP BY item_id, location_id, batch), \
         there AS (SELECT item_id, location_id, batch, CAST(SUM(quantity) AS BIGINT) AS quantity FROM batch_stock \
           WHERE shelf = 'SELLABLE' GROUP BY item_id, location_id, batch) \
         SELECT item_id, location_id, CAST(0 AS BIGINT) AS booked, CAST(SUM(quantity) AS BIGINT) AS expected FROM flow \
         GROUP BY item_id, location_id, shelf, batch, owner HAVING SUM(quantity) <> 0 \
         UNION ALL \
         SELECT p.item_id, p.location_id, p.named AS booked, COALESCE(n.quantity, 0) AS expected FROM position p \
         LEFT JOIN named n ON n.item_id = p.item_id AND n.location_id = p.location_id \
         WHERE p.named <> COALESCE(n.quantity, 0) \
         UNION ALL \
         SELECT b.item_id, b.location_id, COALESCE(t.quantity, 0) AS booked, b.quantity AS expected FROM bound b \
         LEFT JOIN there t ON t.item_id = b.item_id AND t.location_id = b.location_id AND t.batch = b.batch \
         WHERE b.quantity > COALESCE(t.quantity, 0)"
    );
    Ok(BatchDifference::find_by_statement(statement(connection, &text, [])).all(connection).await?)
}

/// A balance of named units that is wrong.
#[derive(Debug, FromQueryResult)]
pub struct BatchDifference {
    /// The item.
    pub item_id: String,
    /// The location.
    pub location_id: String,
    /// What stands in the books.
    pub booked: i64,
    /// What should.
    pub expected: i64,
}

/// Pegged units by item and supply.
pub async fn pegged_by_supply(connection: &impl ConnectionTrait, range: &ItemRange) -> Result<Vec<Sum>, StorageError> {
    let text = "SELECT item_id, supply_id AS key, '' AS detail, CAST(SUM(quantity) AS BIGINT) AS quantity \
         FROM peg WHERE item_id BETWEEN $1 AND $2 GROUP BY item_id, supply_id";
    sums(connection, text, range).await
}

/// Units of blind receipts in review, by item and location.
pub async fn in_review_by_place(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<Sum>, StorageError> {
    let text = "SELECT item_id, location_id AS key, '' AS detail, CAST(SUM(in_review) AS BIGINT) AS quantity \
         FROM receipt_line WHERE in_review > 0 AND item_id BETWEEN $1 AND $2 GROUP BY item_id, location_id";
    sums(connection, text, range).await
}

/// What receipts have left, by item and supply.
pub async fn left_by_supply(connection: &impl ConnectionTrait, range: &ItemRange) -> Result<Vec<Sum>, StorageError> {
    let text = "SELECT item_id, supply_id AS key, '' AS detail, \
         CAST(SUM(left_accepted + left_quality_control + left_damaged) AS BIGINT) AS quantity FROM receipt_line \
         WHERE supply_id IS NOT NULL AND blind_reason IS NULL AND item_id BETWEEN $1 AND $2 GROUP BY item_id, supply_id";
    sums(connection, text, range).await
}

/// The positions of a range.
pub async fn positions(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<position::Model>, StorageError> {
    let query = position::Entity::find().filter(position::Column::ItemId.between(&range.first, &range.last));
    Ok(query.order_by_asc(position::Column::ItemId).order_by_asc(position::Column::LocationId).all(connection).await?)
}

/// The ledgers of a range.
pub async fn ledgers(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<item_ledger::Model>, StorageError> {
    let in_range = item_ledger::Column::ItemId.between(&range.first, &range.last);
    Ok(item_ledger::Entity::find().filter(in_range).all(connection).await?)
}

/// The claims of a range that wait.
pub async fn waiting_claims(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<claim::Model>, StorageError> {
    let query = claim::Entity::find().filter(claim::Column::ItemId.between(&range.first, &range.last)).filter(waits());
    Ok(query.all(connection).await?)
}

/// The rows of eligible units that wait.
pub async fn claim_locations(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<claim_location::Model>, StorageError> {
    let query =
        claim_location::Entity::find().filter(claim_location::Column::ItemId.between(&range.first, &range.last));
    Ok(query.all(connection).await?)
}

/// The supplies of a range.
pub async fn supplies(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<supply::Model>, StorageError> {
    let query = supply::Entity::find().filter(supply::Column::ItemId.between(&range.first, &range.last));
    Ok(query.all(connection).await?)
}

/// The items of a range.
pub async fn item_ids(connection: &impl ConnectionTrait, range: &ItemRange) -> Result<Vec<ItemId>, StorageError> {
    let ids: Vec<String> = item::Entity::find()
        .select_only()
        .column(item::Column::Id)
        .filter(item::Column::Id.between(&range.first, &range.last))
        .order_by_asc(item::Column::Id)
        .into_tuple()
        .all(connection)
        .await?;
    ids.iter().map(|id| super::stock::item_id(id, "item")).collect()
}

/// What claims on the items say of themselves and consumed.
pub async fn claim_groups(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<claim_group::Model>, StorageError> {
    let in_range = claim_group::Column::ItemId.between(&range.first, &range.last);
    Ok(claim_group::Entity::find().filter(in_range).all(connection).await?)
}

/// Units that a claim of a group has or has shipped.
#[derive(Debug, FromQueryResult)]
pub struct GroupUnits {
    /// The line.
    pub line_id: String,
    /// The part.
    pub part: i32,
    /// Base units.
    pub units: i64,
}

/// What the claims of groups on the items have or have shipped.
pub async fn units_of_group_claims(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<GroupUnits>, StorageError> {
    let text = "SELECT c.line_id, c.part, c.reserved + c.posted AS units FROM claim_group g \
                JOIN claim c ON c.line_id = g.line_id AND c.part = g.part WHERE g.item_id BETWEEN ? AND ?";
    let ends = [range.first.as_str().into(), range.last.as_str().into()];
    Ok(GroupUnits::find_by_statement(statement(connection, text, ends)).all(connection).await?)
}

/// What is consumed of the groups of the items.
pub async fn group_balances(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<group_balance::Model>, StorageError> {
    let in_range = group_balance::Column::ItemId.between(&range.first, &range.last);
    Ok(group_balance::Entity::find().filter(in_range).all(connection).await?)
}

/// The groups of the items.
pub async fn item_groups(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
) -> Result<Vec<item_group::Model>, StorageError> {
    let in_range = item_group::Column::ItemId.between(&range.first, &range.last);
    Ok(item_group::Entity::find().filter(in_range).all(connection).await?)
}
