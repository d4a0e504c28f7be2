//! Looks again at who waits for items with groups when a day has begun: then another period of a quota may have begun, too.
//!
//! Each item keeps for which days it was looked at last, so what is left to do is read off the rows.

use std::collections::BTreeSet;

use backorder_domain::ids::{ItemId, derived_uuid};
use backorder_storage::{Batch, WriteTx};
use sea_orm::Value;
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

/// Items looked at in one pass at most.
pub(super) const ITEMS_MAX: u64 = 50;
const CAUSE: &str = "groups";
const SETTLE_IDS: Uuid = Uuid::from_u128(0x6f1b_20c4_9d53_4a7e_8e61_57a0_b4c9_d2e8);

impl UseCases {
    /// Looks at every item with groups that was not looked at since a day began somewhere; answers how many.
    ///
    /// # Errors
    /// Those of the store. An item whose rows contradict each other is logged and left.
    pub async fn settle_groups(&self) -> Result<usize, Error> {
        let mut settled = 0;
        loop {
            let places = self.places().await?;
            let days = places.days_at(self.now());
            let items = table::unsettled_items(self.store().reader(), days, ITEMS_MAX).await?;
            let mut done = 0;
            for item in &items {
                match self.settle_item(item, &places, days).await {
                    Ok(()) => done += 1,
                    Err(error) if is_of_one_item(&error) => {
                        tracing::error!(%item, error = %error, "who waits for an item with groups cannot be looked at");
                    }
                    Err(error) => return Err(error),
                }
            }
            settled += done;
            if done == 0 {
                return Ok(settled);
            }
        }
    }

    async fn settle_item(&self, item: &ItemId, places: &Places, days: i64) -> Result<(), Error> {
        self.store()
            .write("settle_groups", move |tx| Box::pin(async move { self.settle_in_tx(tx, item, places, days).await }))
            .await
    }

    async fn settle_in_tx(&self, tx: &WriteTx<'_>, item: &ItemId, places: &Places, days: i64) -> Result<(), Error> {
        let now = self.now();
        let scope = Scope { items: BTreeSet::from([item.clone()]), ..Scope::default() };
        let mut loaded = load_in_tx(tx, scope, Vec::new(), &places.dates_at(now)).await?;
        let context = own_context(derived_uuid(SETTLE_IDS, &format!("{item} {days} {now}")), now, CAUSE);
        let result = loaded.books.book_mut(item).and_then(|book| book.settle_groups(&context));
        result.map_err(of_item(item))?;
        let mut batch = Batch::new(tx);
        self.keep_in_tx(tx, &mut batch, loaded, now, &Causes::all(CAUSE), None).await?;
        let values = vec![Value::from(item.as_str()), Value::from(days)];
        batch.update("item_group", &["item_id"], &["settled_days"], values);
        batch.run(tx).await?;
        Ok(())
    }
}
