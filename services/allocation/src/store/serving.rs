//! Categories whose items a planner serves.

use backorder_domain::allocation::serving::PlannedServing;
use backorder_storage::{StorageError, WriteTx, columns};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait as _, QueryOrder as _, sea_query::OnConflict};

use super::entity::serving_mode;

/// All of them, by category.
pub async fn all(connection: &impl ConnectionTrait) -> Result<Vec<PlannedServing>, StorageError> {
    let rows = serving_mode::Entity::find().order_by_asc(serving_mode::Column::Category).all(connection).await?;
    let planned = rows.into_iter().map(|row| {
        let run_time = columns::optional_time(row.run_time.as_deref(), "serving_mode")?;
        Ok(PlannedServing { category: row.category, run_time })
    });
    planned.collect()
}

/// Lets a planner serve the items of a category.
pub async fn put_in_tx(tx: &WriteTx<'_>, planned: &PlannedServing) -> Result<(), StorageError> {
    use serving_mode::Column as C;
    let row = serving_mode::ActiveModel {
        category: Set(planned.category.clone()),
        run_time: Set(planned.run_time.map(columns::time_text)),
    };
    let replacing = OnConflict::column(C::Category).update_column(C::RunTime).to_owned();
    serving_mode::Entity::insert(row).on_conflict(replacing).exec_without_returning(tx).await?;
    Ok(())
}

/// Lets runs serve the items of a category at once.
pub async fn remove_in_tx(tx: &WriteTx<'_>, category: &str) -> Result<(), StorageError> {
    serving_mode::Entity::delete_by_id(category).exec(tx).await?;
    Ok(())
}
