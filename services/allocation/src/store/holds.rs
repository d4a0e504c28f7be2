//! Holds on lines and customers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::order::eligibility::{Barriers, HoldTarget};
use backorder_storage::{Batch, StorageError, WriteTx, bulk, sql::statement};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value, sea_query::OnConflict,
};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{customer_hold, customer_order, held_customer, line_hold, order_line},
};
use crate::order::hold::{Hold, Target};

/// Holds by order and line.
pub type HoldsOfLines = HashMap<(String, i32), Vec<Hold>>;

/// The holds on lines of some orders, by type.
pub async fn of_orders(connection: &impl ConnectionTrait, orders: &[&str]) -> Result<HoldsOfLines, StorageError> {
    let mut holds = HoldsOfLines::new();
    for chunk in orders.chunks(KEYS_PER_QUERY_MAX) {
        let query = line_hold::Entity::find()
            .filter(line_hold::Column::OrderId.is_in(chunk.iter().copied()))
            .order_by_asc(line_hold::Column::HoldType);
        for row in query.all(connection).await? {
            holds.entry((row.order_id.clone(), row.line_number)).or_default().push(Hold::of_line(row));
        }
    }
    Ok(holds)
}

/// The holds on some customers, by type.
pub async fn of_customers(
    connection: &impl ConnectionTrait,
    customers: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vec<Hold>>, StorageError> {
    let customers: Vec<&str> = customers.iter().copied().collect();
    let mut holds: BTreeMap<String, Vec<Hold>> = BTreeMap::new();
    for chunk in customers.chunks(KEYS_PER_QUERY_MAX) {
        let query = customer_hold::Entity::find()
            .filter(customer_hold::Column::Customer.is_in(chunk.iter().copied()))
            .order_by_asc(customer_hold::Column::HoldType);
        for row in query.all(connection).await? {
            holds.entry(row.customer.clone()).or_default().push(Hold::of_customer(row));
        }
    }
    Ok(holds)
}

/// The holds that bind lines: those on the line, then those on the customer of its order. Customers are asked for only
/// where a line says that one holds it.
pub async fn binding<'r>(
    connection: &impl ConnectionTrait,
    orders: impl IntoIterator<Item = &'r customer_order::Model>,
    lines: impl IntoIterator<Item = &'r order_line::Model>,
) -> Result<HoldsOfLines, StorageError> {
    let customers: HashMap<&str, &str> =
        orders.into_iter().map(|order| (order.id.as_str(), order.customer.as_str())).collect();
    let mut holds = of_orders(connection, &customers.keys().copied().collect::<Vec<_>>()).await?;
    let is_held = |line: &&order_line::Model| line.barriers & Barriers::CUSTOMER_HOLD_BITS != 0;
    let held: Vec<(&order_line::Model, &str)> = lines
        .into_iter()
        .filter(is_held)
        .filter_map(|line| Some((line, *customers.get(line.order_id.as_str())?)))
        .collect();
    let of_customers = of_customers(connection, &held.iter().map(|(_, customer)| *customer).collect()).await?;
    for (line, customer) in held {
        let theirs = of_customers.get(customer).into_iter().flatten().cloned();
        holds.entry((line.order_id.clone(), line.line_number)).or_default().extend(theirs);
    }
    Ok(holds)
}

/// What the holds on customers bar, by customer.
pub async fn barriers_of_customers(
    connection: &impl ConnectionTrait,
) -> Result<HashMap<String, Barriers>, StorageError> {
    let mut barriers: HashMap<String, Barriers> = HashMap::new();
    for row in customer_hold::Entity::find().all(connection).await? {
        let so_far = barriers.entry(row.customer).or_default();
        *so_far = so_far.union(Barriers::NONE.with_holds(HoldTarget::Customer, [row.blocks_allocation]));
    }
    Ok(barriers)
}

/// Locks customers, and counts a change of the holds of each; answers the counts.
pub async fn count_changes_in_tx(
    tx: &WriteTx<'_>,
    customers: &BTreeSet<&str>,
) -> Result<BTreeMap<String, i64>, StorageError> {
    let mut versions = BTreeMap::new();
    for customer in customers {
        let row = held_customer::Model { customer: (*customer).to_owned(), version: 1 };
        let more = OnConflict::column(held_customer::Column::Customer)
            .value(held_customer::Column::Version, sea_orm::sea_query::Expr::cust("held_customer.version + 1"))
            .to_owned();
        held_customer::Entity::insert(row.into_active_model()).on_conflict(more).exec_without_returning(tx).await?;
        let row = held_customer::Entity::find_by_id(*customer).one(tx).await?;
        versions.insert((*customer).to_owned(), row.map_or(0, |row| row.version));
    }
    Ok(versions)
}

