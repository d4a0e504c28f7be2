//! Looks again at promises that stand against what is expected, when their time has come: a better day has stood long
//! enough, or the promised day has come and cannot be kept.

use backorder_service_kit::jobs::Woken;
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// Reviews promises until shutdown. Business time wakes nobody, so it looks at every tick; who asks for the
/// activity wakes it.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn review_promises(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let tick = use_cases.config().job_tick;
    loop {
        use_cases.review_promises().await?;
        if use_cases.wakes().reviews.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
