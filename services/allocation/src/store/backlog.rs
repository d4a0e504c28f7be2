//! Queries of lines that wait, and of demand that was lost.

use std::collections::{BTreeSet, HashMap};

use backorder_storage::StorageError;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
    sea_query::{Expr, ExprTrait as _},
};

use super::{
    entity::{customer_order, line_hold, lost_demand, order_line, promise},
    orders::{find_orders, lines_of_orders},
};

/// Which waiting lines are wanted. Empty fields mean all.
#[derive(Debug, Clone, Default)]
pub struct BacklogQuery {
    /// Only this item.
    pub item: String,
    /// Only this customer.
    pub customer: String,
    /// Only lines that this location may serve.
    pub location: String,
    /// Whether the location also serves lines that name none.
    pub location_serves_all: bool,
    /// Only lines that joined the queue at this instant or before, in microseconds.
    pub queued_until: Option<i64>,
    /// Only lines promised before this day.
    pub promised_before: Option<String>,
    /// Only lines for which no date is known.
    pub without_date: bool,
}

/// A place in the order of the backlog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacklogPlace {
    /// The item.
    pub item: String,
    /// The place in its queue.
    pub queue_key: String,
    /// Decides among equal keys, in microseconds.
    pub queue_time: i64,
    /// The order.
    pub order: String,
    /// The line.
    pub line: i32,
}

/// A line that waits, with its order and its holds.
#[derive(Debug, Clone)]
pub struct WaitingLine {
    /// The order.
    pub order: customer_order::Model,
    /// The line.
    pub line: order_line::Model,
    /// What keeps it.
    pub holds: Vec<line_hold::Model>,
}

impl WaitingLine {
    /// The line's place in the order of the backlog.
    #[must_use]
    pub fn place(&self) -> BacklogPlace {
        BacklogPlace {
            item: self.line.item_id.clone(),
            queue_key: self.line.queue_key.clone(),
            queue_time: self.line.queue_time,
            order: self.line.order_id.clone(),
            line: self.line.line_number,
        }
    }
}

impl BacklogPlace {
    /// The place as text, for a page token. Ids and keys hold no blanks.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {} {} {} {}", self.item, self.queue_key, self.queue_time, self.order, self.line)
    }

    /// The place of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split(' ').collect();
        let [item, queue_key, queue_time, order, line] = fields.as_slice() else { return None };
        Some(Self {
            item: (*item).to_owned(),
            queue_key: (*queue_key).to_owned(),
            queue_time: queue_time.parse().ok()?,
            order: (*order).to_owned(),
            line: line.parse().ok()?,
        })
    }
}

/// Waiting lines by item, place in the queue, order and line.
pub async fn waiting_lines(
    connection: &impl ConnectionTrait,
    query: &BacklogQuery,
    after: Option<&BacklogPlace>,
    limit: u64,
) -> Result<Vec<WaitingLine>, StorageError> {
    use order_line::Column as C;
    let mut select = order_line::Entity::find()
        .filter(C::Open.gt(0))
        .order_by_asc(C::ItemId)
        .order_by_asc(C::QueueKey)
        .order_by_asc(C::QueueTime)
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .limit(limit)
        .filter(condition(query));
    if let Some(after) = after {
        let place = Expr::cust_with_values(
            "(item_id, queue_key, queue_time, order_id, line_number) > ($1, $2, $3, $4, $5)",
            [
                Value::from(after.item.as_str()),
                Value::from(after.queue_key.as_str()),
                Value::from(after.queue_time),
                Value::from(after.order.as_str()),
                Value::from(after.line),
            ],
        );
        select = select.filter(place);
    }
    with_orders(connection, select.all(connection).await?).await
}

