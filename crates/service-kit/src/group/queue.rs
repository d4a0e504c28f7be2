//! Which calls wait, which are under way, and which of them may be done next.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use super::{Batches, Done, Group, GroupCall, GroupLimits};
use crate::problem::Problem;

/// Calls looked through for a batch at most, in batches, when many wait for subjects of another one.
const LOOKED_THROUGH: usize = 4;

type Subject<B> = <<B as Batches>::Call as GroupCall>::Subject;

/// Ends when the batch has ended that holds the other half.
type Ended = watch::Receiver<()>;

pub(super) struct Waiting<B: Batches> {
    pub(super) call: B::Call,
    /// When the caller stops waiting: then the call is not begun.
    pub(super) deadline: Option<Instant>,
    pub(super) answer: oneshot::Sender<Result<B::Answer, B::Error>>,
}

pub(super) struct Queue<B: Batches> {
    pub(super) waiting: VecDeque<Waiting<B>>,
    pub(super) workers: usize,
    /// Calls in the batches that are under way.
    pub(super) running: usize,
    /// The number of the next batch.
    next: u64,
    /// The subjects of the batches that are under way, each with the number of its batch: what else is about them waits, in its
    /// order, and not for their locks.
    pub(super) busy: HashMap<Subject<B>, u64>,
    /// The subjects of calls that are decided, each with the last batch that has one. What is about them may be decided, and is
    /// done after that batch.
    pub(super) decided: HashMap<Subject<B>, (u64, Ended)>,
}

impl<B: Batches> Default for Queue<B> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            workers: 0,
            running: 0,
            next: 0,
            busy: HashMap::new(),
            decided: HashMap::new(),
        }
    }
}

impl<B: Batches> Queue<B> {
    fn may_begin(&self) -> bool {
        self.waiting.len() >= self.running
    }

    /// Whether a call about these subjects may be begun.
    fn is_free(&self, call: &B::Call) -> bool {
        call.subjects().all(|subject| !self.busy.contains_key(subject))
    }

    /// Whether it may be begun and done beside all others.
    fn waits_for_nobody(&self, call: &B::Call) -> bool {
        self.is_free(call) && call.subjects().all(|subject| !self.decided.contains_key(subject))
    }

    /// Whether there are enough calls for a batch that waits for nobody: half as many as are under way.
    fn has_independent(&self, looked_through: usize) -> bool {
        let wanted = self.running.div_ceil(2);
        let independent = self.waiting.iter().take(looked_through).filter(|next| self.waits_for_nobody(&next.call));
        self.decided.is_empty() || independent.take(wanted).count() >= wanted
    }
}

/// A batch that a worker has to do. Its subjects are busy until it goes.
pub(super) struct TakenBatch<'g, B: Batches> {
    group: &'g Group<B>,
    pub(super) calls: Vec<Waiting<B>>,
    count: usize,
    lines: usize,
    number: u64,
    /// Batches that have decided calls about its subjects and not ended, by their numbers.
    before: BTreeMap<u64, Ended>,
    /// Dropped with the batch, which tells those after it.
    running: watch::Sender<()>,
}

impl<B: Batches> TakenBatch<'_, B> {
    /// These calls of it are decided: what is about their subjects may be decided as well. Answers whether a worker has to be
    /// started for it.
    pub(super) fn decided<'c>(&self, calls: impl IntoIterator<Item = &'c B::Call>) -> bool {
        let mut queue = self.group.queue();
        for subject in calls.into_iter().flat_map(GroupCall::subjects) {
            if queue.busy.get(subject) == Some(&self.number) {
                queue.busy.remove(subject);
                queue.decided.insert(subject.clone(), (self.number, self.running.subscribe()));
            }
        }
        let is_needed = queue.workers < self.group.limits.batches_max
            && queue.may_begin()
            && queue.waiting.front().is_some_and(|next| queue.is_free(&next.call));
        queue.workers += usize::from(is_needed);
        is_needed
    }

    /// These calls of it are not done: nobody may overtake them any more.
    pub(super) fn failed<'c>(&self, calls: impl IntoIterator<Item = &'c B::Call>) {
        let mut queue = self.group.queue();
        for subject in calls.into_iter().flat_map(GroupCall::subjects) {
            if queue.decided.get(subject).is_some_and(|(batch, _)| *batch == self.number) {
                queue.decided.remove(subject);
            }
            queue.busy.entry(subject.clone()).or_insert(self.number);
        }
    }

    /// Waits until the batches have ended that had decided calls about its subjects before it began.
    pub(super) async fn wait_for_those_before(&self) {
        for ended in self.before.values() {
            let _ = ended.clone().wait_for(|()| false).await;
        }
    }
}

