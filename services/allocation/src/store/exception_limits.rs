//! How long what nobody answers or ends may stand before the planner's list names it.

use backorder_domain::order::exception::ExceptionLimits;
use backorder_storage::{StorageError, WriteTx};
use sea_orm::{ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QuerySelect as _, sea_query::OnConflict};

use super::entity::exception_limits::{Column as C, Entity, Model};

const TABLE: &str = "exception_limits";

/// The limits with their version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredLimits {
    /// The limits; the usual ones before the first change.
    pub limits: ExceptionLimits,
    /// Counts the changes.
    pub version: i64,
}

/// The limits.
pub async fn find(connection: &impl ConnectionTrait) -> Result<StoredLimits, StorageError> {
    stored(Entity::find_by_id(1).one(connection).await?)
}

/// The limits, locked. Before the first change their row is written, so that there is something to lock.
pub async fn lock_in_tx(tx: &WriteTx<'_>) -> Result<StoredLimits, StorageError> {
    let none = OnConflict::column(C::Id).do_nothing().to_owned();
    let usual = row(StoredLimits::default(), 0).into_active_model();
    Entity::insert(usual).on_conflict(none).exec_without_returning(tx).await?;
    stored(Entity::find_by_id(1).lock_exclusive().one(tx).await?)
}

/// Writes the limits.
pub async fn put_in_tx(tx: &WriteTx<'_>, limits: StoredLimits, now: i64) -> Result<(), StorageError> {
    let columns =
        [C::HoldDays, C::RecallHours, C::DropShipDeclinedDays, C::DropShipUnshippedDays, C::Version, C::UpdatedAt];
    let replacing = OnConflict::column(C::Id).update_columns(columns).to_owned();
    Entity::insert(row(limits, now).into_active_model()).on_conflict(replacing).exec_without_returning(tx).await?;
    Ok(())
}

fn row(StoredLimits { limits, version }: StoredLimits, now: i64) -> Model {
    Model {
        id: 1,
        hold_days: limits.hold_days.into(),
        recall_hours: limits.recall_hours.into(),
        drop_ship_declined_days: limits.drop_ship_declined_days.into(),
        drop_ship_unshipped_days: limits.drop_ship_unshipped_days.into(),
        version,
        updated_at: now,
    }
}

fn stored(row: Option<Model>) -> Result<StoredLimits, StorageError> {
    let Some(row) = row else { return Ok(StoredLimits::default()) };
    let number = |number: i32| {
        u16::try_from(number).map_err(|error| StorageError::InvalidRow { table: TABLE, detail: error.to_string() })
    };
    let limits = ExceptionLimits {
        hold_days: number(row.hold_days)?,
        recall_hours: number(row.recall_hours)?,
        drop_ship_declined_days: number(row.drop_ship_declined_days)?,
        drop_ship_unshipped_days: number(row.drop_ship_unshipped_days)?,
    };
    Ok(StoredLimits { limits, version: row.version })
}
