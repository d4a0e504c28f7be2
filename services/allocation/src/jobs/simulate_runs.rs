//! Works on simulated runs, the oldest first, some items at a time, and forgets old ones.
//!
//! One instance at a time does it, under a lease. How far a run is stands in its row: lines of items after its cursor were
//! written by somebody who died before the end of them, and are written anew. A run that is ended meanwhile takes no more
//! lines.

use std::{collections::BTreeSet, time::Duration};

use backorder_proto::{allocation::v1 as pb, convert::Violations};
use backorder_service_kit::{jobs::Woken, problem::Problem};
use backorder_storage::{
    StorageError, columns,
    lease::{self, Lease},
};
use jiff::civil::Date;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::{
    error::Error,
    simulation::{Context, Group, Rules, Scope, decided::run_day, message::Teller, progress},
    store::{
        committed_runs::{self, Committer},
        entity::allocation_run,
        simulated_runs::{self as table, DONE, FAILED, RUNNING},
    },
    use_cases::{UseCases, simulated_runs::mode_of},
    write::Who,
};

/// Where tests stop a run: some items are read and decided about, and their first lines are written.
pub const SIMULATION_CRASH_POINT: &str = "simulation.lines";

/// Runs that have ended and are kept.
pub const RUNS_KEPT: u64 = 100;
/// What is leased.
const LEASE: &str = "allocation_simulations";
/// How long a lease lives. It is extended with every group of items.
const LEASE_TIME: Duration = Duration::from_secs(60);
/// Lines in one transaction.
const LINES_AT_ONCE: usize = 1_000;
/// Lines that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// Simulates runs until shutdown.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause, and goes on.
pub async fn simulate_runs(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let holder = use_cases.ids().next_uuid().to_string();
    loop {
        if table::next(use_cases.store().reader(), RUNNING).await?.is_some()
            && let Some(lease) = lease::acquire(use_cases.store(), LEASE, &holder, LEASE_TIME).await?
        {
            let worked = use_cases.simulate_all(&lease, &shutdown).await;
            lease::release(use_cases.store(), &lease).await?;
            worked?;
        }
        let tick = use_cases.config().job_tick;
        if use_cases.wakes().simulations.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

/// A run under way.
struct Run {
    id: String,
    terms: Terms,
    cursor: String,
    progress: pb::RunProgress,
    /// Who commits it when it is done; `None` where a person decides that.
    commits: Option<Who>,
}

/// By what a run decides.
#[derive(Clone)]
struct Terms {
    scope: Scope,
    rules: Rules,
    today: Date,
    failed_anywhere: bool,
}

/// The run is not RUNNING any more.
struct Ended;

impl UseCases {
    async fn simulate_all(&self, lease: &Lease, shutdown: &CancellationToken) -> Result<(), Error> {
        while let Some(row) = table::next(self.store().reader(), RUNNING).await? {
            if shutdown.is_cancelled() {
                return Ok(());
            }
            let id = row.id.clone();
            match self.simulate(row, lease, shutdown).await {
                Ok(()) => {}
                // Nothing that is tried again would help.
                Err(error @ (Error::Contract(_) | Error::Refused(_) | Error::Invalid(_) | Error::Missing { .. })) => {
                    tracing::warn!(run = %id, error = %error, "a simulated run cannot go on");
                    self.end_run(&id, (RUNNING, FAILED), &error.to_string()).await?;
                }
                Err(error) => return Err(error),
            }
            self.forget_old_runs().await?;
        }
        Ok(())
    }

    /// Does what is left of a run. At shutdown it stays RUNNING.
    async fn simulate(
        &self,
        row: allocation_run::Model,
        lease: &Lease,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        let mut run = self.run_of(row).await?;
        self.forget_lines(&run.id, Some(&run.cursor)).await?;
        'all: loop {
            let groups = self.groups_of(&run).await?;
            if groups.is_empty() {
                return self.end_simulation(&run).await;
            }
            let terms = run.terms.clone();
            let mut decided = self.decide_items(&groups[0], &terms).await?;
            for (number, items) in groups.iter().enumerate() {
                if shutdown.is_cancelled() {
                    return Ok(());
                }
                lease::acquire(self.store(), &lease.name, &lease.holder, LEASE_TIME).await?;
                if run.is_reached_by(&decided) {
                    let anew = run.anew();
                    if !self.note_progress(&anew, lease).await? {
                        return self.forget_lines(&run.id, Some(&run.cursor)).await;
                    }
                    run = anew;
                    self.forget_lines(&run.id, Some(&run.cursor)).await?;
                    continue 'all;
                }
                let next = async {
                    match groups.get(number + 1) {
                        Some(next) => self.decide_items(next, &terms).await,
                        None => Ok(Group::default()),
                    }
                };
                // The next items are read and decided about while these are written.
                let (written, next) = tokio::try_join!(self.write_group(&mut run, lease, items, &decided), next)?;
                if written.is_err() {
                    // What was ended keeps whole items only.
                    return self.forget_lines(&run.id, Some(&run.cursor)).await;
                }
                decided = next;
            }
        }
    }

    /// The next groups of items, in their order.
    async fn groups_of(&self, run: &Run) -> Result<Vec<BTreeSet<String>>, Error> {
        /// Groups that are listed at once.
        const GROUPS: usize = 10;
        let size = self.config().run_items_at_once.clamp(1, 100);
        let items: Vec<String> = if run.terms.scope.items.is_empty() {
            table::waiting_items(self.store().reader(), &run.cursor, size * GROUPS).await?
        } else {
            let items = run.terms.scope.items.iter().map(|item| item.as_str().to_owned());
            items.filter(|item| *item > run.cursor).take(size * GROUPS).collect()
        };
        Ok(items.chunks(size).map(|items| items.iter().cloned().collect()).collect())
    }

    /// Reads items and decides about them, beside the runtime.
    async fn decide_items(&self, items: &BTreeSet<String>, terms: &Terms) -> Result<Group, Error> {
        let live = self.read_live_for(&terms.rules, items).await?;
        let Terms { scope, rules, today, failed_anywhere } = terms.clone();
        let (places, now) = (self.catalog().places().await?, self.now());
        let decide = move || {
            let context = Context { rules: &rules, scope: &scope, places: &places, now, today, failed_anywhere };
            Group::decide(live, context)
        };
        let decided = tokio::task::spawn_blocking(decide).await;
        decided.map_err(|broken| Problem::internal(broken).context("a simulation broke"))?
    }

    /// Notes how far a run is; answers whether it is still RUNNING.
    async fn note_progress(&self, run: &Run, lease: &Lease) -> Result<bool, Error> {
        let noted = self.store().write("advance_run", move |tx| {
            Box::pin(async move {
                lease::check_in_tx(tx, lease).await?;
                table::advance_in_tx(tx, &run.id, &run.cursor, run.progress.encode_to_vec()).await
            })
        });
        let noted = noted.await?;
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(noted)
    }

    /// Writes the lines of a group, and then that its items are done.
    async fn write_group(
        &self,
        run: &mut Run,
        lease: &Lease,
        items: &BTreeSet<String>,
        decided: &Group,
    ) -> Result<Result<(), Ended>, Error> {
        for item in &decided.items {
            let teller = Teller::new(item);
            let mut requirements = item.requirements().peekable();
            while requirements.peek().is_some() {
                let some = requirements.by_ref().take(LINES_AT_ONCE);
                let rows: Vec<_> = some.map(|requirement| teller.row(&run.id, requirement)).collect();
                let (id, rows) = (&run.id, &rows);
                let written = self.store().write("write_run_lines", move |tx| {
                    Box::pin(async move {
                        lease::check_in_tx(tx, lease).await?;
                        table::write_lines_in_tx(tx, id, rows.clone()).await
                    })
                });
                if !written.await? {
                    return Ok(Err(Ended));
                }
                if self.config().crash_point.as_ref().is_some_and(|point| point.dies_at(SIMULATION_CRASH_POINT)) {
                    return Err(Error::Stopped(SIMULATION_CRASH_POINT));
                }
            }
        }
        progress::count(&mut run.progress, decided, &run.terms.rules);
        if let Some(last) = items.last() {
            run.cursor.clone_from(last);
        }
        run.progress.items_done =
            run.progress.items_done.saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX));
        run.progress.items_total = run.progress.items_total.max(run.progress.items_done);
        Ok(if self.note_progress(run, lease).await? { Ok(()) } else { Err(Ended) })
    }

    /// All items are decided about: the run is done, or begins to commit where it was started so.
    async fn end_simulation(&self, run: &Run) -> Result<(), Error> {
        let Some(who) = &run.commits else { return self.end_run(&run.id, (RUNNING, DONE), "").await };
        let committer = &Committer::new(who.clone(), columns::micros(self.now()));
        let begin = self.store().write("begin_commit", move |tx| {
            Box::pin(async move { committed_runs::begin_in_tx(tx, &run.id, RUNNING, committer).await })
        });
        begin.await?;
        self.wakes().commits.wake();
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(())
    }

    /// Brings a run from one state into the one in which it ends, unless somebody has.
    pub(super) async fn end_run(&self, id: &str, states: (&str, &str), failure: &str) -> Result<(), Error> {
        let now = columns::micros(self.now());
        let end = self
            .store()
            .write("end_run", move |tx| Box::pin(async move { table::end_in_tx(tx, id, states, failure, now).await }));
        end.await?;
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        metrics::counter!("backorder_allocation_simulated_runs_total").increment(1);
        Ok(())
    }

    /// Deletes the lines of a run, or those of items after its cursor, a part at a time.
    pub(crate) async fn forget_lines(&self, id: &str, after_item: Option<&str>) -> Result<(), Error> {
        loop {
            let forget = self.store().write("forget_run_lines", move |tx| {
                Box::pin(async move { table::forget_lines_in_tx(tx, id, after_item, FORGOTTEN_AT_ONCE).await })
            });
            if forget.await? == 0 {
                return Ok(());
            }
        }
    }

    async fn forget_old_runs(&self) -> Result<(), Error> {
        for id in table::outlived(self.store().reader(), RUNS_KEPT).await? {
            self.forget_lines(&id, None).await?;
            let id = id.as_str();
            let forget =
                self.store().write("forget_run", move |tx| Box::pin(async move { table::forget_in_tx(tx, id).await }));
            forget.await?;
        }
        Ok(())
    }
}

