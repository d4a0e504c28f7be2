//! What a service does with events.

use async_trait::async_trait;
use backorder_storage::{IsRetryable, StorageError, WriteTx};

use crate::Envelope;

/// Why a handler could not apply events.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The store failed. Outages and lost races are tried again without end; anything else counts as a failed try.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The event cannot be applied: it does not decode, or a rule refuses it. Counts as a failed try.
    #[error("event cannot be applied: {0}")]
    Rejected(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HandlerError {
    /// Says why the event cannot be applied.
    pub fn rejected(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Rejected(cause.into())
    }

    /// True when the failure has nothing to do with the event.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_transient(),
            Self::Rejected(_) => false,
        }
    }

    /// The error with its causes, for the dead letter.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}

impl IsRetryable for HandlerError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_retryable(),
            Self::Rejected(_) => false,
        }
    }
}

/// Applies events to a service's own store.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Whether the event matters at all. Batches without one that does cost no transaction.
    fn wants(&self, _event: &Envelope) -> bool {
        true
    }

    /// Called before a batch is looked at, for what may soon make some of its events needless. Must not wait long: the
    /// events behind wait as well.
    async fn before_batch(&self, _events: &[Envelope]) {}

    /// Applies events, each newer than what was applied of its aggregate, in feed order, in the transaction that also
    /// records that they were applied. Must do nothing outside of the transaction.
    ///
    /// # Errors
    /// [`HandlerError`]; nothing is kept of the transaction then. After a refusal the events come again one by one.
    async fn handle_in_tx(&self, tx: &WriteTx<'_>, events: &[Envelope]) -> Result<(), HandlerError>;

    /// Called with the applied events after the commit, for example to wake a job. A crash may skip it.
    async fn after_commit(&self, _events: &[Envelope]) {}
}
