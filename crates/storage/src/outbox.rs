//! Events are rows, written with the change that they tell of.
//!
//! PostgreSQL: a row gets its position in the feed later, by [`feed::stamp`](crate::feed::stamp), because transactions
//! commit in another order than they number their rows. SQLite: writing transactions are alone, so the order of writing
//! is the order of committing, and the position is given at once; no second commit is needed.

use jiff::Timestamp;
use sea_orm::{DbBackend, Value};
use uuid::Uuid;

use crate::{Batch, StorageError, WriteTx, columns, sql};

const COLUMNS: [&str; 7] = ["event_id", "aggregate", "sequence", "event_type", "payload", "occurred_at", "traceparent"];
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

/// Appends events in the given order, as [`Batch::append`] does.
///
/// # Errors
/// Those of [`Batch::append`] and [`Batch::run`].
pub async fn append_in_tx(tx: &WriteTx<'_>, events: Vec<NewEvent>) -> Result<(), StorageError> {
    let mut batch = Batch::new(tx);
    batch.append(events)?;
    batch.run(tx).await?;
    Ok(())
}

impl Batch {
    /// Appends events in the given order, after everything else in the batch. Events of one aggregate must stand in
    /// ascending sequence, and the sequence must come from a row of the aggregate that this transaction has locked. On
    /// PostgreSQL, where two transactions may make one row, a sequence that was used before is refused
    /// ([`StorageError::Unique`], `uq_outbox_aggregate_sequence`).
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] when a payload is larger than [`PAYLOAD_BYTES_MAX`].
    pub fn append(&mut self, events: Vec<NewEvent>) -> Result<(), StorageError> {
        if events.is_empty() {
            return Ok(());
        }
        if let Some(event) = events.iter().find(|event| event.payload.len() > PAYLOAD_BYTES_MAX) {
            let detail = format!("event {} of {} has {} bytes", event.event_type, event.aggregate, event.payload.len());
            return Err(StorageError::InvalidRow { table: "outbox", detail });
        }
        let count = i64::try_from(events.len())
            .map_err(|_| StorageError::InvalidRow { table: "outbox", detail: "too many events".to_owned() })?;
        let is_numbered = self.backend() == DbBackend::Sqlite;
        let width = COLUMNS.len() + usize::from(is_numbered);
        let mut values = Vec::with_capacity(events.len() * width);
        for (event, place) in events.into_iter().zip(1 - count..) {
            values.extend([
                Value::from(event.event_id.to_string()),
                Value::from(event.aggregate),
                Value::from(event.sequence),
                Value::from(event.event_type),
                Value::from(event.payload),
                Value::from(columns::micros(event.occurred_at)),
                Value::from(event.traceparent),
            ]);
            if is_numbered {
                values.push(Value::from(place));
            }
        }
        if is_numbered {
            let text = "UPDATE feed SET last_position = last_position + ? WHERE id = 1";
            self.push_events(1, vec![Value::from(count)], |_| text.to_owned());
        }
        self.push_events(width, values, |rows| insert_text(is_numbered, rows));
        Ok(())
    }
}

/// Numbered events are counted back from the feed's new head.
fn insert_text(is_numbered: bool, rows: usize) -> String {
    let columns = COLUMNS.join(", ");
    if is_numbered {
        format!(
            "INSERT INTO outbox ({columns}, position) VALUES ({}, ? + (SELECT last_position FROM feed WHERE id = 1))",
            sql::placeholders(COLUMNS.len())
        )
    } else {
        format!("INSERT INTO outbox ({columns}) VALUES {}", sql::rows_of_placeholders(rows, COLUMNS.len()))
    }
}
