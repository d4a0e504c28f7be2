//! Ends soft claims whose time has come. Whether a claim is still soft, still due and not resolved is decided under its
//! item's lock, so a claim that is posted, released, confirmed or expired at the same moment is resolved exactly once.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, derived_uuid},
    stock::claim::ClaimKey,
};
use backorder_storage::{Batch, WriteTx};
use uuid::Uuid;

use super::{is_of_one_item, of_item, own_context};
use crate::{
    error::Error,
    store::{
        stock::{Scope, load_in_tx},
        upkeep as table,
    },
    use_cases::{UseCases, stock::Causes},
};

/// Claims ended in one transaction at most.
const CLAIMS_PER_TRANSACTION_MAX: u64 = 200;
const CAUSE: &str = "expired";
/// A claim expires once, so the id of the write is derived from its key.
const EXPIRY_IDS: Uuid = Uuid::from_u128(0x6f0b_8d4e_2a53_4c19_9a6d_5e8f_1b7c_3d20);

impl UseCases {
    /// Ends every soft claim that is due now; answers how many were ended.
    ///
    /// # Errors
    /// Those of the store. A claim that the domain refuses to end is logged and left.
    pub async fn expire_reservations(&self) -> Result<usize, Error> {
        let mut expired = 0;
        loop {
            let due = table::due_claims(self.store().reader(), self.now(), CLAIMS_PER_TRANSACTION_MAX).await?;
            if due.is_empty() {
                return Ok(expired);
            }
            let ended = self.expire(&due).await?;
            if ended == 0 {
                return Ok(expired);
            }
            expired += ended;
        }
    }

    /// Ends claims together; when the rows of one contradict each other, the others one by one.
    async fn expire(&self, due: &[(ItemId, ClaimKey)]) -> Result<usize, Error> {
        match self.expire_together(due).await {
            Err(error) if is_of_one_item(&error) => {}
            ended => return ended,
        }
        let mut ended = 0;
        for claim in due {
            match self.expire_together(std::slice::from_ref(claim)).await {
                Ok(count) => ended += count,
                Err(error) if is_of_one_item(&error) => {
                    tracing::error!(claim = %claim.1, error = %error, "a soft claim cannot be ended");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    async fn expire_together(&self, due: &[(ItemId, ClaimKey)]) -> Result<usize, Error> {
        let places = &self.places().await?;
        self.store()
            .write("expire_reservations", move |tx| Box::pin(async move { self.expire_in_tx(tx, due, places).await }))
            .await
    }

    async fn expire_in_tx(
        &self,
        tx: &WriteTx<'_>,
        due: &[(ItemId, ClaimKey)],
        places: &crate::catalog::Places,
    ) -> Result<usize, Error> {
        let now = self.now();
        let scope = Scope {
            items: due.iter().map(|(item, _)| item.clone()).collect(),
            lines: due.iter().map(|(_, key)| key.line.clone()).collect::<BTreeSet<_>>(),
            ..Scope::default()
        };
        let mut loaded = load_in_tx(tx, scope, Vec::new(), &places.dates_at(now)).await?;
        let mut ended = 0;
        for (item, key) in due {
            let context = own_context(derived_uuid(EXPIRY_IDS, &key.to_string()), now, CAUSE);
            let result = loaded.books.book_mut(item).and_then(|book| book.expire(&context, key));
            if result.map_err(of_item(item))? {
                ended += 1;
            }
        }
        if ended > 0 {
            let mut batch = Batch::new(tx);
            self.keep_in_tx(tx, &mut batch, loaded, now, &Causes::all(CAUSE), None).await?;
            batch.run(tx).await?;
        }
        Ok(ended)
    }
}
