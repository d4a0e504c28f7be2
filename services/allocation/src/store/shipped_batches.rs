//! Of which batches and owners the units of shipments were, and what came back of them.

use std::collections::{BTreeSet, HashMap};

use backorder_storage::{Batch, Reads, StorageError, WriteTx, rows_by_key, sql};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
};

use super::{KEYS_PER_QUERY_MAX, entity::shipped_batch};

backorder_storage::keyed_row!(
    shipped_batch::Model,
    "shipped_batch" {
        shipment_id, ordinal, order_id, line_number, location_id, item_id, batch, owner, quantity, returned, cost_nanos,
        cost_currency, shipped_at,
    }
);

/// Which units are listed. Empty texts and missing times mean all.
#[derive(Debug, Clone, Default)]
pub struct LeftFilter {
    /// Of this item.
    pub item: String,
    /// Of this batch.
    pub batch: String,
    /// Of this owner.
    pub owner: String,
    /// Of other owners only.
    pub consigned_only: bool,
    /// What left in this time.
    pub time: LeftTime,
}

/// A time in which units left, in microseconds since the epoch.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeftTime {
    /// At this time or later.
    pub from: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
}

/// Units that left, of one owner, item and cost.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct LeftSum {
    /// The owner; empty for the company.
    pub owner: String,
    /// The item's id.
    pub item_id: String,
    /// What one of them cost.
    pub cost_nanos: Option<i64>,
    /// The currency of the cost.
    pub cost_currency: String,
    /// Base units that left.
    pub quantity: i64,
    /// Base units of them that came back.
    pub returned: i64,
}

/// What left of lines, oldest first.
pub async fn of_lines(
    tx: &WriteTx<'_>,
    lines: &BTreeSet<(String, i32)>,
) -> Result<Vec<shipped_batch::Model>, StorageError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let keys = lines.iter().flat_map(|(order, line)| [Value::from(order.as_str()), Value::from(*line)]);
    let mut rows: Vec<shipped_batch::Model> = rows_by_key(tx, &["order_id", "line_number"], keys.collect()).await?;
    rows.sort_by(|a, b| (a.shipped_at, &a.shipment_id, a.ordinal).cmp(&(b.shipped_at, &b.shipment_id, b.ordinal)));
    Ok(rows)
}

/// Units of a batch and owner that left for a line and did not come back.
#[must_use]
pub fn outstanding(shipped: &[shipped_batch::Model], line: (&str, i32), of: (&str, &str)) -> i64 {
    let rows = shipped.iter().filter(|row| is_of(row, line, of));
    rows.map(|row| row.quantity - row.returned).sum()
}

/// The batch and owner of all `left` units of a line that are with the customer, where they are all of one.
#[must_use]
pub fn all_of_one(shipped: &[shipped_batch::Model], line: (&str, i32), left: i64) -> Option<(String, String)> {
    let mut rows =
        shipped.iter().filter(|row| row.order_id == line.0 && row.line_number == line.1 && row.returned < row.quantity);
    let first = rows.next()?;
    let of = (first.batch.as_str(), first.owner.as_str());
    (outstanding(shipped, line, of) == left).then(|| (of.0.to_owned(), of.1.to_owned()))
}

/// Notes that units of a batch and owner came back, those that left first.
pub fn take_back(shipped: &mut [shipped_batch::Model], line: (&str, i32), of: (&str, &str), quantity: i64) {
    let mut rest = quantity;
    for row in shipped.iter_mut().filter(|row| is_of(row, line, of)) {
        let back = rest.min(row.quantity - row.returned);
        row.returned += back;
        rest -= back;
    }
}

fn is_of(row: &shipped_batch::Model, (order, line): (&str, i32), (batch, owner): (&str, &str)) -> bool {
    row.order_id == order && row.line_number == line && row.batch == batch && row.owner == owner
}

/// Writes what came back of rows that are there.
pub fn put_returned(batch: &mut Batch, rows: &[shipped_batch::Model]) {
    let values = rows
        .iter()
        .flat_map(|row| [Value::from(row.shipment_id.as_str()), Value::from(row.ordinal), Value::from(row.returned)]);
    batch.update("shipped_batch", &["shipment_id", "ordinal"], &["returned"], values.collect());
}

