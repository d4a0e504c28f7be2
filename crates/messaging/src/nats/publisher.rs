//! Publishes a feed to its stream, in order, with a bounded number of unconfirmed messages.

use async_nats::jetstream::{self, stream::Stream};
use async_trait::async_trait;

use super::{headers, unavailable};
use crate::{BusError, Envelope, Publisher};

/// Messages that may wait for the broker's confirmation.
pub(super) const ACKS_IN_FLIGHT_MAX: usize = 256;

pub(super) struct NatsPublisher {
    context: jetstream::Context,
    stream: Stream,
    /// What stands before the event type in a subject.
    subjects: String,
}

impl NatsPublisher {
    pub(super) fn new(context: jetstream::Context, stream: Stream, subjects: String) -> Self {
        Self { context, stream, subjects }
    }
}

#[async_trait]
impl Publisher for NatsPublisher {
    async fn last_position(&mut self) -> Result<i64, BusError> {
        let state = self.stream.get_info().await.map_err(unavailable)?.state;
        if state.messages == 0 {
            return Ok(0);
        }
        let last = self.stream.get_raw_message(state.last_sequence).await.map_err(unavailable)?;
        Ok(headers::position(&last.headers).unwrap_or(0))
    }

    async fn publish(&mut self, events: &[Envelope]) -> Result<(), BusError> {
        for chunk in events.chunks(ACKS_IN_FLIGHT_MAX) {
            let mut unconfirmed = Vec::with_capacity(chunk.len());
            for event in chunk {
                let message = jetstream::message::PublishMessage::build()
                    .headers(headers::of_envelope(event)?)
                    .payload(event.payload.clone());
                let subject = format!("{}{}", self.subjects, event.event_type);
                unconfirmed.push(self.context.send_publish(subject, message).await.map_err(unavailable)?);
            }
            for confirmation in unconfirmed {
                confirmation.await.map_err(unavailable)?;
            }
        }
        Ok(())
    }
}
