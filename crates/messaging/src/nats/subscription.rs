//! A durable pull consumer: messages are acknowledged after the commit of their effects.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    self, AckKind,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, ReplayPolicy, pull},
    stream::Stream,
};
use async_trait::async_trait;
use backorder_storage::{StorageError, WriteTx};
use futures::{FutureExt, StreamExt};

use super::{NatsOptions, headers, unavailable};
use crate::{BusError, Envelope, EventSubscription, Progress, Subscription};

/// Messages that are given out and not acknowledged, at most.
const ACKS_PENDING_MAX: i64 = 1_000;
/// Messages asked for at once, and so the most that one transaction applies.
const BATCH_EVENTS_MAX: usize = 250;
/// How long a goodbye to the broker may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long one pull stays open, in heartbeats.
const PULL_HEARTBEATS: u32 = 4;

pub(super) struct NatsSubscription {
    client: async_nats::Client,
    messages: pull::Stream,
    progress: Arc<NatsProgress>,
    /// The messages of the batch in hand; those before `acknowledged` are acknowledged.
    in_hand: Vec<jetstream::Message>,
    acknowledged: usize,
}

impl NatsSubscription {
    pub(super) async fn open(
        context: &jetstream::Context,
        stream: &Stream,
        subscription: &Subscription,
        subjects: &str,
        options: &NatsOptions,
    ) -> Result<Self, BusError> {
        let config = pull::Config {
            durable_name: Some(subscription.consumer.clone()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            replay_policy: ReplayPolicy::Instant,
            ack_wait: options.ack_wait,
            max_deliver: -1,
            max_ack_pending: ACKS_PENDING_MAX,
            filter_subjects: subscription.event_types.iter().map(|kind| format!("{subjects}{kind}")).collect(),
            ..pull::Config::default()
        };
        // Makes the consumer, or brings an existing one to these settings; its place in the stream stays.
        let consumer: PullConsumer = stream.create_consumer(config).await.map_err(unavailable)?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(BATCH_EVENTS_MAX)
            .heartbeat(options.heartbeat)
            .expires(options.heartbeat * PULL_HEARTBEATS)
            .messages()
            .await
            .map_err(unavailable)?;
        let progress = Arc::new(NatsProgress { consumer });
        Ok(Self { client: context.client(), messages, progress, in_hand: Vec::new(), acknowledged: 0 })
    }

    /// Takes a message in hand. One that is not an event of ours is dropped for good: nobody could ever apply it.
    async fn take(&mut self, message: jetstream::Message, batch: &mut Vec<Envelope>) -> Result<(), BusError> {
        match headers::to_envelope(message.headers.as_ref(), message.payload.clone()) {
            Ok(event) => {
                batch.push(event);
                self.in_hand.push(message);
            }
            Err(header) => {
                tracing::error!(subject = %message.subject, header, "message is not an event and is dropped");
                metrics::counter!("backorder_messaging_foreign_messages_total").increment(1);
                message.ack_with(AckKind::Term).await.map_err(unavailable)?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl EventSubscription for NatsSubscription {
    async fn next_batch(&mut self) -> Result<Vec<Envelope>, BusError> {
        self.in_hand.clear();
        self.acknowledged = 0;
        let mut batch = Vec::new();
        while batch.is_empty() {
            let first = self.messages.next().await;
            let ended = || BusError::Unavailable("the broker ended the subscription".to_owned());
            self.take(first.ok_or_else(ended)?.map_err(unavailable)?, &mut batch).await?;
        }
        // Whatever has arrived already comes along; a failure here shows again at the next call.
        while batch.len() < BATCH_EVENTS_MAX {
            let Some(Some(Ok(message))) = self.messages.next().now_or_never() else { break };
            self.take(message, &mut batch).await?;
        }
        Ok(batch)
    }

    async fn record_in_tx(&self, _tx: &WriteTx<'_>, _done: usize) -> Result<(), StorageError> {
        // The broker keeps the place.
        Ok(())
    }

    async fn finish(&mut self, done: usize) -> Result<(), BusError> {
        while self.acknowledged < done.min(self.in_hand.len()) {
            self.in_hand[self.acknowledged].ack().await.map_err(unavailable)?;
            self.acknowledged += 1;
        }
        Ok(())
    }

    async fn close(&mut self) {
        // All of it is only courtesy: what is not given back comes again after the wait for acknowledgements.
        let mut unfinished = self.in_hand.split_off(self.acknowledged);
        while let Some(Some(Ok(message))) = self.messages.next().now_or_never() {
            unfinished.push(message);
        }
        for message in unfinished {
            let _ = message.ack_with(AckKind::Nak(None)).await;
        }
        let _ = tokio::time::timeout(GOODBYE_TIMEOUT, self.client.flush()).await;
    }

    fn progress(&self) -> Arc<dyn Progress> {
        self.progress.clone()
    }
}

struct NatsProgress {
    consumer: PullConsumer,
}

#[async_trait]
impl Progress for NatsProgress {
    async fn pending(&self) -> Result<u64, BusError> {
        let info = self.consumer.get_info().await.map_err(unavailable)?;
        Ok(info.num_pending + info.num_ack_pending as u64)
    }
}
