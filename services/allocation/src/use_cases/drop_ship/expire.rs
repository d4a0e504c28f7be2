//! Ends takes that suppliers did not answer in time.

use backorder_domain::ids::derived_uuid;
use backorder_storage::columns;
use uuid::Uuid;

use super::{Recorded, locked_in_tx};
use crate::{
    error::Error,
    order::take,
    store::takes::{self, EXPIRED, PENDING},
    use_cases::UseCases,
    write::Who,
};

/// Takes in one look.
const TAKES_AT_ONCE: u64 = 100;
/// Who ends takes by itself.
const ACTOR: &str = "allocation";

impl UseCases {
    /// Ends the takes whose time is over, as far as no step of their orders is under way: these are ended next time.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn expire_takes(&self) -> Result<(), Error> {
        let overdue = takes::overdue(self.store().reader(), self.now(), TAKES_AT_ONCE).await?;
        for take in &overdue {
            match self.expire_take(&take.id).await {
                Ok(()) | Err(Error::Busy { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn expire_take(&self, id: &str) -> Result<(), Error> {
        self.store()
            .write("expire_take", move |tx| {
                Box::pin(async move {
                    let (mut take, mut book) = locked_in_tx(tx, id).await?;
                    let now = self.now();
                    if take.state != PENDING || take.answer_by > columns::micros(now) {
                        return Ok(());
                    }
                    let write = derived_uuid(Uuid::NAMESPACE_OID, &format!("expired take {id}"));
                    let moved = take::answer(&mut take, EXPIRED, 0, now);
                    let who = Who { actor: ACTOR.to_owned(), ..Who::default() };
                    let text = "not answered by the supplier";
                    let recorded = Recorded { write, text, who: &who, traceparent: None, take, moved };
                    self.record_take_in_tx(tx, &mut book, recorded).await?;
                    Ok(())
                })
            })
            .await
    }
}
