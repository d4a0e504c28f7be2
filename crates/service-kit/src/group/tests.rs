#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test; panics are what is tested")]
use std::sync::Arc;

use backorder_proto::common::v1::ErrorReason;
use tokio::sync::{Notify, Semaphore};

use super::*;

/// A call about subjects.
#[derive(Debug, Clone, PartialEq)]
struct Call {
    key: String,
    subjects: Vec<String>,
    lines: usize,
}

fn call(key: &str, subjects: &[&str]) -> Call {
    let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
    Call { key: key.to_owned(), lines: subjects.len(), subjects }
}

impl GroupCall for Call {
    type Subject = String;
    type Key = String;

    fn subjects(&self) -> impl Iterator<Item = &String> {
        self.subjects.iter()
    }

    fn key(&self) -> &String {
        &self.key
    }

    fn lines(&self) -> usize {
        self.lines
    }
}

/// Answers the key of a call, with the size of its batch. Calls named `bad` fail their batch, `refused` only themselves.
#[derive(Clone)]
struct Echo {
    parts: Arc<Parts>,
}

struct Parts {
    group: Group<Echo>,
    /// Batches take a permit each.
    may_run: Semaphore,
    has_begun: Notify,
    batches: Mutex<Vec<Vec<String>>>,
}

impl Echo {
    fn new(batches_max: usize, permits: usize) -> Self {
        let parts = Parts {
            group: Group::new(GroupLimits { calls_max: 4, lines_max: 10, batches_max }),
            may_run: Semaphore::new(permits),
            has_begun: Notify::new(),
            batches: Mutex::default(),
        };
        Self { parts: Arc::new(parts) }
    }

    fn batches(&self) -> Vec<Vec<String>> {
        self.parts.batches.lock().unwrap().clone()
    }
}

#[async_trait]
impl Batches for Echo {
    type Call = Call;
    type Answer = (String, usize);
    type Error = Problem;
    const NAME: &'static str = "echo";

    fn group(&self) -> &Group<Self> {
        &self.parts.group
    }

    async fn execute(&self, calls: &[Call]) -> Result<Vec<Result<(String, usize), Problem>>, Problem> {
        self.parts.has_begun.notify_one();
        self.parts.may_run.acquire().await.unwrap().forget();
        self.parts.batches.lock().unwrap().push(calls.iter().map(|call| call.key.clone()).collect());
        let has = |name: &str| calls.iter().any(|call| call.key.starts_with(name));
        assert!(!has("panic"), "a panic was asked for");
        if has("away") {
            return Err(Problem::unavailable(Duration::ZERO));
        }
        if has("bad") {
            return Err(Problem::internal("bad"));
        }
        let refused = |call: &Call| call.key.starts_with("refused");
        let answer = |call: &Call| {
            if refused(call) { Err(Problem::contention()) } else { Ok((call.key.clone(), calls.len())) }
        };
        Ok(calls.iter().map(answer).collect())
    }

    fn problem_of_all(error: Problem) -> Option<Problem> {
        (error.reason() == ErrorReason::StoreUnavailable).then_some(error)
    }
}

type Answered = oneshot::Receiver<Result<(String, usize), Problem>>;

fn push(group: &Group<Echo>, call: Call, deadline: Option<Instant>) -> (bool, Answered) {
    let (answer, answered) = oneshot::channel();
    (group.push(Waiting { call, deadline, answer }), answered)
}

/// A group in which calls wait, and nine workers are counted, so that none is started.
fn waiting(calls: &[(&str, &[&str])]) -> (Echo, Vec<Answered>) {
    let echo = Echo::new(0, 0);
    echo.parts.group.queue().workers = 9;
    let answers = calls.iter().map(|(key, subjects)| push(&echo.parts.group, call(key, subjects), None).1).collect();
    (echo, answers)
}

