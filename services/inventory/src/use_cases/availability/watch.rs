//! `WatchAvailability` and `GetResumeToken`: positions that change, in the order of the feed.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use backorder_proto::{common::v1::ErrorReason, inventory::v1 as pb};
use backorder_service_kit::problem::Problem;
use backorder_storage::{
    StorageError,
    feed::{self, FeedEvent},
    follow::{FeedFollower, FollowError},
};
use futures::{Stream, stream};
use jiff::Timestamp;
use prost::Message;
use tokio::time::{Instant, timeout_at};

use super::super::UseCases;
use crate::{config::Config, error::Error, events::POSITION_CHANGED};

/// Events read from the feed at once.
const BATCH_EVENTS_MAX: u32 = 500;
/// Positions of the feed that pass at most before a watcher gets a new token.
const POSITIONS_PER_TOKEN_MAX: i64 = 1_000;
/// How old a watcher's token gets at most while others' events pass.
const TOKEN_AGE_MAX: Duration = Duration::from_secs(30);

/// How watches behave.
#[derive(Debug, Clone, Copy)]
pub struct WatchSettings {
    /// How long a watch lives at most.
    pub age_max: Duration,
    /// How often it looks for changes that other instances made.
    pub tick: Duration,
}

impl From<&Config> for WatchSettings {
    fn from(config: &Config) -> Self {
        Self { age_max: config.watch_age_max, tick: config.watch_tick }
    }
}

/// Whose positions are wanted, by resource name. An empty set wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchFilter {
    /// Items, `items/{item}`.
    pub items: BTreeSet<String>,
    /// Locations, `locations/{location}`.
    pub locations: BTreeSet<String>,
}

impl WatchFilter {
    fn wants(&self, position: &pb::Position) -> bool {
        let has = |names: &BTreeSet<String>, name: &str| names.is_empty() || names.contains(name);
        has(&self.items, &position.item) && has(&self.locations, &position.location)
    }
}

/// One message of a watch.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchMessage {
    /// The feed's position after the message.
    pub position: i64,
    /// What changed; `None` in a message that only moves the token on.
    pub change: Option<PositionChange>,
}

/// A position after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionChange {
    /// The position.
    pub position: pb::Position,
    /// The business time of the change.
    pub changed_at: Timestamp,
}

impl UseCases {
    /// The present end of the feed. What is read after it is known can be continued by a watch from there.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn feed_head(&self) -> Result<i64, Error> {
        Ok(feed::head(self.store().reader()).await?)
    }

    /// Follows positions from a place in the feed, or from its end, until the watch is too old.
    ///
    /// # Errors
    /// [`Error::ResumeTokenExpired`], or RESUME_TOKEN_INVALID for a place that the feed has not reached: also later, as
    /// the last element of the stream.
    pub async fn watch_availability(
        &self,
        after: Option<i64>,
        filter: WatchFilter,
        settings: WatchSettings,
    ) -> Result<impl Stream<Item = Result<WatchMessage, Error>> + Send + use<>, Error> {
        let follower = FeedFollower::start(self.store(), after, settings.tick).await?;
        let now = Instant::now();
        let watch = Watch {
            told: follower.position(),
            told_at: now,
            follower,
            filter,
            ready: VecDeque::new(),
            ends_at: now.checked_add(settings.age_max),
        };
        Ok(stream::try_unfold(watch, Watch::next))
    }
}

struct Watch {
    follower: FeedFollower,
    filter: WatchFilter,
    ready: VecDeque<WatchMessage>,
    /// The position in the last message.
    told: i64,
    told_at: Instant,
    /// `None` once the watch has ended.
    ends_at: Option<Instant>,
}

impl Watch {
    async fn next(mut self) -> Result<Option<(WatchMessage, Self)>, Error> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                self.told = message.position;
                self.told_at = Instant::now();
                return Ok(Some((message, self)));
            }
            let Some(ends_at) = self.ends_at else { return Ok(None) };
            let wait_until = ends_at.min(self.told_at + TOKEN_AGE_MAX);
            match timeout_at(wait_until, self.follower.next_batch(BATCH_EVENTS_MAX)).await {
                Ok(events) => self.take(&events?)?,
                Err(_elapsed) => self.take_pause(ends_at),
            }
        }
    }

    fn take(&mut self, events: &[FeedEvent]) -> Result<(), Error> {
        for event in events.iter().filter(|event| event.event_type == POSITION_CHANGED) {
            if let Some(position) = decoded(event)?.filter(|position| self.filter.wants(position)) {
                let change = PositionChange { position, changed_at: event.occurred_at };
                self.ready.push_back(WatchMessage { position: event.position, change: Some(change) });
            }
        }
        if self.ready.is_empty() && self.follower.position() - self.told >= POSITIONS_PER_TOKEN_MAX {
            self.tell_position();
        }
        Ok(())
    }

    /// Nothing came for a while: the token is moved on when it can be, and the watch ends when it is too old.
    fn take_pause(&mut self, ends_at: Instant) {
        if self.follower.position() > self.told {
            self.tell_position();
        }
        self.told_at = Instant::now();
        if self.told_at >= ends_at {
            self.ends_at = None;
        }
    }

    fn tell_position(&mut self) {
        self.ready.push_back(WatchMessage { position: self.follower.position(), change: None });
    }
}

fn decoded(event: &FeedEvent) -> Result<Option<pb::Position>, StorageError> {
    let changed = pb::PositionChanged::decode(event.payload.as_slice());
    let invalid = |error: prost::DecodeError| StorageError::InvalidRow { table: "outbox", detail: error.to_string() };
    Ok(changed.map_err(invalid)?.position)
}

impl From<FollowError> for Error {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Forgotten { oldest, position } => Self::ResumeTokenExpired { oldest, token: position },
            FollowError::BeyondHead { .. } => Self::Kit(Problem::invalid_field(
                ErrorReason::ResumeTokenInvalid,
                "resume_token",
                "must be a token that this feed gave",
            )),
            FollowError::Storage(error) => Self::Storage(error),
        }
    }
}
