//! Reading orders.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_storage::{Reads, StorageError, WriteTx, keyed_row, rows_by_key, sql};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbBackend, EntityTrait as _, ExprTrait as _, FromQueryResult,
    QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _, Value,
};

use crate::{
    order::{Book, LineRecord, OrderRecord, key::LINE_NUMBER_MAX},
    store::{
        KEYS_PER_QUERY_MAX,
        entity::{customer_order, line_claim, lost_demand, order_line},
        holds::{self, HoldsOfLines},
    },
};

/// One order.
pub async fn find_order(
    connection: &impl ConnectionTrait,
    id: &str,
) -> Result<Option<customer_order::Model>, StorageError> {
    Ok(customer_order::Entity::find_by_id(id).one(connection).await?)
}

/// The orders of the ids that are there, ascending by id.
pub async fn find_orders(
    connection: &impl ConnectionTrait,
    ids: &BTreeSet<String>,
) -> Result<Vec<customer_order::Model>, StorageError> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut orders = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let query = customer_order::Entity::find()
            .filter(customer_order::Column::Id.is_in(chunk.iter().copied()))
            .order_by_asc(customer_order::Column::Id);
        orders.extend(query.all(connection).await?);
    }
    Ok(orders)
}

async fn lock_orders_in_tx(
    tx: &WriteTx<'_>,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, OrderRecord>, StorageError> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut orders = BTreeMap::new();
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let query = customer_order::Entity::find()
            .filter(customer_order::Column::Id.is_in(chunk.iter().copied()))
            .order_by_asc(customer_order::Column::Id)
            .lock_exclusive();
        for row in query.all(tx).await? {
            orders.insert(row.id.clone(), OrderRecord::new(row));
        }
    }
    Ok(orders)
}

struct OrderMark {
    id: String,
    claims_pending: bool,
}

keyed_row!(OrderMark, "customer_order" { id, claims_pending });

/// Those of the orders whose claims changed while they were busy. Locks all of them.
pub async fn claims_pending_in_tx(tx: &WriteTx<'_>, ids: &BTreeSet<String>) -> Result<BTreeSet<String>, StorageError> {
    let marks: Vec<OrderMark> = if tx.backend() == DbBackend::Sqlite {
        rows_by_key(tx, &["id"], ids.iter().map(|id| Value::from(id.as_str())).collect()).await?
    } else {
        let text = "SELECT id, claims_pending FROM customer_order WHERE id = ANY(?) ORDER BY id FOR UPDATE";
        let rows = tx.query_all_raw(sql::statement(tx, text, [sql::texts(ids.iter().map(String::as_str))])).await?;
        let mark = |row: &QueryResult| {
            Ok(OrderMark { id: row.try_get("", "id")?, claims_pending: row.try_get("", "claims_pending")? })
        };
        rows.iter().map(mark).collect::<Result<_, StorageError>>()?
    };
    Ok(marks.into_iter().filter(|order| order.claims_pending).map(|order| order.id).collect())
}

/// The orders of the ids that are there, without locks.
pub async fn orders_by_id<'a>(
    connection: &impl Reads,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<customer_order::Model>, StorageError> {
    rows_by_key(connection, &["id"], ids.map(Value::from).collect()).await
}

/// Locks orders and loads all their lines and claims.
pub async fn load_orders_in_tx(tx: &WriteTx<'_>, ids: &BTreeSet<String>) -> Result<Book, StorageError> {
    let mut book = Book { orders: lock_orders_in_tx(tx, ids).await? };
    let keys = || ids.iter().map(|id| Value::from(id.as_str())).collect();
    put_lines(&mut book, rows_by_key(tx, &["order_id"], keys()).await?);
    put_claims(&mut book, rows_by_key(tx, &["order_id"], keys()).await?);
    Ok(book)
}

/// Locks the orders of some lines and loads these lines, the other lines of their ship sets, and their claims. Lines and
/// orders that are not there are left out.
pub async fn load_lines_in_tx(tx: &WriteTx<'_>, keys: &BTreeSet<(String, i32)>) -> Result<Book, StorageError> {
    let ids: BTreeSet<String> = keys.iter().map(|(order, _)| order.clone()).collect();
    let mut book = Book { orders: lock_orders_in_tx(tx, &ids).await? };
    put_lines(&mut book, rows_by_key(tx, &["order_id", "line_number"], line_keys(keys)).await?);
    let mut keys = keys.clone();
    put_components_in_tx(tx, &mut book, &mut keys).await?;
    let sets = book.orders.values().flat_map(|order| order.lines.values()).map(|line| &line.row);
    let sets: BTreeSet<(&str, &str)> =
        sets.filter(|row| !row.set_name.is_empty()).map(|row| (row.order_id.as_str(), row.set_name.as_str())).collect();
    if !sets.is_empty() {
        let values = sets.iter().flat_map(|(order, set)| [Value::from(*order), Value::from(*set)]).collect();
        let members: Vec<order_line::Model> = rows_by_key(tx, &["order_id", "set_name"], values).await?;
        keys.extend(members.iter().map(|row| (row.order_id.clone(), row.line_number)));
        put_lines(&mut book, members);
    }
    put_claims(&mut book, rows_by_key(tx, &["order_id", "line_number"], line_keys(&keys)).await?);
    Ok(book)
}

