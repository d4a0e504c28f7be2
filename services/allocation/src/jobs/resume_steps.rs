//! Resumes every step that a crash or an outage has left unfinished, with the same ids.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use backorder_service_kit::{jobs::Woken, trace::in_trace};
use futures::{StreamExt as _, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{error::Error, saga::Step, store::steps, use_cases::UseCases};

/// Steps looked at in one pass.
const STEPS_MAX: u64 = 200;
/// Steps resumed at once.
const AT_ONCE: usize = 8;
/// A step that nobody here works on may be another instance's: it gets this long before it is taken over.
const PATIENCE: Duration = Duration::from_secs(2);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// When a step is tried next, and how often it was.
struct Due {
    at: Instant,
    tries: u32,
}

/// Resumes steps until shutdown: all of them at the start, later those that stay.
///
/// # Errors
/// Those of the store; the job is started anew then.
pub async fn resume_steps(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let mut due: HashMap<Uuid, Due> = HashMap::new();
    let mut patience = Duration::ZERO;
    loop {
        let found = steps::oldest(use_cases.store(), STEPS_MAX).await?;
        let mut now_due = Vec::new();
        let mut seen = HashSet::new();
        for row in found {
            let step = Step::of_row(row)?;
            seen.insert(step.id);
            let entry = due.entry(step.id).or_insert_with(|| Due { at: Instant::now() + patience, tries: 0 });
            if entry.at <= Instant::now() {
                now_due.push(step);
            }
        }
        due.retain(|step, _| seen.contains(step));
        let resumed = stream::iter(now_due).map(|step| resume(&use_cases, step)).buffer_unordered(AT_ONCE);
        for id in resumed.filter_map(|unfinished| async move { unfinished }).collect::<Vec<_>>().await {
            if let Some(entry) = due.get_mut(&id) {
                entry.tries += 1;
                let bound = BACKOFF_MIN.saturating_mul(1 << entry.tries.min(10)).min(BACKOFF_MAX);
                entry.at = Instant::now() + bound;
            }
        }
        patience = PATIENCE;
        let next = due.values().map(|due| due.at.saturating_duration_since(Instant::now())).min();
        let pause = next.unwrap_or(use_cases.config().job_tick).min(use_cases.config().job_tick).max(BACKOFF_MIN);
        if use_cases.wakes().resume.wait(&shutdown, pause).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

/// Answers the step's id when it is still unfinished.
async fn resume(use_cases: &UseCases, step: Step) -> Option<Uuid> {
    let id = step.id;
    // Somebody here works on it.
    let holding = use_cases.in_flight().enter(id)?;
    let span = tracing::info_span!(parent: None, "resume_step", kind = step.kind.as_str(), id = %id);
    let traceparent = step.traceparent.clone();
    match in_trace(span, traceparent.as_deref(), use_cases.drive(step, None, holding)).await {
        Ok(_) => {
            metrics::counter!("backorder_allocation_steps_resumed_total").increment(1);
            None
        }
        Err(error @ (Error::Unanswered(_) | Error::Storage(_) | Error::Stopped(_))) => {
            tracing::warn!(step = %id, error = %error, "a step is still unfinished");
            Some(id)
        }
        // The caller is gone; the step is undone, and who sends the request again gets the refusal.
        Err(Error::Refused(_) | Error::QuoteGone { .. } | Error::Line { .. } | Error::State { .. }) => None,
        Err(error) => {
            tracing::error!(step = %id, error = %error, "a step cannot be finished");
            Some(id)
        }
    }
}
