//! Commits runs, the oldest first, item by item.
//!
//! One instance at a time does it, under a lease. What is asked of inventory about an item is decided on the item as it is then,
//! and written before it is asked: who goes on after a crash sends the same calls under the same ids, and gets the same
//! answers. The orders follow an answer in the transaction that notes it. A run that is cancelled ends before its next item.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use backorder_domain::ids::derived_uuid;
use backorder_proto::{
    allocation::v1::{self as pb, RunLineOutcome as Outcome},
    common::v1::WriteContext,
    inventory::v1::{self as inventory, CommitRunRequest, CommitRunResponse, GainOutcome, ReductionOutcome, RunUnits},
};
use backorder_service_kit::jobs::Woken;
use backorder_storage::{
    Batch, StorageError, columns,
    lease::{self, Lease},
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{content_of, follow_inventory::open_pool, run_allocations::count_gains};
use crate::{
    error::Error,
    inventory::Failure,
    order::LineKey,
    simulation::commit::{Decision, ItemCommit, Moves},
    store::{
        committed_runs::{self as table, LineOutcome},
        entity::{allocation_run, allocation_run_call},
        runs,
        simulated_runs::{self, CANCELLED, COMMITTED, COMMITTING, FAILED, LineFilter, LinePlace},
    },
    use_cases::{UseCases, claims::ClaimNews},
};

/// Where tests stop a commit: what is asked of inventory is written, and nothing is sent.
pub const COMMIT_PLANNED_CRASH_POINT: &str = "commit.planned";
/// Where tests stop a commit: inventory has done what it was asked, and nothing of it is recorded.
pub const COMMIT_APPLIED_CRASH_POINT: &str = "commit.applied";

/// What is leased.
const LEASE: &str = "allocation_commits";
/// How long a lease lives. It is extended with every call.
const LEASE_TIME: Duration = Duration::from_secs(60);
/// Lines that are read, or of which the outcome is written, at once.
const LINES_AT_ONCE: usize = 1_000;
/// What a commit is to claims, for people.
const CAUSE: &str = "an allocation run was committed";
/// The name space of the ids of calls.
const COMMITS: Uuid = Uuid::from_u128(0x2c7e_41b9_5f06_4d83_9be1_7a35_c80d_16f4);

/// Commits runs until shutdown.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause, and goes on.
pub async fn commit_runs(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let holder = use_cases.ids().next_uuid().to_string();
    loop {
        if simulated_runs::next(use_cases.store().reader(), COMMITTING).await?.is_some()
            && let Some(lease) = lease::acquire(use_cases.store(), LEASE, &holder, LEASE_TIME).await?
        {
            let worked = use_cases.commit_all(&lease, &shutdown).await;
            lease::release(use_cases.store(), &lease).await?;
            worked?;
        }
        let tick = use_cases.config().job_tick;
        if use_cases.wakes().commits.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

/// A run that is being committed.
struct Run {
    row: allocation_run::Model,
    progress: pb::RunProgress,
}

impl UseCases {
    async fn commit_all(&self, lease: &Lease, shutdown: &CancellationToken) -> Result<(), Error> {
        while let Some(row) = simulated_runs::next(self.store().reader(), COMMITTING).await? {
            let id = row.id.clone();
            match self.commit(row, lease, shutdown).await {
                Ok(()) => {}
                // Nothing that is tried again would help.
                Err(error @ (Error::Contract(_) | Error::Refused(_))) => {
                    tracing::warn!(run = %id, error = %error, "a run cannot be committed any further");
                    self.end_run(&id, (COMMITTING, FAILED), &error.to_string()).await?;
                }
                Err(error) => return Err(error),
            }
            if shutdown.is_cancelled() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Does what is left of a commit. At shutdown it stays COMMITTING.
    async fn commit(
        &self,
        row: allocation_run::Model,
        lease: &Lease,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        let mut run = Run::of(row)?;
        if run.progress.commit.is_none() {
            let items_total = table::count_items(self.store().reader(), &run.row.id).await?;
            run.progress.commit = Some(pb::RunCommitProgress { items_total, ..pb::RunCommitProgress::default() });
            run.row.progress = run.progress.encode_to_vec();
            let row = &run.row;
            self.store()
                .write("begin_commit", move |tx| Box::pin(async move { table::advance_in_tx(tx, row).await }))
                .await?;
        }
        while !shutdown.is_cancelled() {
            lease::acquire(self.store(), &lease.name, &lease.holder, LEASE_TIME).await?;
            if run.row.calls_item > run.row.commit_cursor {
                self.answer_calls(&mut run, lease).await?;
                continue;
            }
            let next = table::next_item(self.store().reader(), &run.row.id, &run.row.commit_cursor).await?;
            let Some(item) = next else {
                return self.end_run(&run.row.id, (COMMITTING, COMMITTED), "").await;
            };
            if !self.plan_commit(&mut run, &item, lease).await? {
                return self.end_run(&run.row.id, (COMMITTING, CANCELLED), "").await;
            }
            self.stop_at(COMMIT_PLANNED_CRASH_POINT)?;
        }
        Ok(())
    }

    /// Decides what is asked about an item, and writes it. Answers false when the run is to end.
    async fn plan_commit(&self, run: &mut Run, item: &str, lease: &Lease) -> Result<bool, Error> {
        let (keys, decisions) = self.decisions_about(&run.row.id, item).await?;
        let live = self.read_live(&BTreeSet::from([item.to_owned()])).await?;
        let units_max = self.config().run_units_at_once.clamp(1, 1_000);
        let commit = live.first().map(|live| ItemCommit::new(&decisions, live, units_max)).unwrap_or_default();
        let calls = run.calls(item, commit.calls);
        let settled: Vec<LineOutcome> = commit
            .settled
            .into_iter()
            .map(|(number, outcome)| LineOutcome {
                line: keys[number].clone(),
                outcome: outcome.into(),
                units_taken: 0,
                units_given: 0,
            })
            .collect();
        run.count(&settled);
        item.clone_into(&mut run.row.calls_item);
        if calls.is_empty() {
            run.item_is_done();
        }
        let written = self.write_plan(run, &calls, &settled, lease).await?;
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(written)
    }

    /// What the run kept of the lines of an item that would be confirmed otherwise.
    async fn decisions_about(&self, run: &str, item: &str) -> Result<(Vec<LinePlace>, Vec<Decision>), Error> {
        let filter = LineFilter { changed_only: true, item: item.to_owned(), ..LineFilter::default() };
        let (mut keys, mut decisions): (Vec<LinePlace>, Vec<Decision>) = (Vec::new(), Vec::new());
        loop {
            let limit = LINES_AT_ONCE as u64;
            let rows = simulated_runs::lines(self.store().reader(), run, &filter, keys.last(), limit).await?;
            for row in &rows {
                let line = pb::RunLine::decode(row.detail.as_slice())
                    .map_err(|error| invalid("allocation_run_line", &error))?;
                keys.push(LinePlace::of(row));
                decisions.push(Decision::of(line));
            }
            if rows.len() < LINES_AT_ONCE {
                return Ok((keys, decisions));
            }
        }
    }

    /// Writes the calls about an item and what became of the lines about which nothing is asked, a part at a time; with the
    /// last part goes the word that all is there. Answers false when the run is to end.
    async fn write_plan(
        &self,
        run: &Run,
        calls: &[allocation_run_call::Model],
        settled: &[LineOutcome],
        lease: &Lease,
    ) -> Result<bool, Error> {
        let (mut calls_left, mut settled_left, mut is_first) = (calls, settled, true);
        loop {
            let (some_calls, calls_after) = calls_left.split_at(calls_left.len().min(1));
            let (some_lines, lines_after) = settled_left.split_at(settled_left.len().min(LINES_AT_ONCE));
            let is_last = calls_after.is_empty() && lines_after.is_empty();
            let row = &run.row;
            let goes_on = self.store().write("write_run_calls", move |tx| {
                Box::pin(async move {
                    lease::check_in_tx(tx, lease).await?;
                    if !table::goes_on_in_tx(tx, &row.id).await? {
                        return Ok(false);
                    }
                    if is_first {
                        // Left by somebody who died before all calls about an item were written: none was sent.
                        table::forget_calls_in_tx(tx, &row.id).await?;
                    }
                    let mut batch = Batch::new(tx);
                    table::insert_calls(&mut batch, some_calls.to_vec());
                    table::note_outcomes(&mut batch, &row.id, some_lines);
                    batch.run(tx).await?;
                    if is_last {
                        table::advance_in_tx(tx, row).await?;
                    }
                    Ok::<_, StorageError>(true)
                })
            });
            if !goes_on.await? {
                return Ok(false);
            }
            if is_last {
                return Ok(true);
            }
            (calls_left, settled_left, is_first) = (calls_after, lines_after, false);
        }
    }

    /// Sends the calls about an item, one after the other, each recorded before the next one is sent.
    async fn answer_calls(&self, run: &mut Run, lease: &Lease) -> Result<(), Error> {
        while let Some(call) = table::next_call(self.store().reader(), &run.row.id).await? {
            lease::acquire(self.store(), &lease.name, &lease.holder, LEASE_TIME).await?;
            let request = CommitRunRequest::decode(call.request.as_slice())
                .map_err(|error| invalid("allocation_run_call", &error))?;
            let keys: Vec<LineKey> =
                lines_of(&request).filter_map(|(line, part)| LineKey::of_claim(line, part)).collect();
            // Whoever hears of the claims waits until they are recorded, and has nothing left to do then.
            let mut holding = self.in_flight().enter(self.ids().next_uuid());
            if let Some(holding) = &mut holding {
                holding.concerns(keys.into_iter().map(|key| key.order).collect());
            }
            let answer = self.inventory().commit_run(request.clone()).await.map_err(|failure| match failure {
                Failure::Refused(status) => Error::Refused(status),
                Failure::Unanswered(status) => Error::Unanswered(status),
            })?;
            self.stop_at(COMMIT_APPLIED_CRASH_POINT)?;
            count_gains(answer.gains.iter().map(inventory::GainResult::outcome));
            let outcomes = outcomes_of(&request, &answer)?;
            run.count(&outcomes);
            if !request.more_follow {
                run.item_is_done();
            }
            self.record_call(run, (&call, &answer, &outcomes), lease).await?;
        }
        Ok(())
    }

    async fn record_call(
        &self,
        run: &Run,
        (call, answer, outcomes): (&allocation_run_call::Model, &CommitRunResponse, &[LineOutcome]),
        lease: &Lease,
    ) -> Result<(), Error> {
        let mut news = Vec::with_capacity(answer.claims.len());
        for claim in &answer.claims {
            news.extend(ClaimNews::of(claim, CAUSE)?);
        }
        let pools: BTreeSet<runs::Pool> = answer.holds.iter().cloned().filter_map(open_pool).collect();
        let (news, pools, row, now) = (&news, &pools, &run.row, self.now());
        self.store()
            .write("record_run_call", move |tx| {
                Box::pin(async move {
                    lease::check_in_tx(tx, lease).await?;
                    self.follow_claims_in_tx(tx, news, pools, now, None).await?;
                    let put_off = self.wait_for_planner_in_tx(tx, pools).await?;
                    runs::request_in_tx(tx, pools, &put_off, columns::micros(now)).await?;
                    table::answered_in_tx(tx, call).await?;
                    let mut batch = Batch::new(tx);
                    table::note_outcomes(&mut batch, &row.id, outcomes);
                    batch.run(tx).await?;
                    table::advance_in_tx(tx, row).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.claim_memory().note(answer.claims.iter());
        if !pools.is_empty() {
            self.wakes().runs.wake();
        }
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(())
    }
}

impl Run {
    fn of(row: allocation_run::Model) -> Result<Self, Error> {
        let progress =
            pb::RunProgress::decode(row.progress.as_slice()).map_err(|error| invalid("allocation_run", &error))?;
        Ok(Self { row, progress })
    }

    /// The calls about an item. The id of a call follows from the run and from what it asks.
    fn calls(&self, item: &str, moves: Vec<Moves>) -> Vec<allocation_run_call::Model> {
        let row = &self.row;
        let context = WriteContext {
            actor: row.commit_actor.clone(),
            reason_code: row.commit_reason_code.clone(),
            note: row.commit_note.clone(),
        };
        let last = moves.len().saturating_sub(1);
        let names = derived_uuid(COMMITS, &row.id);
        let call = |(number, Moves { reductions, gains }): (usize, Moves)| {
            let mut request = CommitRunRequest {
                run: format!("runs/{}", row.id),
                item: format!("items/{item}"),
                reductions,
                gains,
                context: Some(context.clone()),
                more_follow: number < last,
                ..CommitRunRequest::default()
            };
            request.request_id = derived_uuid(names, &content_of(&request)).to_string();
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            allocation_run_call::Model { run_id: row.id.clone(), number, request: request.encode_to_vec() }
        };
        moves.into_iter().enumerate().map(call).collect()
    }

    fn item_is_done(&mut self) {
        self.row.commit_cursor.clone_from(&self.row.calls_item);
        self.progress.commit.get_or_insert_default().items_done += 1;
        self.row.progress = self.progress.encode_to_vec();
    }

    /// Counts what became of lines.
    fn count(&mut self, outcomes: &[LineOutcome]) {
        let progress = self.progress.commit.get_or_insert_default();
        for one in outcomes {
            let counted = match Outcome::try_from(one.outcome).unwrap_or_default() {
                Outcome::Applied => &mut progress.lines_committed,
                Outcome::Stale => &mut progress.lines_stale,
                Outcome::NoCover => &mut progress.lines_without_cover,
                Outcome::ExpectedOnly => &mut progress.lines_expected_only,
                Outcome::Kept => &mut progress.lines_kept,
                Outcome::NotReserved
                | Outcome::NotForRuns
                | Outcome::NotWaiting
                | Outcome::Limited
                | Outcome::Pinned
                | Outcome::Barred
                | Outcome::Unchanged
                | Outcome::Unspecified => &mut progress.lines_skipped,
            };
            *counted += 1;
            progress.units_taken = progress.units_taken.saturating_add(one.units_taken);
            progress.units_given = progress.units_given.saturating_add(one.units_given);
        }
        self.row.progress = self.progress.encode_to_vec();
    }
}

fn invalid(table: &'static str, error: &prost::DecodeError) -> Error {
    StorageError::InvalidRow { table, detail: error.to_string() }.into()
}

fn lines_of(request: &CommitRunRequest) -> impl Iterator<Item = (&str, i32)> {
    request.reductions.iter().chain(&request.gains).map(|units| (units.line.as_str(), units.part))
}

/// What became of each line of a call: the first thing that was not done, or APPLIED.
fn outcomes_of(request: &CommitRunRequest, answer: &CommitRunResponse) -> Result<Vec<LineOutcome>, Error> {
    if answer.reductions.len() != request.reductions.len() || answer.gains.len() != request.gains.len() {
        return Err(Error::Contract("CommitRun told of more or fewer units than it was asked for".to_owned()));
    }
    let item = request.item.trim_start_matches("items/");
    let mut lines: BTreeMap<(&str, i32), (Outcome, i64, i64)> = BTreeMap::new();
    let lost = request.reductions.iter().zip(answer.reductions.iter().map(|told| reduced(told.outcome())));
    let lost = lost.map(|(units, outcome)| (units, outcome, units.quantity, 0));
    let won = request.gains.iter().zip(answer.gains.iter().map(|told| gained(told.outcome())));
    let won = won.map(|(units, outcome)| (units, outcome, 0, units.quantity));
    let all: Vec<(&RunUnits, Outcome, i64, i64)> = lost.chain(won).collect();
    for (units, outcome, taken, given) in all {
        let line = lines.entry((units.line.as_str(), units.part)).or_insert((Outcome::Applied, 0, 0));
        if outcome == Outcome::Applied {
            line.1 = line.1.saturating_add(taken);
            line.2 = line.2.saturating_add(given);
        } else if line.0 == Outcome::Applied {
            line.0 = outcome;
        }
    }
    let told = lines.into_iter().map(|((line, part), (outcome, units_taken, units_given))| {
        let key = LineKey::of_claim(line, part).ok_or_else(|| Error::Contract(format!("{line} is no line")))?;
        let line = LinePlace { item: item.to_owned(), order: key.order, line: key.line, part };
        Ok(LineOutcome { line, outcome: outcome.into(), units_taken, units_given })
    });
    told.collect()
}

const fn reduced(outcome: ReductionOutcome) -> Outcome {
    match outcome {
        ReductionOutcome::Applied => Outcome::Applied,
        ReductionOutcome::Unspecified | ReductionOutcome::Stale => Outcome::Stale,
        ReductionOutcome::NotReserved => Outcome::NotReserved,
        ReductionOutcome::NotForRuns => Outcome::NotForRuns,
    }
}

const fn gained(outcome: GainOutcome) -> Outcome {
    match outcome {
        GainOutcome::Applied => Outcome::Applied,
        GainOutcome::Unspecified | GainOutcome::Stale => Outcome::Stale,
        GainOutcome::NoCover => Outcome::NoCover,
        GainOutcome::NotWaiting => Outcome::NotWaiting,
        GainOutcome::Limited => Outcome::Limited,
    }
}
