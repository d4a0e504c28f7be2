//! Shares free units among the lines that wait for them: one run per item and location, started by the news of a hold.
//!
//! A run reads what waits, with versions, lets `domain` plan, and has inventory apply the plan; then the orders follow
//! the claims of the answer. Nothing is lost when it dies anywhere: what is applied is told by events too, and holds that
//! are left open start another run.
//!
//! Most runs share among a few claims, and many of them are recorded together. Those with a longer queue go on beside them
//! ([`super::share_long`]).

use std::collections::BTreeSet;

use backorder_domain::{
    allocation::plan::{Gain, Plan, WaitingClaim, share},
    ids::{LineId, derived_uuid},
    quantity::Quantity,
};
use backorder_proto::{convert::Violations, convert::decode, inventory::v1 as pb};
use backorder_service_kit::{jobs::Woken, problem::Problem};
use backorder_storage::columns;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{content_of, cover_sets::Covered};
use crate::{
    error::Error,
    store::{entity::pending_run, runs},
    use_cases::{
        UseCases,
        claims::{ClaimNews, FreeForLines},
        serving::by_pool,
    },
};

/// Runs that are done before their outcomes are recorded together.
const RUNS_AT_ONCE: u64 = 256;
/// Runs that talk to inventory at the same time.
const RUNS_IN_PARALLEL: usize = 4;
/// Runs with a long queue that are under way at the same time.
const LONG_RUNS_MAX: usize = 2;
/// Gains or holds in one call at most, which a page of claims is as well.
pub(super) const CHUNK_MAX: usize = 1_000;
/// What a run is to claims, for people.
pub(super) const SHARED: &str = "a run shared free units";
/// The name space of the ids of runs.
const RUNS: Uuid = Uuid::from_u128(0x6f1d_7c02_9a1b_4a55_9d42_6c1f_2ab0_77e1);

