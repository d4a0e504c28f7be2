//! Readiness: whether this process should get calls now. Checks are given by the services (the schema is the one that the
//! binary knows, the pool answers); draining makes it false for good. NATS and SMTP are no checks.
//!
//! The result is what `grpc.health.v1.Health` answers, for the whole server and for each of its services.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::{BoxFuture, join_all};
use tokio_util::sync::CancellationToken;
use tonic_health::{
    ServingStatus,
    pb::health_server::{Health, HealthServer},
    server::{HealthReporter, HealthService},
};

/// How often the checks run.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long one check may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(1);

type CheckFn = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

#[derive(Clone)]
struct Check {
    name: &'static str,
    run: Arc<CheckFn>,
}

/// The readiness of one process. Clones share it.
#[derive(Clone)]
pub struct Readiness {
    inner: Arc<Inner>,
}

struct Inner {
    checks: Mutex<Vec<Check>>,
    services: Mutex<Vec<&'static str>>,
    draining: AtomicBool,
    ready: AtomicBool,
    reporter: HealthReporter,
    /// One evaluation at a time, so that an old result cannot overwrite a newer one, nor the drain.
    order: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("ready", &self.is_ready()).finish()
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl Readiness {
    /// Not ready until the checks ran once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                checks: Mutex::default(),
                services: Mutex::default(),
                draining: AtomicBool::new(false),
                ready: AtomicBool::new(false),
                reporter: HealthReporter::new(),
                order: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Adds a check. `Err` says in words what is not ready.
    pub fn add_check<F>(&self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check = Check { name, run: Arc::new(move || Box::pin(check())) };
        self.inner.checks.lock().unwrap_or_else(PoisonError::into_inner).push(check);
    }

    /// Names the services whose health follows this readiness.
    pub(crate) fn set_services(&self, services: Vec<&'static str>) {
        *self.inner.services.lock().unwrap_or_else(PoisonError::into_inner) = services;
    }

    /// The health service that answers with this readiness.
    pub(crate) fn health_server(&self) -> HealthServer<impl Health> {
        HealthServer::new(HealthService::from_health_reporter(self.inner.reporter.clone()))
    }

    /// The last result.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.inner.ready.load(Ordering::SeqCst)
    }

    /// Runs the checks now and publishes the result. Answers the failures, each as `name: words`; none means ready.
    pub async fn evaluate(&self) -> Vec<String> {
        let _order = self.inner.order.lock().await;
        if self.inner.draining.load(Ordering::SeqCst) {
            return vec!["server: draining".to_owned()];
        }
        let checks = self.inner.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failures: Vec<String> = join_all(checks.iter().map(run_check)).await.into_iter().flatten().collect();
        // A drain that began meanwhile has the last word.
        let ready = failures.is_empty() && !self.inner.draining.load(Ordering::SeqCst);
        self.publish(ready, &failures).await;
        failures
    }

    /// Makes the process not ready for good.
    pub async fn drain(&self) {
        self.inner.draining.store(true, Ordering::SeqCst);
        let _order = self.inner.order.lock().await;
        self.publish(false, &["server: draining".to_owned()]).await;
    }

    async fn publish(&self, ready: bool, failures: &[String]) {
        let was_ready = self.inner.ready.swap(ready, Ordering::SeqCst);
        if was_ready && !ready {
            tracing::warn!(reason = failures.join("; "), "not ready");
        } else if ready && !was_ready {
            tracing::info!("ready");
        }
        metrics::gauge!("backorder_server_ready").set(if ready { 1.0 } else { 0.0 });
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        let services = self.inner.services.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for service in std::iter::once("").chain(services) {
            self.inner.reporter.set_service_status(service, status).await;
        }
    }

    /// Runs the checks again and again until shutdown.
    pub(crate) async fn watch(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            self.evaluate().await;
        }
    }
}

async fn run_check(check: &Check) -> Option<String> {
    let outcome = tokio::time::timeout(PATIENCE, (check.run)()).await;
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(words)) => Some(format!("{}: {words}", check.name)),
        Err(_late) => Some(format!("{}: no answer within {} ms", check.name, PATIENCE.as_millis())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_process_is_ready_only_while_every_check_passes() {
        let readiness = Readiness::new();
        assert!(!readiness.is_ready(), "before the first evaluation");
        let up = Arc::new(AtomicBool::new(true));
        readiness.add_check("store", {
            let up = Arc::clone(&up);
            move || {
                let up = up.load(Ordering::SeqCst);
                async move { if up { Ok(()) } else { Err("the pool does not answer".to_owned()) } }
            }
        });
        assert!(readiness.evaluate().await.is_empty());
        assert!(readiness.is_ready());
        up.store(false, Ordering::SeqCst);
        assert_eq!(readiness.evaluate().await, ["store: the pool does not answer"]);
        assert!(!readiness.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_counts_as_failed() {
        let readiness = Readiness::new();
        readiness.add_check("store", std::future::pending);
        assert_eq!(readiness.evaluate().await, ["store: no answer within 1000 ms"]);
    }

    #[tokio::test]
    async fn a_draining_process_is_never_ready_again() {
        let readiness = Readiness::new();
        readiness.evaluate().await;
        readiness.drain().await;
        assert_eq!(readiness.evaluate().await, ["server: draining"]);
        assert!(!readiness.is_ready());
    }
}
