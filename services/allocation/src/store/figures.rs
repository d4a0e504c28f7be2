//! Queries of what service figures are counted from: orders of a cohort, page by page, with what became of their lines.

use std::collections::HashMap;

use backorder_domain::order::state::OrderState;
use backorder_storage::{
    StorageError,
    sql::{placeholders, statement},
};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

/// Orders at once: as many as one list of a statement may name.
pub const ORDERS_AT_ONCE: usize = super::KEYS_PER_QUERY_MAX;

/// Which orders are counted. Empty texts mean all.
#[derive(Debug, Clone, Default)]
pub struct CohortQuery {
    /// Only orders with a line wanted on this day or later, as rows have it.
    pub requested_from: Option<String>,
    /// Only orders with a line wanted on this day or before.
    pub requested_until: Option<String>,
    /// Only orders placed at this time or before, in microseconds.
    pub seen_at: i64,
    /// Only orders of this channel.
    pub channel: String,
    /// Only orders of this tier.
    pub customer_tier: String,
    /// Only orders of this customer.
    pub customer: String,
}

/// An order that was accepted.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OrderRow {
    /// The id.
    pub id: String,
    /// The tier at order time.
    pub customer_tier: String,
    /// The channel.
    pub channel: String,
    /// When it was placed, in microseconds.
    pub ordered_at: i64,
    /// The currency of its prices.
    pub currency_code: String,
    /// Units of company currency for one of it, times 10^9.
    pub company_rate_nanos: i64,
    /// Set for what was a quote once.
    pub quote_expires_at: Option<i64>,
    /// Its kits, as text.
    pub kits: String,
}

/// A line of such an order. Columns as in `order_line`.
#[derive(Debug, Clone, FromQueryResult)]
pub struct LineRow {
    pub order_id: String,
    pub line_number: i32,
    pub item_id: String,
    pub ordered: i64,
    pub cancelled: i64,
    pub refused: i64,
    pub filled_at_once: i64,
    pub backordered: i64,
    pub time_zone: String,
    pub requested_date: String,
    pub requested_basis: String,
    pub latest_ship_date: Option<String>,
    pub release_date: Option<String>,
    pub filled_at: Option<i64>,
    pub price_nanos: Option<i64>,
    pub cost_nanos: Option<i64>,
    pub cost_currency: String,
    pub locations: String,
    pub replaces_line: Option<i32>,
    pub kit_line: Option<i32>,
    pub kit_units: i64,
    pub substitutes_line: Option<i32>,
    pub substitutes_units: i64,
    pub substituted: i64,
}

/// Units of a line in a shipment.
#[derive(Debug, Clone, FromQueryResult)]
pub struct PartRow {
    pub order_id: String,
    pub line_number: i32,
    pub location_id: String,
    pub quantity: i64,
    pub accepted: i64,
    pub damaged: i64,
    /// The shipment.
    pub shipment_id: String,
    pub shipped_at: i64,
    pub delivered_at: Option<i64>,
    pub documents: String,
    pub freight_nanos: Option<i64>,
    pub freight_currency: String,
    pub expedited: bool,
    /// Base units of the whole shipment.
    pub shipment_units: i64,
}

/// Units of a line that ended or came back.
#[derive(Debug, Clone, FromQueryResult)]
pub struct EndedRow {
    pub order_id: String,
    pub line_number: i32,
    pub basis: String,
    pub quantity: i64,
    pub due_at: i64,
}

/// A promise of a line.
#[derive(Debug, Clone, FromQueryResult)]
pub struct PromiseRow {
    pub order_id: String,
    pub line_number: i32,
    pub promised_at: i64,
    pub promised_date: Option<String>,
    /// What was promised, of promises that were made because stock was lost; else empty.
    pub lost_confirmations: String,
}

/// Everything about the lines of a page of orders, in the order of lines, and of what happened to them.
#[derive(Debug, Default)]
pub struct CohortPage {
    /// The orders, by id.
    pub orders: Vec<OrderRow>,
    /// By order.
    pub lines: HashMap<String, Vec<LineRow>>,
    /// By order, oldest first.
    pub parts: HashMap<String, Vec<PartRow>>,
    /// By order, oldest first.
    pub ended: HashMap<String, Vec<EndedRow>>,
    /// By order, oldest first.
    pub promises: HashMap<String, Vec<PromiseRow>>,
}

/// The orders of a cohort after an id, ascending, with their lines and what became of these; `None` after the last.
///
/// # Errors
/// [`StorageError`] of the queries.
pub async fn page(
    connection: &impl ConnectionTrait,
    query: &CohortQuery,
    after: &str,
) -> Result<Option<CohortPage>, StorageError> {
    let orders = orders(connection, query, after).await?;
    if orders.is_empty() {
        return Ok(None);
    }
    let ids: Vec<&str> = orders.iter().map(|order| order.id.as_str()).collect();
    let lines = rows::<LineRow>(connection, LINES, &ids).await?;
    let parts = rows::<PartRow>(connection, PARTS, &ids).await?;
    let ended = rows::<EndedRow>(connection, ENDED, &ids).await?;
    let promises = rows::<PromiseRow>(connection, PROMISES, &ids).await?;
    Ok(Some(CohortPage {
        lines: by_order(lines, |row| &row.order_id),
        parts: by_order(parts, |row| &row.order_id),
        ended: by_order(ended, |row| &row.order_id),
        promises: by_order(promises, |row| &row.order_id),
        orders,
    }))
}

