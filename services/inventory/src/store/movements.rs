//! The movements of items. A movement names the one before it of its item, and a position its item's newest: from there
//! they are followed, newest first, without an index that every movement would have to enter.

use backorder_domain::ids::{ItemId, LocationId};
use backorder_storage::{StorageError, sql::statement};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::{entity::movement, verify::ItemRange};

/// The newest movement of each item of a range, `$1` and `$2`.
const NEWEST_OF_RANGE: &str =
    "SELECT MAX(last_movement) FROM position WHERE item_id BETWEEN $1 AND $2 GROUP BY item_id";

/// A statement that follows the movements back from those whose ids `newest` selects, with `columns` of each. Both
/// databases give out the rows of a recursion in the order in which they find them, so a limit ends it.
fn chain(newest: &str, columns: &[&str], select: &str) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("movement.{column}")).collect();
    let columns = columns.join(", ");
    format!(
        "WITH RECURSIVE chain AS (SELECT {columns} FROM movement WHERE id IN ({newest}) UNION ALL \
         SELECT {columns} FROM chain JOIN movement ON movement.id = chain.previous) {select}"
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
        None => "SELECT MAX(last_movement) FROM position WHERE item_id = $1",
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
    let rows = connection.query_all_raw(statement(connection, chain(newest, &["*"], &select), values)).await?;
    rows.iter().map(|row| Ok(movement::Model::from_query_result(row, "")?)).collect()
}

/// All movements of an item, newest first.
pub async fn all(connection: &impl ConnectionTrait, item: &ItemId) -> Result<Vec<movement::Model>, StorageError> {
    list(connection, None, item, None, i64::MAX.unsigned_abs()).await
}

/// The movements of an item from one place and state to another.
#[derive(Debug, FromQueryResult)]
pub struct Flow {
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
    /// The units of all these movements.
    pub quantity: i64,
    /// How many movements these are.
    pub movements: i64,
}

/// All movements of a range, summed.
pub async fn flows(connection: &impl ConnectionTrait, range: &ItemRange) -> Result<Vec<Flow>, StorageError> {
    const PLACES: &str = "item_id, from_location_id, from_state, to_location_id, to_state";
    let columns = ["previous", "quantity", "item_id", "from_location_id", "from_state", "to_location_id", "to_state"];
    let select = format!(
        "SELECT {PLACES}, CAST(SUM(quantity) AS BIGINT) AS quantity, COUNT(*) AS movements FROM chain GROUP BY {PLACES}"
    );
    let values = [range.first.as_str().into(), range.last.as_str().into()];
    let text = chain(NEWEST_OF_RANGE, &columns, &select);
    Ok(Flow::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// How many movements there are, found from a position or not.
pub async fn count_all(connection: &impl ConnectionTrait) -> Result<i64, StorageError> {
    let text = "SELECT COUNT(*) AS count FROM movement";
    let row = connection.query_one_raw(statement(connection, text, [])).await?;
    Ok(row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default())
}