fn condition(query: &BacklogQuery) -> Condition {
    use order_line::Column as C;
    let mut condition = Condition::all();
    if !query.item.is_empty() {
        condition = condition.add(C::ItemId.eq(query.item.as_str()));
    }
    if !query.customer.is_empty() {
        let orders = sea_orm::sea_query::Query::select()
            .column(customer_order::Column::Id)
            .from(customer_order::Entity)
            .and_where(customer_order::Column::Customer.eq(query.customer.as_str()))
            .to_owned();
        condition = condition.add(C::OrderId.in_subquery(orders));
    }
    if !query.location.is_empty() {
        // LIKE would not tell capital letters apart on SQLite; removing the location from the list does.
        let without = Expr::cust_with_values("replace(locations, $1, '')", [format!(" {} ", query.location)]);
        let mut serves = Condition::any().add(without.ne(Expr::col(C::Locations)));
        if query.location_serves_all {
            serves = serves.add(C::Locations.eq(""));
        }
        condition = condition.add(serves);
    }
    if let Some(until) = query.queued_until {
        condition = condition.add(C::QueueTime.lte(until));
    }
    if let Some(before) = &query.promised_before {
        condition = condition.add(C::CurrentPromisedDate.lt(before.as_str()));
    }
    if query.without_date {
        condition = condition.add(C::CurrentPromisedDate.is_null());
    }
    condition
}

async fn with_orders(
    connection: &impl ConnectionTrait,
    lines: Vec<order_line::Model>,
) -> Result<Vec<WaitingLine>, StorageError> {
    let ids: BTreeSet<String> = lines.iter().map(|line| line.order_id.clone()).collect();
    let orders = find_orders(connection, &ids).await?;
    let orders: HashMap<String, customer_order::Model> =
        orders.into_iter().map(|order| (order.id.clone(), order)).collect();
    let mut holds = holds_of(connection, &ids).await?;
    let waiting = lines.into_iter().filter_map(|line| {
        let order = orders.get(&line.order_id)?.clone();
        let holds = holds.remove(&(line.order_id.clone(), line.line_number)).unwrap_or_default();
        Some(WaitingLine { order, line, holds })
    });
    Ok(waiting.collect())
}

async fn holds_of(
    connection: &impl ConnectionTrait,
    ids: &BTreeSet<String>,
) -> Result<HashMap<(String, i32), Vec<line_hold::Model>>, StorageError> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut holds: HashMap<(String, i32), Vec<line_hold::Model>> = HashMap::new();
    for chunk in ids.chunks(super::KEYS_PER_QUERY_MAX) {
        let rows = line_hold::Entity::find()
            .filter(line_hold::Column::OrderId.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        for row in rows {
            holds.entry((row.order_id.clone(), row.line_number)).or_default().push(row);
        }
    }
    Ok(holds)
}

/// One line with its order and its holds, waiting or not.
pub async fn line_with_order(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
) -> Result<Option<(customer_order::Model, Option<WaitingLine>)>, StorageError> {
    let Some(row) = super::orders::find_order(connection, order).await? else { return Ok(None) };
    let (mut lines, mut holds) = lines_of_orders(connection, &[order]).await?;
    let found = lines.remove(order).unwrap_or_default().into_iter().find(|found| found.line_number == line);
    let holds = holds.remove(&(order.to_owned(), line)).unwrap_or_default();
    let waiting = found.map(|line| WaitingLine { order: row.clone(), line, holds });
    Ok(Some((row, waiting)))
}

/// How a line's promise came about, oldest first.
pub async fn promises(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
) -> Result<Vec<promise::Model>, StorageError> {
    Ok(promise::Entity::find()
        .filter(promise::Column::OrderId.eq(order))
        .filter(promise::Column::LineNumber.eq(line))
        .order_by_asc(promise::Column::Revision)
        .all(connection)
        .await?)
}

/// Lost demand after a row, oldest first.
pub async fn lost_demand(
    connection: &impl ConnectionTrait,
    item: &str,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<lost_demand::Model>, StorageError> {
    use lost_demand::Column as C;
    let mut query = lost_demand::Entity::find().order_by_asc(C::Id).limit(limit);
    if !item.is_empty() {
        query = query.filter(C::ItemId.eq(item));
    }
    if let Some(after) = after {
        query = query.filter(C::Id.gt(after));
    }
    Ok(query.all(connection).await?)
}