fn keys(taken: Option<&TakenBatch<'_, Echo>>) -> Vec<String> {
    taken.map_or_else(Vec::new, |taken| taken.calls.iter().map(|waiting| waiting.call.key.clone()).collect())
}

#[test]
fn the_next_batch_is_of_free_subjects_and_nobody_is_overtaken() {
    let (echo, _answers) =
        waiting(&[("1", &["a"]), ("2", &["a"]), ("3", &["b"]), ("4", &["a", "c"]), ("5", &["c"]), ("6", &["d"])]);
    let (group, now) = (&echo.parts.group, Instant::now());
    group.queue().busy.insert("a".to_owned(), 99);
    let first = group.take_batch(now);
    assert_eq!(keys(first.as_ref()), ["3", "6"], "5 came after 4, which wants the same and waits for another");
    assert!(group.take_batch(now).is_none(), "all that wait want what is busy");
    group.queue().busy.remove("a");
    let second = group.take_batch(now);
    assert_eq!(keys(second.as_ref()), ["1", "2", "4", "5"]);
    drop(first);
    assert_eq!(group.queue().busy.len(), 2, "a and c are under way");
    drop(second);
    let queue = group.queue();
    assert_eq!((queue.busy.len(), queue.running), (0, 0));
}

#[test]
fn a_call_that_comes_twice_is_in_two_batches() {
    let (echo, _answers) = waiting(&[("1", &["a"]), ("1", &["b"]), ("2", &["b"]), ("3", &["c"])]);
    let first = echo.parts.group.take_batch(Instant::now());
    assert_eq!(keys(first.as_ref()), ["1", "3"]);
    drop(first);
    assert_eq!(keys(echo.parts.group.take_batch(Instant::now()).as_ref()), ["1", "2"]);
}

#[test]
fn a_batch_is_bounded_in_lines_and_in_calls() {
    let many = vec!["a"; 20];
    let (echo, _answers) =
        waiting(&[("1", &["a"]), ("2", &many), ("3", &["b"]), ("4", &[]), ("5", &[]), ("6", &[]), ("7", &[])]);
    let taken = || keys(echo.parts.group.take_batch(Instant::now()).as_ref());
    assert_eq!(taken(), ["1"]);
    assert_eq!(taken(), ["2"], "a single call may have more lines");
    assert_eq!(taken(), ["3", "4", "5", "6"]);
    assert_eq!(taken(), ["7"]);
}

#[test]
fn who_is_late_is_told_and_a_worker_without_work_ends() {
    let (echo, _answers) = waiting(&[]);
    let (group, now) = (&echo.parts.group, Instant::now());
    let mut late = push(group, call("1", &["a"]), Some(now)).1;
    let _in_time = push(group, call("2", &["a"]), Some(now + Duration::from_secs(1)));
    assert_eq!(keys(group.take_batch(now).as_ref()), ["2"]);
    assert_eq!(late.try_recv().unwrap().unwrap_err().reason(), ErrorReason::DeadlinePassed);
    assert_eq!(group.queue().workers, 9);
    assert!(group.take_batch(now).is_none());
    assert_eq!(group.queue().workers, 8);
}

#[test]
fn a_batch_beside_another_is_not_smaller() {
    let (echo, _answers) = waiting(&[("1", &["a"]), ("2", &["b"]), ("3", &["c"])]);
    let group = &echo.parts.group;
    let first = group.take_batch(Instant::now());
    assert_eq!(keys(first.as_ref()), ["1", "2", "3"]);
    let _answers = ["4", "5"].map(|key| push(group, call(key, &[key]), None));
    assert!(group.take_batch(Instant::now()).is_none());
    assert_eq!(group.queue().workers, 8);
    let _answer = push(group, call("6", &["6"]), None);
    assert_eq!(keys(group.take_batch(Instant::now()).as_ref()), ["4", "5", "6"]);
}

