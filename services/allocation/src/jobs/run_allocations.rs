//! Shares free units among the lines that wait for them: one run per item and location, started by the news of a hold.
//!
//! A run reads what waits, with versions, lets `domain` plan, and has inventory apply the plan; then the orders follow
//! the claims of the answer. Nothing is lost when it dies anywhere: what is applied is told by events too, and holds that
//! are left open start another run.

use backorder_domain::{
    allocation::plan::{Plan, WaitingClaim, share},
    ids::{LineId, derived_uuid},
    quantity::Quantity,
};
use backorder_proto::{convert::Violations, convert::decode, inventory::v1 as pb};
use backorder_service_kit::{idempotency::command_hash, jobs::Woken};
use backorder_storage::columns;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cover_sets::Covered;
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
/// Gains or holds in one call at most.
const CHUNK_MAX: usize = 1_000;
/// The name space of the ids of runs.
const RUNS: Uuid = Uuid::from_u128(0x6f1d_7c02_9a1b_4a55_9d42_6c1f_2ab0_77e1);

/// Runs allocations until shutdown: when woken, and for holds that nobody told of.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn run_allocations(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let mut listed: Option<Instant> = None;
    loop {
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
            has_run = use_cases.run_pending().await?;
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
}

impl UseCases {
    /// Does some pending runs. Answers false when there were none.
    async fn run_pending(&self) -> Result<bool, Error> {
        let pending = runs::pending(self.store(), RUNS_AT_ONCE).await?;
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
        Ok(true)
    }

    async fn run_pool(&self, run: pending_run::Model, holds: Vec<pb::Hold>, now: Timestamp) -> Result<Outcome, Error> {
        let mut outcome = Outcome { run, claims: Vec::new(), sets: Covered::default() };
        if holds.is_empty() {
            return Ok(outcome);
        }
        let (item, location) =
            (format!("items/{}", outcome.run.item_id), format!("locations/{}", outcome.run.location_id));
        let waiting = self.waiting_for(&item, &location, held(&holds)).await?;
        outcome.sets = self.cover_sets_that_wait(&outcome.run.item_id, &waiting).await?;
        // Where no set took part, the claims are as they were listed.
        let mut listed = outcome.sets.covers.is_empty().then_some(waiting);
        let holds = if listed.is_some() { holds } else { self.holds_of(&outcome.run).await? };
        for chunk in holds.chunks(CHUNK_MAX) {
            let listed = listed.take().filter(|_| chunk.len() == holds.len());
            outcome.claims.extend(self.share_holds(&outcome.run, chunk, listed, now).await?);
        }
        Ok(outcome)
    }

    /// What is held of a pool now.
    async fn holds_of(&self, run: &pending_run::Model) -> Result<Vec<pb::Hold>, Error> {
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
            wanted = wanted.saturating_add(if is_served_alone(claim) { claim.waiting } else { 0 });
            wanted >= held
        });
        waiting.await.map_err(Error::Unanswered)
    }

    /// Shares the units of some holds of one pool, among claims that were listed or are listed now. Sets were decided about
    /// before, each at its place in the queue: lines before a set kept their right, lines behind it get what it left.
    async fn share_holds(
        &self,
        run: &pending_run::Model,
        holds: &[pb::Hold],
        listed: Option<Vec<pb::Claim>>,
        now: Timestamp,
    ) -> Result<Vec<pb::Claim>, Error> {
        let (item, location) = (format!("items/{}", run.item_id), format!("locations/{}", run.location_id));
        let held = held(holds);
        let plan = match listed {
            Some(listed) => plan_among(held, &listed)?,
            None => self.plan_run(&item, &location, held).await?,
        };
        let name = derived_uuid(RUNS, &format!("{item} {location} {}", columns::micros(now)));
        let mut claims = Vec::new();
        for request in chunks(&plan, &item, &location, holds, name) {
            let answer = self.inventory().apply(request).await.map_err(Error::Unanswered)?;
            count(&answer);
            claims.extend(answer.claims);
        }
        Ok(claims)
    }

    /// Who gets what of units that are held of an item at a location, of those who are served alone.
    async fn plan_run(&self, item: &str, location: &str, held: i64) -> Result<Plan, Error> {
        plan_among(held, &self.waiting_for(item, location, held).await?)
    }

    async fn record_runs(&self, outcomes: &[Outcome]) -> Result<(), Error> {
        let mut news = Vec::new();
        let mut free = FreeForLines::new();
        for outcome in outcomes {
            news.extend(outcome.sets.news()?);
            free.extend(outcome.sets.free.clone());
            for claim in &outcome.claims {
                news.extend(ClaimNews::of(claim, "a run shared free units")?);
            }
        }
        let done: Vec<pending_run::Model> = outcomes.iter().map(|outcome| outcome.run.clone()).collect();
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
        metrics::counter!("backorder_allocation_runs_total").increment(outcomes.len() as u64);
        Ok(())
    }
}

