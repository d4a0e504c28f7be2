//! Waiting after failures: longer each time, random, and cut short by a shutdown.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Grows from a first wait to a last one and starts over after a success.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    last: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, last: Duration) -> Self {
        Self { first, last, failures: 0 }
    }

    /// Waits; answers false when the shutdown came first.
    pub(crate) async fn wait(&mut self, shutdown: &CancellationToken) -> bool {
        let bound = self.first.saturating_mul(1 << self.failures.min(16)).min(self.last);
        self.failures = self.failures.saturating_add(1);
        // Between half and the whole, so that it neither storms nor keeps step with others.
        let wait = bound.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some()
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}