#[test]
fn a_second_worker_is_started_for_free_subjects_only() {
    let echo = Echo::new(2, 0);
    let wants = |subject: &str| push(&echo.parts.group, call(subject, &[subject]), None);
    assert!(wants("a").0);
    let taken = echo.parts.group.take_batch(Instant::now());
    assert!(!wants("a").0, "a is busy");
    assert!(wants("b").0);
    assert!(!wants("c").0, "two are at work");
    drop(taken);
}

#[test]
fn what_is_about_decided_calls_is_free_until_they_fail() {
    let (echo, _answers) = waiting(&[("1", &["a"]), ("2", &["b"])]);
    let (group, now) = (&echo.parts.group, Instant::now());
    let mut answers: Vec<_> = Vec::new();
    let first = group.take_batch(now).unwrap();
    answers.extend(["3", "4"].map(|key| push(group, call(key, &["a"]), None).1));
    first.decided([&call("1", &["a"])]);
    let second = group.take_batch(now).unwrap();
    assert_eq!(keys(Some(&second)), ["3", "4"]);
    answers.extend(["5", "6", "7", "8"].map(|key| push(group, call(key, &["a", "b"]), None).1));
    second.decided([&call("3", &["a"])]);
    assert!(group.take_batch(now).is_none(), "b is not decided");
    first.failed([&call("1", &["a"]), &call("2", &["b"])]);
    assert!(second.wait_for_those_before().now_or_never().is_none(), "the first has not ended");
    drop(first);
    assert!(second.wait_for_those_before().now_or_never().is_some());
    let third = group.take_batch(now).unwrap();
    assert_eq!(keys(Some(&third)), ["5", "6", "7", "8"]);
    assert!(third.wait_for_those_before().now_or_never().is_none(), "the second has not ended");
    drop((second, third));
    let queue = group.queue();
    assert_eq!((queue.busy.len(), queue.decided.len(), queue.running), (0, 0, 0));
}

/// Decides all calls, and does or loses them when it is told to. Calls named `lost` are not done quickly.
#[derive(Clone)]
struct Ahead {
    group: Arc<Group<Ahead>>,
    log: watch::Sender<Vec<String>>,
    may_end: watch::Sender<Vec<&'static str>>,
}

impl Ahead {
    fn new() -> Self {
        let limits = GroupLimits { calls_max: 1, lines_max: 1, batches_max: 2 };
        Self { group: Arc::new(Group::new(limits)), log: watch::Sender::default(), may_end: watch::Sender::default() }
    }

    fn begins(&self, key: &'static str) -> tokio::task::JoinHandle<Result<String, Problem>> {
        tokio::spawn(join(self.clone(), call(key, &["a"])))
    }

    fn ends(&self, key: &'static str) {
        self.may_end.send_modify(|keys| keys.push(key));
    }

    async fn has(&self, entry: &str) {
        self.log.subscribe().wait_for(|log| log.iter().any(|other| other == entry)).await.unwrap();
    }

    fn notes(&self, what: &str, calls: &[Call]) {
        self.log.send_modify(|log| log.extend(calls.iter().map(|call| format!("{what} {}", call.key))));
    }
}

#[async_trait]
impl Batches for Ahead {
    type Call = Call;
    type Answer = String;
    type Error = Problem;
    const NAME: &'static str = "ahead";

    fn group(&self) -> &Group<Self> {
        &self.group
    }

    async fn execute_quickly(&self, calls: &[Call], turn: Turn<'_, Self>) -> Vec<Option<String>> {
        self.notes("decided", calls);
        turn.comes(&[0]).await;
        self.notes("sent", calls);
        let mut may_end = self.may_end.subscribe();
        may_end.wait_for(|keys| keys.iter().any(|key| calls[0].key == *key)).await.unwrap();
        self.notes("ended", calls);
        calls.iter().map(|call| (!call.key.starts_with("lost")).then(|| call.key.clone())).collect()
    }

    async fn execute(&self, calls: &[Call]) -> Result<Vec<Result<String, Problem>>, Problem> {
        self.notes("done", calls);
        Ok(calls.iter().map(|call| Ok(call.key.clone())).collect())
    }

