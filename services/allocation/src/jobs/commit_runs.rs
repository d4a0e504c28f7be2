//! Commits runs, the oldest first, some items at a time.
//!
//! One instance at a time does it, under a lease. What is asked of inventory about an item is decided on the item as it is then,
//! and written before it is asked ([`super::commit_calls`]): who goes on after a crash sends the same calls under the same ids,
//! and gets the same answers. A run that is cancelled ends before its next items.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use backorder_domain::ids::derived_uuid;
use backorder_proto::{
    allocation::v1::{self as pb, RunLineOutcome as Outcome},
    common::v1::WriteContext,
    inventory::v1::CommitRunRequest,
};
use backorder_service_kit::jobs::Woken;
use backorder_storage::{
    Batch, StorageError,
    lease::{self, Lease},
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::content_of;
use crate::{
    error::Error,
    simulation::{
        LiveItem,
        commit::{Decision, ItemCommit, Moves},
    },
    store::{
        committed_runs::{self as table, LineOutcome},
        entity::{allocation_run, allocation_run_call},
        simulated_runs::{self, CANCELLED, COMMITTED, COMMITTING, FAILED, LineFilter, LinePlace},
    },
    use_cases::UseCases,
};

/// Where tests stop a commit: what is asked of inventory is written, and nothing is sent.
pub const COMMIT_PLANNED_CRASH_POINT: &str = "commit.planned";

/// What is leased.
const LEASE: &str = "allocation_commits";
/// How long a lease lives. It is extended with every call.
pub(super) const LEASE_TIME: Duration = Duration::from_secs(60);
/// Lines that are read, or of which the outcome is written, at once.
const LINES_AT_ONCE: usize = 1_000;
/// Items that are read and asked about at once.
const ITEMS_AT_ONCE: usize = 50;
/// Bytes of calls that are written in one transaction.
const BYTES_AT_ONCE: usize = 256 * 1024;
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
pub(super) struct Run {
    pub(super) row: allocation_run::Model,
    progress: pb::RunProgress,
}

/// An item with what the run kept of its lines that would be confirmed otherwise.
#[derive(Default)]
struct ItemDecisions {
    item: String,
    lines: Vec<LinePlace>,
    decisions: Vec<Decision>,
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
            let items = self.next_decisions(&run.row).await?;
            if items.is_empty() {
                return self.end_run(&run.row.id, (COMMITTING, COMMITTED), "").await;
            }
            if !self.plan_commit(&mut run, items, lease).await? {
                return self.end_run(&run.row.id, (COMMITTING, CANCELLED), "").await;
            }
            self.stop_at(COMMIT_PLANNED_CRASH_POINT)?;
        }
        Ok(())
    }

    /// Decides what is asked about some items, and writes it. Answers false when the run is to end.
    async fn plan_commit(&self, run: &mut Run, items: Vec<ItemDecisions>, lease: &Lease) -> Result<bool, Error> {
        let names: BTreeSet<String> = items.iter().map(|one| one.item.clone()).collect();
        let live = self.read_live(&names).await?;
        let live: HashMap<&str, &LiveItem> = live.iter().map(|live| (live.item.as_str(), live)).collect();
        let units_max = self.units_at_once();
        let (mut calls, mut settled) = (Vec::new(), Vec::new());
        for ItemDecisions { item, lines, decisions } in items {
            let live = live.get(item.as_str());
            let commit = live.map(|live| ItemCommit::new(&decisions, live, units_max)).unwrap_or_default();
            settled.extend(commit.settled.into_iter().map(|(number, outcome)| LineOutcome {
                line: lines[number].clone(),
                outcome: outcome.into(),
                units_taken: 0,
                units_given: 0,
            }));
            if commit.calls.is_empty() {
                run.item_is_done();
            }
            run.add_calls(&item, commit.calls, &mut calls);
            run.row.calls_item = item;
        }
        run.count(&settled);
        if calls.is_empty() {
            run.items_are_done();
        }
        let written = self.write_plan(run, &calls, &settled, lease).await?;
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(written)
    }

    /// Lines that are asked about together, at most, but for an item that has more.
    fn units_at_once(&self) -> usize {
        self.config().run_units_at_once.clamp(1, LINES_AT_ONCE)
    }

    /// What the run kept of the lines that would be confirmed otherwise, of the next items that have not too many of them
    /// together; nothing after the last item.
    async fn next_decisions(&self, row: &allocation_run::Model) -> Result<Vec<ItemDecisions>, Error> {
        let (lines_max, reader) = (self.units_at_once(), self.store().reader());
        let items_after = row.commit_cursor.clone();
        let filter = LineFilter { changed_only: true, items_after, ..LineFilter::default() };
        let mut rows = simulated_runs::lines(reader, &row.id, &filter, None, lines_max as u64 + 1).await?;
        let is_cut = rows.len() > lines_max;
        let last = rows.last().map(|row| row.item_id.clone()).unwrap_or_default();
        if is_cut && rows[0].item_id == last {
            let filter = LineFilter { changed_only: true, item: last, ..LineFilter::default() };
            loop {
                let place = rows.last().map(LinePlace::of);
                let more =
                    simulated_runs::lines(reader, &row.id, &filter, place.as_ref(), LINES_AT_ONCE as u64).await?;
                let is_last = more.len() < LINES_AT_ONCE;
                rows.extend(more);
                if is_last {
                    break;
                }
            }
        } else if is_cut {
            // More lines of it may follow.
            rows.retain(|row| row.item_id != last);
        }
        let mut items: Vec<ItemDecisions> = Vec::new();
        for row in &rows {
            let line =
                pb::RunLine::decode(row.detail.as_slice()).map_err(|error| invalid("allocation_run_line", &error))?;
            if items.last().is_none_or(|last| last.item != row.item_id) {
                if items.len() == ITEMS_AT_ONCE {
                    break;
                }
                items.push(ItemDecisions { item: row.item_id.clone(), ..ItemDecisions::default() });
            }
            if let Some(item) = items.last_mut() {
                item.lines.push(LinePlace::of(row));
                item.decisions.push(Decision::of(line));
            }
        }
        Ok(items)
    }

    /// Writes the calls about some items and what became of the lines about which nothing is asked, a part at a time; with the
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
            let (some_calls, calls_after) = calls_left.split_at(few(calls_left));
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
                        // Left by somebody who died before all calls were written: none was sent.
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
}

