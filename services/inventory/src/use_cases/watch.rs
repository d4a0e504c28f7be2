//! Following positions through the feed, from a resume token on, without a gap.

use std::{collections::BTreeSet, time::Duration};

use backorder_proto::{common::v1::ErrorReason, convert::encode, inventory::v1 as pb};
use backorder_service_kit::{
    paging::{resume_position, resume_token},
    problem::Problem,
};
use backorder_storage::{
    feed::{self, FeedEvent},
    follow::{FeedFollower, FollowError},
};
use prost::Message;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::UseCases;
use crate::{error::Error, events::PACKAGE};

/// The name that resume tokens are bound to.
const STREAM: &str = "inventory/positions";
/// Events read at once.
const BATCH_EVENTS_MAX: u32 = 500;
/// Messages that wait for a slow reader at most; then the watch waits for it.
const MESSAGES_WAITING_MAX: usize = 64;
/// How often a token is sent when nothing else is.
const TOKEN_INTERVAL: Duration = Duration::from_secs(30);

/// Which positions are followed; an empty set means all.
#[derive(Debug, Clone, Default)]
pub struct WatchFilter {
    /// Names of items.
    pub items: BTreeSet<String>,
    /// Names of locations.
    pub locations: BTreeSet<String>,
}

impl WatchFilter {
    fn wants(&self, position: &pb::Position) -> bool {
        let among = |names: &BTreeSet<String>, name: &String| names.is_empty() || names.contains(name);
        among(&self.items, &position.item) && among(&self.locations, &position.location)
    }
}

/// How a watch ends and looks for changes.
#[derive(Debug, Clone)]
pub struct WatchLimits {
    /// How long it lives at most.
    pub age_max: Duration,
    /// How often it looks for changes that other instances made.
    pub tick: Duration,
    /// Ends all watches.
    pub end: CancellationToken,
}

type Answer = Result<pb::WatchAvailabilityResponse, tonic::Status>;

impl UseCases {
    /// The token of the present end of the feed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn present_token(&self) -> Result<String, Error> {
        Ok(resume_token(STREAM, feed::head(self.store().reader()).await?))
    }

    /// Starts a watch after a token; an empty token means from now on.
    ///
    /// # Errors
    /// RESUME_TOKEN_INVALID, RESUME_TOKEN_EXPIRED.
    pub async fn watch(
        &self,
        token: &str,
        filter: WatchFilter,
        limits: WatchLimits,
    ) -> Result<mpsc::Receiver<Answer>, Error> {
        let after = resume_position(STREAM, token)?;
        let follower = FeedFollower::start(self.store(), after, limits.tick).await?;
        let (sender, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        let watch = Watch { follower, filter, sender, told: Instant::now() };
        tokio::spawn(async move {
            let end = limits.end.clone();
            tokio::select! {
                () = end.cancelled() => {}
                () = tokio::time::sleep(limits.age_max) => {}
                () = watch.run() => {}
            }
        });
        Ok(receiver)
    }
}

struct Watch {
    follower: FeedFollower,
    filter: WatchFilter,
    sender: mpsc::Sender<Answer>,
    /// When a token was sent last.
    told: Instant,
}

/// The reader is gone.
struct Gone;

impl Watch {
    async fn run(mut self) {
        loop {
            let next = tokio::select! {
                () = self.sender.closed() => return,
                events = self.follower.next_batch(BATCH_EVENTS_MAX) => Some(events),
                () = tokio::time::sleep_until(self.told + TOKEN_INTERVAL) => None,
            };
            let sent = match next {
                Some(Ok(events)) => self.send_changes(&events).await,
                Some(Err(error)) => Err(error.into()),
                None => Ok(self.send_token().await),
            };
            match sent {
                Ok(Ok(())) => {}
                Ok(Err(Gone)) => return,
                Err(error) => {
                    // The reader may be gone; then nobody has to hear of the failure.
                    let _ = self.sender.send(Err(error.into())).await;
                    return;
                }
            }
        }
    }

    /// Sends what the filter wants of these events.
    async fn send_changes(&mut self, events: &[FeedEvent]) -> Result<Result<(), Gone>, Error> {
        for event in events {
            if let Some(answer) = self.answer(event)?
                && self.send(answer).await.is_err()
            {
                return Ok(Err(Gone));
            }
        }
        Ok(Ok(()))
    }

    fn answer(&self, event: &FeedEvent) -> Result<Option<pb::WatchAvailabilityResponse>, Error> {
        if event.event_type.strip_prefix(PACKAGE) != Some(".PositionChanged") {
            return Ok(None);
        }
        let changed = pb::PositionChanged::decode(event.payload.clone()).map_err(|error| {
            backorder_storage::StorageError::InvalidRow { table: "outbox", detail: error.to_string() }
        })?;
        let Some(position) = changed.position.filter(|position| self.filter.wants(position)) else {
            return Ok(None);
        };
        Ok(Some(pb::WatchAvailabilityResponse {
            resume_token: resume_token(STREAM, event.position),
            position: Some(position),
            change_time: Some(encode::timestamp(event.occurred_at)),
        }))
    }

    async fn send_token(&mut self) -> Result<(), Gone> {
        let resume_token = resume_token(STREAM, self.follower.position());
        self.send(pb::WatchAvailabilityResponse { resume_token, position: None, change_time: None }).await
    }

    async fn send(&mut self, answer: pb::WatchAvailabilityResponse) -> Result<(), Gone> {
        self.told = Instant::now();
        self.sender.send(Ok(answer)).await.map_err(|_| Gone)
    }
}

impl From<FollowError> for Error {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Forgotten { oldest, position } => Self::ResumeTokenExpired { oldest, token: position },
            FollowError::BeyondHead { .. } => {
                let description = "must be a token that this feed gave";
                Problem::invalid_field(ErrorReason::ResumeTokenInvalid, "resume_token", description).into()
            }
            FollowError::Storage(error) => Self::Storage(error),
        }
    }
}
