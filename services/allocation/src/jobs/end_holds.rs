//! Ends holds and overrides whose time is over, and bars the lines of customers who are on hold.

use std::time::Duration;

use backorder_service_kit::jobs::Woken;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{error::Error, rules, use_cases::UseCases};

/// How long after a change orders may still be placed by holds that were read before it.
const STALE_HOLDS_AGE_MAX: Duration = rules::AGE_MAX.saturating_mul(2);

/// Ends and spreads holds until shutdown. Business time wakes nobody, so it looks for ended ones at every tick; the lines
/// of held customers are looked at when holds changed, once more when no instance can use the old ones any longer, and
/// now and then.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn end_holds(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let (tick, safety) = (use_cases.config().job_tick, use_cases.config().hold_tick);
    let mut look_at: Vec<Instant> = vec![Instant::now()];
    loop {
        use_cases.end_holds().await?;
        use_cases.end_overrides().await?;
        let now = Instant::now();
        if look_at.iter().any(|at| *at <= now) {
            look_at.retain(|at| *at > now);
            let is_left = use_cases.spread_customer_holds().await?;
            look_at.push(now + if is_left { tick } else { safety });
        }
        match use_cases.wakes().holds.wait(&shutdown, tick).await {
            Woken::Shutdown => return Ok(()),
            Woken::Called => look_at = vec![Instant::now(), Instant::now() + STALE_HOLDS_AGE_MAX],
            Woken::Elapsed => {}
        }
    }
}
