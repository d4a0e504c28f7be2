//! Queries of lines that wait, and of demand that was lost.

use std::collections::{BTreeSet, HashMap};

use backorder_domain::order::eligibility::Barriers;
use backorder_storage::{StorageError, sql::statement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Value,
};

use super::{
    entity::{customer_order, lost_demand, order_line, promise},
    holds,
    orders::{find_orders, lines_of_orders},
};
use crate::order::hold::Hold;

/// The condition of the index of the backlog. A line of which inventory has not decided yet has version 0; leaving it out
/// spares each new order two changes of the index.
const WAITS: &str = "open > 0 AND version > 0";

/// A hold of a type on the line or on its customer.
const HOLD_OF_TYPE: &str = "(EXISTS (SELECT 1 FROM line_hold held WHERE held.order_id = order_line.order_id \
     AND held.line_number = order_line.line_number AND held.hold_type = ?) OR EXISTS (SELECT 1 FROM customer_hold \
     JOIN customer_order ON customer_order.customer = customer_hold.customer \
     WHERE customer_order.id = order_line.order_id AND customer_hold.hold_type = ?))";

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
    /// Only lines that a hold keeps.
    pub on_hold: bool,
    /// Only lines that a hold of this type keeps, as rows have it.
    pub hold_type: String,
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
    pub holds: Vec<Hold>,
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

/// Lines of accepted orders that wait, by item, place in the queue, order and line.
pub async fn waiting_lines(
    connection: &impl ConnectionTrait,
    query: &BacklogQuery,
    after: Option<&BacklogPlace>,
    limit: u64,
) -> Result<Vec<WaitingLine>, StorageError> {
    let Conditions { text, mut values } = conditions(query, after);
    values.push(Value::from(limit.cast_signed()));
    let text = format!(
        "SELECT * FROM order_line WHERE {WAITS}{text} \
         ORDER BY item_id, queue_key, queue_time, order_id, line_number LIMIT ?"
    );
    let lines = order_line::Entity::find().from_raw_sql(statement(connection, text, values)).all(connection).await?;
    with_orders(connection, lines).await
}

/// Conditions with their values, in one order.
#[derive(Default)]
struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition; each `?` in it stands for the next value.
    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self.values.extend(values);
    }
}

fn conditions(query: &BacklogQuery, after: Option<&BacklogPlace>) -> Conditions {
    let mut conditions = Conditions::default();
    if !query.item.is_empty() {
        conditions.add("item_id = ?", [Value::from(query.item.as_str())]);
    }
    if !query.location.is_empty() {
        // LIKE would not tell capital letters apart on SQLite; removing the location from the list does.
        let named = "REPLACE(locations, ?, '') <> locations";
        let serves = if query.location_serves_all { format!("(locations = '' OR {named})") } else { named.to_owned() };
        conditions.add(&serves, [Value::from(format!(" {} ", query.location))]);
    }
    if let Some(until) = query.queued_until {
        conditions.add("queue_time <= ?", [Value::from(until)]);
    }
    if let Some(before) = &query.promised_before {
        conditions.add("current_promised_date < ?", [Value::from(before.as_str())]);
    }
    if query.without_date {
        conditions.add("current_promised_date IS NULL", []);
    }
    if query.on_hold || !query.hold_type.is_empty() {
        conditions.add(&format!("(barriers & {}) <> 0", Barriers::HOLD_BITS), []);
    }
    if !query.hold_type.is_empty() {
        conditions.add(HOLD_OF_TYPE, [Value::from(query.hold_type.as_str()), Value::from(query.hold_type.as_str())]);
    }
    if let Some(place) = after {
        conditions.add(
            "(item_id, queue_key, queue_time, order_id, line_number) > (?, ?, ?, ?, ?)",
            [
                Value::from(place.item.as_str()),
                Value::from(place.queue_key.as_str()),
                Value::from(place.queue_time),
                Value::from(place.order.as_str()),
                Value::from(place.line),
            ],
        );
    }
    // A subquery of each line keeps the lines in the order of their index.
    let order = "EXISTS (SELECT 1 FROM customer_order WHERE id = order_line.order_id AND state = 'OPEN'";
    if query.customer.is_empty() {
        conditions.add(&format!("{order})"), []);
    } else {
        conditions.add(&format!("{order} AND customer = ?)"), [Value::from(query.customer.as_str())]);
    }
    conditions
}

async fn with_orders(
    connection: &impl ConnectionTrait,
    lines: Vec<order_line::Model>,
) -> Result<Vec<WaitingLine>, StorageError> {
    let ids: BTreeSet<String> = lines.iter().map(|line| line.order_id.clone()).collect();
    let orders = find_orders(connection, &ids).await?;
    let orders: HashMap<String, customer_order::Model> =
        orders.into_iter().map(|order| (order.id.clone(), order)).collect();
    let mut holds = holds::binding(connection, orders.values(), &lines).await?;
    let waiting = lines.into_iter().filter_map(|line| {
        let order = orders.get(&line.order_id)?.clone();
        let holds = holds.remove(&(line.order_id.clone(), line.line_number)).unwrap_or_default();
        Some(WaitingLine { order, line, holds })
    });
    Ok(waiting.collect())
}

/// One line with its order and its holds, waiting or not. Of a kit the component that keeps it.
pub async fn line_with_order(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
) -> Result<Option<(customer_order::Model, Option<WaitingLine>)>, StorageError> {
    let Some(row) = super::orders::find_order(connection, order).await? else { return Ok(None) };
    let (mut lines, mut holds) = lines_of_orders(connection, std::slice::from_ref(&row)).await?;
    let mut lines = lines.remove(order).unwrap_or_default();
    let is_kit = !lines.iter().any(|found| found.line_number == line);
    lines.retain(|found| if is_kit { found.kit_line == Some(line) } else { found.line_number == line });
    // A kit leaves with its last component: one of unknown day, or that of the latest.
    let found = lines.into_iter().max_by_key(|found| {
        let day = found.current_promised_date.clone();
        (found.open > 0, day.is_none(), day, std::cmp::Reverse(found.line_number))
    });
    let waiting = found.map(|line| {
        let holds = holds.remove(&(order.to_owned(), line.line_number)).unwrap_or_default();
        WaitingLine { order: row.clone(), line, holds }
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_order_of_their_conditions() {
        let query = BacklogQuery {
            item: "cup".to_owned(),
            customer: "c".to_owned(),
            location: "main".to_owned(),
            location_serves_all: true,
            ..BacklogQuery::default()
        };
        let made = conditions(&query, None);
        assert_eq!(
            made.text,
            " AND item_id = ? AND (locations = '' OR REPLACE(locations, ?, '') <> locations) AND EXISTS (SELECT 1 \
             FROM customer_order WHERE id = order_line.order_id AND state = 'OPEN' AND customer = ?)"
        );
        assert_eq!(made.values, [Value::from("cup"), Value::from(" main "), Value::from("c")]);
    }
}