/// Runs allocations until shutdown: when woken, and for holds that nobody told of.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn run_allocations(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let mut listed: Option<Instant> = None;
    let mut long_runs = LongRuns::default();
    loop {
        long_runs.take_ended()?;
        let by_planner = use_cases.is_served_by_planner().await?;
        let is_time = listed.is_none_or(|listed| listed.elapsed() >= use_cases.config().hold_tick);
        if is_time || by_planner {
            use_cases.request_runs_for_holds(is_time).await?;
        }
        if is_time {
            listed = Some(Instant::now());
        }
        let mut has_run = true;
        while has_run && !shutdown.is_cancelled() {
            has_run = use_cases.run_pending(&mut long_runs, &shutdown).await?;
            use_cases.tell_promises_put_off().await?;
        }
        // A planner's hour is of the business day, which wakes nobody.
        let tick = if by_planner { use_cases.config().job_tick } else { use_cases.config().hold_tick };
        if use_cases.wakes().runs.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

/// What a run did.
struct Outcome {
    run: pending_run::Model,
    /// How the claims stand after it.
    claims: Vec<pb::Claim>,
    /// What it decided about ship sets before.
    sets: Covered,
    /// Whether the queue is too long to be served here: its sets are decided about at most.
    is_long: bool,
}

/// Runs with a long queue that are under way beside the others. They end with the job.
#[derive(Default)]
struct LongRuns {
    tasks: JoinSet<(runs::Pool, Result<(), Error>)>,
    pools: BTreeSet<runs::Pool>,
}

impl LongRuns {
    /// Takes note of those that ended.
    fn take_ended(&mut self) -> Result<(), Error> {
        while let Some(ended) = self.tasks.try_join_next() {
            let (pool, ended) = ended.map_err(|broken| Problem::internal(broken).context("a long run broke"))?;
            self.pools.remove(&pool);
            ended?;
        }
        Ok(())
    }

    /// Begins a run, unless there are as many as may be; then it stays pending.
    fn begin(&mut self, use_cases: &UseCases, run: pending_run::Model, shutdown: &CancellationToken) {
        if self.pools.len() >= LONG_RUNS_MAX {
            return;
        }
        let pool = (run.item_id.clone(), run.location_id.clone());
        self.pools.insert(pool.clone());
        let (use_cases, shutdown) = (use_cases.clone(), shutdown.clone());
        self.tasks.spawn(async move {
            let ended = use_cases.run_long(run, shutdown).await;
            use_cases.wakes().runs.wake();
            (pool, ended)
        });
    }
}

impl UseCases {
    /// Does some pending runs. Answers false when there were none that can be done here.
    async fn run_pending(&self, long_runs: &mut LongRuns, shutdown: &CancellationToken) -> Result<bool, Error> {
        let pending = runs::pending(self.store(), &long_runs.pools, RUNS_AT_ONCE).await?;
        if pending.is_empty() {
            return Ok(false);
        }
        let item = match pending.as_slice() {
            [one] => format!("items/{}", one.item_id),
            _ => String::new(),
        };
        let holds = by_pool(self.inventory().holds(&item).await.map_err(Error::Unanswered)?);
        let now = self.now();
        let outcomes: Vec<Outcome> = stream::iter(pending)
            .map(|run| {
                let pool = (run.item_id.clone(), run.location_id.clone());
                let holds = holds.get(&pool).cloned().unwrap_or_default();
                self.run_pool(run, holds, now)
            })
            .buffered(RUNS_IN_PARALLEL)
            .try_collect()
            .await?;
        self.record_runs(&outcomes).await?;
        let is_any_done = outcomes.iter().any(|outcome| !outcome.is_long);
        for outcome in outcomes.into_iter().filter(|outcome| outcome.is_long) {
            long_runs.begin(self, outcome.run, shutdown);
        }
        Ok(is_any_done)
    }

    /// Does a run whose queue fits into one chunk.
    async fn run_pool(&self, run: pending_run::Model, holds: Vec<pb::Hold>, now: Timestamp) -> Result<Outcome, Error> {
        let mut outcome = Outcome { run, claims: Vec::new(), sets: Covered::default(), is_long: false };
        if holds.is_empty() {
            return Ok(outcome);
        }
        let (item, location) =
            (format!("items/{}", outcome.run.item_id), format!("locations/{}", outcome.run.location_id));
        let Some(mut waiting) = self.short_queue(&item, &location, &holds).await? else {
            return Ok(Outcome { is_long: true, ..outcome });
        };
        let mut holds = holds;
        outcome.sets = self.cover_sets_that_wait(&outcome.run.item_id, &waiting).await?;
        if !outcome.sets.covers.is_empty() {
            // The claims and the holds are others now.
            holds = self.holds_of(&outcome.run).await?;
            match self.short_queue(&item, &location, &holds).await? {
                Some(others) => waiting = others,
                None => return Ok(Outcome { is_long: true, ..outcome }),
            }
        }
        if !holds.is_empty() {
            let plan = plan_among(held(&holds), &waiting)?;
            let name = name_of_run(&item, &location, columns::micros(now));
            let request = apply_request(&plan, &item, &location, &holds, name, true);
            let answer = self.inventory().apply(request).await.map_err(Error::Unanswered)?;
            count_gains(answer.results.iter().map(pb::GainResult::outcome));
            outcome.claims = answer.claims;
        }
        Ok(outcome)
    }

    /// The claims that wait for a pool, in the order of the queue, as far as the held units may reach; `None` where these are
    /// too many for one chunk.
    async fn short_queue(
        &self,
        item: &str,
        location: &str,
        holds: &[pb::Hold],
    ) -> Result<Option<Vec<pb::Claim>>, Error> {
        if holds.len() > CHUNK_MAX {
            return Ok(None);
        }
        let page = self.inventory().waiting_page(item, location, String::new(), false).await;
        let page = page.map_err(Error::Unanswered)?;
        let (mut claims, mut wanted) = (page.claims, 0_i64);
        let reached = claims.iter().position(|claim| {
            wanted = wanted.saturating_add(takeable(claim));
            wanted >= held(holds)
        });
        if let Some(last) = reached {
            claims.truncate(last + 1);
        }
        Ok((reached.is_some() || page.next_page_token.is_empty()).then_some(claims))
    }

    /// What is held of a pool now.
    pub(super) async fn holds_of(&self, run: &pending_run::Model) -> Result<Vec<pb::Hold>, Error> {
        let item = format!("items/{}", run.item_id);
        let mut pools = by_pool(self.inventory().holds(&item).await.map_err(Error::Unanswered)?);
        Ok(pools.remove(&(run.item_id.clone(), run.location_id.clone())).unwrap_or_default())
    }

    /// The claims that wait for a pool, in the order of the queue, as far as so many held units may reach.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when inventory does not answer.
    pub(crate) async fn waiting_for(&self, item: &str, location: &str, held: i64) -> Result<Vec<pb::Claim>, Error> {
        let mut wanted = 0_i64;
        let waiting = self.inventory().waiting_claims(item, location, |claim| {
            wanted = wanted.saturating_add(takeable(claim));
            wanted >= held
        });
        waiting.await.map_err(Error::Unanswered)
    }

    async fn record_runs(&self, outcomes: &[Outcome]) -> Result<(), Error> {
        let mut news = Vec::new();
        let mut free = FreeForLines::new();
        for outcome in outcomes {
            news.extend(outcome.sets.news()?);
            free.extend(outcome.sets.free.clone());
            for claim in &outcome.claims {
                news.extend(ClaimNews::of(claim, SHARED)?);
            }
        }
        let done = outcomes.iter().filter(|outcome| !outcome.is_long).map(|outcome| outcome.run.clone());
        let done: Vec<pending_run::Model> = done.collect();
        let (news, free, done, now) = (&news, &free, &done, self.now());
        self.store()
            .write("record_runs", move |tx| {
                Box::pin(async move {
                    // Of promises, only what the run itself did is told here: the others follow when the run is off.
                    self.follow_covered_in_tx(tx, news, free, now).await?;
                    runs::done_in_tx(tx, done).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.claim_memory().note(outcomes.iter().flat_map(|outcome| outcome.claims.iter().chain(&outcome.sets.claims)));
        metrics::counter!("backorder_allocation_runs_total").increment(done.len() as u64);
        Ok(())
    }
}

/// Whether a run may give units to the claim. Those in ship sets get theirs together, and those that ask something of their
/// units only what fits.
pub(super) fn is_served_alone(claim: &pb::Claim) -> bool {
    claim.eligible && !claim.in_set && claim.wish.is_none()
}

/// How many of its waiting units a run may give the claim: where the item has groups, as many as these let it take now.
pub(super) fn takeable(claim: &pb::Claim) -> i64 {
    let most = claim.takeable.unwrap_or(claim.waiting);
    if is_served_alone(claim) { most.min(claim.waiting) } else { 0 }
}

pub(super) fn held(holds: &[pb::Hold]) -> i64 {
    holds.iter().map(|hold| hold.quantity).fold(0, i64::saturating_add)
}

pub(super) fn plan_among(held: i64, waiting: &[pb::Claim]) -> Result<Plan, Error> {
    let waiting = waiting.iter().map(waiting_claim).collect::<Result<_, _>>()?;
    Ok(share(Quantity::try_new(held).unwrap_or_default(), waiting))
}

/// A waiting claim as a plan takes it.
///
/// # Errors
/// [`Error::Contract`] for a claim that breaks the contract.
fn waiting_claim(claim: &pb::Claim) -> Result<WaitingClaim, Error> {
    let mut violations = Violations::new();
    let line = decode::checked(LineId::try_new(claim.line.as_str()), "line", &mut violations);
    let waiting = decode::checked(Quantity::try_new(takeable(claim)), "waiting", &mut violations);
    let queue_time = decode::timestamp(claim.queue_time.as_ref(), "queue_time", &mut violations);
    let claim = line.zip(waiting).zip(queue_time).map(|((line, waiting), queue_time)| WaitingClaim {
        line,
        part: claim.part,
        waiting,
        eligible: takeable(claim) > 0,
        queue_key: claim.queue_key.clone(),
        queue_time,
        version: claim.version,
    });
    violations.finish_with(claim).map_err(|violations| Error::Contract(violations.to_string()))
}

/// The name of a run about a pool.
pub(super) fn name_of_run(item: &str, location: &str, begun_at_micros: i64) -> Uuid {
    derived_uuid(RUNS, &format!("{item} {location} {begun_at_micros}"))
}

/// A plan as a call, the last one of which ends the holds. The call's id is derived from the run and the content: a run that
/// is done again after a crash may plan otherwise.
pub(super) fn apply_request(
    plan: &Plan,
    item: &str,
    location: &str,
    holds: &[pb::Hold],
    run: Uuid,
    final_chunk: bool,
) -> pb::ApplyAllocationRequest {
    let gain = |gain: &Gain| pb::AllocationGain {
        line: gain.line.to_string(),
        part: gain.part,
        quantity: gain.quantity.get(),
        expected_version: gain.version,
    };
    let mut request = pb::ApplyAllocationRequest {
        request_id: String::new(),
        run: format!("runs/{run}"),
        item: item.to_owned(),
        location: location.to_owned(),
        holds: holds.iter().map(|hold| hold.name.clone()).collect(),
        gains: plan.gains.iter().map(gain).collect(),
        passed_over: Vec::new(),
        final_chunk,
        context: None,
    };
    request.request_id = derived_uuid(run, &content_of(&request)).to_string();
    request
}

pub(super) fn count_gains(outcomes: impl Iterator<Item = pb::GainOutcome>) {
    for outcome in outcomes {
        let outcome = match outcome {
            pb::GainOutcome::Applied => "applied",
            pb::GainOutcome::Stale => "stale",
            pb::GainOutcome::NoCover => "no_cover",
            pb::GainOutcome::NotWaiting => "not_waiting",
            pb::GainOutcome::Limited => "limited",
            pb::GainOutcome::Unspecified => "unspecified",
        };
        metrics::counter!("backorder_allocation_gains_total", "outcome" => outcome).increment(1);
    }
}
