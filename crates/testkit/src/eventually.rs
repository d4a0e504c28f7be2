//! Waiting for something that another task or process will make true. It polls; it never assumes a duration.

use std::env;
use std::future::Future;
use std::time::{Duration, Instant};

/// Seconds that [`eventually`] waits; 20 when unset. Slow machines raise it.
const PATIENCE_ENV: &str = "BACKORDER_TEST_PATIENCE_SECONDS";
const DEFAULT_PATIENCE: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// How long a test waits for something before it calls it missing, from `BACKORDER_TEST_PATIENCE_SECONDS`.
#[must_use]
pub fn patience() -> Duration {
    env::var(PATIENCE_ENV).ok().and_then(|text| text.parse().ok()).map_or(DEFAULT_PATIENCE, Duration::from_secs)
}

/// Waits until `condition` answers true, asking again with growing pauses.
///
/// # Panics
/// When [`patience`] runs out; the message names `what`.
pub async fn eventually<F>(what: &str, condition: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    eventually_within(patience(), what, condition).await;
}

/// As [`eventually`], with a patience of the caller's own.
///
/// # Panics
/// When `patience` runs out; the message names `what`.
pub async fn eventually_within<F>(patience: Duration, what: &str, mut condition: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    while !condition().await {
        if started.elapsed() > patience {
            crate::give_up("never became true", &format_args!("{what} (waited {patience:?})"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{eventually, eventually_within};

    #[tokio::test]
    async fn a_condition_that_becomes_true_ends_the_wait() {
        let mut asked = 0;
        eventually("the third question", || {
            asked += 1;
            let answer = asked == 3;
            async move { answer }
        })
        .await;
        assert_eq!(asked, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "pigs fly")]
    async fn a_condition_that_stays_false_stops_the_test_and_is_named() {
        eventually_within(Duration::from_millis(10), "pigs fly", || async { false }).await;
    }
}
