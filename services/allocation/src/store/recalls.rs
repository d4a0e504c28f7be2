//! Recalls.

use backorder_storage::{Batch, StorageError, bulk};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::entity::recall;

/// The state of a recall that the warehouse has not answered.
pub const PENDING: &str = "PENDING";
/// The state of a recall after which the warehouse gave something back.
pub const RETURNED: &str = "RETURNED";
/// The state of a recall after which nothing came back.
pub const REFUSED: &str = "REFUSED";

/// One recall.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<recall::Model>, StorageError> {
    Ok(recall::Entity::find_by_id(id).one(connection).await?)
}

/// The recalls of a line that the warehouse has not answered, newest first.
pub async fn pending_of_line(
    connection: &impl ConnectionTrait,
    order: &str,
    line: i32,
) -> Result<Vec<recall::Model>, StorageError> {
    use recall::Column as C;
    let query = recall::Entity::find()
        .filter(C::OrderId.eq(order))
        .filter(C::LineNumber.eq(line))
        .filter(C::State.eq(PENDING))
        .order_by_desc(C::AskedAt)
        .order_by_desc(C::Id);
    Ok(query.all(connection).await?)
}

/// The recalls of the orders from `first` to `last` that the warehouse has not answered.
pub async fn pending_between(
    connection: &impl ConnectionTrait,
    first: &str,
    last: &str,
) -> Result<Vec<recall::Model>, StorageError> {
    use recall::Column as C;
    let query = recall::Entity::find().filter(C::OrderId.between(first, last)).filter(C::State.eq(PENDING));
    Ok(query.all(connection).await?)
}

/// Recalls by the time at which they were asked, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    state: Option<&str>,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<recall::Model>, StorageError> {
    use recall::Column as C;
    let mut query = recall::Entity::find().order_by_asc(C::AskedAt).order_by_asc(C::Id).limit(limit);
    if let Some(state) = state {
        query = query.filter(C::State.eq(state));
    }
    if let Some((time, id)) = after {
        let same_time = Condition::all().add(C::AskedAt.eq(time)).add(C::Id.gt(id));
        query = query.filter(Condition::any().add(C::AskedAt.gt(time)).add(same_time));
    }
    Ok(query.all(connection).await?)
}

/// Writes recalls, over those that are there.
pub fn put(batch: &mut Batch, recalls: Vec<recall::Model>) {
    use recall::Column as C;
    let rows = recalls.into_iter().map(recall::Model::into_active_model).collect();
    batch.upsert(
        rows,
        &bulk::replacing([C::Id], [C::Returned, C::Missed, C::Cancelling, C::State, C::AnsweredAt, C::Version]),
    );
}
