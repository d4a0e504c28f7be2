//! Queries that sum what claims hold, for a range of lines at a time.

use backorder_storage::{StorageError, sql::statement};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult};

use super::entity::claim;

/// In these claims something is reserved, waits or is pegged.
const IS_OPEN: &str = "reserved + waiting + pegged > 0";

/// The lines after one, up to another or to the end.
#[derive(Debug, Clone)]
pub struct LineRange {
    /// The line before the first.
    pub after: String,
    /// The last line; `None` for all that follow.
    pub last: Option<String>,
}

/// The range after a line in which about `limit` claims are open.
pub async fn next_lines(
    connection: &impl ConnectionTrait,
    after: String,
    limit: u32,
) -> Result<LineRange, StorageError> {
    let text =
        format!("SELECT line_id FROM claim WHERE line_id > ? AND {IS_OPEN} ORDER BY line_id, part LIMIT 1 OFFSET ?");
    let values = [after.as_str().into(), i64::from(limit).into()];
    let row = connection.query_one_raw(statement(connection, text, values)).await?;
    let last = row.map(|row| row.try_get("", "line_id")).transpose()?;
    Ok(LineRange { after, last })
}

/// The open claims of a range.
pub async fn open_claims(
    connection: &impl ConnectionTrait,
    range: &LineRange,
) -> Result<Vec<claim::Model>, StorageError> {
    let text = format!("SELECT * FROM claim WHERE {} AND {IS_OPEN}", within(range));
    let query = statement(connection, text, ends(range));
    Ok(claim::Entity::find().from_raw_sql(query).all(connection).await?)
}

/// How many claims there are.
pub async fn count_claims(connection: &impl ConnectionTrait) -> Result<i64, StorageError> {
    let row = connection.query_one_raw(statement(connection, "SELECT COUNT(*) AS count FROM claim", [])).await?;
    Ok(row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default())
}

/// How many of the claims are for items that are there.
pub async fn count_claims_of_items(connection: &impl ConnectionTrait) -> Result<i64, StorageError> {
    let text = "SELECT COUNT(*) AS count FROM claim JOIN item ON item.id = claim.item_id";
    let row = connection.query_one_raw(statement(connection, text, [])).await?;
    Ok(row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default())
}

/// Units of one part of a line.
#[derive(Debug, FromQueryResult)]
pub struct PartSum {
    /// The line.
    pub line_id: String,
    /// The part.
    pub part: i32,
    /// The sum in base units.
    pub quantity: i64,
}

/// Reserved units by line and part.
pub async fn reserved(connection: &impl ConnectionTrait, range: &LineRange) -> Result<Vec<PartSum>, StorageError> {
    sums(connection, "reservation", range).await
}

/// Pegged units by line and part.
pub async fn pegged(connection: &impl ConnectionTrait, range: &LineRange) -> Result<Vec<PartSum>, StorageError> {
    sums(connection, "peg", range).await
}

async fn sums(
    connection: &impl ConnectionTrait,
    table: &'static str,
    range: &LineRange,
) -> Result<Vec<PartSum>, StorageError> {
    let text = format!(
        "SELECT line_id, part, CAST(SUM(quantity) AS BIGINT) AS quantity FROM {table} WHERE {} \
         GROUP BY line_id, part",
        within(range)
    );
    Ok(PartSum::find_by_statement(statement(connection, text, ends(range))).all(connection).await?)
}

fn within(range: &LineRange) -> &'static str {
    if range.last.is_some() { "line_id > ? AND line_id <= ?" } else { "line_id > ?" }
}

fn ends(range: &LineRange) -> impl Iterator<Item = sea_orm::Value> + '_ {
    std::iter::once(range.after.as_str()).chain(range.last.as_deref()).map(Into::into)
}