/// Writes holds, over those of the same target and type.
pub fn put(batch: &mut Batch, holds: &[Hold]) {
    use customer_hold::Column as C;
    use line_hold::Column as L;
    let lines = holds.iter().filter_map(Hold::line_row).map(line_hold::Model::into_active_model).collect();
    let columns = [L::BlocksAllocation, L::Actor, L::ReasonCode, L::Note, L::UntilAt];
    batch.upsert(lines, &bulk::replacing([L::OrderId, L::LineNumber, L::HoldType], columns));
    let customers = holds.iter().filter_map(Hold::customer_row).map(customer_hold::Model::into_active_model).collect();
    let columns = [C::BlocksAllocation, C::Actor, C::ReasonCode, C::Note, C::UntilAt];
    batch.upsert(customers, &bulk::replacing([C::Customer, C::HoldType], columns));
}

/// Removes holds.
pub fn remove(batch: &mut Batch, holds: &[Hold]) {
    let (mut lines, mut customers) = (Vec::new(), Vec::new());
    for hold in holds {
        let hold_type = Value::from(hold.hold_type.as_str());
        match &hold.target {
            Target::Line(order, line) => lines.extend([Value::from(order.as_str()), Value::from(*line), hold_type]),
            Target::Customer(customer) => customers.extend([Value::from(customer.as_str()), hold_type]),
        }
    }
    batch.delete("line_hold", &["order_id", "line_number", "hold_type"], lines);
    batch.delete("customer_hold", &["customer", "hold_type"], customers);
}

/// Holds whose time is over, some of them.
pub async fn ended(connection: &impl ConnectionTrait, now: Timestamp, limit: u64) -> Result<Vec<Hold>, StorageError> {
    let now = backorder_storage::columns::micros(now);
    let customers = customer_hold::Entity::find()
        .filter(customer_hold::Column::UntilAt.lte(now))
        .order_by_asc(customer_hold::Column::UntilAt)
        .limit(limit);
    let lines = line_hold::Entity::find()
        .filter(line_hold::Column::UntilAt.lte(now))
        .order_by_asc(line_hold::Column::UntilAt)
        .limit(limit);
    let mut ended: Vec<Hold> = customers.all(connection).await?.into_iter().map(Hold::of_customer).collect();
    ended.extend(lines.all(connection).await?.into_iter().map(Hold::of_line));
    Ok(ended)
}

/// What a list of holds is limited to. Empty fields mean all.
#[derive(Debug, Clone, Default)]
pub struct HoldFilter {
    /// Only holds on lines of this order.
    pub order: String,
    /// Only holds on this line of the order; 0 means all.
    pub line: i32,
    /// Only holds on this customer.
    pub customer: String,
    /// Only this type, as rows have it.
    pub hold_type: String,
}

/// Holds on customers by customer and type, after a place in this order.
pub async fn list_of_customers(
    connection: &impl ConnectionTrait,
    filter: &HoldFilter,
    after: Option<(&str, &str)>,
    limit: u64,
) -> Result<Vec<Hold>, StorageError> {
    use customer_hold::Column as C;
    let mut query = customer_hold::Entity::find().order_by_asc(C::Customer).order_by_asc(C::HoldType).limit(limit);
    if !filter.customer.is_empty() {
        query = query.filter(C::Customer.eq(filter.customer.as_str()));
    }
    if !filter.hold_type.is_empty() {
        query = query.filter(C::HoldType.eq(filter.hold_type.as_str()));
    }
    if let Some((customer, hold_type)) = after {
        let same = Condition::all().add(C::Customer.eq(customer)).add(C::HoldType.gt(hold_type));
        query = query.filter(Condition::any().add(C::Customer.gt(customer)).add(same));
    }
    Ok(query.all(connection).await?.into_iter().map(Hold::of_customer).collect())
}