impl UseCases {
    async fn run_of(&self, row: allocation_run::Model) -> Result<Run, Error> {
        const TABLE: &str = "allocation_run";
        let invalid = |detail: String| StorageError::InvalidRow { table: TABLE, detail };
        let request =
            pb::StartRunRequest::decode(row.request.as_slice()).map_err(|error| invalid(error.to_string()))?;
        let mut violations = Violations::new();
        let scope = Scope::decode(request.scope.as_ref(), &mut violations);
        let scope = violations.finish_with(scope).map_err(Error::Invalid)?;
        let rules = self.frozen_rules(request.rules.as_ref()).await?;
        let progress = pb::RunProgress::decode(row.progress.as_slice()).map_err(|error| invalid(error.to_string()))?;
        let who = Who { actor: row.actor, reason_code: row.reason_code, note: row.note };
        let commits = (mode_of(&request) == pb::RunMode::Commit).then_some(who);
        let today = run_day(columns::instant(row.created_at, TABLE)?);
        let terms = Terms { scope, rules, today, failed_anywhere: progress.exception_reached_all };
        Ok(Run { id: row.id, terms, cursor: row.cursor_item, progress, commits })
    }
}

impl Run {
    /// Whether an exception of these items reaches all others, which was not known before.
    fn is_reached_by(&self, decided: &Group) -> bool {
        let is_news = !self.terms.failed_anywhere && self.terms.rules.exceptions_reach_others();
        is_news && decided.items.iter().any(|item| !item.exceptions.is_empty())
    }

    /// The run at its beginning, when an exception reaches all of it: lines that are written are not true any more.
    fn anew(&self) -> Self {
        let items_total = self.progress.items_total;
        Self {
            id: self.id.clone(),
            terms: Terms { failed_anywhere: true, ..self.terms.clone() },
            cursor: String::new(),
            progress: pb::RunProgress { items_total, exception_reached_all: true, ..pb::RunProgress::default() },
            commits: self.commits.clone(),
        }
    }
}
