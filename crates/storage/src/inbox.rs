//! What each consumer has applied: per aggregate, the sequence of the newest event.
//!
//! Events carry state, so an event that is not newer than what was applied has nothing to add: duplicates, reordering
//! and old events that are driven again change nothing.
//!
//! Rows are never removed: an old event may come again after any time, and a consumer cannot tell when none can any more
//! (docs/adr/0008).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::{ConnectionTrait, DbErr, RuntimeErr, Value};

use crate::{
    StorageError, WriteTx,
    sql::{self, ROWS_PER_STATEMENT_MAX},
};

/// Decides which of the events `(aggregate, sequence)` the consumer applies, in the given order, and records it.
///
/// The rows are locked in ascending order of aggregates until the transaction ends.
///
/// # Errors
/// [`StorageError::Serialization`] when another instance of the consumer took a new aggregate at the same moment, else
/// [`StorageError`] of the statements.
pub async fn accept_newer_in_tx(
    tx: &WriteTx<'_>,
    consumer: &str,
    events: &[(&str, i64)],
) -> Result<Vec<bool>, StorageError> {
    let aggregates: BTreeSet<&str> = events.iter().map(|(aggregate, _)| *aggregate).collect();
    let aggregates: Vec<&str> = aggregates.into_iter().collect();
    let known = lock_known(tx, consumer, &aggregates).await?;
    let mut applied: BTreeMap<&str, i64> = BTreeMap::new();
    let accepted: Vec<bool> = events
        .iter()
        .map(|(aggregate, sequence)| {
            let newest = applied.get(aggregate).or_else(|| known.get(*aggregate)).copied();
            let newer = newest.is_none_or(|newest| *sequence > newest);
            if newer {
                applied.insert(aggregate, *sequence);
            }
            newer
        })
        .collect();
    let (moved, new): (Vec<_>, Vec<_>) = applied.into_iter().partition(|(aggregate, _)| known.contains_key(*aggregate));
    record(tx, consumer, &moved, "DO UPDATE SET sequence = excluded.sequence").await?;
    record(tx, consumer, &new, "DO NOTHING").await?;
    Ok(accepted)
}

async fn lock_known(
    tx: &WriteTx<'_>,
    consumer: &str,
    aggregates: &[&str],
) -> Result<HashMap<String, i64>, StorageError> {
    let mut known = HashMap::with_capacity(aggregates.len());
    for chunk in aggregates.chunks(ROWS_PER_STATEMENT_MAX) {
        let text = format!(
            "SELECT aggregate, sequence FROM inbox WHERE consumer = ? AND aggregate IN ({}) ORDER BY aggregate{}",
            sql::placeholders(chunk.len()),
            sql::for_update(tx.backend()),
        );
        let values = std::iter::once(Value::from(consumer)).chain(chunk.iter().map(|a| Value::from(*a)));
        for row in tx.query_all_raw(sql::statement(tx, text, values)).await? {
            known.insert(row.try_get("", "aggregate")?, row.try_get("", "sequence")?);
        }
    }
    Ok(known)
}

async fn record(
    tx: &WriteTx<'_>,
    consumer: &str,
    applied: &[(&str, i64)],
    on_conflict: &str,
) -> Result<(), StorageError> {
    for chunk in applied.chunks(ROWS_PER_STATEMENT_MAX) {
        let text = format!(
            "INSERT INTO inbox (consumer, aggregate, sequence) VALUES {} ON CONFLICT (consumer, aggregate) {on_conflict}",
            sql::rows_of_placeholders(chunk.len(), 3),
        );
        let values = chunk
            .iter()
            .flat_map(|(aggregate, sequence)| [Value::from(consumer), Value::from(*aggregate), Value::from(*sequence)]);
        if sql::execute(tx, text, values).await? != chunk.len() as u64 {
            let lost = RuntimeErr::Internal("another instance took the aggregate first".to_owned());
            return Err(StorageError::Serialization(DbErr::Exec(lost)));
        }
    }
    Ok(())
}
