//! Judges what service figures should reach, each target once on a day.

use std::time::Duration;

use backorder_service_kit::jobs::Woken;
use backorder_storage::lease;
use tokio_util::sync::CancellationToken;

use crate::{error::Error, use_cases::UseCases};

/// What is leased: counting twice would do no harm, and cost twice.
const LEASE: &str = "allocation_figure_targets";
const LEASE_TIME: Duration = Duration::from_secs(600);

/// Judges targets until shutdown. Business time wakes nobody, so it looks at every tick; who puts a target wakes it.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn judge_targets(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let (holder, tick) = (use_cases.ids().next_uuid().to_string(), use_cases.config().job_tick);
    loop {
        if use_cases.count_targets_to_judge().await? > 0
            && let Some(lease) = lease::acquire(use_cases.store(), LEASE, &holder, LEASE_TIME).await?
        {
            let judged = use_cases.judge_figure_targets().await;
            lease::release(use_cases.store(), &lease).await?;
            judged?;
        }
        if use_cases.wakes().targets.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}
