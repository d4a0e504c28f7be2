//! Promises that are to be looked at again.

use std::collections::BTreeSet;

use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::store::entity::order_line;

#[derive(FromQueryResult)]
struct LineName {
    order_id: String,
    line_number: i32,
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
