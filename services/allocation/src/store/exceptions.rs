//! What needs a planner: lines by value at risk, the other sources that this service has, and what planners add.

use std::collections::{BTreeSet, HashMap};

use backorder_storage::{
    StorageError, WriteTx, columns,
    sql::{rows_of_placeholders, statement},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value, sea_query::OnConflict,
};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{customer_hold, customer_order, exception_note, line_hold, order_line, recall},
    recalls::PENDING,
};
use crate::order::exception::Place;

/// Subjects of each other source at most.
const OTHERS_MAX: u64 = 1_000;

/// Lines that need a planner, by value, order and number, from a place on.
pub async fn lines(
    connection: &impl ConnectionTrait,
    kinds: i32,
    from: Option<&Place>,
    limit: u64,
) -> Result<Vec<order_line::Model>, StorageError> {
    let mut text = "SELECT * FROM order_line WHERE exceptions <> 0 AND (exceptions & ?) <> 0".to_owned();
    let mut values = vec![Value::from(kinds)];
    match from {
        Some(place) if place.is_other => {
            text.push_str(" AND risk_nanos < ?");
            values.push(Value::from(place.value.0));
        }
        Some(place) => {
            text.push_str(" AND risk_nanos <= ? AND (risk_nanos < ? OR (order_id, line_number) >= (?, ?))");
            let value = || Value::from(place.value.0);
            values.extend([value(), value(), Value::from(place.subject.as_str()), Value::from(place.line)]);
        }
        None => {}
    }
    text.push_str(" ORDER BY risk_nanos DESC, order_id, line_number LIMIT ?");
    values.push(Value::from(limit.cast_signed()));
    let query = order_line::Entity::find().from_raw_sql(statement(connection, text, values));
    Ok(query.all(connection).await?)
}

/// One line.
pub async fn line(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
) -> Result<Option<order_line::Model>, StorageError> {
    Ok(order_line::Entity::find_by_id((order.to_owned(), line)).one(connection).await?)
}

#[derive(FromQueryResult)]
struct CustomerOf {
    id: String,
    customer: String,
}

/// The customers of orders, by order.
pub async fn customers(
    connection: &impl ConnectionTrait,
    orders: &BTreeSet<String>,
) -> Result<HashMap<String, String>, StorageError> {
    use customer_order::Column as C;
    let ids: Vec<&str> = orders.iter().map(String::as_str).collect();
    let mut customers = HashMap::new();
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let query = customer_order::Entity::find()
            .select_only()
            .columns([C::Id, C::Customer])
            .filter(C::Id.is_in(chunk.iter().copied()));
        let found: Vec<CustomerOf> = query.into_model().all(connection).await?;
        customers.extend(found.into_iter().map(|order| (order.id, order.customer)));
    }
    Ok(customers)
}

/// Recalls that the warehouse has not answered since before an instant, oldest first.
pub async fn old_recalls(
    connection: &impl ConnectionTrait,
    before: Timestamp,
) -> Result<Vec<recall::Model>, StorageError> {
    use recall::Column as C;
    let query = recall::Entity::find()
        .filter(C::State.eq(PENDING))
        .filter(C::AskedAt.lte(columns::micros(before)))
        .order_by_asc(C::AskedAt)
        .limit(OTHERS_MAX);
    Ok(query.all(connection).await?)
}

