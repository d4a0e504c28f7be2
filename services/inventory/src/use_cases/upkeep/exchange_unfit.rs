//! Takes units away from claims that they do not fit any more: the claims ask for a remaining shelf life, and the days went by.
//!
//! Claims know the last day on which all their units fit, so nothing is forgotten in a crash and nothing is done twice.

use backorder_domain::{ids::ItemId, stock::claim::ClaimKey};
use backorder_storage::{Batch, WriteTx};

use super::{is_of_one_item, of_item, own_context};
use crate::{
    catalog::Places,
    error::Error,
    store::{
        stock::{Loaded, Scope, load_in_tx},
        upkeep as table,
    },
    use_cases::{UseCases, stock::Causes},
};

/// Claims looked at together.
pub(super) const CLAIMS_MAX: u64 = 50;
const CAUSE: &str = "shelf-life";

impl UseCases {
    /// Takes units away from claims that ask for more days than these have left; answers how many claims were looked at.
    /// They wait for others at their old place.
    ///
    /// # Errors
    /// Those of the store. A claim that the domain refuses to change is logged and left.
    pub async fn exchange_unfit(&self) -> Result<usize, Error> {
        let mut looked_at = 0;
        loop {
            let places = self.places().await?;
            let dates = places.dates_at(self.now());
            let claims = table::unfit_claims(self.store().reader(), &dates, CLAIMS_MAX).await?;
            let mut done = 0;
            for (item, key) in &claims {
                match self.exchange_units_of(item, key, &places).await {
                    Ok(is_changed) => done += usize::from(is_changed),
                    Err(error) if is_of_one_item(&error) => {
                        tracing::error!(%item, claim = %key, error = %error, "units that do not fit cannot be exchanged");
                    }
                    Err(error) => return Err(error),
                }
            }
            looked_at += done;
            if done == 0 {
                return Ok(looked_at);
            }
        }
    }

    /// Answers whether the claim is another one now: one that has units at a place where the day is not over yet is not.
    async fn exchange_units_of(&self, item: &ItemId, key: &ClaimKey, places: &Places) -> Result<bool, Error> {
        self.store()
            .write("exchange_unfit", move |tx| {
                Box::pin(async move { self.exchange_units_in_tx(tx, item, key, places).await })
            })
            .await
    }

    async fn exchange_units_in_tx(
        &self,
        tx: &WriteTx<'_>,
        item: &ItemId,
        key: &ClaimKey,
        places: &Places,
    ) -> Result<bool, Error> {
        let now = self.now();
        let scope = Scope { lines: [key.line.clone()].into(), open_supplies: true, ..Scope::default() };
        let mut loaded = load_in_tx(tx, scope, Vec::new(), &places.dates_at(now)).await?;
        let context = own_context(self.parts.ids.next_uuid(), now, CAUSE);
        let version = |loaded: &Loaded| loaded.books.get(item)?.claim(key).map(|claim| claim.version);
        let before = version(&loaded);
        let given_up = loaded.books.book_mut(item).and_then(|book| book.give_up_unfit(&context, key));
        given_up.map_err(of_item(item))?;
        let is_changed = version(&loaded) != before;
        let mut written = Batch::new(tx);
        self.keep_in_tx(tx, &mut written, loaded, now, &Causes::all(CAUSE), None).await?;
        written.run(tx).await?;
        Ok(is_changed)
    }
}
