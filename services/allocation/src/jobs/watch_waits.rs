//! Acts when a wait is over: asks the customer, cancels what waits, or tells a planner; and ends questions that were not
//! answered in time or are about nothing any more.

use backorder_service_kit::jobs::Woken;
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// Watches waits until shutdown. Business time wakes nobody, so it looks at every tick; who asks for the
/// activity wakes it.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn watch_waits(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let tick = use_cases.config().job_tick;
    loop {
        use_cases.act_on_waits().await?;
        if use_cases.wakes().waits.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
