//! Many rows in few statements, below the limits of both databases.

use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, Iterable, sea_query::OnConflict};

use crate::{StorageError, WriteTx, sql::ROWS_PER_STATEMENT_MAX};

/// Bound values at most in one statement: the lower of the two databases' limits (SQLite 32,766, PostgreSQL 65,535).
pub const BINDS_MAX: usize = 32_766;

/// Inserts rows, or updates those that exist as `on_conflict` says; answers how many rows were written.
///
/// All models of one call must set the same columns. Rows are locked in the given order: sort by key before.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn upsert<A>(tx: &WriteTx<'_>, models: Vec<A>, on_conflict: OnConflict) -> Result<u64, StorageError>
where
    A: ActiveModelTrait + Send,
{
    write(tx, models, Some(on_conflict)).await
}

/// Inserts rows; answers how many.
///
/// # Errors
/// [`StorageError::Unique`] and its kin when a row is refused, else [`StorageError`] of the statements.
pub async fn insert<A>(tx: &WriteTx<'_>, models: Vec<A>) -> Result<u64, StorageError>
where
    A: ActiveModelTrait + Send,
{
    write(tx, models, None).await
}

async fn write<A>(tx: &WriteTx<'_>, models: Vec<A>, on_conflict: Option<OnConflict>) -> Result<u64, StorageError>
where
    A: ActiveModelTrait + Send,
{
    let Some(first) = models.first() else { return Ok(0) };
    let rows_max = rows_per_statement(bound_columns(first));
    let mut written = 0;
    let mut rest = models.into_iter().peekable();
    while rest.peek().is_some() {
        let mut insert = A::Entity::insert_many(rest.by_ref().take(rows_max));
        if let Some(on_conflict) = &on_conflict {
            insert = insert.on_conflict(on_conflict.clone());
        }
        written += insert.exec_without_returning(tx).await?;
    }
    Ok(written)
}

fn bound_columns<A: ActiveModelTrait>(model: &A) -> usize {
    let set = <A::Entity as EntityTrait>::Column::iter().filter(|c| !matches!(model.get(*c), ActiveValue::NotSet));
    set.count().max(1)
}

fn rows_per_statement(columns: usize) -> usize {
    (BINDS_MAX / columns).clamp(1, ROWS_PER_STATEMENT_MAX)
}

/// The conflict clause that is needed most: on the key, take over every other given column from the new row.
pub fn replacing<C: sea_orm::sea_query::IntoIden>(
    key: impl IntoIterator<Item = C>,
    columns: impl IntoIterator<Item = C>,
) -> OnConflict {
    OnConflict::columns(key).update_columns(columns).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_stays_below_the_bind_limit_and_takes_at_least_one_row() {
        assert_eq!(rows_per_statement(8), ROWS_PER_STATEMENT_MAX);
        assert!(rows_per_statement(300) * 300 <= BINDS_MAX);
        assert_eq!(rows_per_statement(BINDS_MAX + 1), 1);
    }
}
