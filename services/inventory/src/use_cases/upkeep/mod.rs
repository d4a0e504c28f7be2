//! What the passing of business time asks of the books, without a caller: soft claims end, supply becomes past due, batches
//! expire.
//!
//! What is left to do is read off the books themselves, so nothing is forgotten in a crash and nothing is done twice.
//! Books change only under the locks of their items, where each case is looked at again.

mod exchange_unfit;
mod expire_reservations;
mod quarantine_expired;
mod repeg_past_due;
mod settle_groups;

use backorder_domain::stock::{context::CommandContext, error::StockError};
use backorder_service_kit::problem::Problem;
use jiff::Timestamp;
use uuid::Uuid;

use self::repeg_past_due::ITEMS_PER_TRANSACTION_MAX;
use super::UseCases;
use crate::{error::Error, store::upkeep as table};

/// Where upkeep can be stopped by [`crate::config::Config::crash_point`]: when the end of a batch is written and not
/// committed, and when it is committed.
pub const CRASH_POINTS: [&str; 2] = ["expiry.written", "expiry.committed"];

/// Who acts when nobody called.
const ACTOR: &str = "inventory";

impl UseCases {
    fn stop_at(&self, point: &'static str) -> Result<(), Error> {
        match &self.parts.crash_point {
            Some(crash_point) if crash_point.dies_at(point) => {
                Err(Error::Kit(Problem::internal(format!("stopped at {point}"))))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// How many pieces of work business time has left to do: soft claims that are due, expired batches that can still be
    /// sold, claims of which units do not fit any more, items with groups for which a day has begun, and items whose claims are pegged to supply that is past due, of which no more are counted than one transaction takes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn upkeep_waiting(&self) -> Result<u64, Error> {
        let now = self.now();
        let places = self.places().await?;
        let dates = places.dates_at(now);
        let reader = self.store().reader();
        let due = table::count_due_claims(reader, now).await?;
        let past_due = table::past_due_items(reader, &dates, ITEMS_PER_TRANSACTION_MAX).await?;
        let expired = table::expired_batches(reader, &dates, quarantine_expired::BATCHES_MAX).await?;
        let unfit = table::unfit_claims(reader, &dates, exchange_unfit::CLAIMS_MAX).await?;
        let unsettled = table::unsettled_items(reader, places.days_at(now), settle_groups::ITEMS_MAX).await?;
        Ok(due + (past_due.len() + expired.len() + unfit.len() + unsettled.len()) as u64)
    }
}

/// The context of a change that the service makes by itself. `command_id` must not come twice in the ledger.
fn own_context(command_id: Uuid, now: Timestamp, cause: &str) -> CommandContext {
    CommandContext {
        command_id,
        now,
        effective_at: now,
        actor: ACTOR.to_owned(),
        cause: cause.to_owned(),
        reason_code: cause.to_owned(),
        note: String::new(),
    }
}

/// Whether an error concerns the rows of one item only, so that the others can go on.
fn is_of_one_item(error: &Error) -> bool {
    matches!(error, Error::Stock { .. })
}

/// Names the item of a domain error.
fn of_item(item: &backorder_domain::ids::ItemId) -> impl Fn(StockError) -> Error {
    move |error| Error::Stock { item: item.clone(), error }
}