/// Holds on lines that were set before an instant and have not ended, oldest first.
pub async fn old_holds(
    connection: &impl ConnectionTrait,
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<line_hold::Model>, StorageError> {
    use line_hold::Column as C;
    let query = line_hold::Entity::find()
        .filter(C::SetAt.lte(columns::micros(before)))
        .filter(Condition::any().add(C::UntilAt.is_null()).add(C::UntilAt.gt(columns::micros(now))))
        .order_by_asc(C::SetAt)
        .limit(OTHERS_MAX);
    Ok(query.all(connection).await?)
}

/// Holds on customers that were set before an instant and have not ended, oldest first.
pub async fn old_customer_holds(
    connection: &impl ConnectionTrait,
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<customer_hold::Model>, StorageError> {
    use customer_hold::Column as C;
    let query = customer_hold::Entity::find()
        .filter(C::SetAt.lte(columns::micros(before)))
        .filter(Condition::any().add(C::UntilAt.is_null()).add(C::UntilAt.gt(columns::micros(now))))
        .order_by_asc(C::SetAt)
        .limit(OTHERS_MAX);
    Ok(query.all(connection).await?)
}

/// What waits of the open orders of customers, by customer.
pub async fn waiting_of(
    connection: &impl ConnectionTrait,
    customers: &BTreeSet<String>,
) -> Result<HashMap<String, Waiting>, StorageError> {
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    let mut waiting = HashMap::new();
    for chunk in customers.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "SELECT o.customer AS customer, CAST(SUM(l.open) AS BIGINT) AS open, CAST(SUM(l.risk_nanos) AS BIGINT) AS risk \
             FROM customer_order o JOIN order_line l ON l.order_id = o.id \
             WHERE o.state = 'OPEN' AND o.customer IN (VALUES {}) GROUP BY o.customer",
            rows_of_placeholders(chunk.len(), 1)
        );
        for row in
            connection.query_all_raw(statement(connection, text, chunk.iter().map(|id| Value::from(*id)))).await?
        {
            let (open, risk_nanos) = (row.try_get("", "open")?, row.try_get("", "risk")?);
            waiting.insert(row.try_get("", "customer")?, Waiting { open, risk_nanos });
        }
    }
    Ok(waiting)
}

/// What waits for an item, or of a customer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waiting {
    /// Base units.
    pub open: i64,
    /// Their value in company currency, in nano-units.
    pub risk_nanos: i64,
}

/// What waits for items, by item; items for which nothing waits are left out.
pub async fn waiting_for(
    connection: &impl ConnectionTrait,
    items: &BTreeSet<String>,
) -> Result<HashMap<String, Waiting>, StorageError> {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let mut waiting = HashMap::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        // The conditions are those of the index of the backlog. Sums of whole numbers are decimals on PostgreSQL.
        let text = format!(
            "SELECT item_id, CAST(SUM(open) AS BIGINT) AS open, CAST(SUM(risk_nanos) AS BIGINT) AS risk FROM order_line \
             WHERE open > 0 AND version > 0 AND item_id IN (VALUES {}) GROUP BY item_id",
            rows_of_placeholders(chunk.len(), 1)
        );
        for row in
            connection.query_all_raw(statement(connection, text, chunk.iter().map(|id| Value::from(*id)))).await?
        {
            let (open, risk_nanos) = (row.try_get("", "open")?, row.try_get("", "risk")?);
            waiting.insert(row.try_get("", "item_id")?, Waiting { open, risk_nanos });
        }
    }
    Ok(waiting)
}

/// What planners added to exceptions of subjects.
pub async fn notes(
    connection: &impl ConnectionTrait,
    subjects: &BTreeSet<&str>,
) -> Result<Vec<exception_note::Model>, StorageError> {
    let subjects: Vec<&str> = subjects.iter().copied().collect();
    let mut notes = Vec::new();
    for chunk in subjects.chunks(KEYS_PER_QUERY_MAX) {
        let query = exception_note::Entity::find().filter(exception_note::Column::Subject.is_in(chunk.iter().copied()));
        notes.extend(query.all(connection).await?);
    }
    Ok(notes)
}

/// Writes what a planner added, over what is there.
pub async fn put_note_in_tx(tx: &WriteTx<'_>, note: exception_note::Model) -> Result<(), StorageError> {
    use exception_note::Column as C;
    let changing = [C::Since, C::Owner, C::SnoozedUntil, C::Note, C::Actor, C::ReasonCode, C::ReasonNote, C::UpdatedAt];
    let replacing = OnConflict::columns([C::Subject, C::Kind]).update_columns(changing).to_owned();
    exception_note::Entity::insert(note.into_active_model()).on_conflict(replacing).exec_without_returning(tx).await?;
    Ok(())
}
