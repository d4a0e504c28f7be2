//! Starts the runs of schedules. Business time wakes nobody, so it looks at every tick.
//!
//! Each moment starts one run, whoever looks: the schedule's row is locked, and its next moment is noted with the run. What
//! came while nobody was there is made up for by one run.

use backorder_service_kit::jobs::{Wake, Woken};
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// Starts scheduled runs until shutdown.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn schedule_runs(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let nobody = Wake::new();
    loop {
        use_cases.start_scheduled_runs().await?;
        if nobody.wait(&shutdown, use_cases.config().job_tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
