//! Looks again at promises that stand against what is expected, when their time has come: a better day has stood long
//! enough, or the promised day has come and cannot be kept. Once a day it looks at those that were made without a
//! reservation.

use backorder_service_kit::jobs::Woken;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// How often promises without a reservation are looked at, in business time.
const UNRESERVED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Reviews promises until shutdown. Business time wakes nobody, so it looks at every tick; who asks for the
/// activity wakes it.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn review_promises(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let tick = use_cases.config().job_tick;
    let mut looked_at: Option<Timestamp> = None;
    loop {
        use_cases.review_promises().await?;
        let now = use_cases.now();
        if looked_at.is_none_or(|at| now.duration_since(at) >= UNRESERVED_EVERY) {
            match use_cases.review_unreserved().await {
                Ok(()) => looked_at = Some(now),
                // Other promises need nothing of inventory.
                Err(Error::Unanswered(status)) => {
                    tracing::warn!(error = %status, "promises without a reservation are looked at later");
                }
                Err(error) => return Err(error),
            }
        }
        if use_cases.wakes().reviews.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
