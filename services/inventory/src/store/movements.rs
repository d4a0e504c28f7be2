//! The movements of items. A movement names the one before it of its item, and the item's ledger its newest: from there
//! they are followed, newest first, without an index that every movement would have to enter. Numbers of an item's movements
//! ascend, so all of them in the order of their numbers is the order of every item's links.

use backorder_domain::ids::{ItemId, LocationId};
use backorder_storage::{StorageError, sql::statement};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::{entity::movement, verify::ItemRange};

/// A statement that follows the movements back from the one whose id `newest` selects. Both databases give out the rows of
/// a recursion in the order in which they find them, so a limit ends it. A link that leads forward was tampered with and ends
/// it too.
fn chain(newest: &str, select: &str) -> String {
    format!(
        "WITH RECURSIVE chain AS (SELECT movement.* FROM movement WHERE id IN ({newest}) UNION ALL \
         SELECT movement.* FROM chain JOIN movement ON movement.id = chain.previous AND chain.previous < chain.id) {select}"
    )
}

/// Movements of an item, newest first, from the one before the movement with the id `before`.
pub async fn list(
    connection: &impl ConnectionTrait,
    before: Option<i64>,
    item: &ItemId,
    location: Option<&LocationId>,
    limit: u64,
) -> Result<Vec<movement::Model>, StorageError> {
    // Numbered in the order of the text: that is how SQLite counts them.
    let mut values: Vec<Value> = vec![item.as_str().into()];
    let newest = match before {
        None => "SELECT last_movement FROM item_ledger WHERE item_id = $1",
        // A token names a movement of this item: only that is asked for beside it.
        Some(_) => "SELECT previous FROM movement WHERE item_id = $1 AND id = $2",
    };
    values.extend(before.map(Value::from));
    let (place, most) = (values.len() + 1, values.len() + 2);
    values.push(location.map(LocationId::as_str).unwrap_or_default().into());
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let select = format!(
        "SELECT * FROM chain WHERE ${place} = '' OR from_location_id = ${place} OR to_location_id = ${place} LIMIT ${most}"
    );
    let rows = connection.query_all_raw(statement(connection, chain(newest, &select), values)).await?;
    rows.iter().map(|row| Ok(movement::Model::from_query_result(row, "")?)).collect()
}

/// All movements of an item, newest first.
pub async fn all(connection: &impl ConnectionTrait, item: &ItemId) -> Result<Vec<movement::Model>, StorageError> {
    list(connection, None, item, None, i64::MAX.unsigned_abs()).await
}

/// A movement as the proof of the books reads it.
#[derive(Debug, FromQueryResult)]
pub struct Written {
    /// Its number.
    pub id: i64,
    /// The number of its item's movement before it, 0 for the first.
    pub previous: i64,
    /// The item.
    pub item_id: String,
    /// Where the units were; none when they came from outside.
    pub from_location_id: Option<String>,
    /// The state that they left.
    pub from_state: String,
    /// Where they are; none when they left.
    pub to_location_id: Option<String>,
    /// The state that they entered.
    pub to_state: String,
    /// The units.
    pub quantity: i64,
}

/// Movements of a range of items with numbers above `after` up to `through`, in the order in which they were written. A
/// window of numbers and not a limit bounds what a statement reads, however few of the movements are of the range.
pub async fn written(
    connection: &impl ConnectionTrait,
    range: &ItemRange,
    after: i64,
    through: i64,
) -> Result<Vec<Written>, StorageError> {
    let text = "SELECT id, previous, item_id, from_location_id, from_state, to_location_id, to_state, quantity \
         FROM movement WHERE id > $1 AND id <= $2 AND item_id BETWEEN $3 AND $4 ORDER BY id";
    let values = [after.into(), through.into(), range.first.as_str().into(), range.last.as_str().into()];
    Ok(Written::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// How many movements there are, of whatever items, and the highest number.
pub async fn count_all(connection: &impl ConnectionTrait) -> Result<(i64, i64), StorageError> {
    let text = "SELECT COUNT(*) AS count, COALESCE(MAX(id), 0) AS newest FROM movement";
    let row = connection.query_one_raw(statement(connection, text, [])).await?;
    let Some(row) = row else { return Ok((0, 0)) };
    Ok((row.try_get("", "count")?, row.try_get("", "newest")?))
}
