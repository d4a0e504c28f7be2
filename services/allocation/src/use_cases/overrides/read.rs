//! Reads overrides.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{
    error::{Error, Kind},
    order::overrides::message,
    store::overrides::{self, OverrideFilter},
    use_cases::UseCases,
};

impl UseCases {
    /// One override.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_override(&self, id: &str) -> Result<pb::Override, Error> {
        let found = overrides::find(self.store().reader(), id).await?;
        Ok(message(&found.ok_or_else(|| Error::missing(Kind::Override, format!("overrides/{id}")))?)?)
    }

    /// Overrides by time, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_overrides(
        &self,
        filter: &OverrideFilter,
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::Override)>, StorageError> {
        let rows = overrides::list(self.store().reader(), filter, after, limit).await?;
        rows.iter().map(|row| Ok((format!("{} {}", row.created_at, row.id), message(row)?))).collect()
    }
}
