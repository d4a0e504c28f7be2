//! The bus between processes: NATS JetStream, one stream per source, kept in files.
//!
//! PostgreSQL is the truth; a stream is a copy of a feed and may be lost and made again. The broker's dedupe is a window
//! and not a guarantee: consumers rely on their inbox. MaxDeliver is unlimited on purpose: failed tries are counted in
//! the consumer's store, where an outage of that store is not mistaken for a bad event.

mod headers;
mod publisher;
mod subscription;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{self, stream};
use async_trait::async_trait;
use backorder_storage::Store;

use crate::{BusError, EventBus, EventSubscription, Publisher, Subscription};

/// How long the broker may take for one answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The window in which the broker drops a message that it has already.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// Settings of the connection to NATS.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// Addresses, separated by commas: `nats://host:4222`.
    pub url: String,
    /// Name of the connection as the server shows it.
    pub client_name: String,
    /// First part of the names of streams and subjects: letters, digits, `-` and `_`.
    pub prefix: String,
    /// Copies of each stream in a cluster, 1 to 5.
    pub replicas: usize,
    /// How long the broker keeps an event.
    pub max_age: Duration,
    /// How long a consumer may take for a batch before the broker sends it again; at least three times the worst case.
    /// It is also how long events wait that a killed consumer had in hand.
    pub ack_wait: Duration,
    /// How often the broker shows that it is alive; after two missed ones the consumer subscribes again.
    pub heartbeat: Duration,
}

impl NatsOptions {
    /// Settings for the server at `url`, everything else at its default.
    #[must_use]
    pub fn from_url(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            client_name: "backorder".to_owned(),
            prefix: "backorder".to_owned(),
            replicas: 1,
            max_age: Duration::from_secs(7 * 24 * 3600),
            ack_wait: Duration::from_secs(10),
            heartbeat: Duration::from_secs(5),
        }
    }

    /// The same with another prefix.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The same with another wait for acknowledgements.
    #[must_use]
    pub fn with_ack_wait(mut self, ack_wait: Duration) -> Self {
        self.ack_wait = ack_wait;
        self
    }

    /// The same with another heartbeat.
    #[must_use]
    pub fn with_heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }
}

/// A connection to NATS as a bus. Cheap to clone.
#[derive(Clone)]
pub struct NatsBus {
    context: jetstream::Context,
    options: Arc<NatsOptions>,
}

impl NatsBus {
    /// Connects in the background: it answers at once, and a server that is away now is waited for.
    ///
    /// # Errors
    /// [`BusError::Settings`] for names and addresses that make no sense.
    pub async fn connect(options: NatsOptions) -> Result<Self, BusError> {
        check_name("prefix", &options.prefix)?;
        let addresses: Vec<async_nats::ServerAddr> = options
            .url
            .split(',')
            .map(|address| address.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(|error| BusError::Settings(format!("address of NATS: {error}")))?;
        let client = async_nats::ConnectOptions::new()
            .name(&options.client_name)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| {
                Duration::from_millis(50).saturating_mul(1 << attempts.min(6)).min(Duration::from_secs(2))
            })
            .connect(addresses)
            .await
            .map_err(|error| BusError::Settings(format!("connection to NATS: {error}")))?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(REQUEST_TIMEOUT)
            .ack_timeout(REQUEST_TIMEOUT)
            .max_ack_inflight(publisher::ACKS_IN_FLIGHT_MAX)
            .build(client);
        Ok(Self { context, options: Arc::new(options) })
    }

    fn stream_name(&self, source: &str) -> String {
        format!("{}-{source}", self.options.prefix)
    }

    fn subjects_of(&self, source: &str) -> String {
        format!("{}.events.{source}.", self.options.prefix)
    }

    /// The stream of a source. Whoever comes first makes it, so that consumers can start before the producer.
    async fn stream(&self, source: &str) -> Result<stream::Stream, BusError> {
        check_name("source", source)?;
        let config = stream::Config {
            name: self.stream_name(source),
            subjects: vec![format!("{}>", self.subjects_of(source))],
            retention: stream::RetentionPolicy::Limits,
            discard: stream::DiscardPolicy::Old,
            storage: stream::StorageType::File,
            num_replicas: self.options.replicas,
            max_age: self.options.max_age,
            duplicate_window: DUPLICATE_WINDOW.min(self.options.max_age),
            description: Some(format!("feed of {source}")),
            ..stream::Config::default()
        };
        self.context.get_or_create_stream(config).await.map_err(unavailable)
    }
}

#[async_trait]
impl EventBus for NatsBus {
    async fn publisher(&self, source: &str) -> Result<Option<Box<dyn Publisher>>, BusError> {
        let stream = self.stream(source).await?;
        let publisher = publisher::NatsPublisher::new(self.context.clone(), stream, self.subjects_of(source));
        Ok(Some(Box::new(publisher)))
    }

    async fn subscribe(
        &self,
        subscription: &Subscription,
        _store: &Store,
    ) -> Result<Box<dyn EventSubscription>, BusError> {
        check_name("consumer", &subscription.consumer)?;
        let stream = self.stream(&subscription.source).await?;
        let subjects = self.subjects_of(&subscription.source);
        let opened =
            subscription::NatsSubscription::open(&self.context, &stream, subscription, &subjects, &self.options)
                .await?;
        Ok(Box::new(opened))
    }

    fn releasable(&self, _source: &str) -> Option<i64> {
        None
    }
}

fn unavailable(error: impl std::fmt::Display) -> BusError {
    BusError::Unavailable(error.to_string())
}

/// Names become parts of subjects, streams and durable consumers.
fn check_name(what: &str, name: &str) -> Result<(), BusError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err(BusError::Settings(format!("{what} {name:?} must be 1 to 64 letters, digits, - or _")));
    }
    Ok(())
}
