//! Events that a consumer could not apply.
//!
//! Failures are counted durably per consumer and event. After too many the event is put aside here, so that it blocks
//! nothing, until somebody drives it again or discards it.

use std::collections::HashSet;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use crate::{StorageError, Store, WriteTx, columns, feed::FeedEvent, sql};

const TABLE: &str = "dead_letter";
/// Bytes of an error's text that are kept at most.
const ERROR_BYTES_MAX: usize = 2_000;

/// An event that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Number of the row, ascending in the order of being put aside.
    pub id: i64,
    /// Who could not apply it.
    pub consumer: String,
    /// The service that the event came from.
    pub source: String,
    /// The event.
    pub event: FeedEvent,
    /// How often it was tried.
    pub tries: i64,
    /// What the last try failed with.
    pub error: String,
    /// When it was put aside first.
    pub parked_at: Timestamp,
}

/// Counts one more failure of a consumer with an event; answers how many there are.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn count_failure(store: &Store, consumer: &str, event_id: Uuid, error: &str) -> Result<i64, StorageError> {
    let event_id = event_id.to_string();
    let (event_id, error) = (event_id.as_str(), shortened(error));
    store
        .write("count_delivery_failure", move |tx| {
            Box::pin(async move {
                let statement = sql::statement(
                    tx,
                    "INSERT INTO delivery_failure (consumer, event_id, tries, last_error) VALUES (?, ?, 1, ?) \
                     ON CONFLICT (consumer, event_id) DO UPDATE \
                     SET tries = delivery_failure.tries + 1, last_error = excluded.last_error RETURNING tries",
                    [Value::from(consumer), Value::from(event_id), Value::from(error)],
                );
                let row = tx.query_one_raw(statement).await?;
                Ok::<i64, StorageError>(row.map(|row| row.try_get("", "tries")).transpose()?.unwrap_or(1))
            })
        })
        .await
}

/// Puts an event aside at `now` and forgets its count of failures. One that is aside already stays where it is, with its
/// first time and the latest tries and error.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn put_aside_in_tx(
    tx: &WriteTx<'_>,
    consumer: &str,
    source: &str,
    event: &FeedEvent,
    tries: i64,
    error: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let event_id = event.event_id.to_string();
    sql::execute(
        tx,
        "INSERT INTO dead_letter (consumer, source, event_id, aggregate, sequence, event_type, payload, occurred_at, \
         traceparent, position, tries, error, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (consumer, event_id) DO UPDATE SET tries = excluded.tries, error = excluded.error",
        [
            Value::from(consumer),
            Value::from(source),
            Value::from(event_id.as_str()),
            Value::from(event.aggregate.as_str()),
            Value::from(event.sequence),
            Value::from(event.event_type.as_str()),
            Value::from(event.payload.to_vec()),
            Value::from(columns::micros(event.occurred_at)),
            Value::from(event.traceparent.clone()),
            Value::from(event.position),
            Value::from(tries),
            Value::from(shortened(error)),
            Value::from(columns::micros(now)),
        ],
    )
    .await?;
    forget_failures_in_tx(tx, consumer, event.event_id).await
}

/// Forgets the count of failures of an event that was applied after all.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn forget_failures_in_tx(tx: &WriteTx<'_>, consumer: &str, event_id: Uuid) -> Result<(), StorageError> {
    let text = "DELETE FROM delivery_failure WHERE consumer = ? AND event_id = ?";
    sql::execute(tx, text, [Value::from(consumer), Value::from(event_id.to_string())]).await?;
    Ok(())
}

/// The events that a consumer has failed with and not yet applied or put aside.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn failing(store: &Store, consumer: &str) -> Result<HashSet<Uuid>, StorageError> {
    let text = "SELECT event_id FROM delivery_failure WHERE consumer = ?";
    let rows = store.reader().query_all_raw(sql::statement(store.reader(), text, [Value::from(consumer)])).await?;
    rows.iter()
        .map(|row| {
            let text: String = row.try_get("", "event_id")?;
            Uuid::parse_str(&text).map_err(|_| StorageError::InvalidRow {
                table: "delivery_failure",
                detail: format!("{text:?} is not a UUID"),
            })
        })
        .collect()
}

/// Removes a dead letter, because it was applied or is not wanted; answers whether it was there.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn remove_in_tx(tx: &WriteTx<'_>, id: i64) -> Result<bool, StorageError> {
    Ok(sql::execute(tx, "DELETE FROM dead_letter WHERE id = ?", [Value::from(id)]).await? == 1)
}

/// Dead letters of a consumer with a row number above `after`, ascending, at most `limit`.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn list(store: &Store, consumer: &str, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StorageError> {
    let reader = store.reader();
    let statement = sql::statement(
        reader,
        "SELECT id, consumer, source, event_id, aggregate, sequence, event_type, payload, occurred_at, traceparent, \
         position, tries, error, parked_at FROM dead_letter WHERE consumer = ? AND id > ? ORDER BY id LIMIT ?",
        [Value::from(consumer), Value::from(after), Value::from(i64::from(limit))],
    );
    let rows = reader.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(DeadLetter {
                id: row.try_get("", "id")?,
                consumer: row.try_get("", "consumer")?,
                source: row.try_get("", "source")?,
                event: decode(row)?,
                tries: row.try_get("", "tries")?,
                error: row.try_get("", "error")?,
                parked_at: columns::instant(row.try_get("", "parked_at")?, TABLE)?,
            })
        })
        .collect()
}

/// How many dead letters the store holds, over all consumers.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn count(store: &Store) -> Result<u64, StorageError> {
    let statement = sql::statement(store.reader(), "SELECT COUNT(*) AS count FROM dead_letter", []);
    let row = store.reader().query_one_raw(statement).await?;
    let count: i64 = row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default();
    Ok(count.unsigned_abs())
}

fn shortened(error: &str) -> &str {
    let mut end = error.len().min(ERROR_BYTES_MAX);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    &error[..end]
}

fn decode(row: &QueryResult) -> Result<FeedEvent, StorageError> {
    let event_id: String = row.try_get("", "event_id")?;
    Ok(FeedEvent {
        position: row.try_get("", "position")?,
        event_id: Uuid::parse_str(&event_id)
            .map_err(|_| StorageError::InvalidRow { table: TABLE, detail: format!("{event_id:?} is not a UUID") })?,
        aggregate: row.try_get("", "aggregate")?,
        sequence: row.try_get("", "sequence")?,
        event_type: row.try_get("", "event_type")?,
        payload: row.try_get::<Vec<u8>>("", "payload")?.into(),
        occurred_at: columns::instant(row.try_get("", "occurred_at")?, TABLE)?,
        traceparent: row.try_get("", "traceparent")?,
    })
}
