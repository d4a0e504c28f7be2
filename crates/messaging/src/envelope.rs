//! An event on its way: the CloudEvents attributes, the sequence, the position and the payload.

use backorder_storage::feed::FeedEvent;
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

/// An event as consumers get it. Its payload is the aggregate's state after the change, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// CloudEvents `id`: unique for ever.
    pub id: Uuid,
    /// CloudEvents `source`: the service that the event comes from.
    pub source: String,
    /// CloudEvents `type`.
    pub event_type: String,
    /// CloudEvents `subject`: the resource that changed.
    pub aggregate: String,
    /// Place among the changes of the aggregate: ascending, may skip numbers.
    pub sequence: i64,
    /// CloudEvents `time`: business time of the change.
    pub occurred_at: Timestamp,
    /// W3C `traceparent` of the cause.
    pub traceparent: Option<String>,
    /// Place in the source's feed.
    pub position: i64,
    /// The encoded protobuf message.
    pub payload: Bytes,
}

impl Envelope {
    /// The envelope of an event of `source`'s feed.
    #[must_use]
    pub fn of_feed(source: &str, event: FeedEvent) -> Self {
        Self {
            id: event.event_id,
            source: source.to_owned(),
            event_type: event.event_type,
            aggregate: event.aggregate,
            sequence: event.sequence,
            occurred_at: event.occurred_at,
            traceparent: event.traceparent,
            position: event.position,
            payload: event.payload,
        }
    }

    /// The event as the feed keeps it.
    #[must_use]
    pub fn to_feed(&self) -> FeedEvent {
        FeedEvent {
            position: self.position,
            event_id: self.id,
            aggregate: self.aggregate.clone(),
            sequence: self.sequence,
            event_type: self.event_type.clone(),
            payload: self.payload.clone(),
            occurred_at: self.occurred_at,
            traceparent: self.traceparent.clone(),
        }
    }
}