/// The units of shipments, by shipment.
pub async fn of_shipments<'a>(
    connection: &impl ConnectionTrait,
    ids: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Vec<shipped_batch::Model>>, StorageError> {
    use shipped_batch::Column as C;
    let ids: Vec<&str> = ids.collect();
    let mut found: HashMap<String, Vec<shipped_batch::Model>> = HashMap::new();
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let query = shipped_batch::Entity::find().filter(C::ShipmentId.is_in(chunk.iter().copied()));
        for row in query.order_by_asc(C::Ordinal).all(connection).await? {
            found.entry(row.shipment_id.clone()).or_default().push(row);
        }
    }
    Ok(found)
}

/// Units by the time at which they left, after a place in this order: time, shipment, ordinal.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &LeftFilter,
    after: Option<(i64, &str, i32)>,
    limit: u64,
) -> Result<Vec<shipped_batch::Model>, StorageError> {
    use shipped_batch::Column as C;
    let mut wanted = Condition::all().add_option(filter.time.from.map(|from| C::ShippedAt.gte(from)));
    wanted = wanted.add_option(filter.time.until.map(|until| C::ShippedAt.lt(until)));
    for (column, text) in [(C::ItemId, &filter.item), (C::Batch, &filter.batch), (C::Owner, &filter.owner)] {
        wanted = wanted.add_option((!text.is_empty()).then(|| column.eq(text.as_str())));
    }
    wanted = wanted.add_option(filter.consigned_only.then(|| C::Owner.ne("")));
    if let Some((time, shipment, ordinal)) = after {
        let same_shipment = Condition::all().add(C::ShipmentId.eq(shipment)).add(C::Ordinal.gt(ordinal));
        let later = Condition::any().add(C::ShipmentId.gt(shipment)).add(same_shipment);
        let same_time = Condition::all().add(C::ShippedAt.eq(time)).add(later);
        wanted = wanted.add(Condition::any().add(C::ShippedAt.gt(time)).add(same_time));
    }
    let query = shipped_batch::Entity::find().filter(wanted).limit(limit);
    let query = query.order_by_asc(C::ShippedAt).order_by_asc(C::ShipmentId).order_by_asc(C::Ordinal);
    Ok(query.all(connection).await?)
}

/// What left of our locations in a time, by item and cost, whosever it was; and the part of it that had a row of its own,
/// by owner too.
pub async fn sums(connection: &impl Reads, time: LeftTime) -> Result<(Vec<LeftSum>, Vec<LeftSum>), StorageError> {
    let (from, until) = (time.from.unwrap_or(i64::MIN), time.until.unwrap_or(i64::MAX));
    let sum = |column: &str| format!("CAST(SUM({column}) AS BIGINT)");
    let all = format!(
        "SELECT '' AS owner, l.item_id AS item_id, l.cost_nanos AS cost_nanos, l.cost_currency AS cost_currency, \
         {} AS quantity, CAST(0 AS BIGINT) AS returned FROM shipment s \
         JOIN shipment_line n ON n.shipment_id = s.id \
         JOIN order_line l ON l.order_id = n.order_id AND l.line_number = n.line_number \
         WHERE s.supplier = '' AND s.shipped_at >= ? AND s.shipped_at < ? \
         GROUP BY l.item_id, l.cost_nanos, l.cost_currency",
        sum("n.quantity")
    );
    let named = format!(
        "SELECT owner, item_id, cost_nanos, cost_currency, {} AS quantity, {} AS returned FROM shipped_batch \
         WHERE shipped_at >= ? AND shipped_at < ? GROUP BY owner, item_id, cost_nanos, cost_currency",
        sum("quantity"),
        sum("returned")
    );
    let mut found = Vec::with_capacity(2);
    for text in [all, named] {
        let query = sql::statement(connection, text, vec![Value::from(from), Value::from(until)]);
        found.push(LeftSum::find_by_statement(query).all(connection).await?);
    }
    let named = found.pop().unwrap_or_default();
    Ok((found.pop().unwrap_or_default(), named))
}
