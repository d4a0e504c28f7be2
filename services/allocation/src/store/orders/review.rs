//! Promises that are to be looked at again: when their time has come, or when a release date changes.

use std::collections::BTreeSet;

use backorder_storage::{Batch, StorageError, WriteTx, columns, sql::statement};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
};

use crate::store::{KEYS_PER_QUERY_MAX, entity::order_line};

#[derive(FromQueryResult)]
struct LineName {
    order_id: String,
    line_number: i32,
}

/// A line that is promised units without a reservation.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct UnreservedLine {
    pub item_id: String,
    pub order_id: String,
    pub line_number: i32,
}

/// Lines whose promise stands against what is expected and is to be looked at again by now, the longest due first, at
/// most `limit`.
pub async fn promises_to_review(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<BTreeSet<(String, i32)>, StorageError> {
    use order_line::Column as C;
    let lines: Vec<LineName> = order_line::Entity::find()
        .select_only()
        .columns([C::OrderId, C::LineNumber])
        .filter(C::PromiseReviewAt.lte(columns::micros(now)))
        .order_by_asc(C::PromiseReviewAt)
        .limit(limit)
        .into_model()
        .all(connection)
        .await?;
    Ok(lines.into_iter().map(|line| (line.order_id, line.line_number)).collect())
}

/// Lines that are promised units without a reservation, after a place by item, order and line, at most `limit`.
pub async fn unreserved_lines(
    connection: &impl ConnectionTrait,
    after: Option<(&str, &str, i32)>,
    limit: u64,
) -> Result<Vec<UnreservedLine>, StorageError> {
    let (item, order, line) = after.unwrap_or_default();
    // The condition of the index.
    let text = "SELECT item_id, order_id, line_number FROM order_line WHERE unreserved_location <> '' \
                AND (item_id, order_id, line_number) > (?, ?, ?) ORDER BY item_id, order_id, line_number LIMIT ?";
    let values = [Value::from(item), Value::from(order), Value::from(line), Value::from(limit.cast_signed())];
    Ok(UnreservedLine::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// Lines of the items of which units are open or reserved.
pub async fn unshipped_lines<'a>(
    connection: &impl ConnectionTrait,
    items: impl Iterator<Item = &'a str>,
) -> Result<BTreeSet<(String, i32)>, StorageError> {
    use order_line::Column as C;
    let items: Vec<&str> = items.collect();
    let mut keys = BTreeSet::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let found: Vec<LineName> = order_line::Entity::find()
            .select_only()
            .columns([C::OrderId, C::LineNumber])
            .filter(C::ItemId.is_in(chunk.iter().copied()))
            .filter(Condition::any().add(C::Open.gt(0)).add(C::Reserved.gt(0)))
            .into_model()
            .all(connection)
            .await?;
        keys.extend(found.into_iter().map(|line| (line.order_id, line.line_number)));
    }
    Ok(keys)
}

/// Sets the release date of a line, whose order is locked. A step that is under way for the order reads it at its end.
pub async fn put_release_date_in_tx(
    tx: &WriteTx<'_>,
    order: &str,
    line: i32,
    date: Option<&str>,
) -> Result<(), StorageError> {
    let row = vec![Value::from(order), Value::from(line), Value::from(date.map(str::to_owned))];
    let mut batch = Batch::new(tx);
    batch.update("order_line", &["order_id", "line_number"], &["release_date"], row);
    batch.run(tx).await?;
    Ok(())
}

/// Sets the reservation horizon of a line, whose order is locked. A step that is under way for the order reads it at its
/// end.
pub async fn put_horizon_in_tx(
    tx: &WriteTx<'_>,
    order: &str,
    line: i32,
    days: Option<i32>,
) -> Result<(), StorageError> {
    let row = vec![Value::from(order), Value::from(line), Value::from(days)];
    let mut batch = Batch::new(tx);
    batch.update("order_line", &["order_id", "line_number"], &["reservation_horizon_days"], row);
    batch.run(tx).await?;
    Ok(())
}
