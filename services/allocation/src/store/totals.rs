//! Sums over all lines, and the lines in ranges for their proof.

use std::collections::BTreeSet;

use backorder_proto::allocation::v1 as pb;
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

/// The sums as customers ordered: each kit is a line, and is what its least complete component is; what stands for something
/// else is none. See [`KitFigures`](backorder_domain::order::kit::KitFigures), of which this is the query.
pub async fn customer_totals(connection: &impl ConnectionTrait) -> Result<pb::CustomerTotals, StorageError> {
    let text = customer_query();
    let Some(row) = connection.query_one_raw(statement(connection, text, [])).await? else {
        return Ok(pb::CustomerTotals::default());
    };
    Ok(pb::CustomerTotals {
        lines: row.try_get("", "all_lines")?,
        kits: row.try_get("", "all_kits")?,
        ordered: row.try_get("", "all_ordered")?,
        open: row.try_get("", "all_open")?,
        covered: row.try_get("", "all_covered")?,
        shipped: row.try_get("", "all_shipped")?,
        cancelled: row.try_get("", "all_cancelled")?,
        refused: row.try_get("", "all_refused")?,
        filled_at_once: row.try_get("", "all_filled")?,
        backordered: row.try_get("", "all_backordered")?,
        substituted: row.try_get("", "all_substituted")?,
    })
}

/// The query of what customers ordered.
fn customer_query() -> String {
    let sum = |expression: &str, name: &str| format!("CAST(COALESCE(SUM({expression}), 0) AS BIGINT) AS {name}");
    let own = [
        "0 AS is_kit",
        "ordered",
        "open",
        "reserved + released AS covered",
        "shipped",
        "cancelled - substituted AS cancelled",
        "refused",
        "filled_at_once",
        "backordered",
        "substituted",
    ];
    let kits = [
        "1 AS is_kit",
        "ordered",
        "ordered - shipped - cancelled - covered AS open",
        "covered",
        "shipped",
        "cancelled",
        "requested - ordered AS refused",
        "filled_at_once",
        "CASE WHEN late < ordered THEN late ELSE ordered END AS backordered",
        "0 AS substituted",
    ];
    let columns = [
        "COUNT(*) AS all_lines".to_owned(),
        sum("is_kit", "all_kits"),
        sum("ordered", "all_ordered"),
        sum("open", "all_open"),
        sum("covered", "all_covered"),
        sum("shipped", "all_shipped"),
        sum("cancelled", "all_cancelled"),
        sum("refused", "all_refused"),
        sum("filled_at_once", "all_filled"),
        sum("backordered", "all_backordered"),
        sum("substituted", "all_substituted"),
    ];
    format!(
        "SELECT {} FROM (SELECT {} FROM order_line WHERE kit_line IS NULL AND substitutes_line IS NULL \
         UNION ALL SELECT {} FROM ({}) AS kit) AS line",
        columns.join(", "),
        own.join(", "),
        kits.join(", "),
        kit_figures()
    )
}

/// The query of the figures of each kit.
fn kit_figures() -> String {
    let whole = |units: &str, name: &str| format!("MIN(({units}) / kit_units) AS {name}");
    let begun = |units: &str, name: &str| format!("MAX(({units} + kit_units - 1) / kit_units) AS {name}");
    let of_components = [
        whole("ordered + refused", "requested"),
        whole("ordered", "ordered"),
        whole("shipped", "shipped"),
        begun("cancelled", "begun"),
        whole("shipped + reserved + released", "there"),
        whole("filled_at_once", "filled_at_once"),
        begun("backordered", "late"),
    ];
    let cancelled = "CASE WHEN begun < ordered - shipped THEN begun ELSE ordered - shipped END";
    let covered = "CASE WHEN there < ordered - cancelled THEN there ELSE ordered - cancelled END - shipped";
    format!(
        "SELECT requested, ordered, shipped, cancelled, filled_at_once, late, {covered} AS covered FROM \
         (SELECT requested, ordered, shipped, there, filled_at_once, late, {cancelled} AS cancelled FROM \
         (SELECT {} FROM order_line WHERE kit_line IS NOT NULL GROUP BY order_id, kit_line) AS component) AS judged",
        of_components.join(", ")
    )
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
