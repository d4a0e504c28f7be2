//! Writing use cases run in tasks that the service owns, so that a caller that goes away cannot stop one half-way.
//!
//! The tasks are counted and bounded, and shutdown waits for them. They keep the scope of the call (trace, deadline,
//! caller) and its span. This module must not retry anything.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{
    context::{current_scope, in_scope},
    problem::Problem,
};

/// The writing tasks of one service. Clones share the same tasks.
#[derive(Debug, Clone)]
pub struct OwnedTasks {
    tracker: TaskTracker,
    running: Arc<Semaphore>,
}

impl OwnedTasks {
    /// At most `running_max` tasks run at once; more callers wait for their turn until their deadline.
    #[must_use]
    pub fn new(running_max: usize) -> Self {
        Self { tracker: TaskTracker::new(), running: Arc::new(Semaphore::new(running_max)) }
    }

    /// Runs a use case to its end and answers its result. When the caller is dropped before the start, nothing happens;
    /// after the start, the use case goes on by itself.
    ///
    /// # Errors
    /// The use case's own error, SHUTTING_DOWN when the tasks were drained, or INTERNAL when the use case panicked.
    pub async fn run<T, E, F>(&self, use_case: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Problem> + Send + 'static,
    {
        self.run_begun(|| use_case).await
    }

    /// The same for a use case that `begin` begins before its task is made: in the order in which callers got their turn, as
    /// tasks start in any order.
    ///
    /// # Errors
    /// As [`OwnedTasks::run`].
    pub async fn run_begun<T, E, F>(&self, begin: impl FnOnce() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Problem> + Send + 'static,
    {
        let Ok(turn) = Arc::clone(&self.running).acquire_owned().await else {
            return Err(Problem::shutting_down().into());
        };
        let scope = current_scope().unwrap_or_default();
        let name = scope.method.rsplit('/').next().unwrap_or_default();
        let span = tracing::info_span!("use_case", otel.name = name);
        let use_case = begin();
        let task = async move {
            let outcome = use_case.await;
            drop(turn);
            outcome
        };
        let handle = self.tracker.spawn(in_scope(scope, task.instrument(span)));
        match handle.await {
            Ok(outcome) => outcome,
            Err(broken) => Err(Problem::internal(broken).context("a writing task broke").into()),
        }
    }

    /// How many tasks have not ended.
    #[must_use]
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Takes no more tasks and waits for those that run. Answers whether all of them ended in time.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.running.close();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a failed unwrap is a failed test; panics are what is tested"
    )]
    use backorder_proto::common::v1::ErrorReason;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_caller_that_goes_away_does_not_stop_the_use_case() {
        let tasks = OwnedTasks::new(4);
        let (begun, has_begun) = oneshot::channel();
        let (go_on, may_go_on) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let caller = tokio::spawn({
            let tasks = tasks.clone();
            async move {
                tasks
                    .run::<(), Problem, _>(async move {
                        begun.send(()).unwrap();
                        may_go_on.await.unwrap();
                        done.send(()).unwrap();
                        Ok(())
                    })
                    .await
            }
        });
        has_begun.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        go_on.send(()).unwrap();
        is_done.await.unwrap();
        assert!(tasks.drain(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn a_panic_becomes_an_internal_problem() {
        let tasks = OwnedTasks::new(1);
        let problem = tasks.run::<(), Problem, _>(async { panic!("boom") }).await.unwrap_err();
        assert_eq!(problem.reason(), ErrorReason::Internal);
        assert_eq!(tasks.run::<_, Problem, _>(async { Ok(1) }).await.unwrap(), 1, "its place is free again");
    }

    #[tokio::test]
    async fn drained_tasks_take_no_more_work() {
        let tasks = OwnedTasks::new(1);
        assert!(tasks.drain(Duration::ZERO).await);
        let problem = tasks.run::<(), Problem, _>(async { Ok(()) }).await.unwrap_err();
        assert_eq!(problem.reason(), ErrorReason::ShuttingDown);
    }

    #[tokio::test(start_paused = true)]
    async fn drain_gives_up_after_its_patience() {
        let tasks = OwnedTasks::new(1);
        let runner = tasks.clone();
        let caller = tokio::spawn(async move { runner.run::<(), Problem, _>(std::future::pending()).await });
        while tasks.running() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!tasks.drain(Duration::from_secs(20)).await);
        caller.abort();
    }
}
