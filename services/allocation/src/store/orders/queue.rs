//! The parts of lines that wait, and their places in the queue.

use std::collections::BTreeSet;

use backorder_storage::{Batch, Reads, StorageError, WriteTx, sql::statement};
use sea_orm::{EntityTrait as _, Value};

use super::read::{find_orders, lines_by_key};
use crate::{
    order::LineKey,
    store::entity::{customer_order, line_claim, order_line},
};

/// A waiting part with its line and order.
#[derive(Debug, Clone)]
pub struct WaitingPart {
    /// The order.
    pub order: customer_order::Model,
    /// The line.
    pub line: order_line::Model,
    /// The claim of the part.
    pub claim: line_claim::Model,
}

/// Waiting parts by order, line and part, after a place in this order.
pub async fn waiting_parts(
    connection: &impl Reads,
    after: Option<&LineKey>,
    limit: u64,
) -> Result<Vec<WaitingPart>, StorageError> {
    let start = LineKey { order: String::new(), line: 0, part: 0 };
    let after = after.unwrap_or(&start);
    let query = statement(
        connection,
        "SELECT * FROM line_claim WHERE waiting > 0 AND (order_id, line_number, part) > (?, ?, ?) \
         ORDER BY order_id, line_number, part LIMIT ?",
        [
            Value::from(after.order.as_str()),
            Value::from(after.line),
            Value::from(after.part),
            Value::from(i64::try_from(limit).unwrap_or(i64::MAX)),
        ],
    );
    let claims = line_claim::Entity::find().from_raw_sql(query).all(connection).await?;
    let ids: BTreeSet<String> = claims.iter().map(|claim| claim.order_id.clone()).collect();
    let orders = find_orders(connection, &ids).await?;
    let keys: BTreeSet<(String, i32)> =
        claims.iter().map(|claim| (claim.order_id.clone(), claim.line_number)).collect();
    let lines = lines_by_key(connection, &keys).await?;
    let part = |claim: line_claim::Model| {
        let order = orders.iter().find(|order| order.id == claim.order_id)?.clone();
        let line = lines.get(&(claim.order_id.clone(), claim.line_number))?.clone();
        Some(WaitingPart { order, line, claim })
    };
    Ok(claims.into_iter().filter_map(part).collect())
}

/// Sets the places of lines in the backlog: order, line, key.
pub async fn put_queue_keys_in_tx(tx: &WriteTx<'_>, keys: &[(String, i32, String)]) -> Result<(), StorageError> {
    let rows = keys
        .iter()
        .flat_map(|(order, line, key)| [Value::from(order.as_str()), Value::from(*line), Value::from(key.as_str())]);
    let mut batch = Batch::new(tx);
    batch.update("order_line", &["order_id", "line_number"], &["queue_key"], rows.collect());
    batch.run(tx).await?;
    Ok(())
}
