//! Ends takes that suppliers did not answer in time: their units wait as before.

use backorder_service_kit::jobs::Woken;
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// Ends takes until shutdown. Business time wakes nobody, so it looks at every tick; who asks for the
/// activity wakes it.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn expire_takes(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let tick = use_cases.config().job_tick;
    loop {
        use_cases.expire_takes().await?;
        if use_cases.wakes().takes.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
