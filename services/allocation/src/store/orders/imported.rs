//! Lines that were taken over from another system, read without locks.

use std::collections::BTreeSet;

use backorder_domain::order::eligibility::Barrier;
use backorder_storage::{Batch, Reads, StorageError, rows_by_key};
use sea_orm::IntoActiveModel as _;

use super::read::{find_orders, line_keys, put_claims, put_lines};
use crate::{
    order::{Book, OrderRecord},
    store::entity::line_claim,
};

/// Writes copies of claims of what left in another system.
pub fn insert_history(batch: &mut Batch, claims: Vec<line_claim::Model>) {
    batch.insert(claims.into_iter().map(line_claim::Model::into_active_model).collect());
}

/// Lines with their orders and claims, as they are at about one moment.
pub async fn read_lines(connection: &impl Reads, keys: &BTreeSet<(String, i32)>) -> Result<Book, StorageError> {
    let ids: BTreeSet<String> = keys.iter().map(|(order, _)| order.clone()).collect();
    let orders = find_orders(connection, &ids).await?.into_iter();
    let orders = orders.map(|row| (row.id.clone(), OrderRecord::new(row)));
    let mut book = Book { orders: orders.collect() };
    put_lines(&mut book, rows_by_key(connection, &["order_id", "line_number"], line_keys(keys)).await?);
    put_claims(&mut book, rows_by_key(connection, &["order_id", "line_number"], line_keys(keys)).await?);
    Ok(book)
}

/// The waiting parts that may take stock when the barrier of go-live goes, in the order of the queue.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a set of barriers that was not written here.
pub fn opened_parts(book: &Book) -> Result<Vec<line_claim::Model>, StorageError> {
    let mut parts = Vec::new();
    for line in book.orders.values().flat_map(|order| order.lines.values()) {
        let barriers = line.barriers()?;
        if barriers.contains(Barrier::GoLive) && barriers.set(Barrier::GoLive, false).may_take_stock() {
            parts.extend(line.claims.values().filter(|claim| claim.waiting > 0).cloned());
        }
    }
    parts.sort_by(|a, b| place(a).cmp(&place(b)));
    Ok(parts)
}

fn place(part: &line_claim::Model) -> (&str, i64, &str, i32, i32) {
    (&part.queue_key, part.queue_time, &part.order_id, part.line_number, part.part)
}