/// Whether a run may give units to the claim. Those in ship sets get theirs together, and those that ask something of their
/// units only what fits.
fn is_served_alone(claim: &pb::Claim) -> bool {
    claim.eligible && !claim.in_set && claim.wish.is_none()
}

fn held(holds: &[pb::Hold]) -> i64 {
    holds.iter().map(|hold| hold.quantity).fold(0, i64::saturating_add)
}

fn plan_among(held: i64, waiting: &[pb::Claim]) -> Result<Plan, Error> {
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
    let waiting = decode::checked(Quantity::try_new(claim.waiting), "waiting", &mut violations);
    let queue_time = decode::timestamp(claim.queue_time.as_ref(), "queue_time", &mut violations);
    let claim = line.zip(waiting).zip(queue_time).map(|((line, waiting), queue_time)| WaitingClaim {
        line,
        part: claim.part,
        waiting,
        eligible: is_served_alone(claim),
        queue_key: claim.queue_key.clone(),
        queue_time,
        version: claim.version,
    });
    violations.finish_with(claim).map_err(|violations| Error::Contract(violations.to_string()))
}

/// The plan in calls, the last of which ends the holds. A call's id is derived from the run and its content: a run that
/// is done again after a crash may plan otherwise.
fn chunks(plan: &Plan, item: &str, location: &str, holds: &[pb::Hold], run: Uuid) -> Vec<pb::ApplyAllocationRequest> {
    let gains: Vec<pb::AllocationGain> = plan
        .gains
        .iter()
        .map(|gain| pb::AllocationGain {
            line: gain.line.to_string(),
            part: gain.part,
            quantity: gain.quantity.get(),
            expected_version: gain.version,
        })
        .collect();
    let holds: Vec<String> = holds.iter().map(|hold| hold.name.clone()).collect();
    let request = |gains: &[pb::AllocationGain], final_chunk| {
        let mut request = pb::ApplyAllocationRequest {
            request_id: String::new(),
            run: format!("runs/{run}"),
            item: item.to_owned(),
            location: location.to_owned(),
            holds: holds.clone(),
            gains: gains.to_vec(),
            passed_over: Vec::new(),
            final_chunk,
            context: None,
        };
        let content: String = command_hash(&request, |_| {}).iter().map(|byte| format!("{byte:02x}")).collect();
        request.request_id = derived_uuid(run, &content).to_string();
        request
    };
    let last = gains.len().div_ceil(CHUNK_MAX).max(1) - 1;
    if gains.is_empty() {
        return vec![request(&[], true)];
    }
    gains.chunks(CHUNK_MAX).enumerate().map(|(index, chunk)| request(chunk, index == last)).collect()
}

fn count(answer: &pb::ApplyAllocationResponse) {
    for result in &answer.results {
        let outcome = match result.outcome() {
            pb::GainOutcome::Applied => "applied",
            pb::GainOutcome::Stale => "stale",
            pb::GainOutcome::NoCover => "no_cover",
            pb::GainOutcome::NotWaiting => "not_waiting",
            pb::GainOutcome::Unspecified => "unspecified",
        };
        metrics::counter!("backorder_allocation_gains_total", "outcome" => outcome).increment(1);
    }
}
