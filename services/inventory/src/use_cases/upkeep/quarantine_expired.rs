//! Sets units aside whose best-before date is past at their location: what may not be sold is not available.
//!
//! The balances of batches are the list of what is left, so nothing is forgotten in a crash and nothing is done twice.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    stock::batch::Shelf,
};
use backorder_storage::{Batch, WriteTx};

use super::{is_of_one_item, of_item, own_context};
use crate::{
    catalog::Places,
    error::Error,
    store::{
        stock::{Scope, load_in_tx},
        upkeep as table,
    },
    use_cases::{UseCases, stock::Causes},
};

/// Balances looked at together.
pub(super) const BATCHES_MAX: u64 = 50;
const CAUSE: &str = "best-before";

impl UseCases {
    /// Moves all that can be sold of expired batches into quality control; answers how many batches at how many places.
    /// Lines that lose units wait for others at their old place.
    ///
    /// # Errors
    /// Those of the store. A batch that the domain refuses to move is logged and left.
    pub async fn quarantine_expired(&self) -> Result<usize, Error> {
        let mut moved = 0;
        loop {
            let places = self.places().await?;
            let expired =
                table::expired_batches(self.store().reader(), &places.dates_at(self.now()), BATCHES_MAX).await?;
            let mut done = 0;
            for (item, location, batch) in &expired {
                match self.quarantine_batch(item, location, batch, &places).await {
                    Ok(()) => done += 1,
                    Err(error) if is_of_one_item(&error) => {
                        tracing::error!(%item, %batch, error = %error, "an expired batch cannot be set aside");
                    }
                    Err(error) => return Err(error),
                }
            }
            moved += done;
            if done == 0 {
                return Ok(moved);
            }
        }
    }

    async fn quarantine_batch(
        &self,
        item: &ItemId,
        location: &LocationId,
        batch: &BatchId,
        places: &Places,
    ) -> Result<(), Error> {
        self.store()
            .write("quarantine_expired", move |tx| {
                Box::pin(async move { self.quarantine_batch_in_tx(tx, item, location, batch, places).await })
            })
            .await?;
        self.stop_at("expiry.committed")
    }

    async fn quarantine_batch_in_tx(
        &self,
        tx: &WriteTx<'_>,
        item: &ItemId,
        location: &LocationId,
        batch: &BatchId,
        places: &Places,
    ) -> Result<(), Error> {
        let now = self.now();
        let scope = Scope::of_losses([item.clone()].into(), [location.clone()].into());
        let mut loaded = load_in_tx(tx, scope, Vec::new(), &places.dates_at(now)).await?;
        let context = own_context(self.parts.ids.next_uuid(), now, CAUSE);
        let moved = loaded.books.book_mut(item).and_then(|book| {
            let units = book.units_of_batch(location, Shelf::Sellable, batch)?;
            let is_expired = book
                .batch(batch)
                .and_then(|info| info.best_before)
                .is_some_and(|date| book.today(location).is_ok_and(|today| date < today));
            if !is_expired || units.is_zero() {
                return Ok(());
            }
            book.quarantine(&context, location, units, false, Some(batch)).map(drop)
        });
        moved.map_err(of_item(item))?;
        let mut written = Batch::new(tx);
        self.keep_in_tx(tx, &mut written, loaded, now, &Causes::all(CAUSE), None).await?;
        written.run(tx).await?;
        self.stop_at("expiry.written")
    }
}
