//! Reads shipments.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::StorageError;

use crate::{
    error::{Error, Kind},
    order::shipment::message,
    store::shipments,
    use_cases::UseCases,
};

impl UseCases {
    /// One shipment with its lines.
    ///
    /// # Errors
    /// [`Error::Missing`] when no shipment has the id.
    pub async fn get_shipment(&self, id: &str) -> Result<pb::Shipment, Error> {
        let found = shipments::find(self.store().reader(), id).await?;
        let found = found.ok_or_else(|| Error::missing(Kind::Shipment, format!("shipments/{id}")))?;
        Ok(message(&found)?)
    }

    /// Shipments by the time at which they left, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn list_shipments(
        &self,
        order: &str,
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::Shipment)>, StorageError> {
        let found = shipments::list(self.store().reader(), order, after, limit).await?;
        found.iter().map(|one| Ok((format!("{} {}", one.row.shipped_at, one.row.id), message(one)?))).collect()
    }
}