/// Holds on lines of orders that are not over, by order, line and type, after a place in this order.
pub async fn list_of_lines(
    connection: &impl ConnectionTrait,
    filter: &HoldFilter,
    after: Option<(&str, i32, &str)>,
    limit: u64,
) -> Result<Vec<Hold>, StorageError> {
    let mut text = format!(
        "SELECT hold.* FROM line_hold hold WHERE EXISTS (SELECT 1 FROM customer_order \
         WHERE id = hold.order_id AND {NOT_OVER})"
    );
    let mut values: Vec<Value> = Vec::new();
    if !filter.order.is_empty() {
        text.push_str(" AND hold.order_id = ?");
        values.push(Value::from(filter.order.as_str()));
    }
    if filter.line != 0 {
        text.push_str(" AND hold.line_number = ?");
        values.push(Value::from(filter.line));
    }
    if !filter.hold_type.is_empty() {
        text.push_str(" AND hold.hold_type = ?");
        values.push(Value::from(filter.hold_type.as_str()));
    }
    if let Some((order, line, hold_type)) = after {
        text.push_str(" AND (hold.order_id, hold.line_number, hold.hold_type) > (?, ?, ?)");
        values.extend([Value::from(order), Value::from(line), Value::from(hold_type)]);
    }
    text.push_str(" ORDER BY hold.order_id, hold.line_number, hold.hold_type LIMIT ?");
    values.push(Value::from(limit.cast_signed()));
    let rows = line_hold::Entity::find().from_raw_sql(statement(connection, text, values)).all(connection).await?;
    Ok(rows.into_iter().map(Hold::of_line).collect())
}

/// Orders of which lines may still move.
pub const NOT_OVER: &str = "state IN ('RESERVING', 'QUOTED', 'OPEN')";

/// Lines that are not barred as the holds on their customers say. Of orders that are over, only those whose customers have no
/// hold any more.
fn misbarred() -> String {
    let customer = Barriers::CUSTOMER_HOLD_BITS;
    let blocks = Barriers::NONE.with_holds(HoldTarget::Customer, [true]).bits();
    let keeps = Barriers::NONE.with_holds(HoldTarget::Customer, [false]).bits();
    format!(
        "(SELECT line.order_id, line.line_number FROM (SELECT customer, \
         MAX(CASE WHEN blocks_allocation THEN {blocks} ELSE 0 END) + \
         MAX(CASE WHEN blocks_allocation THEN 0 ELSE {keeps} END) AS bits FROM customer_hold GROUP BY customer) held \
         JOIN customer_order ON customer_order.customer = held.customer AND {NOT_OVER} \
         JOIN order_line line ON line.order_id = customer_order.id WHERE (line.barriers & {customer}) <> held.bits \
         UNION ALL SELECT line.order_id, line.line_number FROM order_line line \
         JOIN customer_order ON customer_order.id = line.order_id \
         WHERE line.barriers <> 0 AND (line.barriers & {customer}) <> 0 AND NOT EXISTS \
         (SELECT 1 FROM customer_hold WHERE customer_hold.customer = customer_order.customer)) misbarred"
    )
}

#[derive(FromQueryResult)]
struct LineNumber {
    order_id: String,
    line_number: i32,
}

/// Lines that are not barred as the holds on their customers say, by order and line, after a place in this order.
pub async fn misbarred_lines(
    connection: &impl ConnectionTrait,
    after: Option<&(String, i32)>,
    limit: u64,
) -> Result<BTreeSet<(String, i32)>, StorageError> {
    let (order, line) = after.map_or(("", 0), |(order, line)| (order.as_str(), *line));
    let text = format!(
        "SELECT order_id, line_number FROM {} WHERE (order_id, line_number) > (?, ?) \
         ORDER BY order_id, line_number LIMIT ?",
        misbarred()
    );
    let values = [Value::from(order), Value::from(line), Value::from(limit.cast_signed())];
    let rows = LineNumber::find_by_statement(statement(connection, text, values)).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.line_number)).collect())
}

#[derive(FromQueryResult)]
struct Count {
    lines: i64,
}

/// How many lines are not barred as the holds on their customers say.
pub async fn count_misbarred(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    let text = format!("SELECT COUNT(*) AS lines FROM {}", misbarred());
    let count = Count::find_by_statement(statement(connection, text, [])).one(connection).await?;
    Ok(count.map_or(0, |count| count.lines.unsigned_abs()))
}

/// The holds on lines of the orders from `first` to `last`.
pub async fn between(
    connection: &impl ConnectionTrait,
    first: &str,
    last: &str,
) -> Result<Vec<line_hold::Model>, StorageError> {
    Ok(line_hold::Entity::find().filter(line_hold::Column::OrderId.between(first, last)).all(connection).await?)
}