/// What a query of lines begins with, and what it ends with after the list of orders.
type Parts = (&'static str, &'static str);

const LINES: Parts = (
    "SELECT order_id, line_number, item_id, ordered, cancelled, refused, filled_at_once, backordered, time_zone, \
     requested_date, requested_basis, latest_ship_date, release_date, filled_at, price_nanos, cost_nanos, \
     cost_currency, locations, replaces_line, kit_line, kit_units, substitutes_line, substitutes_units, substituted \
     FROM order_line WHERE order_id",
    "ORDER BY order_id, line_number",
);

const PARTS: Parts = (
    "SELECT n.order_id AS order_id, n.line_number AS line_number, n.location_id AS location_id, n.quantity AS quantity, \
     n.accepted AS accepted, n.damaged AS damaged, s.id AS shipment_id, s.shipped_at AS shipped_at, \
     s.delivered_at AS delivered_at, s.documents AS documents, s.freight_nanos AS freight_nanos, \
     s.freight_currency AS freight_currency, s.expedited AS expedited, \
     CASE WHEN s.freight_nanos IS NULL THEN 0 ELSE (SELECT CAST(SUM(o.quantity) AS BIGINT) FROM shipment_line o \
     WHERE o.shipment_id = s.id) END AS shipment_units \
     FROM shipment_line n JOIN shipment s ON s.id = n.shipment_id WHERE n.order_id",
    "ORDER BY s.shipped_at, s.id, n.order_id, n.line_number, n.location_id",
);

const ENDED: Parts = (
    "SELECT order_id, line_number, basis, quantity, due_at FROM refund_due WHERE order_id",
    "ORDER BY due_at, order_id, line_number, basis, up_to",
);

const PROMISES: Parts = (
    "SELECT order_id, line_number, promised_at, promised_date, \
     CASE WHEN reason = 'PROMISE_REASON_STOCK_LOST' THEN confirmations ELSE '' END AS lost_confirmations \
     FROM promise WHERE order_id",
    "ORDER BY order_id, line_number, revision",
);

async fn rows<R: FromQueryResult>(
    connection: &impl ConnectionTrait,
    (begin, end): Parts,
    orders: &[&str],
) -> Result<Vec<R>, StorageError> {
    let text = format!("{begin} IN ({}) {end}", placeholders(orders.len()));
    let values = orders.iter().map(|id| Value::from(*id));
    Ok(R::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

fn by_order<R>(rows: Vec<R>, order: impl Fn(&R) -> &String) -> HashMap<String, Vec<R>> {
    let mut grouped: HashMap<String, Vec<R>> = HashMap::new();
    for row in rows {
        match grouped.get_mut(order(&row)) {
            Some(rows) => rows.push(row),
            None => {
                grouped.insert(order(&row).clone(), vec![row]);
            }
        }
    }
    grouped
}

/// A quote that was given up was never an order.
const ACCEPTED: &str = "(quote_expires_at IS NULL OR state <> ? OR EXISTS (SELECT 1 FROM order_write \
     WHERE order_write.order_id = customer_order.id AND order_write.kind = 'confirm'))";

async fn orders(
    connection: &impl ConnectionTrait,
    query: &CohortQuery,
    after: &str,
) -> Result<Vec<OrderRow>, StorageError> {
    let mut text = format!(
        "SELECT id, customer_tier, channel, ordered_at, currency_code, company_rate_nanos, quote_expires_at, kits \
         FROM customer_order WHERE id > ? AND ordered_at <= ? AND state IN (?, ?, ?) AND {ACCEPTED}"
    );
    let cancelled = OrderState::Cancelled.as_str();
    let states = [OrderState::Open.as_str(), OrderState::Completed.as_str(), cancelled, cancelled];
    let mut values = vec![Value::from(after), Value::from(query.seen_at)];
    values.extend(states.map(Value::from));
    let of_order = [
        (" AND channel = ?", &query.channel),
        (" AND customer_tier = ?", &query.customer_tier),
        (" AND customer = ?", &query.customer),
    ];
    for (condition, value) in of_order.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(condition);
        values.push(Value::from(value.as_str()));
    }
    if query.requested_from.is_some() || query.requested_until.is_some() {
        text.push_str(" AND EXISTS (SELECT 1 FROM order_line WHERE order_id = customer_order.id");
        let days =
            [(" AND requested_date >= ?", &query.requested_from), (" AND requested_date <= ?", &query.requested_until)];
        for (condition, day) in days.into_iter().filter_map(|(condition, day)| Some((condition, day.as_ref()?))) {
            text.push_str(condition);
            values.push(Value::from(day.as_str()));
        }
        text.push(')');
    }
    let limit = i64::try_from(ORDERS_AT_ONCE).unwrap_or(i64::MAX);
    text.push_str(" ORDER BY id LIMIT ?");
    values.push(Value::from(limit));
    Ok(OrderRow::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// The categories of all items, by id.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn categories(connection: &impl ConnectionTrait) -> Result<HashMap<String, String>, StorageError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: String,
        category: String,
    }
    let text = "SELECT id, category FROM item_copy WHERE category <> ''";
    let rows = Row::find_by_statement(statement(connection, text, [])).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.category)).collect())
}
