//! Parked events: listed, and handed to their consumer again.

use backorder_messaging::{HandlerError, redrive};
use backorder_proto::{common::v1 as common, convert::encode};
use backorder_service_kit::problem::Problem;
use backorder_storage::dead_letter::{self, DeadLetter};
use uuid::Uuid;

use crate::{
    error::{Error, Kind},
    jobs::{CONSUMER, FollowInventory},
    use_cases::UseCases,
};

/// Parked events looked at in one query.
const BATCH: u32 = 1_000;

impl UseCases {
    /// Parked events after a row, with the number of each row.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_dead_letters(&self, after: i64, limit: u32) -> Result<Vec<(i64, common::DeadLetter)>, Error> {
        let letters = dead_letter::list(self.store(), CONSUMER, after, limit).await?;
        Ok(letters.into_iter().map(|letter| (letter.id, message(letter))).collect())
    }

    /// Hands a parked event to its consumer again.
    ///
    /// # Errors
    /// [`Error::Missing`] when no event of the id is parked.
    pub async fn redrive_dead_letter(&self, event_id: Uuid) -> Result<(), Error> {
        let mut after = 0;
        loop {
            let letters = dead_letter::list(self.store(), CONSUMER, after, BATCH).await?;
            let Some(last) = letters.last() else {
                return Err(Error::missing(Kind::DeadLetter, event_id.to_string()));
            };
            after = last.id;
            if let Some(letter) = letters.iter().find(|letter| letter.event.event_id == event_id) {
                self.catalog().places().await?;
                let redriven = redrive(self.store(), &FollowInventory(self.clone()), letter).await;
                return redriven.map(|_| ()).map_err(|error| match error {
                    HandlerError::Storage(error) => Error::Storage(error),
                    rejected @ HandlerError::Rejected(_) => Error::Kit(Problem::internal(rejected)),
                });
            }
        }
    }
}

fn message(letter: DeadLetter) -> common::DeadLetter {
    let event = letter.event;
    common::DeadLetter {
        event: Some(common::EventEnvelope {
            id: event.event_id.to_string(),
            source: letter.source,
            r#type: event.event_type,
            subject: event.aggregate,
            time: Some(encode::timestamp(event.occurred_at)),
            sequence: event.sequence,
            traceparent: event.traceparent.unwrap_or_default(),
            data: event.payload.into(),
        }),
        consumer: letter.consumer,
        failure: letter.error,
        park_time: Some(encode::timestamp(letter.parked_at)),
    }
}
