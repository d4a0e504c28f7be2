//! The waiting parts of which inventory was told otherwise than what bars their lines.

use backorder_domain::order::eligibility::Barriers;
use backorder_storage::{StorageError, sql::statement};
use sea_orm::{ConnectionTrait, EntityTrait as _, FromQueryResult, Value};

use crate::{order::LineKey, store::entity::line_claim};

/// What inventory was told of a waiting part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// That it may take stock.
    MayTakeStock,
    /// That it may not.
    MayNot,
}

impl Told {
    /// The parts that were told so, though their lines say otherwise, as a query that selects `what` of `claim`, of lines
    /// from a place on, which is bound twice. What there is few of is looked at first: barred lines, or parts that were told
    /// that they may not. Barred lines are gathered first, else SQLite reads all claims for the sake of their order.
    fn query(self, what: &str) -> String {
        let barred = format!("barriers & {} <> 0", Barriers::ALLOCATION_BITS);
        match self {
            // Of a line that waits for go-live, going live says when.
            Self::MayTakeStock => format!(
                "WITH line AS MATERIALIZED (SELECT order_id, line_number FROM order_line WHERE barriers <> 0 AND {barred} \
                 AND barriers & {} = 0 AND (order_id, line_number) >= (?, ?)) SELECT {what} FROM line JOIN line_claim claim \
                 ON claim.order_id = line.order_id AND claim.line_number = line.line_number \
                 WHERE claim.waiting > 0 AND claim.eligible",
                Barriers::GO_LIVE_BIT
            ),
            Self::MayNot => format!(
                "SELECT {what} FROM line_claim claim JOIN order_line line \
                 ON line.order_id = claim.order_id AND line.line_number = claim.line_number WHERE NOT (line.{barred}) \
                 AND claim.waiting > 0 AND NOT claim.eligible AND (claim.order_id, claim.line_number) >= (?, ?)",
            ),
        }
    }
}

/// Waiting parts that were told what is not so any more, by order, line and part, after a place in this order.
pub async fn told_otherwise(
    connection: &impl ConnectionTrait,
    told: Told,
    after: Option<&LineKey>,
    limit: u64,
) -> Result<Vec<line_claim::Model>, StorageError> {
    let start = LineKey { order: String::new(), line: 0, part: 0 };
    let after = after.unwrap_or(&start);
    let text = format!(
        "{} AND (claim.order_id, claim.line_number, claim.part) > (?, ?, ?) \
         ORDER BY claim.order_id, claim.line_number, claim.part LIMIT ?",
        told.query("claim.*")
    );
    let query = statement(
        connection,
        text,
        [
            Value::from(after.order.as_str()),
            Value::from(after.line),
            Value::from(after.order.as_str()),
            Value::from(after.line),
            Value::from(after.part),
            Value::from(i64::try_from(limit).unwrap_or(i64::MAX)),
        ],
    );
    Ok(line_claim::Entity::find().from_raw_sql(query).all(connection).await?)
}

#[derive(FromQueryResult)]
struct Count {
    parts: i64,
}

/// How many waiting parts were told what is not so any more.
pub async fn count_told_otherwise(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    let mut parts = 0;
    for told in [Told::MayTakeStock, Told::MayNot] {
        let query = statement(connection, told.query("COUNT(*) AS parts"), [Value::from(""), Value::from(0)]);
        let count = Count::find_by_statement(query).one(connection).await?;
        parts += count.map_or(0, |count| count.parts.unsigned_abs());
    }
    Ok(parts)
}
