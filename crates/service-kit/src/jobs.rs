//! Background jobs: each runs until shutdown, is started anew when it fails, and is waited for at the end.
//!
//! A job is woken by what it waits for, not by a poll. This module must not know what a job does.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio::{sync::Notify, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// A job that ran this long before it failed starts anew without the backoff of earlier failures.
const STEADY_AFTER: Duration = Duration::from_secs(60);

/// The jobs of a service. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl Jobs {
    /// No job yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that tells the jobs to stop.
    #[must_use]
    pub fn shutdown_token(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Starts a job. `job` is called again, after a growing pause, when it failed or panicked; an `Ok` ends it.
    pub fn spawn<F>(&self, name: &'static str, job: impl Fn(CancellationToken) -> F + Send + 'static)
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let shutdown = self.shutdown.clone();
        let span = tracing::info_span!(parent: None, "job", job = name);
        self.tracker.spawn(supervise(name, job, shutdown).instrument(span));
    }

    /// Tells all jobs to stop and waits for them. Answers whether all ended in time.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}

async fn supervise<F>(name: &'static str, job: impl Fn(CancellationToken) -> F, shutdown: CancellationToken)
where
    F: Future<Output = Result<(), BoxError>>,
{
    let mut backoff = BACKOFF_MIN;
    while !shutdown.is_cancelled() {
        let begun = Instant::now();
        let failure = match AssertUnwindSafe(job(shutdown.clone())).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(error.as_ref()),
            Err(_panic) => "a panic, see the line before".to_owned(),
        };
        if begun.elapsed() >= STEADY_AFTER {
            backoff = BACKOFF_MIN;
        }
        metrics::counter!("backorder_job_restarts_total", "job" => name).increment(1);
        tracing::error!(error = failure, pause_ms = backoff.as_millis(), "the job failed and starts anew");
        let pause = backoff.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Wakes one job. A wake that comes while the job works is kept, so that none is lost. Clones wake the same job.
#[derive(Clone, Default)]
pub struct Wake {
    notify: Arc<Notify>,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Someone woke the job.
    Called,
    /// The pause is over.
    Elapsed,
    /// The job should stop.
    Shutdown,
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}

impl Wake {
    /// Nobody woken yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the job, now or as soon as it waits again.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Waits for a wake, at most for `pause`, which is the job's safety net against a lost cause.
    pub async fn wait(&self, shutdown: &CancellationToken, pause: Duration) -> Woken {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Woken::Shutdown,
            () = self.notify.notified() => Woken::Called,
            () = tokio::time::sleep(pause) => Woken::Elapsed,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "panics are what is tested")]
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_job_that_fails_or_panics_starts_anew() {
        let jobs = Jobs::new();
        let starts = Arc::new(AtomicU32::new(0));
        let third = Arc::new(Notify::new());
        let seen = Arc::clone(&third);
        jobs.spawn("test", {
            let starts = Arc::clone(&starts);
            move |shutdown| {
                let (start, third) = (starts.fetch_add(1, Ordering::SeqCst) + 1, Arc::clone(&third));
                async move {
                    match start {
                        1 => return Err("a failure".into()),
                        2 => panic!("a panic"),
                        _ => third.notify_one(),
                    }
                    shutdown.cancelled().await;
                    Ok(())
                }
            }
        });
        seen.notified().await;
        assert!(jobs.stop(Duration::from_secs(1)).await);
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_during_work_is_kept() {
        let (wake, shutdown) = (Wake::new(), CancellationToken::new());
        wake.wake();
        assert_eq!(wake.wait(&shutdown, Duration::from_secs(60)).await, Woken::Called);
        assert_eq!(wake.wait(&shutdown, Duration::from_secs(60)).await, Woken::Elapsed);
        shutdown.cancel();
        assert_eq!(wake.wait(&shutdown, Duration::from_secs(60)).await, Woken::Shutdown);
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_does_not_stop_is_told() {
        let jobs = Jobs::new();
        let begun = Arc::new(Notify::new());
        let begin = Arc::clone(&begun);
        jobs.spawn("stubborn", move |_| {
            begin.notify_one();
            std::future::pending()
        });
        begun.notified().await;
        assert!(!jobs.stop(Duration::from_secs(20)).await);
    }
}
