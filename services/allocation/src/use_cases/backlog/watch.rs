//! Following promises through the feed, from a resume token on, without a gap.

use std::{collections::BTreeSet, time::Duration};

use backorder_proto::{allocation::v1 as pb, common::v1::ErrorReason};
use backorder_service_kit::{
    paging::{resume_position, resume_token},
    problem::Problem,
};
use backorder_storage::{
    StorageError,
    feed::{self, FeedEvent},
};
use prost::Message;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{error::Error, events::PACKAGE, use_cases::UseCases};

/// The name that resume tokens are bound to.
const STREAM: &str = "allocation/promises";
/// Events read at once.
const BATCH_EVENTS_MAX: u32 = 500;
/// Messages that wait for a slow reader at most; then the watch waits for it.
const MESSAGES_WAITING_MAX: usize = 64;
/// How often a token is sent when nothing else is.
const TOKEN_INTERVAL: Duration = Duration::from_secs(30);

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

type Answer = Result<pb::WatchPromisesResponse, tonic::Status>;

impl UseCases {
    /// The token of the present end of the feed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn present_token(&self) -> Result<String, Error> {
        Ok(resume_token(STREAM, feed::head(self.store().reader()).await?))
    }

    /// Starts a watch of the orders of the names, or of all, after a token; an empty token means from now on.
    ///
    /// # Errors
    /// RESUME_TOKEN_INVALID, RESUME_TOKEN_EXPIRED.
    pub async fn watch_promises(
        &self,
        token: &str,
        orders: BTreeSet<String>,
        limits: WatchLimits,
    ) -> Result<mpsc::Receiver<Answer>, Error> {
        let marks = feed::marks(self.store().reader()).await?;
        let position = resume_position(STREAM, token)?.unwrap_or(marks.last);
        if position > marks.last {
            return Err(Error::Kit(Problem::invalid_field(
                ErrorReason::ResumeTokenInvalid,
                "resume_token",
                "must be a token that this feed gave",
            )));
        }
        if position < marks.oldest - 1 {
            return Err(Error::ResumeTokenExpired { oldest: marks.oldest, token: position });
        }
        let (sender, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        let watch = Watch { use_cases: self.clone(), orders, position, sender, told: Instant::now() };
        tokio::spawn(async move {
            let end = limits.end.clone();
            tokio::select! {
                () = end.cancelled() => {}
                () = tokio::time::sleep(limits.age_max) => {}
                () = watch.run(limits.tick) => {}
            }
        });
        Ok(receiver)
    }
}

struct Watch {
    use_cases: UseCases,
    orders: BTreeSet<String>,
    /// The last event that was looked at.
    position: i64,
    sender: mpsc::Sender<Answer>,
    /// When a token was sent last.
    told: Instant,
}

/// The reader is gone.
struct Gone;

impl Watch {
    async fn run(mut self, tick: Duration) {
        let mut head = self.use_cases.store().feed_watch();
        loop {
            head.mark_unchanged();
            match self.send_new().await {
                Ok(Ok(())) => {}
                Ok(Err(Gone)) => return,
                Err(error) => {
                    // The reader may be gone; then nobody has to hear of the failure.
                    let _ = self.sender.send(Err(error.into())).await;
                    return;
                }
            }
            tokio::select! {
                () = self.sender.closed() => return,
                changed = head.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(tick) => {}
            }
        }
    }

    /// Sends all that is new in the feed.
    async fn send_new(&mut self) -> Result<Result<(), Gone>, Error> {
        loop {
            let events = feed::read_after(self.use_cases.store(), self.position, BATCH_EVENTS_MAX).await?;
            self.check_gap(&events).await?;
            let is_last = events.len() < BATCH_EVENTS_MAX as usize;
            for event in events {
                self.position = event.position;
                if let Some(answer) = self.answer(&event)?
                    && self.send(answer).await.is_err()
                {
                    return Ok(Err(Gone));
                }
            }
            if is_last {
                return Ok(self.send_token().await);
            }
        }
    }

    /// The feed has no holes: an event that is not the next one means that those between were forgotten.
    async fn check_gap(&self, events: &[FeedEvent]) -> Result<(), Error> {
        match events.first() {
            Some(first) if first.position > self.position + 1 => {
                let oldest = feed::oldest(self.use_cases.store().reader()).await?;
                Err(Error::ResumeTokenExpired { oldest, token: self.position })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn answer(&self, event: &FeedEvent) -> Result<Option<pb::WatchPromisesResponse>, Error> {
        if event.event_type.strip_prefix(PACKAGE) != Some(".PromiseChanged") {
            return Ok(None);
        }
        let changed = pb::PromiseChanged::decode(event.payload.clone())
            .map_err(|error| StorageError::InvalidRow { table: "outbox", detail: error.to_string() })?;
        let order = changed.line.split_once("/lines/").map(|(order, _)| order).unwrap_or_default();
        if !self.orders.is_empty() && !self.orders.contains(order) {
            return Ok(None);
        }
        let resume_token = resume_token(STREAM, event.position);
        Ok(Some(pb::WatchPromisesResponse { resume_token, line: changed.line, promise: changed.promise }))
    }

    async fn send_token(&mut self) -> Result<(), Gone> {
        if self.told.elapsed() < TOKEN_INTERVAL {
            return Ok(());
        }
        let resume_token = resume_token(STREAM, self.position);
        self.send(pb::WatchPromisesResponse { resume_token, line: String::new(), promise: None }).await
    }

    async fn send(&mut self, answer: pb::WatchPromisesResponse) -> Result<(), Gone> {
        self.told = Instant::now();
        self.sender.send(Ok(answer)).await.map_err(|_| Gone)
    }
}
