//! Pegs anew what was pegged to supply that became past due when a business day ended at its location.
//!
//! Pegging anew uses no past-due supply, so an item that was done is not found again: the books themselves are the list
//! of what is left.

use std::collections::BTreeSet;

use backorder_domain::ids::{ItemId, derived_uuid};
use backorder_storage::{Batch, WriteTx};
use uuid::Uuid;

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

/// Items pegged anew in one transaction at most.
pub(super) const ITEMS_PER_TRANSACTION_MAX: u64 = 50;
const CAUSE: &str = "past-due";
/// Pegs leave no movement, so the id of the write needs to differ by item only.
const REPEG_IDS: Uuid = Uuid::from_u128(0x2d9c_71f0_84ab_4e63_b5d2_0c6e_93a8_f147);

impl UseCases {
    /// Pegs anew every item with claims that are pegged to supply that is past due now; answers how many items.
    ///
    /// # Errors
    /// Those of the store. An item that the domain refuses to peg is logged and left.
    pub async fn repeg_past_due(&self) -> Result<usize, Error> {
        let mut repegged = 0;
        loop {
            let places = self.places().await?;
            let dates = places.dates_at(self.now());
            let items = table::past_due_items(self.store().reader(), &dates, ITEMS_PER_TRANSACTION_MAX).await?;
            if items.is_empty() {
                return Ok(repegged);
            }
            let done = self.repeg(&Vec::from_iter(items), &places).await?;
            if done == 0 {
                return Ok(repegged);
            }
            repegged += done;
        }
    }

    /// Pegs items anew together; when the rows of one contradict each other, the others one by one.
    async fn repeg(&self, items: &[ItemId], places: &Places) -> Result<usize, Error> {
        match self.repeg_together(items, places).await {
            Err(error) if is_of_one_item(&error) => {}
            done => return done,
        }
        let mut done = 0;
        for item in items {
            match self.repeg_together(std::slice::from_ref(item), places).await {
                Ok(count) => done += count,
                Err(error) if is_of_one_item(&error) => {
                    tracing::error!(%item, error = %error, "an item cannot be pegged anew");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    async fn repeg_together(&self, items: &[ItemId], places: &Places) -> Result<usize, Error> {
        self.store()
            .write("repeg_past_due", move |tx| Box::pin(async move { self.repeg_in_tx(tx, items, places).await }))
            .await
    }

    async fn repeg_in_tx(&self, tx: &WriteTx<'_>, items: &[ItemId], places: &Places) -> Result<usize, Error> {
        let now = self.now();
        let items: BTreeSet<ItemId> = items.iter().cloned().collect();
        let scope = Scope { items: items.clone(), waiting_claims: true, ..Scope::default() };
        let mut loaded = load_in_tx(tx, scope, Vec::new(), &places.dates_at(now)).await?;
        for item in &items {
            let context = own_context(derived_uuid(REPEG_IDS, item.as_str()), now, CAUSE);
            let result = loaded.books.book_mut(item).and_then(|book| book.repeg(&context));
            result.map_err(of_item(item))?;
        }
        let mut batch = Batch::new(tx);
        self.keep_in_tx(tx, &mut batch, loaded, now, &Causes::all(CAUSE), None).await?;
        batch.run(tx).await?;
        Ok(items.len())
    }
}