/// Loads the components of those kits that stand for lines. Orders without kits cost nothing.
async fn put_components_in_tx(
    tx: &WriteTx<'_>,
    book: &mut Book,
    keys: &mut BTreeSet<(String, i32)>,
) -> Result<(), StorageError> {
    let is_kit = |(order, line): &&(String, i32)| {
        let order = book.orders.get(order);
        order.is_some_and(|order| !order.row.kits.is_empty() && !order.lines.contains_key(line))
    };
    let kits: Vec<Value> = keys
        .iter()
        .filter(is_kit)
        .flat_map(|(order, line)| [Value::from(order.as_str()), Value::from(*line)])
        .collect();
    if kits.is_empty() {
        return Ok(());
    }
    let components: Vec<order_line::Model> = rows_by_key(tx, &["order_id", "kit_line"], kits).await?;
    keys.extend(components.iter().map(|row| (row.order_id.clone(), row.line_number)));
    put_lines(book, components);
    Ok(())
}

/// The components of kits, each named by its order and number.
pub async fn components_by_kit(
    connection: &impl Reads,
    kits: &BTreeSet<(String, i32)>,
) -> Result<Vec<order_line::Model>, StorageError> {
    rows_by_key(connection, &["order_id", "kit_line"], line_keys(kits)).await
}

/// Lines by order and number, without locks.
pub async fn lines_by_key(
    connection: &impl Reads,
    keys: &BTreeSet<(String, i32)>,
) -> Result<HashMap<(String, i32), order_line::Model>, StorageError> {
    let lines: Vec<order_line::Model> = rows_by_key(connection, &["order_id", "line_number"], line_keys(keys)).await?;
    Ok(lines.into_iter().map(|line| ((line.order_id.clone(), line.line_number), line)).collect())
}

#[derive(FromQueryResult)]
struct LastLine {
    order_id: String,
    line_number: i64,
}

/// The highest number of a line of each of the orders, which are locked.
pub async fn last_line_numbers_in_tx(
    tx: &WriteTx<'_>,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, i32>, StorageError> {
    use order_line::Column as C;
    let ids: Vec<&str> = ids.iter().copied().collect();
    let mut last = BTreeMap::new();
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let rows: Vec<LastLine> = order_line::Entity::find()
            .select_only()
            .column(C::OrderId)
            // SQLite does not know the type of a maximum, so both are asked for the widest one.
            .column_as(C::LineNumber.max().cast_as("BIGINT"), "line_number")
            .filter(C::OrderId.is_in(chunk.iter().copied()))
            .group_by(C::OrderId)
            .into_model()
            .all(tx)
            .await?;
        let number = |line: i64| i32::try_from(line).unwrap_or(LINE_NUMBER_MAX);
        last.extend(rows.into_iter().map(|row| (row.order_id, number(row.line_number))));
    }
    Ok(last)
}

pub(super) fn line_keys(keys: &BTreeSet<(String, i32)>) -> Vec<Value> {
    keys.iter().flat_map(|(order, line)| [Value::from(order.as_str()), Value::from(*line)]).collect()
}

pub(super) fn put_lines(book: &mut Book, rows: Vec<order_line::Model>) {
    for row in rows {
        if let Some(order) = book.orders.get_mut(&row.order_id) {
            order.lines.insert(row.line_number, LineRecord::new(row));
        }
    }
}

pub(super) fn put_claims(book: &mut Book, rows: Vec<line_claim::Model>) {
    for row in rows {
        let order = book.orders.get_mut(&row.order_id);
        if let Some(line) = order.and_then(|order| order.lines.get_mut(&row.line_number)) {
            line.claims.insert(row.part, row);
        }
    }
}

/// The lines of orders by order and number, with the holds that bind them.
pub async fn lines_of_orders(
    connection: &impl ConnectionTrait,
    orders: &[customer_order::Model],
) -> Result<(HashMap<String, Vec<order_line::Model>>, HoldsOfLines), StorageError> {
    let mut lines: HashMap<String, Vec<order_line::Model>> = HashMap::new();
    for chunk in orders.chunks(KEYS_PER_QUERY_MAX) {
        let rows = order_line::Entity::find()
            .filter(order_line::Column::OrderId.is_in(chunk.iter().map(|order| order.id.as_str())))
            .order_by_asc(order_line::Column::OrderId)
            .order_by_asc(order_line::Column::LineNumber)
            .all(connection)
            .await?;
        for row in rows {
            lines.entry(row.order_id.clone()).or_default().push(row);
        }
    }
    let holds = holds::binding(connection, orders, lines.values().flatten()).await?;
    Ok((lines, holds))
}

/// What was lost of an order, in the order of its lines.
pub async fn lost_demand_of(
    connection: &impl ConnectionTrait,
    order: &str,
) -> Result<Vec<lost_demand::Model>, StorageError> {
    Ok(lost_demand::Entity::find()
        .filter(lost_demand::Column::OrderId.eq(order))
        .order_by_asc(lost_demand::Column::LineNumber)
        .order_by_asc(lost_demand::Column::Part)
        .all(connection)
        .await?)
}

/// Which orders are listed.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only in this state.
    pub state: Option<&'static str>,
    /// Only of this customer; empty means all.
    pub customer: String,
}

/// Orders by order time and id, after a place in this order.
pub async fn list_orders(
    connection: &impl ConnectionTrait,
    filter: &ListFilter,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<customer_order::Model>, StorageError> {
    use customer_order::Column as C;
    let mut query = customer_order::Entity::find().order_by_asc(C::OrderedAt).order_by_asc(C::Id).limit(limit);
    if let Some(state) = filter.state {
        query = query.filter(C::State.eq(state));
    }
    if !filter.customer.is_empty() {
        query = query.filter(C::Customer.eq(filter.customer.as_str()));
    }
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::OrderedAt.eq(time)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::OrderedAt.gt(time)).add(same_time));
    }
    Ok(query.all(connection).await?)
}
