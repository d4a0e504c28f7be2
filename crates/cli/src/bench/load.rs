//! Clients in a closed loop: each sends its next call when it has the answer to the one before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use tokio::time::Instant;

use super::machine::{Load, Meter};
use crate::failure::Failure;

/// How long to send.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Thrown away, so that connections, statements and pages are warm.
    pub warm_up: Duration,
    /// Measured.
    pub measured: Duration,
}

/// One client: sends one call and answers how many units of work were done with it.
pub trait Client: Send + 'static {
    /// One call from beginning to end.
    fn call(&mut self) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// What was measured in one round.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Units of work a second.
    pub per_second: f64,
    /// How long each call took, in microseconds, ascending.
    pub micros: Vec<u32>,
    /// Who used the processors.
    pub load: Load,
}

impl Measured {
    /// The time below which a share of the calls stayed, in milliseconds.
    #[must_use]
    pub fn millis_at(&self, share: f64) -> f64 {
        percentile(&self.micros, share) / 1_000.0
    }
}

/// Runs clients against each other for a time, and gives them back with what was measured. Calls count that end within it.
///
/// # Errors
/// The first [`Failure`] of any client.
pub async fn run<C: Client>(clients: Vec<C>, span: Span) -> Result<(Vec<C>, Measured), Failure> {
    let begin = Instant::now() + span.warm_up;
    let end = begin + span.measured;
    let meter = tokio::spawn(async move {
        tokio::time::sleep_until(begin).await;
        let meter = Meter::start();
        tokio::time::sleep_until(end).await;
        meter.load()
    });
    let running = clients.into_iter().map(|client| tokio::spawn(drive(client, begin, end)));
    let mut ended = Vec::new();
    let (mut done, mut micros) = (0_u64, Vec::new());
    for client in join_all(running).await {
        let (client, driven) = client.map_err(|broken| Failure::new(format!("a client broke: {broken}")))??;
        done += driven.done;
        micros.extend(driven.micros);
        ended.push(client);
    }
    micros.sort_unstable();
    let load = meter.await.unwrap_or_default();
    Ok((ended, Measured { per_second: rate(done, span.measured), micros, load }))
}

/// Runs clients against each other until some work is done, and gives them back with what was measured meanwhile.
///
/// # Errors
/// The [`Failure`] of the work, else the first of any client.
pub async fn run_during<C: Client, T>(
    clients: Vec<C>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<(Vec<C>, Measured, T), Failure> {
    let (meter, begin) = (Meter::start(), Instant::now());
    let done = Arc::new(AtomicBool::new(false));
    let running: Vec<_> =
        clients.into_iter().map(|client| tokio::spawn(drive_until(client, Arc::clone(&done)))).collect();
    let worked = work.await;
    done.store(true, Ordering::Relaxed);
    let (taken, load) = (begin.elapsed(), meter.load());
    let (mut ended, mut count, mut micros) = (Vec::new(), 0_u64, Vec::new());
    for client in join_all(running).await {
        let (client, driven) = client.map_err(|broken| Failure::new(format!("a client broke: {broken}")))??;
        count += driven.done;
        micros.extend(driven.micros);
        ended.push(client);
    }
    micros.sort_unstable();
    Ok((ended, Measured { per_second: rate(count, taken), micros, load }, worked?))
}

async fn drive_until<C: Client>(mut client: C, done: Arc<AtomicBool>) -> Result<(C, Driven), Failure> {
    let mut driven = Driven::default();
    loop {
        let sent = Instant::now();
        let units = client.call().await?;
        if done.load(Ordering::Relaxed) {
            return Ok((client, driven));
        }
        driven.done += units;
        driven.micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

#[derive(Default)]
struct Driven {
    done: u64,
    micros: Vec<u32>,
}

async fn drive<C: Client>(mut client: C, begin: Instant, end: Instant) -> Result<(C, Driven), Failure> {
    let mut driven = Driven::default();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok((client, driven));
        }
        let done = client.call().await?;
        let answered = Instant::now();
        if sent >= begin && answered <= end {
            driven.done += done;
            driven.micros.push(u32::try_from((answered - sent).as_micros()).unwrap_or(u32::MAX));
        }
    }
}

/// The value below which a share of the ascending values lies; 0 of none.
#[must_use]
pub fn percentile(ascending: &[u32], share: f64) -> f64 {
    let last = ascending.len().saturating_sub(1);
    // At most as large as the number of values, and not negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "above")]
    let at = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    ascending.get(at).map_or(0.0, |value| f64::from(*value))
}

/// So many in such a time, a second.
#[must_use]
pub fn rate(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64().max(0.001)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<u32> = (1..=100).collect();
        assert!((percentile(&values, 0.5) - 51.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 0.99) - 99.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 1.0) - 100.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 0.5).abs() < f64::EPSILON);
    }

    struct Counting(u64);

    impl Client for Counting {
        async fn call(&mut self) -> Result<u64, Failure> {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.0 += 1;
            Ok(3)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_warms_up_is_not_counted_and_clients_come_back() {
        let span = Span { warm_up: Duration::from_secs(1), measured: Duration::from_secs(2) };
        let (clients, measured) = run(vec![Counting(0), Counting(0)], span).await.unwrap();
        assert_eq!(clients.iter().map(|client| client.0).collect::<Vec<_>>(), [300, 300]);
        assert!((measured.per_second - 600.0).abs() <= 6.0, "{}", measured.per_second);
        assert!((measured.millis_at(0.5) - 10.0).abs() <= 1.0);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_run_as_long_as_the_work_does_and_calls_that_end_later_do_not_count() {
        let work = async {
            tokio::time::sleep(Duration::from_millis(1_005)).await;
            Ok("done")
        };
        let (clients, measured, worked) = run_during(vec![Counting(0), Counting(0)], work).await.unwrap();
        assert_eq!((worked, clients[0].0), ("done", 101));
        assert_eq!(measured.micros.len(), 200);
        assert!((measured.per_second - 600.0).abs() <= 6.0, "{}", measured.per_second);
    }

    struct Failing;

    impl Client for Failing {
        async fn call(&mut self) -> Result<u64, Failure> {
            Err(Failure::new("refused"))
        }
    }

    #[tokio::test]
    async fn a_failed_call_ends_the_round() {
        let span = Span { warm_up: Duration::ZERO, measured: Duration::from_secs(60) };
        assert!(run(vec![Failing], span).await.is_err());
    }
}
