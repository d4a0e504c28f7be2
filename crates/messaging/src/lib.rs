//! Events between services: one trait, two buses.
//!
//! In one process the embedded bus lets consumers read the producer's feed. Between processes the relay publishes the
//! feed to NATS JetStream. Both deliver at least once; the consumer's inbox makes the effect happen once. This crate
//! must not know what an event means, and no event may travel past the outbox.

mod backoff;
mod bus;
mod consumer;
mod embedded;
mod envelope;
mod handler;
mod nats;
mod redrive;
mod relay;

pub use bus::{BusError, EventBus, EventSubscription, Progress, Publisher, Subscription};
pub use consumer::{ConsumerProgress, ConsumerRunner, DELIVERY_TRIES_MAX};
pub use embedded::EmbeddedBus;
pub use envelope::Envelope;
pub use handler::{EventHandler, HandlerError};
pub use nats::{NatsBus, NatsOptions};
pub use redrive::{Redriven, redrive};
pub use relay::{Relay, RelayProgress};
