//! Lists takes.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{order::take::message, store::takes, use_cases::UseCases};

impl UseCases {
    /// Takes by the time at which they were asked, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_takes(
        &self,
        filter: (Option<&str>, &str),
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::DropShipTake)>, StorageError> {
        let rows = takes::list(self.store().reader(), filter, after, limit).await?;
        rows.iter().map(|row| Ok((format!("{} {}", row.asked_at, row.id), message(row)?))).collect()
    }
}
