//! Writing orders: few statements, whatever the number of lines.

use std::collections::BTreeMap;

use backorder_storage::{
    Batch, StorageError, WriteTx, bulk,
    sql::{self, rows_of_placeholders},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, Value, sea_query::OnConflict,
};

use crate::store::{
    KEYS_PER_QUERY_MAX,
    entity::{customer_order, line_claim, line_hold, lost_demand, order_line, order_write},
};

/// Writes a new order without its lines. Answers false, and writes nothing, when an order of the id is there.
pub async fn insert_order_in_tx(tx: &WriteTx<'_>, order: customer_order::Model) -> Result<bool, StorageError> {
    let none = OnConflict::column(customer_order::Column::Id).do_nothing().to_owned();
    let inserted =
        customer_order::Entity::insert(order.into_active_model()).on_conflict(none).exec_without_returning(tx).await?;
    if inserted == 0 {
        return Ok(false);
    }
    Ok(true)
}

/// Writes new orders without their lines. An order that is there fails the transaction.
pub fn insert_orders(batch: &mut Batch, orders: Vec<customer_order::Model>) {
    batch.insert(orders.into_iter().map(customer_order::Model::into_active_model).collect());
}

/// Writes the lines of new orders.
pub fn insert_lines(batch: &mut Batch, lines: Vec<order_line::Model>) {
    batch.insert(lines.into_iter().map(order_line::Model::into_active_model).collect());
}

/// Removes an order about which inventory refused to decide, as if it had never been.
pub async fn remove_order_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<(), StorageError> {
    line_claim::Entity::delete_many().filter(line_claim::Column::OrderId.eq(id)).exec(tx).await?;
    order_write::Entity::delete_many().filter(order_write::Column::OrderId.eq(id)).exec(tx).await?;
    line_hold::Entity::delete_many().filter(line_hold::Column::OrderId.eq(id)).exec(tx).await?;
    order_line::Entity::delete_many().filter(order_line::Column::OrderId.eq(id)).exec(tx).await?;
    customer_order::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// Removes lines that a step had added and about which inventory refused to decide, as if they had never been.
pub async fn remove_lines_in_tx(tx: &WriteTx<'_>, lines: &[(String, i32)]) -> Result<(), StorageError> {
    for (order, line) in lines {
        line_claim::Entity::delete_many()
            .filter(line_claim::Column::OrderId.eq(order))
            .filter(line_claim::Column::LineNumber.eq(*line))
            .exec(tx)
            .await?;
        order_line::Entity::delete_by_id((order.clone(), *line)).exec(tx).await?;
    }
    Ok(())
}

/// Marks orders, which are locked, as busy with a step, or as not busy.
pub fn mark_busy(batch: &mut Batch, orders: &[&str], step: Option<&str>) {
    let values = orders.iter().flat_map(|id| [Value::from(*id), Value::from(step.map(str::to_owned))]);
    batch.update("customer_order", &["id"], &["busy_step"], values.collect());
}

/// Marks orders, which are locked and busy, so that the end of their step makes all their lines follow their claims.
pub async fn mark_claims_pending_in_tx(tx: &WriteTx<'_>, orders: &[&str]) -> Result<(), StorageError> {
    for chunk in orders.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "UPDATE customer_order SET claims_pending = ? WHERE id IN (VALUES {})",
            rows_of_placeholders(chunk.len(), 1)
        );
        let values = std::iter::once(Value::from(true)).chain(chunk.iter().map(|id| Value::from(*id)));
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// Writes copies of claims over those that are there.
pub fn put_claims(batch: &mut Batch, mut claims: Vec<line_claim::Model>) {
    use line_claim::Column as C;
    claims.sort_by(|a, b| (&a.order_id, a.line_number, a.part).cmp(&(&b.order_id, b.line_number, b.part)));
    // Of several states of one claim the last one stands; one statement may touch a row only once.
    claims.reverse();
    claims.dedup_by(|a, b| (&a.order_id, a.line_number, a.part) == (&b.order_id, b.line_number, b.part));
    claims.reverse();
    let columns = [
        C::Reserved,
        C::Released,
        C::Waiting,
        C::Pegged,
        C::Posted,
        C::QueueKey,
        C::QueueTime,
        C::Reservations,
        C::Pegs,
        C::Eligible,
        C::Version,
    ];
    let rows = claims.into_iter().map(line_claim::Model::into_active_model).collect();
    batch.upsert(rows, &bulk::replacing([C::OrderId, C::LineNumber, C::Part], columns));
}

/// Writes lost demand. A part of a line that loses again, of the balance that a shipment cancels, has lost the sum.
pub fn put_lost(batch: &mut Batch, lost: Vec<lost_demand::Model>) {
    for chunk in lost.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "INSERT INTO lost_demand (order_id, line_number, part, item_id, quantity, reason, policy_id, lost_at) \
             VALUES {} ON CONFLICT (order_id, line_number, part) \
             DO UPDATE SET quantity = lost_demand.quantity + excluded.quantity",
            rows_of_placeholders(chunk.len(), 8)
        );
        let values = chunk.iter().flat_map(|lost| {
            [
                Value::from(lost.order_id.as_str()),
                Value::from(lost.line_number),
                Value::from(lost.part),
                Value::from(lost.item_id.as_str()),
                Value::from(lost.quantity),
                Value::from(lost.reason.as_str()),
                Value::from(lost.policy_id.as_str()),
                Value::from(lost.lost_at),
            ]
        });
        batch.push(text, values.collect());
    }
}

