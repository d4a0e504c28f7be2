//! Sums over all lines, and the lines in ranges for their proof.

use std::collections::BTreeSet;

use backorder_storage::{StorageError, sql::statement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::entity::{customer_order, line_claim, order_line};

/// The sums of all lines, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineTotals {
    pub lines: i64,
    pub ordered: i64,
    pub open: i64,
    pub reserved: i64,
    pub released: i64,
    pub shipped: i64,
    pub cancelled: i64,
    pub returned: i64,
    pub refused: i64,
    pub filled_at_once: i64,
    pub backordered: i64,
    pub filled_at_once_left: i64,
}

/// How many orders there are.
pub async fn count_orders(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    Ok(customer_order::Entity::find().count(connection).await?)
}

/// The sums of all lines.
pub async fn line_totals(connection: &impl ConnectionTrait) -> Result<LineTotals, StorageError> {
    let sum = |expression: &str, name: &str| format!("CAST(COALESCE(SUM({expression}), 0) AS BIGINT) AS {name}");
    let left = "CASE WHEN filled_at_once > reserved + released + shipped THEN reserved + released + shipped \
                ELSE filled_at_once END";
    let plain = [
        "ordered",
        "open",
        "reserved",
        "released",
        "shipped",
        "cancelled",
        "returned",
        "refused",
        "filled_at_once",
        "backordered",
    ];
    let mut columns: Vec<String> = plain.iter().map(|column| sum(column, column)).collect();
    columns.push(sum(left, "filled_at_once_left"));
    let text = format!("SELECT COUNT(*) AS lines, {} FROM order_line", columns.join(", "));
    let Some(row) = connection.query_one_raw(statement(connection, text, [])).await? else {
        return Ok(LineTotals::default());
    };
    Ok(LineTotals {
        lines: row.try_get("", "lines")?,
        ordered: row.try_get("", "ordered")?,
        open: row.try_get("", "open")?,
        reserved: row.try_get("", "reserved")?,
        released: row.try_get("", "released")?,
        shipped: row.try_get("", "shipped")?,
        cancelled: row.try_get("", "cancelled")?,
        returned: row.try_get("", "returned")?,
        refused: row.try_get("", "refused")?,
        filled_at_once: row.try_get("", "filled_at_once")?,
        backordered: row.try_get("", "backordered")?,
        filled_at_once_left: row.try_get("", "filled_at_once_left")?,
    })
}

/// Ids of orders after an id, ascending.
pub async fn orders_after(
    connection: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<customer_order::Model>, StorageError> {
    use customer_order::Column as C;
    let query = customer_order::Entity::find().filter(C::Id.gt(after)).order_by_asc(C::Id).limit(limit);
    Ok(query.all(connection).await?)
}

/// Lines of the orders from `first` to `last`.
pub async fn lines_between(
    connection: &impl ConnectionTrait,
    first: &str,
    last: &str,
) -> Result<Vec<order_line::Model>, StorageError> {
    use order_line::Column as C;
    let query = order_line::Entity::find()
        .filter(C::OrderId.between(first, last))
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber);
    Ok(query.all(connection).await?)
}

/// Copies of the claims of some orders.
pub async fn claims_of(
    connection: &impl ConnectionTrait,
    orders: &BTreeSet<String>,
) -> Result<Vec<line_claim::Model>, StorageError> {
    Ok(line_claim::Entity::find().filter(line_claim::Column::OrderId.is_in(orders)).all(connection).await?)
}

/// Which of some orders a step is under way for.
pub async fn busy_among(
    connection: &impl ConnectionTrait,
    orders: &BTreeSet<String>,
) -> Result<BTreeSet<String>, StorageError> {
    use customer_order::Column as C;
    let busy = customer_order::Entity::find().filter(C::Id.is_in(orders)).filter(C::BusyStep.is_not_null());
    let ids: Vec<String> = busy.select_only().column(C::Id).into_tuple().all(connection).await?;
    Ok(ids.into_iter().collect())
}

/// Copies of claims of the orders from `first` to `last`.
pub async fn claims_between(
    connection: &impl ConnectionTrait,
    first: &str,
    last: &str,
) -> Result<Vec<line_claim::Model>, StorageError> {
    use line_claim::Column as C;
    let query = line_claim::Entity::find()
        .filter(C::OrderId.between(first, last))
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .order_by_asc(C::Part);
    Ok(query.all(connection).await?)
}