impl Run {
    fn of(row: allocation_run::Model) -> Result<Self, Error> {
        let progress =
            pb::RunProgress::decode(row.progress.as_slice()).map_err(|error| invalid("allocation_run", &error))?;
        Ok(Self { row, progress })
    }

    /// Adds the calls about an item. The id of a call follows from the run and from what it asks.
    fn add_calls(&self, item: &str, moves: Vec<Moves>, calls: &mut Vec<allocation_run_call::Model>) {
        let row = &self.row;
        let names = derived_uuid(COMMITS, &row.id);
        let mut left = moves.len();
        for Moves { reductions, gains } in moves {
            left -= 1;
            let mut request = CommitRunRequest {
                run: format!("runs/{}", row.id),
                item: format!("items/{item}"),
                reductions,
                gains,
                context: Some(WriteContext {
                    actor: row.commit_actor.clone(),
                    reason_code: row.commit_reason_code.clone(),
                    note: row.commit_note.clone(),
                }),
                more_follow: left > 0,
                ..CommitRunRequest::default()
            };
            request.request_id = derived_uuid(names, &content_of(&request)).to_string();
            let number = i64::try_from(calls.len()).unwrap_or(i64::MAX);
            calls.push(allocation_run_call::Model { run_id: row.id.clone(), number, request: request.encode_to_vec() });
        }
    }

    /// One more item is done.
    pub(super) fn item_is_done(&mut self) {
        self.progress.commit.get_or_insert_default().items_done += 1;
        self.row.progress = self.progress.encode_to_vec();
    }

    /// All items are done about which was asked.
    pub(super) fn items_are_done(&mut self) {
        self.row.commit_cursor.clone_from(&self.row.calls_item);
    }

    /// Counts what became of lines.
    pub(super) fn count(&mut self, outcomes: &[LineOutcome]) {
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

/// How many of the calls are written at once: as many as are not too large together, but one at least.
fn few(calls: &[allocation_run_call::Model]) -> usize {
    let mut bytes = 0;
    let fitting = calls.iter().take_while(|call| {
        bytes += call.request.len();
        bytes <= BYTES_AT_ONCE
    });
    fitting.count().max(1).min(calls.len())
}

pub(super) fn invalid(table: &'static str, error: &prost::DecodeError) -> Error {
    StorageError::InvalidRow { table, detail: error.to_string() }.into()
}
