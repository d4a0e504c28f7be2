//! Schedules of allocation runs.

use backorder_storage::{StorageError, WriteTx};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, sea_query::OnConflict,
};

use super::entity::run_schedule::{Column as C, Entity, Model};

/// One schedule.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, StorageError> {
    Ok(Entity::find_by_id(id).one(connection).await?)
}

/// All schedules, by id.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Model>, StorageError> {
    Ok(Entity::find().order_by_asc(C::Id).all(connection).await?)
}

/// How many there are.
pub async fn count(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    Ok(Entity::find().count(connection).await?)
}

/// A schedule, locked.
pub async fn lock_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<Option<Model>, StorageError> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx).await?)
}

/// Writes a schedule.
pub async fn put_in_tx(tx: &WriteTx<'_>, schedule: Model) -> Result<(), StorageError> {
    let columns = [C::Content, C::Actor, C::NextAt, C::LastRunId, C::LastDueAt, C::Version, C::UpdatedAt];
    let replacing = OnConflict::column(C::Id).update_columns(columns).to_owned();
    Entity::insert(schedule.into_active_model()).on_conflict(replacing).exec_without_returning(tx).await?;
    Ok(())
}

/// Deletes a schedule.
pub async fn remove_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<(), StorageError> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// The schedules of which a moment has come, the longest due first.
pub async fn due(connection: &impl ConnectionTrait, now: i64) -> Result<Vec<String>, StorageError> {
    let query = Entity::find().select_only().column(C::Id).filter(C::NextAt.lte(now));
    Ok(query.order_by_asc(C::NextAt).order_by_asc(C::Id).into_tuple().all(connection).await?)
}
