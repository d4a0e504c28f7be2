//! Group commit: calls that arrive while a transaction is under way form the next one.
//!
//! Who finds too few at work makes a batch, and leaves the next to a worker that goes on until nobody waits. There is no
//! timer, so a call on an idle system waits for nobody. Each caller gets its own answer.
//!
//! It must not know what a call does: that is a [`Batches`]. Calls come from writing tasks, which are bounded, so what waits
//! is bounded, too.

mod queue;

use std::{
    hash::Hash,
    panic::AssertUnwindSafe,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::FutureExt as _;
use tokio::{
    sync::{
        oneshot::{self, error::RecvError},
        watch,
    },
    time::{Instant, timeout_at},
};
use tracing::Instrument as _;

use self::queue::{Queue, TakenBatch, Waiting};
use crate::{
    context::{CallScope, current_deadline, in_scope},
    problem::Problem,
};

/// A call that may be done together with others.
pub trait GroupCall: Send + Sync + 'static {
    /// What no two batches under way may be about: calls about one subject are done in the order of arrival.
    type Subject: Clone + Eq + Hash + Send + Sync;
    /// What no batch may do twice.
    type Key: Clone + Eq + Hash + Send + Sync;

    /// What the call is about.
    fn subjects(&self) -> impl Iterator<Item = &Self::Subject>;

    /// What the call does. A call that is doubled waits for a later batch, where it finds what the first has done.
    fn key(&self) -> &Self::Key;

    /// How many lines it has, of which a batch is bounded.
    fn lines(&self) -> usize;
}

/// How large batches are.
#[derive(Debug, Clone, Copy)]
pub struct GroupLimits {
    /// Calls in one batch at most, so that the first of them need not wait for too many others.
    pub calls_max: usize,
    /// Lines in one batch at most; a single call may have more.
    pub lines_max: usize,
    /// Batches at once. A batch beside another has at least as many calls, because what a batch costs whatever its size is
    /// not paid for a few.
    pub batches_max: usize,
}

/// Who is in a group now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupLoad {
    /// Calls that wait for their batch.
    pub waiting: usize,
    /// Calls in the batches that are under way.
    pub running: usize,
}

/// After this time without a batch nobody is about to call again.
const QUIET: Duration = Duration::from_millis(10);

/// Does batches of calls. Clones share the group.
#[async_trait]
pub trait Batches: Clone + Send + Sync + 'static {
    /// The call.
    type Call: GroupCall;
    /// The answer to one call.
    type Answer: Send + 'static;
    /// Why a call failed.
    type Error: From<Problem> + Send + 'static;

    /// What a batch is called in spans and logs.
    const NAME: &'static str;

    /// Where the calls wait.
    fn group(&self) -> &Group<Self>;

    /// Does the calls in one transaction, in their order. A call that is refused before anything was written gets its own
    /// error, and the others are done.
    ///
    /// # Errors
    /// When nothing was done. The halves are tried for themselves then, and so on, so that a failure meets only the call that
    /// earned it and costs the others little.
    async fn execute(&self, calls: &[Self::Call]) -> Result<Vec<Result<Self::Answer, Self::Error>>, Self::Error>;

    /// Does those of the calls that a quicker way is open to, and answers each of them; `None`, or nothing, for the others,
    /// which [`Batches::execute`] does. Of calls about one subject none may overtake another.
    ///
    /// It may let the next batch begin as soon as these calls are decided: see [`Turn`].
    async fn execute_quickly(&self, calls: &[Self::Call], turn: Turn<'_, Self>) -> Vec<Option<Self::Answer>> {
        let _ = (calls, turn);
        Vec::new()
    }

    /// The problem that all calls of a batch have when it makes no sense to try its halves, as when the database is away.
    fn problem_of_all(error: Self::Error) -> Option<Problem>;
}

/// A batch among others that are about the same subjects: calls may be decided on what calls before them are about to do, and are
/// done after them.
pub struct Turn<'t, B: Batches> {
    batches: &'t B,
    taken: &'t TakenBatch<'t, B>,
    calls: &'t [B::Call],
}

impl<B: Batches> Turn<'_, B> {
    /// The calls at these places are decided, and others about their subjects may be decided on what they will have done. Answers
    /// when it is their turn: when those have ended on which they were decided. Whether they were done shows then.
    pub async fn comes(&self, places: &[usize]) {
        if self.taken.decided(places.iter().filter_map(|place| self.calls.get(*place))) {
            Worker { batches: self.batches.clone(), is_counted: true }.start();
        }
        self.taken.wait_for_those_before().await;
    }
}

/// Calls that wait for their batch.
pub struct Group<B: Batches> {
    limits: GroupLimits,
    queue: Mutex<Queue<B>>,
    done: watch::Sender<Done>,
}

/// What has been done in a group.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    /// Lines of all batches that have ended.
    lines: usize,
    /// When the last one did.
    at: Option<Instant>,
}

/// A worker that is counted as one until it goes. Writing tasks are not stopped half-way; were one, who waits is served by the
/// next call's worker.
struct Worker<B: Batches> {
    batches: B,
    is_counted: bool,
}

impl<B: Batches> Drop for Worker<B> {
    fn drop(&mut self) {
        self.batches.group().queue().workers -= usize::from(self.is_counted);
    }
}

impl<B: Batches> Group<B> {
    /// A group in which nobody waits.
    #[must_use]
    pub fn new(limits: GroupLimits) -> Self {
        Self { limits, queue: Mutex::default(), done: watch::Sender::default() }
    }