impl<B: Batches> Drop for TakenBatch<'_, B> {
    fn drop(&mut self) {
        let mut queue = self.group.queue();
        queue.running -= self.count;
        queue.busy.retain(|_, batch| *batch != self.number);
        queue.decided.retain(|_, (batch, _)| *batch != self.number);
        drop(queue);
        self.group.done.send_modify(|done| {
            *done = Done { lines: done.lines.wrapping_add(self.lines), at: Some(Instant::now()) };
        });
    }
}

impl<B: Batches> Group<B> {
    /// Queues a call; answers whether a worker has to be started.
    pub(super) fn push(&self, call: Waiting<B>) -> bool {
        let mut queue = self.queue();
        let is_free = queue.is_free(&call.call);
        queue.waiting.push_back(call);
        let is_needed = queue.workers < self.limits.batches_max && is_free && queue.may_begin();
        queue.workers += usize::from(is_needed);
        is_needed
    }

    /// The next batch: calls about subjects of no other batch, those about one subject in the order of arrival, none twice. When
    /// these are too few, also calls that follow decided ones about the same. Callers that are late are left out and told so.
    /// `None` when there is nothing to do, or too little: the worker has ended.
    pub(super) fn take_batch(&self, now: Instant) -> Option<TakenBatch<'_, B>> {
        let GroupLimits { calls_max, lines_max, .. } = self.limits;
        let mut queue = self.queue();
        if !queue.may_begin() {
            queue.workers -= 1;
            return None;
        }
        let number = queue.next;
        let (mut calls, mut subjects, mut keys, mut lines) = (Vec::new(), HashSet::new(), HashSet::new(), 0);
        let (mut passed, mut passed_subjects) = (Vec::new(), HashSet::new());
        let looked_through = LOOKED_THROUGH * calls_max;
        let is_independent = queue.has_independent(looked_through);
        while calls.len() < calls_max && calls.len() + passed.len() < looked_through {
            let Some(next) = queue.waiting.pop_front() else { break };
            if next.deadline.is_some_and(|deadline| deadline <= now) {
                let _ = next.answer.send(Err(Problem::deadline_passed().into()));
                continue;
            }
            let is_full = !calls.is_empty() && lines + next.call.lines() > lines_max;
            let may_begin = if is_independent { queue.waits_for_nobody(&next.call) } else { queue.is_free(&next.call) };
            let must_wait = !may_begin
                || next.call.subjects().any(|subject| passed_subjects.contains(subject))
                || keys.contains(next.call.key());
            if is_full || must_wait {
                // Later calls about its subjects must not overtake it.
                passed_subjects.extend(next.call.subjects().cloned());
                passed.push(next);
                if is_full {
                    break;
                }
            } else {
                lines += next.call.lines();
                keys.insert(next.call.key().clone());
                subjects.extend(next.call.subjects().cloned());
                calls.push(next);
            }
        }
        passed.into_iter().rev().for_each(|call| queue.waiting.push_front(call));
        let before = subjects.iter().filter_map(|subject| queue.decided.get(subject).cloned()).collect();
        queue.busy.extend(subjects.into_iter().map(|subject| (subject, number)));
        queue.running += calls.len();
        queue.next += 1;
        // Under the lock: who comes next must find that there is no worker.
        queue.workers -= usize::from(calls.is_empty());
        drop(queue);
        let count = calls.len();
        let (running, _) = watch::channel(());
        (count > 0).then_some(TakenBatch { group: self, calls, count, lines, number, before, running })
    }
}
