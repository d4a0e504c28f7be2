//! Events are written with the change that they tell of, those of one transaction in one row, or in few.
//!
//! PostgreSQL: a row gets its position in the feed later, by [`feed::stamp`](crate::feed::stamp), because transactions
//! commit in another order than they number their rows. SQLite: writing transactions are alone, so the order of writing
//! is the order of committing, and the position is given at once; no second commit is needed.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Batch, StorageError, WriteTx, event_rows};

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
    /// ascending sequence, and the sequence must come from a row of the aggregate that this transaction has locked or
    /// made: nothing else keeps two transactions from using one.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] when a payload is larger than [`PAYLOAD_BYTES_MAX`].
    pub fn append(&mut self, events: Vec<NewEvent>) -> Result<(), StorageError> {
        if let Some(event) = events.iter().find(|event| event.payload.len() > PAYLOAD_BYTES_MAX) {
            let detail = format!("event {} of {} has {} bytes", event.event_type, event.aggregate, event.payload.len());
            return Err(StorageError::InvalidRow { table: "outbox", detail });
        }
        for row in event_rows::rows_of(events) {
            self.push_events(row);
        }
        Ok(())
    }
}
