//! Events of carriers.

use backorder_storage::{Batch, StorageError};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::entity::{carrier_event, shipment};

/// Writes events.
pub fn insert(batch: &mut Batch, events: Vec<carrier_event::Model>) {
    batch.insert(events.into_iter().map(carrier_event::Model::into_active_model).collect());
}

/// The latest events of a shipment, by their own time.
pub async fn of_shipment(
    connection: &impl ConnectionTrait,
    shipment: &str,
    limit: u64,
) -> Result<Vec<carrier_event::Model>, StorageError> {
    use carrier_event::Column as C;
    let query = carrier_event::Entity::find()
        .filter(C::ShipmentId.eq(shipment))
        .order_by_desc(C::HappenedAt)
        .order_by_desc(C::Sender)
        .order_by_desc(C::Number)
        .order_by_desc(C::Line)
        .limit(limit);
    let mut events = query.all(connection).await?;
    events.reverse();
    Ok(events)
}

/// The id of the shipment that left last under a tracking number.
pub async fn tracked(connection: &impl ConnectionTrait, tracking_number: &str) -> Result<Option<String>, StorageError> {
    use shipment::Column as C;
    let query = shipment::Entity::find()
        .filter(C::TrackingNumber.eq(tracking_number))
        .order_by_desc(C::ShippedAt)
        .order_by_desc(C::Id)
        .limit(1);
    Ok(query.one(connection).await?.map(|row| row.id))
}
