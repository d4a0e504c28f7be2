//! Lists recalls.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{order::recall::message, store::recalls, use_cases::UseCases};

impl UseCases {
    /// Recalls by the time at which they were asked, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_recalls(
        &self,
        state: Option<&str>,
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::Recall)>, StorageError> {
        let rows = recalls::list(self.store().reader(), state, after, limit).await?;
        rows.iter().map(|row| Ok((format!("{} {}", row.asked_at, row.id), message(row)?))).collect()
    }
}