    /// Waits until so many lines of calls were done, or nobody comes any more: for work that is not urgent, to leave others
    /// as much as it takes for itself. A call that leaves the group without a batch is not heard of, so bound the wait.
    pub async fn let_pass(&self, lines: usize) {
        let mut done = self.done.subscribe();
        let before = done.borrow().lines;
        loop {
            let now = *done.borrow_and_update();
            if now.lines.wrapping_sub(before) >= lines {
                return;
            }
            if self.load() != GroupLoad::default() {
                let _ = done.changed().await;
                continue;
            }
            // Who was just answered is about to call again.
            let Some(at) = now.at else { return };
            let came = timeout_at(at + QUIET, done.changed()).await;
            if came.is_err() && self.load() == GroupLoad::default() {
                return;
            }
        }
    }

    /// Who is in the group now.
    #[must_use]
    pub fn load(&self) -> GroupLoad {
        let queue = self.queue();
        GroupLoad { waiting: queue.waiting.len(), running: queue.running }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<B>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does the call in a batch with those that wait at the same moment. It is queued at once, before the answer is waited for:
/// whoever begins first is before others in the line.
///
/// # Errors
/// That of the call alone; INTERNAL when its batch broke: it may be done, and its key tells.
pub fn join<B: Batches>(
    batches: B,
    call: B::Call,
) -> impl Future<Output = Result<B::Answer, B::Error>> + Send + 'static {
    let (answer, answered) = oneshot::channel();
    let starts_worker = batches.group().push(Waiting { call, deadline: current_deadline(), answer });
    let worker = starts_worker.then(|| Worker { batches, is_counted: true });
    async move {
        // The first batch in this task, which on an idle system is this call alone: another task would cost a wake-up.
        if let Some(mut worker) = worker
            && worker.work_once().await
            && worker.goes_on()
        {
            worker.start();
        }
        answered.await.unwrap_or_else(|broken| Err(lost::<B>(broken).into()))
    }
}

fn lost<B: Batches>(broken: RecvError) -> Problem {
    Problem::internal(broken).context(B::NAME)
}

impl<B: Batches> Worker<B> {
    /// Whether anybody waits for this worker; else it has ended.
    fn goes_on(&mut self) -> bool {
        let mut queue = self.batches.group().queue();
        self.is_counted = !queue.waiting.is_empty();
        queue.workers -= usize::from(!self.is_counted);
        self.is_counted
    }

    /// Does all batches, until there is none, in a task of its own.
    fn start(mut self) {
        tokio::spawn(async move { while self.work_once().await {} });
    }

    /// One batch. Answers false when there was none, and the worker has ended. Whoever waits is a writing task of its own, so
    /// shutdown waits for this as well.
    async fn work_once(&mut self) -> bool {
        let Some(mut taken) = self.batches.group().take_batch(Instant::now()) else {
            self.is_counted = false;
            return false;
        };
        let span = tracing::info_span!(parent: None, "batch", otel.name = B::NAME, calls = taken.calls.len());
        // It is nobody's call: no caller's deadline bounds it.
        let batch = in_scope(CallScope::default(), execute(&self.batches, &mut taken)).instrument(span);
        // A batch that panics tells its callers so by dropping them; the others still need a worker.
        if AssertUnwindSafe(batch).catch_unwind().await.is_err() {
            tracing::error!(batch = B::NAME, "a batch broke");
        }
        true
    }
}

/// Does a batch, quickly where it can be, and answers each call.
async fn execute<B: Batches>(batches: &B, taken: &mut TakenBatch<'_, B>) {
    let waiting = std::mem::take(&mut taken.calls);
    let (calls, answers): (Vec<_>, Vec<_>) = waiting.into_iter().map(|one| (one.call, one.answer)).unzip();
    let quick = batches.execute_quickly(&calls, Turn { batches, taken, calls: &calls }).await;
    let others = quick.into_iter().chain(std::iter::repeat_with(|| None));
    let left: Vec<_> = calls
        .into_iter()
        .zip(answers)
        .zip(others)
        .filter_map(|((call, answer), done)| match done {
            Some(done) => {
                let _ = answer.send(Ok(done));
                None
            }
            None => Some((call, answer)),
        })
        .collect();
    if !left.is_empty() {
        taken.failed(left.iter().map(|(call, _)| call));
        taken.wait_for_those_before().await;
        execute_in_parts(batches, left.into_iter().unzip()).await;
    }
}

/// The calls and to whom their answers go.
type Part<B> = (Vec<<B as Batches>::Call>, Vec<oneshot::Sender<Result<<B as Batches>::Answer, <B as Batches>::Error>>>);

/// Does calls, in halves of halves where they fail, and answers each.
async fn execute_in_parts<B: Batches>(batches: &B, all: Part<B>) {
    let mut parts = vec![all];
    while let Some((mut calls, mut answers)) = parts.pop() {
        match batches.execute(&calls).await {
            Ok(done) => {
                for (answer, done) in answers.into_iter().zip(done) {
                    // A caller that is gone finds its answer under its key.
                    let _ = answer.send(done);
                }
            }
            Err(error) if calls.len() < 2 => {
                if let Some(answer) = answers.pop() {
                    let _ = answer.send(Err(error));
                }
            }
            Err(error) => {
                // Asking again would only make all of them wait once more each.
                if let Some(problem) = B::problem_of_all(error) {
                    for answer in answers {
                        let _ = answer.send(Err(problem.clone().into()));
                    }
                    continue;
                }
                let half = calls.len() / 2;
                // The earlier half is taken next.
                parts.push((calls.split_off(half), answers.split_off(half)));
                parts.push((calls, answers));
            }
        }
    }
}

#[cfg(test)]
mod tests;
