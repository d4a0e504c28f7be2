//! Queries of what kits are made of, and of what an item has that a kit may not have.

use std::collections::BTreeSet;

use backorder_domain::ids::ItemId;
use backorder_storage::StorageError;
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use super::{
    catalog::invalid,
    entity::{claim, item_component, position, supply},
    stock::is_open,
};

/// Item ids in one `IN` list at most.
const IDS_PER_QUERY_MAX: usize = 500;

/// Those of the items that are kits.
pub async fn kits_among(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<BTreeSet<ItemId>, StorageError> {
    use item_component::Column as C;
    let mut kits = BTreeSet::new();
    for chunk in items.chunks(IDS_PER_QUERY_MAX) {
        let query = item_component::Entity::find().select_only().column(C::ItemId).distinct();
        let query = query.filter(C::ItemId.is_in(chunk.iter().map(|id| id.as_str())));
        for id in query.into_tuple::<String>().all(connection).await? {
            kits.insert(ItemId::try_new(id).map_err(|error| invalid("item_component", error))?);
        }
    }
    Ok(kits)
}

/// The kits that hold some of the items, each with the item.
pub async fn kits_with(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<Vec<(String, String)>, StorageError> {
    use item_component::Column as C;
    let mut kits = Vec::new();
    for chunk in items.chunks(IDS_PER_QUERY_MAX) {
        let query = item_component::Entity::find().filter(C::ComponentItemId.is_in(chunk.iter().map(|id| id.as_str())));
        let rows = query.all(connection).await?;
        kits.extend(rows.into_iter().map(|row| (row.item_id, row.component_item_id)));
    }
    Ok(kits)
}

/// What there is of an item: stock, a claim or expected supply; `None` when there is nothing.
pub async fn stocked(connection: &impl ConnectionTrait, item: &ItemId) -> Result<Option<&'static str>, StorageError> {
    let positions = position::Entity::find().filter(position::Column::ItemId.eq(item.as_str())).all(connection).await?;
    let units = |row: &position::Model| {
        row.available + row.reserved + row.released + row.held + row.quality_control + row.damaged + row.in_transit
    };
    if positions.iter().any(|row| units(row) > 0) {
        return Ok(Some("stock"));
    }
    let claims = claim::Entity::find().filter(claim::Column::ItemId.eq(item.as_str()));
    let some = Condition::any().add(claim::Column::Reserved.gt(0)).add(claim::Column::Waiting.gt(0));
    if claims.filter(some).one(connection).await?.is_some() {
        return Ok(Some("demand"));
    }
    let supplies = supply::Entity::find().filter(supply::Column::ItemId.eq(item.as_str())).filter(is_open());
    Ok(supplies.one(connection).await?.map(|_| "expected supply"))
}