/// Writes what changes of orders, which are locked.
pub fn update_orders(batch: &mut Batch, orders: Vec<customer_order::Model>) {
    const COLUMNS: [&str; 8] = [
        "state",
        "lines_active",
        "lines_shipped",
        "busy_step",
        "claims_pending",
        "quote_expires_at",
        "version",
        "updated_at",
    ];
    let rows = last_of_each(orders, |order| order.id.clone()).into_iter().flat_map(|order| {
        [
            Value::from(order.id),
            Value::from(order.state),
            Value::from(order.lines_active),
            Value::from(order.lines_shipped),
            Value::from(order.busy_step),
            Value::from(order.claims_pending),
            Value::from(order.quote_expires_at),
            Value::from(order.version),
            Value::from(order.updated_at),
        ]
    });
    batch.update("customer_order", &["id"], &COLUMNS, rows.collect());
}

/// Writes the kits of orders, which are locked.
pub fn update_kits(batch: &mut Batch, kits: BTreeMap<String, String>) {
    let rows = kits.into_iter().flat_map(|(order, kits)| [Value::from(order), Value::from(kits)]);
    batch.update("customer_order", &["id"], &["kits"], rows.collect());
}

/// The columns of a line that change after it was placed, in the order of [`changing_values`].
const LINE_COLUMNS: [&str; 60] = [
    "ordered",
    "open",
    "reserved",
    "released",
    "recalling",
    "shipped",
    "cancelled",
    "delivered",
    "returned",
    "replaced",
    "refused",
    "filled_at_once",
    "backordered",
    "future",
    "preorder",
    "queue_key",
    "time_zone",
    "requested_date",
    "requested_basis",
    "original_promised_date",
    "current_promised_date",
    "expected_ship_date",
    "actual_ship_date",
    "latest_ship_date",
    "better_since",
    "promise_review_at",
    "promised_zone",
    "promise_revision",
    "confirmations",
    "filled_at",
    "parts",
    "version",
    "updated_at",
    "wait_started_at",
    "wait_limit_date",
    "wait_acted_for",
    "wait_due_at",
    "wait_escalated_at",
    "exceptions",
    "exception_times",
    "risk_nanos",
    "question_number",
    "question_answer_by",
    "queue_time",
    "ordered_unit_quantity",
    "policy_id",
    "barriers",
    "unreserved_quantity",
    "unreserved_location",
    "pin",
    "short_agreed_at",
    "set_name",
    "set_free",
    "substituted",
    "drop_ship_pending",
    "drop_ship_confirmed",
    "drop_shipped",
    "kit_surplus",
    "ordered_unit",
    "base_units_per_unit",
];

/// Writes what changes of lines, of which the orders are locked.
pub fn update_lines(batch: &mut Batch, lines: Vec<order_line::Model>) {
    let rows = last_of_each(lines, |line| (line.order_id.clone(), line.line_number));
    let rows = rows.into_iter().flat_map(changing_values).collect();
    batch.update("order_line", &["order_id", "line_number"], &LINE_COLUMNS, rows);
}

#[expect(clippy::too_many_lines, reason = "one for each column, in their order")]
fn changing_values(line: order_line::Model) -> [Value; 2 + LINE_COLUMNS.len()] {
    [
        Value::from(line.order_id),
        Value::from(line.line_number),
        Value::from(line.ordered),
        Value::from(line.open),
        Value::from(line.reserved),
        Value::from(line.released),
        Value::from(line.recalling),
        Value::from(line.shipped),
        Value::from(line.cancelled),
        Value::from(line.delivered),
        Value::from(line.returned),
        Value::from(line.replaced),
        Value::from(line.refused),
        Value::from(line.filled_at_once),
        Value::from(line.backordered),
        Value::from(line.future),
        Value::from(line.preorder),
        Value::from(line.queue_key),
        Value::from(line.time_zone),
        Value::from(line.requested_date),
        Value::from(line.requested_basis),
        Value::from(line.original_promised_date),
        Value::from(line.current_promised_date),
        Value::from(line.expected_ship_date),
        Value::from(line.actual_ship_date),
        Value::from(line.latest_ship_date),
        Value::from(line.better_since),
        Value::from(line.promise_review_at),
        Value::from(line.promised_zone),
        Value::from(line.promise_revision),
        Value::from(line.confirmations),
        Value::from(line.filled_at),
        Value::from(line.parts),
        Value::from(line.version),
        Value::from(line.updated_at),
        Value::from(line.wait_started_at),
        Value::from(line.wait_limit_date),
        Value::from(line.wait_acted_for),
        Value::from(line.wait_due_at),
        Value::from(line.wait_escalated_at),
        Value::from(line.exceptions),
        Value::from(line.exception_times),
        Value::from(line.risk_nanos),
        Value::from(line.question_number),
        Value::from(line.question_answer_by),
        Value::from(line.queue_time),
        Value::from(line.ordered_unit_quantity),
        Value::from(line.policy_id),
        Value::from(line.barriers),
        Value::from(line.unreserved_quantity),
        Value::from(line.unreserved_location),
        Value::from(line.pin),
        Value::from(line.short_agreed_at),
        Value::from(line.set_name),
        Value::from(line.set_free),
        Value::from(line.substituted),
        Value::from(line.drop_ship_pending),
        Value::from(line.drop_ship_confirmed),
        Value::from(line.drop_shipped),
        Value::from(line.kit_surplus),
        Value::from(line.ordered_unit),
        Value::from(line.base_units_per_unit),
    ]
}

/// Of several states of one row only the last one is written.
fn last_of_each<T, K: Ord>(rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let by_key: std::collections::BTreeMap<K, T> = rows.into_iter().map(|row| (key(&row), row)).collect();
    by_key.into_values().collect()
}
