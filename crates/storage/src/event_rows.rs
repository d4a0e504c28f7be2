//! How events lie in the outbox: those of one transaction together in one row, or in few.
//!
//! A transaction tells of many aggregates, and a row for each cost more than the changes that the events tell of
//! (docs/adr/0011). What the events of a row have in common, type and trace, stands in the row once.

use jiff::Timestamp;
use prost::{Message, bytes::Bytes};
use uuid::Uuid;

use crate::{StorageError, columns, feed::FeedEvent, outbox::NewEvent};

const TABLE: &str = "outbox";
/// Events in one row at most.
const EVENTS_PER_ROW_MAX: usize = 256;
/// Payload bytes after which a row takes no further event.
const PAYLOAD_BYTES_PER_ROW: usize = 256 * 1024;

/// One row of the outbox, without its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRow {
    /// How many events it has.
    pub(crate) count: i64,
    /// When the newest of them occurred.
    pub(crate) newest_at: Timestamp,
    /// The encoded events.
    pub(crate) events: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct StoredEvents {
    /// Texts that several events have in common, each once.
    #[prost(string, repeated, tag = "1")]
    texts: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    events: Vec<StoredEvent>,
}

#[derive(Clone, PartialEq, Message)]
struct StoredEvent {
    /// 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    event_id: Bytes,
    #[prost(string, tag = "2")]
    aggregate: String,
    #[prost(int64, tag = "3")]
    sequence: i64,
    /// Place among the texts.
    #[prost(uint32, tag = "4")]
    event_type: u32,
    #[prost(bytes = "bytes", tag = "5")]
    payload: Bytes,
    /// Microseconds since the Unix epoch.
    #[prost(int64, tag = "6")]
    occurred_at: i64,
    /// Place among the texts.
    #[prost(uint32, optional, tag = "7")]
    traceparent: Option<u32>,
}

/// Puts events into rows, in their order.
pub(crate) fn rows_of(events: Vec<NewEvent>) -> Vec<EventRow> {
    let mut rows = Vec::new();
    let mut open = Open::default();
    for event in events {
        if open.is_full() {
            rows.extend(std::mem::take(&mut open).close());
        }
        open.put(event);
    }
    rows.extend(open.close());
    rows
}

/// A row that still takes events.
#[derive(Default)]
struct Open {
    stored: StoredEvents,
    payload_bytes: usize,
    newest_at: Option<Timestamp>,
}

impl Open {
    fn is_full(&self) -> bool {
        self.stored.events.len() >= EVENTS_PER_ROW_MAX || self.payload_bytes >= PAYLOAD_BYTES_PER_ROW
    }

    fn put(&mut self, event: NewEvent) {
        self.payload_bytes += event.payload.len();
        self.newest_at = self.newest_at.max(Some(event.occurred_at));
        let event_type = self.place_of(event.event_type);
        let traceparent = event.traceparent.map(|text| self.place_of(text));
        self.stored.events.push(StoredEvent {
            event_id: Bytes::copy_from_slice(event.event_id.as_bytes()),
            aggregate: event.aggregate,
            sequence: event.sequence,
            event_type,
            payload: event.payload.into(),
            occurred_at: columns::micros(event.occurred_at),
            traceparent,
        });
    }

