//! Versions of allocation policies, and which policy is in force.
//!
//! What holds at a time is what has the latest effective time up to then; of several of one time, the one that was written
//! last. Rows are never changed.

use backorder_storage::{
    StorageError, WriteTx,
    sql::{self, statement},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use super::entity::{allocation_policy_in_force as in_force, allocation_policy_version as version};

/// Lets writes about policies pass one after the other.
pub async fn lock_in_tx(tx: &WriteTx<'_>) -> Result<(), StorageError> {
    let text = "INSERT INTO allocation_policy_writes (id, writes) VALUES (1, 1) \
                ON CONFLICT (id) DO UPDATE SET writes = allocation_policy_writes.writes + 1";
    sql::execute(tx, text, []).await?;
    Ok(())
}

/// One version.
pub async fn find(
    connection: &impl ConnectionTrait,
    policy: &str,
    number: i64,
) -> Result<Option<version::Model>, StorageError> {
    Ok(version::Entity::find_by_id((policy.to_owned(), number)).one(connection).await?)
}

/// The version of a policy that holds at a time, in microseconds; it may be one that retires the policy.
pub async fn at(
    connection: &impl ConnectionTrait,
    policy: &str,
    time: i64,
) -> Result<Option<version::Model>, StorageError> {
    use version::Column as C;
    let query = version::Entity::find().filter(C::PolicyId.eq(policy)).filter(C::EffectiveAt.lte(time));
    Ok(query.order_by_desc(C::EffectiveAt).order_by_desc(C::Version).one(connection).await?)
}

/// The number of the newest version; 0 for none.
pub async fn newest(connection: &impl ConnectionTrait, policy: &str) -> Result<i64, StorageError> {
    use version::Column as C;
    let query = version::Entity::find().select_only().column(C::Version).filter(C::PolicyId.eq(policy));
    let newest: Option<i64> = query.order_by_desc(C::Version).into_tuple().one(connection).await?;
    Ok(newest.unwrap_or(0))
}

/// What a version says of other policies.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Holding {
    /// Since when it holds.
    pub effective_at: i64,
    /// Whether it ends the policy.
    pub retires: bool,
    /// The fallback; empty for none.
    pub fallback_id: String,
}

/// The versions of a policy that hold at a time or later, in their order in time.
pub async fn holding_from(
    connection: &impl ConnectionTrait,
    policy: &str,
    time: i64,
) -> Result<Vec<Holding>, StorageError> {
    // The one that holds then, and of each later time the one that was written last.
    let text = "SELECT effective_at, retires, fallback_id FROM allocation_policy_version AS here WHERE policy_id = ? \
                AND effective_at >= COALESCE((SELECT MAX(effective_at) FROM allocation_policy_version \
                                              WHERE policy_id = ? AND effective_at <= ?), ?) \
                AND version = (SELECT MAX(version) FROM allocation_policy_version AS same \
                               WHERE same.policy_id = here.policy_id AND same.effective_at = here.effective_at) \
                ORDER BY effective_at";
    let values = [Value::from(policy), Value::from(policy), Value::from(time), Value::from(time)];
    Ok(Holding::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

#[derive(FromQueryResult)]
struct Id {
    policy_id: String,
}

/// The policies of which a version falls back to a policy, by id.
pub async fn falling_back_to(connection: &impl ConnectionTrait, policy: &str) -> Result<Vec<String>, StorageError> {
    let text = "SELECT DISTINCT policy_id FROM allocation_policy_version WHERE fallback_id = ? ORDER BY policy_id";
    let found = Id::find_by_statement(statement(connection, text, [Value::from(policy)])).all(connection).await?;
    Ok(found.into_iter().map(|row| row.policy_id).collect())
}

/// Policies by id after an id: of each the version that holds at a time, or the first one that will.
pub async fn list(
    connection: &impl ConnectionTrait,
    after: &str,
    time: i64,
    limit: u64,
) -> Result<Vec<version::Model>, StorageError> {
    let text = "SELECT here.* FROM allocation_policy_version AS here WHERE policy_id > ? AND version = \
                (SELECT version FROM allocation_policy_version AS one WHERE one.policy_id = here.policy_id \
                 ORDER BY CASE WHEN effective_at <= ? THEN 0 ELSE 1 END, \
                          CASE WHEN effective_at <= ? THEN -effective_at ELSE effective_at END, version DESC LIMIT 1) \
                AND NOT retires ORDER BY policy_id LIMIT ?";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [Value::from(after), Value::from(time), Value::from(time), Value::from(limit)];
    Ok(version::Model::find_by_statement(statement(connection, text, values)).all(connection).await?)
}

/// The versions of a policy, newest first, before a number.
pub async fn versions(
    connection: &impl ConnectionTrait,
    policy: &str,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<version::Model>, StorageError> {
    use version::Column as C;
    let mut query = version::Entity::find().filter(C::PolicyId.eq(policy)).order_by_desc(C::Version).limit(limit);
    if let Some(before) = before {
        query = query.filter(C::Version.lt(before));
    }
    Ok(query.all(connection).await?)
}

/// Writes a version.
pub async fn insert_in_tx(tx: &WriteTx<'_>, row: version::Model) -> Result<(), StorageError> {
    version::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// The decision about which policy is in force that holds at a time; `None` before the first one.
pub async fn in_force_at(
    connection: &impl ConnectionTrait,
    time: i64,
) -> Result<Option<in_force::Model>, StorageError> {
    use in_force::Column as C;
    let query = in_force::Entity::find().filter(C::EffectiveAt.lte(time));
    Ok(query.order_by_desc(C::EffectiveAt).order_by_desc(C::Number).one(connection).await?)
}

/// Decisions, newest first, before a number.
pub async fn decisions(
    connection: &impl ConnectionTrait,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<in_force::Model>, StorageError> {
    use in_force::Column as C;
    let mut query = in_force::Entity::find().order_by_desc(C::Number).limit(limit);
    if let Some(before) = before {
        query = query.filter(C::Number.lt(before));
    }
    Ok(query.all(connection).await?)
}

/// Whether a policy is in force at a time or later, as it is decided now.
pub async fn is_in_force_from(
    connection: &impl ConnectionTrait,
    policy: &str,
    time: i64,
) -> Result<bool, StorageError> {
    if in_force_at(connection, time).await?.is_some_and(|decision| decision.policy_id == policy) {
        return Ok(true);
    }
    let text = "SELECT policy_id FROM allocation_policy_in_force AS here WHERE policy_id = ? AND effective_at > ? \
                AND number = (SELECT MAX(number) FROM allocation_policy_in_force AS same \
                              WHERE same.effective_at = here.effective_at) LIMIT 1";
    let values = [Value::from(policy), Value::from(time)];
    Ok(Id::find_by_statement(statement(connection, text, values)).one(connection).await?.is_some())
}

/// Writes a decision.
pub async fn decide_in_tx(tx: &WriteTx<'_>, row: in_force::Model) -> Result<(), StorageError> {
    in_force::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}
