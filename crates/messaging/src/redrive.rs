//! Drives a dead letter again, after its cause was mended.

use backorder_storage::{Store, dead_letter, inbox};

use crate::{Envelope, EventHandler, HandlerError};

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redriven {
    /// It was applied.
    Applied,
    /// A newer event of its aggregate was applied meanwhile, so it had nothing to add.
    Superseded,
    /// Somebody else has dealt with it.
    Gone,
}

/// Applies a dead letter through the consumer's inbox and removes it, in one transaction.
///
/// # Errors
/// [`HandlerError`] when it still cannot be applied; it stays a dead letter then.
pub async fn redrive(
    store: &Store,
    handler: &dyn EventHandler,
    letter: &dead_letter::DeadLetter,
) -> Result<Redriven, HandlerError> {
    let events = [Envelope::of_feed(&letter.source, letter.event.clone())];
    let events = &events;
    let redriven = store
        .write("redrive_dead_letter", move |tx| {
            Box::pin(async move {
                if !dead_letter::remove_in_tx(tx, letter.id).await? {
                    return Ok(Redriven::Gone);
                }
                let key = (letter.event.aggregate.as_str(), letter.event.sequence);
                let newer = inbox::accept_newer_in_tx(tx, &letter.consumer, &[key]).await?;
                if newer != [true] {
                    return Ok(Redriven::Superseded);
                }
                handler.handle_in_tx(tx, events).await?;
                Ok::<_, HandlerError>(Redriven::Applied)
            })
        })
        .await?;
    if redriven == Redriven::Applied {
        handler.after_commit(events).await;
    }
    Ok(redriven)
}