    /// There are a handful of different texts in a row.
    fn place_of(&mut self, text: String) -> u32 {
        let place = self.stored.texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.stored.texts.push(text);
            self.stored.texts.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    fn close(self) -> Option<EventRow> {
        let count = i64::try_from(self.stored.events.len()).unwrap_or(i64::MAX);
        Some(EventRow { count, newest_at: self.newest_at?, events: self.stored.encode_to_vec().into() })
    }
}

/// The events of a row of which the last has the position `last`, from the one after `after` on, at most `limit`.
///
/// # Errors
/// [`StorageError::InvalidRow`] when the row is none.
pub(crate) fn events_of(events: Bytes, last: i64, after: i64, limit: usize) -> Result<Vec<FeedEvent>, StorageError> {
    let stored = StoredEvents::decode(events).map_err(invalid)?;
    let count = i64::try_from(stored.events.len()).map_err(invalid)?;
    let texts = &stored.texts;
    let wanted = stored.events.into_iter().zip(last - count + 1..).filter(|(_, position)| *position > after);
    wanted.take(limit).map(|(event, position)| feed_event(event, position, texts)).collect()
}

fn feed_event(event: StoredEvent, position: i64, texts: &[String]) -> Result<FeedEvent, StorageError> {
    Ok(FeedEvent {
        position,
        event_id: Uuid::from_slice(&event.event_id).map_err(invalid)?,
        aggregate: event.aggregate,
        sequence: event.sequence,
        event_type: text_at(texts, event.event_type)?,
        payload: event.payload,
        occurred_at: columns::instant(event.occurred_at, TABLE)?,
        traceparent: event.traceparent.map(|place| text_at(texts, place)).transpose()?,
    })
}

fn text_at(texts: &[String], place: u32) -> Result<String, StorageError> {
    let text = usize::try_from(place).ok().and_then(|place| texts.get(place));
    text.cloned().ok_or_else(|| invalid(format!("there is no text {place}")))
}

fn invalid(error: impl ToString) -> StorageError {
    StorageError::InvalidRow { table: TABLE, detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn event(number: i64, payload: usize) -> NewEvent {
        NewEvent {
            event_id: Uuid::from_u128(number.unsigned_abs().into()),
            aggregate: format!("boxes/{number}"),
            sequence: number,
            event_type: if number % 2 == 0 { "test.Even" } else { "test.Odd" }.to_owned(),
            payload: vec![7; payload],
            occurred_at: Timestamp::from_second(1_000 + number % 5).unwrap(),
            traceparent: (number % 3 == 0).then(|| "00-trace-span-01".to_owned()),
        }
    }

    fn numbered(event: NewEvent, position: i64) -> FeedEvent {
        FeedEvent {
            position,
            event_id: event.event_id,
            aggregate: event.aggregate,
            sequence: event.sequence,
            event_type: event.event_type,
            payload: event.payload.into(),
            occurred_at: event.occurred_at,
            traceparent: event.traceparent,
        }
    }

    #[test]
    fn events_come_out_of_a_row_as_they_went_in_with_their_positions() {
        let [row] = rows_of((1..=9).map(|n| event(n, 3)).collect()).try_into().unwrap();
        assert_eq!((row.count, row.newest_at), (9, Timestamp::from_second(1_004).unwrap()));
        let all = events_of(row.events.clone(), 109, 0, 100).unwrap();
        assert_eq!(all, (1..=9).map(|n| numbered(event(n, 3), 100 + n)).collect::<Vec<_>>());
        assert_eq!(events_of(row.events.clone(), 109, 104, 2).unwrap(), all[4..6]);
        assert_eq!(events_of(row.events, 109, 109, 2).unwrap(), []);
    }

    #[test]
    fn a_row_is_bounded_in_events_and_in_bytes() {
        let many = rows_of((0..600).map(|n| event(n, 1)).collect());
        assert_eq!(many.iter().map(|row| row.count).collect::<Vec<_>>(), [256, 256, 88]);
        let large = rows_of((0..3).map(|n| event(n, PAYLOAD_BYTES_PER_ROW)).collect());
        assert_eq!(large.iter().map(|row| row.count).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(rows_of(Vec::new()), []);
    }

    #[test]
    fn a_row_that_is_none_is_an_error() {
        assert!(matches!(events_of(Bytes::from_static(b"\xff\xff"), 1, 0, 1), Err(StorageError::InvalidRow { .. })));
        let stored = StoredEvents { texts: Vec::new(), events: vec![StoredEvent::default()] };
        assert!(events_of(stored.encode_to_vec().into(), 1, 0, 1).is_err());
    }
}
