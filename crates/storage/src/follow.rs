//! Following a feed: every event after a position, in order, as it comes. For watches that people and other services hold
//! open; consumers with effects use an inbox and a cursor instead.
//!
//! It must not skip an event: where events were forgotten meanwhile, it says so.

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    StorageError, Store,
    feed::{self, FeedEvent},
};

/// Why a feed cannot be followed (any more).
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// What follows the position is no longer stored.
    #[error("the feed begins at {oldest}, what follows {position} is forgotten")]
    Forgotten {
        /// The oldest position that is stored.
        oldest: i64,
        /// The position that was to be continued.
        position: i64,
    },
    /// The position is not of this feed: it was never given.
    #[error("the feed ends at {head}, before {position}")]
    BeyondHead {
        /// The last position given.
        head: i64,
        /// The position that was to be continued.
        position: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A reader that stands at a position of a store's feed and waits for what comes after it.
pub struct FeedFollower {
    store: Store,
    head: watch::Receiver<i64>,
    position: i64,
    tick: Duration,
}

impl FeedFollower {
    /// Stands after the position `after`; `None` means at the present end of the feed. Commits of this process wake it;
    /// those of others are looked for every `tick` (at the latest).
    ///
    /// # Errors
    /// [`FollowError`].
    pub async fn start(store: &Store, after: Option<i64>, tick: Duration) -> Result<Self, FollowError> {
        let head = store.feed_watch();
        let last = store.refresh_feed_head().await?;
        let position = after.unwrap_or(last);
        if position > last {
            return Err(FollowError::BeyondHead { head: last, position });
        }
        let follower = Self { store: store.clone(), head, position, tick };
        follower.check_not_forgotten().await?;
        Ok(follower)
    }

    /// The position up to which events were given out.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Waits for the next events: at least one, at most `limit`. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`FollowError::Forgotten`] when events were forgotten that were not given out; [`FollowError::Storage`].
    pub async fn next_batch(&mut self, limit: u32) -> Result<Vec<FeedEvent>, FollowError> {
        loop {
            if self.position < *self.head.borrow_and_update() {
                let events = self.read_on(limit).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
            }
            tokio::select! {
                // The sender lives in the store that this reader holds.
                _ = self.head.changed() => {}
                () = tokio::time::sleep(self.tick) => {
                    self.store.refresh_feed_head().await?;
                }
            }
        }
    }

    /// Hands `take` every event that was committed before this call, by whichever process, and was not given out yet, at
    /// most `limit` at once. Events that have no position yet get theirs. Where `take` fails, the same events come again.
    ///
    /// # Errors
    /// [`FollowError::Forgotten`] when events were forgotten that were not given out; [`FollowError::Storage`], also for
    /// what `take` answers.
    pub async fn catch_up(
        &mut self,
        limit: u32,
        mut take: impl FnMut(Vec<FeedEvent>) -> Result<(), StorageError>,
    ) -> Result<(), FollowError> {
        feed::stamp(&self.store).await?;
        let head = *self.head.borrow_and_update();
        while self.position < head {
            let before = self.position;
            let events = self.read_on(limit).await?;
            if events.is_empty() {
                let detail = format!("what follows {before} is neither there nor forgotten");
                return Err(StorageError::InvalidRow { table: "outbox", detail }.into());
            }
            if let Err(error) = take(events) {
                self.position = before;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// The next events, at most `limit`; none where there are none that can be read.
    async fn read_on(&mut self, limit: u32) -> Result<Vec<FeedEvent>, FollowError> {
        let events = feed::read_after(&self.store, self.position, limit).await?;
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            self.check_not_forgotten().await?;
            return Ok(events);
        };
        if first.position > self.position + 1 {
            return Err(FollowError::Forgotten { oldest: first.position, position: self.position });
        }
        self.position = last.position;
        Ok(events)
    }

    async fn check_not_forgotten(&self) -> Result<(), FollowError> {
        let oldest = feed::oldest(self.store.reader()).await?;
        if oldest > self.position + 1 {
            return Err(FollowError::Forgotten { oldest, position: self.position });
        }
        Ok(())
    }
}