    fn problem_of_all(_: Problem) -> Option<Problem> {
        None
    }
}

#[tokio::test]
async fn a_batch_is_decided_while_one_about_the_same_is_on_its_way_and_follows_it() {
    let ahead = Ahead::new();
    let answers = [ahead.begins("1"), ahead.begins("2")];
    ahead.has("decided 2").await;
    ahead.ends("2");
    ahead.ends("1");
    for (answer, key) in answers.into_iter().zip(["1", "2"]) {
        assert_eq!(answer.await.unwrap().unwrap(), key);
    }
    let log = ahead.log.borrow().clone();
    assert_eq!(log, ["decided 1", "sent 1", "decided 2", "ended 1", "sent 2", "ended 2"]);
    assert_eq!(ahead.group.queue().workers, 0);
}

#[tokio::test]
async fn a_batch_that_was_decided_on_one_that_fails_is_done_after_it() {
    let ahead = Ahead::new();
    let answers = [ahead.begins("lost 1"), ahead.begins("lost 2")];
    ahead.has("decided lost 2").await;
    ahead.ends("lost 2");
    ahead.ends("lost 1");
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    let log = ahead.log.borrow().clone();
    assert_eq!(log[3..], ["ended lost 1", "done lost 1", "sent lost 2", "ended lost 2", "done lost 2"]);
}

#[test]
fn a_batch_follows_another_only_where_there_are_too_few_others() {
    let (echo, _answers) = waiting(&[("1", &["a"])]);
    let (group, now) = (&echo.parts.group, Instant::now());
    let first = group.take_batch(now).unwrap();
    first.decided([&call("1", &["a"])]);
    let _answers = ["2", "3"].map(|key| push(group, call(key, &[["a", "b"][usize::from(key == "3")]]), None).1);
    let second = group.take_batch(now).unwrap();
    assert_eq!(keys(Some(&second)), ["3"]);
    let _answer = push(group, call("4", &["a"]), None).1;
    assert_eq!(keys(group.take_batch(now).as_ref()), ["2", "4"]);
    drop((first, second));
}

/// Begins a batch of one call, which is stopped, and lets others wait behind it.
async fn behind_one(keys: &[&str]) -> (Echo, Vec<tokio::task::JoinHandle<Result<(String, usize), Problem>>>) {
    let echo = Echo::new(1, 0);
    let mut answers = vec![tokio::spawn(join(echo.clone(), call("first", &[])))];
    echo.parts.has_begun.notified().await;
    for key in keys {
        answers.push(tokio::spawn(join(echo.clone(), call(key, &[]))));
    }
    (echo, answers)
}

async fn answers(
    answers: Vec<tokio::task::JoinHandle<Result<(String, usize), Problem>>>,
) -> Vec<Result<(String, usize), ErrorReason>> {
    let mut told = Vec::new();
    for answer in answers {
        told.push(answer.await.unwrap().map_err(|problem| problem.reason()));
    }
    told
}

fn done(key: &str, size: usize) -> Result<(String, usize), ErrorReason> {
    Ok((key.to_owned(), size))
}

#[tokio::test]
async fn calls_that_come_during_a_batch_are_the_next_one() {
    let (echo, waiting) = behind_one(&["2", "3"]).await;
    echo.parts.may_run.add_permits(9);
    assert_eq!(answers(waiting).await, [done("first", 1), done("2", 2), done("3", 2)]);
    assert_eq!(echo.batches(), [vec!["first"], vec!["2", "3"]]);
    assert_eq!(join(echo.clone(), call("4", &[])).await.unwrap(), ("4".to_owned(), 1));
    assert_eq!(echo.parts.group.queue().workers, 0);
}

