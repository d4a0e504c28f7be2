//! Events are rows, written with the change that they tell of.
//!
//! PostgreSQL: a row gets its position in the feed later, by [`feed::stamp`](crate::feed::stamp), because transactions
//! commit in another order than they number their rows. SQLite: writing transactions are alone, so the order of writing
//! is the order of committing, and the position is given at once; no second commit is needed.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Value};
use uuid::Uuid;

use crate::{
    StorageError, WriteTx, columns,
    sql::{self, ROWS_PER_STATEMENT_MAX},
};

const COLUMNS: usize = 8;
/// Bytes of a payload at most. Half of what a broker takes in one message by default, so that no event can stop the feed.
pub const PAYLOAD_BYTES_MAX: usize = 512 * 1024;

/// An event to be written. It carries the aggregate's state after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Unique id of the event, from the id provider.
    pub event_id: Uuid,
    /// The resource that changed, for example `claims/…`.
    pub aggregate: String,
    /// Number of the change within the aggregate, ascending without repetition.
    pub sequence: i64,
    /// The event's type, for example `backorder.inventory.v1.StockReceived`.
    pub event_type: String,
    /// The encoded protobuf message.
    pub payload: Vec<u8>,
    /// Business time of the change.
    pub occurred_at: Timestamp,
    /// W3C `traceparent` of the cause.
    pub traceparent: Option<String>,
}

/// Appends events in the given order. Events of one aggregate must stand in ascending sequence, and the sequence must
/// come from a row of the aggregate that this transaction has locked.
///
/// # Errors
/// [`StorageError::Unique`] (`uq_outbox_aggregate_sequence`) when a sequence was used before,
/// [`StorageError::InvalidRow`] when a payload is larger than [`PAYLOAD_BYTES_MAX`].
pub async fn append_in_tx(tx: &WriteTx<'_>, events: Vec<NewEvent>) -> Result<(), StorageError> {
    if events.is_empty() {
        return Ok(());
    }
    if let Some(event) = events.iter().find(|event| event.payload.len() > PAYLOAD_BYTES_MAX) {
        let detail = format!("event {} of {} has {} bytes", event.event_type, event.aggregate, event.payload.len());
        return Err(StorageError::InvalidRow { table: "outbox", detail });
    }
    let mut next_position =
        if tx.backend() == DbBackend::Sqlite { Some(take_positions(tx, events.len()).await?) } else { None };
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let mut values = Vec::with_capacity(ROWS_PER_STATEMENT_MAX.min(events.len()) * COLUMNS);
        for event in events.by_ref().take(ROWS_PER_STATEMENT_MAX) {
            values.extend([
                Value::from(event.event_id.to_string()),
                Value::from(event.aggregate),
                Value::from(event.sequence),
                Value::from(event.event_type),
                Value::from(event.payload),
                Value::from(columns::micros(event.occurred_at)),
                Value::from(event.traceparent),
                Value::from(next_position),
            ]);
            next_position = next_position.map(|position| position + 1);
        }
        let rows = sql::rows_of_placeholders(values.len() / COLUMNS, COLUMNS);
        let text = format!(
            "INSERT INTO outbox \
             (event_id, aggregate, sequence, event_type, payload, occurred_at, traceparent, position) VALUES {rows}"
        );
        sql::execute(tx, text, values).await?;
    }
    tx.note_appended(next_position.map(|position| position - 1));
    Ok(())
}

/// Takes the next `count` positions of the feed; answers the first.
async fn take_positions(tx: &WriteTx<'_>, count: usize) -> Result<i64, StorageError> {
    let count = i64::try_from(count)
        .map_err(|_| StorageError::InvalidRow { table: "outbox", detail: "too many events".to_owned() })?;
    let statement = sql::statement(
        tx,
        "UPDATE feed SET last_position = last_position + $1 WHERE id = 1 RETURNING last_position",
        [Value::from(count)],
    );
    let row = tx.query_one_raw(statement).await?.ok_or_else(crate::feed::missing_row)?;
    let last: i64 = row.try_get("", "last_position")?;
    Ok(last - count + 1)
}
