//! Overrides.

use backorder_storage::{Batch, StorageError, bulk, columns};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::entity::line_override;

/// The state of an override that another person has to decide.
pub const PENDING_APPROVAL: &str = "PENDING_APPROVAL";
/// The state of an override that is done.
pub const APPLIED: &str = "APPLIED";
/// The state of an override that another person refused.
pub const REFUSED: &str = "REFUSED";
/// The state of an override that was ended or withdrawn.
pub const ENDED: &str = "ENDED";
/// The state of an override whose time is over.
pub const EXPIRED: &str = "EXPIRED";

/// One override.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<line_override::Model>, StorageError> {
    Ok(line_override::Entity::find_by_id(id).one(connection).await?)
}

/// Which overrides are listed. Empty fields mean all.
#[derive(Debug, Clone, Default)]
pub struct OverrideFilter {
    /// Only about lines of this order.
    pub order: String,
    /// Only in this state.
    pub state: &'static str,
}

/// Overrides by time and id, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &OverrideFilter,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<line_override::Model>, StorageError> {
    use line_override::Column as C;
    let mut query = line_override::Entity::find().order_by_asc(C::CreatedAt).order_by_asc(C::Id).limit(limit);
    if !filter.order.is_empty() {
        query = query.filter(C::OrderId.eq(filter.order.as_str()));
    }
    if !filter.state.is_empty() {
        query = query.filter(C::State.eq(filter.state));
    }
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::CreatedAt.eq(time)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::CreatedAt.gt(time)).add(same_time));
    }
    Ok(query.all(connection).await?)
}

/// Pins and pending overrides whose time is over, some of them.
pub async fn expired(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<line_override::Model>, StorageError> {
    use line_override::Column as C;
    let holds = Condition::any()
        .add(C::State.eq(PENDING_APPROVAL))
        .add(Condition::all().add(C::State.eq(APPLIED)).add(C::Kind.eq("PIN")));
    let query = line_override::Entity::find()
        .filter(C::State.is_in([PENDING_APPROVAL, APPLIED]))
        .filter(C::ExpiresAt.lte(columns::micros(now)))
        .filter(holds)
        .order_by_asc(C::ExpiresAt)
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// Writes overrides, over those that are there.
pub fn put(batch: &mut Batch, overrides: Vec<line_override::Model>) {
    use line_override::Column as C;
    let rows = overrides.into_iter().map(line_override::Model::into_active_model).collect();
    let columns = [C::State, C::Actor, C::ExpiresAt, C::Content, C::Version];
    batch.upsert(rows, &bulk::replacing([C::Id], columns));
}
