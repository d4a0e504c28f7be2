//! Shipments and their lines.

use std::collections::HashMap;

use backorder_storage::{Batch, StorageError, bulk};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::{
    entity::{shipment, shipment_line, shipped_batch},
    shipped_batches,
};

/// The state of a shipment of which nobody has told what arrived.
pub const SHIPPED: &str = "SHIPPED";
/// The state of a shipment of which it is known what arrived.
pub const DELIVERED: &str = "DELIVERED";

/// A shipment with its lines, by order, line and location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeShipment {
    /// The shipment.
    pub row: shipment::Model,
    /// Its lines.
    pub lines: Vec<shipment_line::Model>,
    /// The units of named batches and owners among them.
    pub batches: Vec<shipped_batch::Model>,
}

/// One shipment.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<WholeShipment>, StorageError> {
    let Some(row) = shipment::Entity::find_by_id(id).one(connection).await? else { return Ok(None) };
    Ok(with_lines(connection, vec![row]).await?.pop())
}

/// Shipments by the time at which they left, after a place in this order. `order` picks those with goods of it.
pub async fn list(
    connection: &impl ConnectionTrait,
    order: &str,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<WholeShipment>, StorageError> {
    use shipment::Column as C;
    let mut query = shipment::Entity::find().order_by_asc(C::ShippedAt).order_by_asc(C::Id).limit(limit);
    if !order.is_empty() {
        let of_order = shipment_line::Entity::find()
            .select_only()
            .column(shipment_line::Column::ShipmentId)
            .filter(shipment_line::Column::OrderId.eq(order));
        query = query.filter(C::Id.in_subquery(sea_orm::QueryTrait::into_query(of_order)));
    }
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::ShippedAt.eq(time)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::ShippedAt.gt(time)).add(same_time));
    }
    with_lines(connection, query.all(connection).await?).await
}

async fn with_lines(
    connection: &impl ConnectionTrait,
    rows: Vec<shipment::Model>,
) -> Result<Vec<WholeShipment>, StorageError> {
    use shipment_line::Column as C;
    let query = shipment_line::Entity::find()
        .filter(C::ShipmentId.is_in(rows.iter().map(|row| row.id.as_str())))
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .order_by_asc(C::LocationId);
    let mut lines: HashMap<String, Vec<shipment_line::Model>> = HashMap::new();
    for line in query.all(connection).await? {
        lines.entry(line.shipment_id.clone()).or_default().push(line);
    }
    let named = lines.iter().filter(|(_, lines)| lines.iter().any(|line| line.named > 0));
    let mut batches = shipped_batches::of_shipments(connection, named.map(|(id, _)| id.as_str())).await?;
    let whole = |row: shipment::Model| WholeShipment {
        lines: lines.remove(&row.id).unwrap_or_default(),
        batches: batches.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// Writes shipments with their lines, over those that are there. Of which batches the units were never changes.
pub fn put(batch: &mut Batch, shipments: Vec<WholeShipment>) {
    let (mut rows, mut lines, mut batches) = (Vec::with_capacity(shipments.len()), Vec::new(), Vec::new());
    for shipment in shipments {
        batches.extend(shipment.batches.into_iter().map(shipped_batch::Model::into_active_model));
        rows.push(shipment.row.into_active_model());
        lines.extend(shipment.lines.into_iter().map(shipment_line::Model::into_active_model));
    }
    {
        use shipment::Column as C;
        let columns = [
            C::State,
            C::DeliveredAt,
            C::Documents,
            C::Version,
            C::CarrierStatus,
            C::CarrierStatusAt,
            C::ExpectedDeliveryAt,
            C::EstimatedAt,
        ];
        batch.upsert(rows, &bulk::replacing([C::Id], columns));
    }
    use shipment_line::Column as C;
    let key = [C::ShipmentId, C::OrderId, C::LineNumber, C::LocationId];
    batch.upsert(lines, &bulk::replacing(key, [C::Accepted, C::Damaged, C::Refused]));
    use shipped_batch::Column as B;
    batch.upsert(batches, &bulk::keeping([B::ShipmentId, B::Ordinal]));
}
