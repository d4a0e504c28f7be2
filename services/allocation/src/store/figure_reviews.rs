//! Closed months of service figures, and what figures should reach.

use backorder_storage::{StorageError, WriteTx};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};

use super::entity::{figure_period, figure_target};

/// An edition of a closed month; 0 is the last one.
pub async fn find_period(
    connection: &impl ConnectionTrait,
    month: &str,
    edition: i32,
) -> Result<Option<figure_period::Model>, StorageError> {
    use figure_period::Column as C;
    let query = figure_period::Entity::find().filter(C::Month.eq(month)).order_by_desc(C::Edition);
    let query = if edition == 0 { query } else { query.filter(C::Edition.eq(edition)) };
    Ok(query.limit(1).one(connection).await?)
}

/// Closed months before a month, the latest first, each in its last edition.
pub async fn list_periods(
    connection: &impl ConnectionTrait,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<figure_period::Model>, StorageError> {
    use figure_period::Column as C;
    let later = Expr::cust(
        "NOT EXISTS (SELECT 1 FROM figure_period AS later WHERE later.month = figure_period.month \
         AND later.edition > figure_period.edition)",
    );
    let query = figure_period::Entity::find().filter(later).order_by_desc(C::Month).limit(limit);
    let query = before.iter().fold(query, |query, before| query.filter(C::Month.lt(*before)));
    Ok(query.all(connection).await?)
}

/// Writes an edition; answers false when it is there already, and nothing was written.
pub async fn insert_period_in_tx(tx: &WriteTx<'_>, period: figure_period::Model) -> Result<bool, StorageError> {
    let key = [figure_period::Column::Month, figure_period::Column::Edition];
    let none = OnConflict::columns(key).do_nothing().to_owned();
    let insert = figure_period::Entity::insert(period.into_active_model()).on_conflict(none);
    Ok(insert.exec_without_returning(tx).await? == 1)
}

/// One target.
pub async fn find_target(
    connection: &impl ConnectionTrait,
    id: &str,
) -> Result<Option<figure_target::Model>, StorageError> {
    Ok(figure_target::Entity::find_by_id(id).one(connection).await?)
}

/// One target, locked.
pub async fn lock_target_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<Option<figure_target::Model>, StorageError> {
    Ok(figure_target::Entity::find_by_id(id).lock_exclusive().one(tx).await?)
}

/// All targets, by id.
pub async fn list_targets(connection: &impl ConnectionTrait) -> Result<Vec<figure_target::Model>, StorageError> {
    Ok(figure_target::Entity::find().order_by_asc(figure_target::Column::Id).all(connection).await?)
}

/// How many targets were not yet judged over the days up to this one, or not as they were put last.
pub async fn count_unjudged(connection: &impl ConnectionTrait, until: &str) -> Result<u64, StorageError> {
    use figure_target::Column as C;
    let other_days = Condition::any().add(C::JudgedUntil.is_null()).add(C::JudgedUntil.ne(until));
    let other_terms = Expr::col(C::JudgedVersion).ne(Expr::col(C::Version));
    Ok(figure_target::Entity::find().filter(other_days.add(other_terms)).count(connection).await?)
}

/// How many targets there are.
pub async fn count_targets(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    Ok(figure_target::Entity::find().count(connection).await?)
}

/// Writes a target that is new; answers false when it is there already, and nothing was written.
pub async fn insert_target_in_tx(tx: &WriteTx<'_>, target: figure_target::Model) -> Result<bool, StorageError> {
    let none = OnConflict::column(figure_target::Column::Id).do_nothing().to_owned();
    let insert = figure_target::Entity::insert(target.into_active_model()).on_conflict(none);
    Ok(insert.exec_without_returning(tx).await? == 1)
}

/// Writes a target that is there and locked.
pub async fn update_target_in_tx(tx: &WriteTx<'_>, target: figure_target::Model) -> Result<(), StorageError> {
    figure_target::Entity::update(target.into_active_model().reset_all()).exec(tx).await?;
    Ok(())
}

/// Deletes a target; answers false when there was none.
pub async fn delete_target_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<bool, StorageError> {
    Ok(figure_target::Entity::delete_by_id(id).exec(tx).await?.rows_affected == 1)
}