#[tokio::test]
async fn a_call_that_fails_its_batch_fails_alone() {
    let (echo, waiting) = behind_one(&["2", "bad", "3", "4"]).await;
    echo.parts.may_run.add_permits(9);
    let told = answers(waiting).await;
    assert_eq!(told, [done("first", 1), done("2", 1), Err(ErrorReason::Internal), done("3", 2), done("4", 2)]);
}

#[tokio::test]
async fn a_call_that_is_refused_costs_the_others_nothing() {
    let (echo, waiting) = behind_one(&["2", "refused", "3"]).await;
    echo.parts.may_run.add_permits(9);
    let told = answers(waiting).await;
    assert_eq!(told, [done("first", 1), done("2", 3), Err(Problem::contention().reason()), done("3", 3)]);
    assert_eq!(echo.batches().len(), 2);
}

#[tokio::test]
async fn a_failure_of_all_is_told_to_all_at_once() {
    let (echo, waiting) = behind_one(&["2", "away", "3"]).await;
    echo.parts.may_run.add_permits(9);
    let told = answers(waiting).await;
    assert_eq!(told[1..], [const { Err(ErrorReason::StoreUnavailable) }; 3]);
    assert_eq!(echo.batches().len(), 2, "halves are not tried");
}

#[tokio::test]
async fn a_batch_that_breaks_takes_nobody_along() {
    let (echo, waiting) = behind_one(&["panic"]).await;
    echo.parts.may_run.add_permits(9);
    assert_eq!(answers(waiting).await, [done("first", 1), Err(ErrorReason::Internal)]);
    assert_eq!(join(echo.clone(), call("after", &[])).await.unwrap(), ("after".to_owned(), 1));
}

#[tokio::test]
async fn no_callers_deadline_bounds_a_batch() {
    #[derive(Clone)]
    struct Deadline(Arc<Group<Deadline>>);

    #[async_trait]
    impl Batches for Deadline {
        type Call = Call;
        type Answer = Option<Instant>;
        type Error = Problem;
        const NAME: &'static str = "deadline";

        fn group(&self) -> &Group<Self> {
            &self.0
        }

        async fn execute(&self, calls: &[Call]) -> Result<Vec<Result<Option<Instant>, Problem>>, Problem> {
            Ok(calls.iter().map(|_| Ok(current_deadline())).collect())
        }

        fn problem_of_all(_: Problem) -> Option<Problem> {
            None
        }
    }

    let group = Deadline(Arc::new(Group::new(GroupLimits { calls_max: 1, lines_max: 1, batches_max: 1 })));
    let scope = CallScope { deadline: Some(Instant::now() + Duration::from_secs(60)), ..CallScope::default() };
    assert_eq!(in_scope(scope, async { join(group, call("1", &[])).await }).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn who_lets_others_pass_waits_for_so_many_lines_or_for_nobody() {
    let (echo, _answers) = waiting(&[("1", &["a", "b"]), ("2", &["c"]), ("3", &["a"])]);
    let group = &echo.parts.group;
    let (mut three, mut six) = (Box::pin(group.let_pass(3)), Box::pin(group.let_pass(6)));
    let mut have_passed = || (three.as_mut().now_or_never().is_some(), six.as_mut().now_or_never().is_some());
    assert_eq!(have_passed(), (false, false), "nothing is done");
    let first = group.take_batch(Instant::now());
    assert_eq!(keys(first.as_ref()), ["1", "2", "3"], "four lines");
    assert_eq!(have_passed(), (false, false), "the batch is under way");
    let _answer = push(group, call("4", &["z"]), None);
    drop(first);
    assert_eq!(have_passed(), (true, false), "four lines were done, and 4 waits");
    drop(group.take_batch(Instant::now()));
    assert!(six.as_mut().now_or_never().is_none(), "who was answered may call again");
    let begun = Instant::now();
    six.await;
    assert!(begun.elapsed() >= QUIET, "{:?}", begun.elapsed());
    assert!(group.let_pass(1).now_or_never().is_some(), "nobody is there");
}
