//! Retries of calls to other services, at one layer and under a budget, so that they cannot make an overload worse.
//!
//! Use it only around a read or around a call that carries a request id: the same call may be done twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tonic::{Code, Status};

use crate::{context::current_deadline, problem::retry_delay_of};

/// A retry costs this many tokens; a first attempt earns one. So retries are at most a tenth of the calls.
const RETRY_COST: i64 = 10;
/// The tokens that a quiet client may save up: ten retries in a row.
const TOKENS_MAX: i64 = 10 * RETRY_COST;

/// How calls are tried again. Clones share the budget; use one policy per called service.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    attempts_max: u32,
    backoff_min: Duration,
    backoff_max: Duration,
    tokens: Arc<AtomicI64>,
}

impl Default for RetryPolicy {
    /// At most three attempts, full jitter over 50 ms, 100 ms, … and a budget of a tenth of the calls.
    fn default() -> Self {
        Self {
            attempts_max: 3,
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
            tokens: Arc::new(AtomicI64::new(TOKENS_MAX)),
        }
    }
}

impl RetryPolicy {
    /// A policy that never tries again, for callers that retry at another layer.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts_max: 1, ..Self::default() }
    }

    fn earn(&self) {
        // A lost update only makes the budget a little smaller or larger for a moment.
        let _ = self
            .tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| (tokens < TOKENS_MAX).then_some(tokens + 1));
    }

    fn spend(&self) -> bool {
        self.tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                (tokens >= RETRY_COST).then_some(tokens - RETRY_COST)
            })
            .is_ok()
    }

    /// The wait before the next attempt: full jitter under a doubling bound, but at least what the status asks for.
    fn delay(&self, attempt: u32, status: &Status) -> Duration {
        let bound = self.backoff_min.saturating_mul(1 << attempt.min(10)).min(self.backoff_max);
        let jitter = bound.mul_f64(rand::random::<f64>());
        jitter.max(retry_delay_of(status).unwrap_or_default())
    }
}

/// Whether the same call may succeed a moment later: the service is away, asks to be tried again, or lost a race and says
/// so. A stale etag is ABORTED without a delay: it needs a new read, not the same call.
#[must_use]
pub fn may_retry(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        Code::ResourceExhausted | Code::Aborted => retry_delay_of(status).is_some(),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

/// Calls until it succeeds, fails for good, has no attempt or budget left, or the caller's deadline would pass first.
///
/// # Errors
/// The status of the last attempt.
pub async fn call<T, F>(policy: &RetryPolicy, mut attempt: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    policy.earn();
    let mut attempts = 0;
    loop {
        let status = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(status) => status,
        };
        attempts += 1;
        if attempts >= policy.attempts_max || !may_retry(&status) {
            return Err(status);
        }
        let delay = policy.delay(attempts, &status);
        let too_late = current_deadline().is_some_and(|deadline| Instant::now() + delay >= deadline);
        if too_late || !policy.spend() {
            return Err(status);
        }
        metrics::counter!("backorder_rpc_client_retries_total").increment(1);
        tokio::time::sleep(delay).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use backorder_proto::common::v1::ErrorReason;

    use super::*;
    use crate::{
        context::{CallScope, in_scope},
        problem::Problem,
    };

    async fn attempts(policy: &RetryPolicy, problem: &Problem) -> u32 {
        let count = AtomicU32::new(0);
        let outcome: Result<(), Status> = call(policy, || async {
            count.fetch_add(1, Ordering::Relaxed);
            Err(problem.clone().into())
        })
        .await;
        assert!(outcome.is_err());
        count.into_inner()
    }

    #[tokio::test(start_paused = true)]
    async fn an_unavailable_service_is_tried_three_times() {
        let problem = Problem::dependency_unavailable("inventory", Duration::from_millis(10));
        assert_eq!(attempts(&RetryPolicy::default(), &problem).await, 3);
        assert_eq!(attempts(&RetryPolicy::never(), &problem).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_succeed_is_not_tried_again() {
        for problem in [
            Problem::failed_precondition(ErrorReason::InsufficientStock, "too little"),
            Problem::aborted(ErrorReason::VersionMismatch, "stale"),
            Problem::deadline_passed(),
        ] {
            assert_eq!(attempts(&RetryPolicy::default(), &problem).await, 1, "{problem}");
        }
        assert_eq!(attempts(&RetryPolicy::default(), &Problem::contention()).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_ends_retries_when_everything_fails() {
        let policy = RetryPolicy::default();
        let problem = Problem::overloaded(Duration::from_millis(1));
        let mut sum = 0;
        for _ in 0..1_000 {
            sum += attempts(&policy, &problem).await;
        }
        assert!((1_100..=1_115).contains(&sum), "{sum} attempts for 1,000 calls");
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_is_made_past_the_deadline() {
        let deadline = Instant::now() + Duration::from_millis(5);
        let scope = CallScope { deadline: Some(deadline), ..CallScope::default() };
        let problem = Problem::overloaded(Duration::from_millis(50));
        assert_eq!(in_scope(scope, attempts(&RetryPolicy::default(), &problem)).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_success_is_the_answer() {
        let count = AtomicU32::new(0);
        let answer = call(&RetryPolicy::default(), || async {
            if count.fetch_add(1, Ordering::Relaxed) == 0 { Err(Problem::contention().into()) } else { Ok(7) }
        })
        .await;
        assert_eq!(answer.ok(), Some(7));
    }
}
