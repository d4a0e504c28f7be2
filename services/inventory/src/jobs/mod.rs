//! Background jobs: what time alone makes due. Each runs until shutdown, is woken where somebody knows of work, and
//! looks by itself now and then.

use std::time::Duration;

use backorder_service_kit::jobs::Woken;
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// Does what is due until shutdown: first ends soft claims, sets expired batches aside and
/// exchanges units that do not fit their claims any more, then pegs anew what is pegged to supply that is past due, and
/// looks at who waits for items with groups when a day has begun.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn keep_up_with_time(use_cases: UseCases, tick: Duration, shutdown: CancellationToken) -> Result<(), Error> {
    loop {
        let expired = use_cases.expire_reservations().await?;
        let set_aside = use_cases.quarantine_expired().await?;
        let exchanged = use_cases.exchange_unfit().await?;
        let repegged = use_cases.repeg_past_due().await?;
        let settled = use_cases.settle_groups().await?;
        metrics::counter!("backorder_inventory_expired_claims_total").increment(expired as u64);
        metrics::counter!("backorder_inventory_expired_batches_total").increment(set_aside as u64);
        metrics::counter!("backorder_inventory_unfit_claims_total").increment(exchanged as u64);
        metrics::counter!("backorder_inventory_repegged_items_total").increment(repegged as u64);
        metrics::counter!("backorder_inventory_settled_groups_total").increment(settled as u64);
        if use_cases.wake_upkeep().wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
