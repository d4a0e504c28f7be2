//! Sends what a commit of a run asks of inventory, and records the answers.
//!
//! Calls about different items are under way together; those about one item go one after the other. The orders follow the
//! answers in the transaction that notes them.

use std::collections::{BTreeMap, BTreeSet};

use backorder_proto::{
    allocation::v1::RunLineOutcome as Outcome,
    inventory::v1::{self as inventory, CommitRunRequest, CommitRunResponse, GainOutcome, ReductionOutcome, RunUnits},
};
use backorder_storage::{
    Batch, columns,
    lease::{self, Lease},
};
use futures::{StreamExt as _, stream};
use prost::Message as _;

use super::{
    commit_runs::{LEASE_TIME, Run, invalid},
    follow_inventory::open_pool,
    run_allocations::count_gains,
};
use crate::{
    error::Error,
    inventory::Failure,
    order::LineKey,
    store::{
        committed_runs::{self as table, LineOutcome},
        entity::allocation_run_call,
        runs,
        simulated_runs::LinePlace,
    },
    use_cases::{UseCases, claims::ClaimNews},
};

/// Where tests stop a commit: inventory has done what it was asked, and nothing of it is recorded.
pub const COMMIT_APPLIED_CRASH_POINT: &str = "commit.applied";

/// Calls that are recorded together at most.
const CALLS_AT_ONCE: usize = 32;
/// Calls that are under way together.
const CALLS_IN_PARALLEL: usize = 4;
/// Units of calls that are recorded together, but for a call that has more.
const UNITS_AT_ONCE: usize = 500;
/// What a commit is to claims, for people.
const CAUSE: &str = "an allocation run was committed";

/// A call with its answer.
struct Answered {
    number: i64,
    request: CommitRunRequest,
    answer: CommitRunResponse,
    outcomes: Vec<LineOutcome>,
}

impl UseCases {
    /// Sends the calls of a run that have no answer, and records the answers.
    pub(super) async fn answer_calls(&self, run: &mut Run, lease: &Lease) -> Result<(), Error> {
        loop {
            let found = table::next_calls(self.store().reader(), &run.row.id, CALLS_AT_ONCE as u64).await?;
            if found.is_empty() {
                // The last answers filled a page, or there was nothing to ask.
                run.items_are_done();
                return Ok(());
            }
            let found_count = found.len();
            let calls = independent(found)?;
            let are_last = calls.len() == found_count && found_count < CALLS_AT_ONCE;
            lease::acquire(self.store(), &lease.name, &lease.holder, LEASE_TIME).await?;
            // Whoever hears of the claims waits until they are recorded, and has nothing left to do then.
            let mut holding = self.in_flight().enter(self.ids().next_uuid());
            if let Some(holding) = &mut holding {
                let keys = calls.iter().flat_map(|(_, request)| lines_of(request));
                let keys = keys.filter_map(|(line, part)| LineKey::of_claim(line, part));
                holding.concerns(keys.map(|key| key.order).collect());
            }
            let sent = stream::iter(calls).map(|(number, request)| self.send_call(number, request));
            let answers: Vec<Result<Answered, Error>> = sent.buffered(CALLS_IN_PARALLEL).collect().await;
            let (mut answered, mut failed) = (Vec::new(), None);
            for answer in answers {
                match answer {
                    Ok(answer) => answered.push(answer),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if are_last && failed.is_none() {
                run.items_are_done();
            }
            // What inventory has done is recorded, whatever became of other calls.
            if !answered.is_empty() {
                self.record_calls(run, &answered, lease).await?;
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    async fn send_call(&self, number: i64, request: CommitRunRequest) -> Result<Answered, Error> {
        let answer = self.inventory().commit_run(request.clone()).await.map_err(|failure| match failure {
            Failure::Refused(status) => Error::Refused(status),
            Failure::Unanswered(status) => Error::Unanswered(status),
        })?;
        self.stop_at(COMMIT_APPLIED_CRASH_POINT)?;
        count_gains(answer.gains.iter().map(inventory::GainResult::outcome));
        let outcomes = outcomes_of(&request, &answer)?;
        Ok(Answered { number, request, answer, outcomes })
    }

    async fn record_calls(&self, run: &mut Run, answered: &[Answered], lease: &Lease) -> Result<(), Error> {
        let (mut news, mut pools, mut outcomes) = (Vec::new(), BTreeSet::<runs::Pool>::new(), Vec::new());
        for one in answered {
            for claim in &one.answer.claims {
                news.extend(ClaimNews::of(claim, CAUSE)?);
            }
            pools.extend(one.answer.holds.iter().cloned().filter_map(open_pool));
            outcomes.extend(one.outcomes.iter().cloned());
            if !one.request.more_follow {
                run.item_is_done();
            }
        }
        run.count(&outcomes);
        let numbers: Vec<i64> = answered.iter().map(|one| one.number).collect();
        let (news, pools, outcomes, numbers) = (&news, &pools, &outcomes, &numbers);
        let (row, now) = (&run.row, self.now());
        self.store()
            .write("record_run_calls", move |tx| {
                Box::pin(async move {
                    lease::check_in_tx(tx, lease).await?;
                    self.follow_claims_in_tx(tx, news, pools, now, None).await?;
                    let put_off = self.wait_for_planner_in_tx(tx, pools).await?;
                    runs::request_in_tx(tx, pools, &put_off, columns::micros(now)).await?;
                    table::answered_in_tx(tx, &row.id, numbers.clone()).await?;
                    let mut batch = Batch::new(tx);
                    table::note_outcomes(&mut batch, &row.id, outcomes);
                    batch.run(tx).await?;
                    table::advance_in_tx(tx, row).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.claim_memory().note(answered.iter().flat_map(|one| &one.answer.claims));
        if !pools.is_empty() {
            self.wakes().runs.wake();
        }
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(())
    }
}

/// The first calls, no two of them about one item, as many as have not too many units together, but one at least.
fn independent(calls: Vec<allocation_run_call::Model>) -> Result<Vec<(i64, CommitRunRequest)>, Error> {
    let (mut found, mut items, mut units) = (Vec::new(), BTreeSet::new(), 0);
    for call in calls {
        let request = CommitRunRequest::decode(call.request.as_slice())
            .map_err(|error| invalid("allocation_run_call", &error))?;
        units += request.reductions.len() + request.gains.len();
        if !items.insert(request.item.clone()) || (units > UNITS_AT_ONCE && !found.is_empty()) {
            break;
        }
        found.push((call.number, request));
    }
    Ok(found)
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
