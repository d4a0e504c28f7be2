//! Leases: one instance at a time does a singleton's work, and a late one cannot write.
//!
//! Time is the database's own, so the clocks of processes do not matter. The fencing token grows with each change of
//! holder; work checks it in the transaction that writes.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, RuntimeErr, Value};

use crate::{StorageError, Store, WriteTx, sql};

/// A lease that is held, until it runs out or is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is leased, for example `relay`.
    pub name: String,
    /// Who holds it: an id of the process.
    pub holder: String,
    /// The fencing token: higher than that of every holder before.
    pub token: i64,
}

/// Takes the lease, or extends it when `holder` has it already. `None` when another holder has it.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn acquire(
    store: &Store,
    name: &str,
    holder: &str,
    time_to_live: Duration,
) -> Result<Option<Lease>, StorageError> {
    let micros = i64::try_from(time_to_live.as_micros())
        .map_err(|_| StorageError::Settings("time to live of a lease is too long".to_owned()))?;
    let token = store
        .write("acquire_lease", move |tx| {
            Box::pin(async move {
                let now = sql::database_now_micros(tx.backend());
                let text = format!(
                    "INSERT INTO lease (name, holder, token, expires_at) VALUES (?, ?, 1, {now} + ?) \
                     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, \
                     token = CASE WHEN lease.holder = excluded.holder THEN lease.token ELSE lease.token + 1 END \
                     WHERE lease.holder = excluded.holder OR lease.expires_at <= {now} RETURNING token"
                );
                let values = [Value::from(name), Value::from(holder), Value::from(micros)];
                let row = tx.query_one_raw(sql::statement(tx, text, values)).await?;
                Ok::<Option<i64>, StorageError>(row.map(|row| row.try_get("", "token")).transpose()?)
            })
        })
        .await?;
    Ok(token.map(|token| Lease { name: name.to_owned(), holder: holder.to_owned(), token }))
}

/// Checks in a writing transaction that the lease was not given to another since, and keeps it so until the commit.
///
/// # Errors
/// [`StorageError::Unavailable`] when the lease is lost, else [`StorageError`] of the statement.
pub async fn check_in_tx(tx: &WriteTx<'_>, lease: &Lease) -> Result<(), StorageError> {
    let text = format!("SELECT token FROM lease WHERE name = ?{}", sql::for_update(tx.backend()));
    let row = tx.query_one_raw(sql::statement(tx, text, [Value::from(lease.name.as_str())])).await?;
    let token: Option<i64> = row.map(|row| row.try_get("", "token")).transpose()?;
    if token == Some(lease.token) {
        return Ok(());
    }
    let lost = RuntimeErr::Internal(format!("lease {} with token {} is lost", lease.name, lease.token));
    Err(StorageError::Unavailable(DbErr::Exec(lost)))
}

/// Gives the lease up, so that another instance need not wait until it runs out. Nothing happens when it is lost already.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn release(store: &Store, lease: &Lease) -> Result<(), StorageError> {
    store
        .write("release_lease", move |tx| {
            Box::pin(async move {
                let text = "UPDATE lease SET holder = '', expires_at = 0 WHERE name = ? AND token = ?";
                sql::execute(tx, text, [Value::from(lease.name.as_str()), Value::from(lease.token)]).await?;
                Ok::<_, StorageError>(())
            })
        })
        .await
}
