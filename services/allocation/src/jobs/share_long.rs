//! Shares free units among a queue that is longer than a page of claims: chunk by chunk, each recorded in a transaction of
//! its own while inventory applies the next one.
//!
//! A few chunks are in memory at most, however long the queue is. What was served waits no longer, so after a run that died
//! anywhere the next one goes on: what inventory applied is told by events, and the pool stays pending.

use backorder_proto::inventory::v1 as pb;
use backorder_storage::columns;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::run_allocations::{
    CHUNK_MAX, SHARED, apply_request, count_gains, held, is_served_alone, name_of_run, plan_among, takeable,
};
use crate::{
    error::Error,
    order::LineKey,
    saga::Holding,
    store::{entity::pending_run, runs},
    use_cases::{
        UseCases,
        claims::{ClaimNews, FreeForLines},
    },
};

/// Where tests stop a long run: inventory has applied a chunk, and nothing of it is recorded.
pub const CHUNK_CRASH_POINT: &str = "run.applied";

impl UseCases {
    /// Does a run about a pool with a long queue, from its sets to the end of its holds. At shutdown it ends early, and the
    /// pool stays pending.
    ///
    /// # Errors
    /// Those of the store and of inventory; the pool stays pending.
    pub(super) async fn run_long(&self, run: pending_run::Model, shutdown: CancellationToken) -> Result<(), Error> {
        let (item, location) = (format!("items/{}", run.item_id), format!("locations/{}", run.location_id));
        let name = name_of_run(&item, &location, columns::micros(self.now()));
        let holds = self.holds_of(&run).await?;
        let in_sets = self.claims_in_sets(&item, &location, held(&holds)).await?;
        let covered = self.cover_sets_that_wait(&run.item_id, &in_sets).await?;
        let holds = if covered.covers.is_empty() { holds } else { self.holds_of(&run).await? };
        let (news, free, now) = (&covered.news()?, &covered.free, self.now());
        self.store()
            .write("record_sets", move |tx| {
                Box::pin(async move { self.follow_covered_in_tx(tx, news, free, now).await })
            })
            .await?;
        self.claim_memory().note(covered.claims.iter());
        for holds in holds.chunks(CHUNK_MAX) {
            let queue = Queue { use_cases: self, item: &item, location: &location, holds, name };
            if !queue.share(&shutdown).await? {
                return Ok(());
            }
        }
        let done = &[run];
        self.store().write("end_run", move |tx| Box::pin(async move { runs::done_in_tx(tx, done).await })).await?;
        metrics::counter!("backorder_allocation_runs_total").increment(1);
        Ok(())
    }

    /// The claims that wait for a pool and are not served alone, as far in the queue as so many held units may reach.
    async fn claims_in_sets(&self, item: &str, location: &str, held: i64) -> Result<Vec<pb::Claim>, Error> {
        let first = self.inventory().waiting_page(item, location, String::new(), true).await;
        if first.map_err(Error::Unanswered)?.claims.is_empty() {
            return Ok(Vec::new());
        }
        let (mut found, mut wanted, mut page_token) = (Vec::new(), 0_i64, String::new());
        loop {
            let page = self.inventory().waiting_page(item, location, page_token, false).await;
            let page = page.map_err(Error::Unanswered)?;
            for claim in page.claims {
                if is_served_alone(&claim) {
                    wanted = wanted.saturating_add(takeable(&claim));
                } else if claim.in_set || claim.wish.is_some() {
                    found.push(claim);
                }
                if wanted >= held {
                    return Ok(found);
                }
            }
            if page.next_page_token.is_empty() {
                return Ok(found);
            }
            page_token = page.next_page_token;
        }
    }
}

/// A queue that is served.
struct Queue<'a> {
    use_cases: &'a UseCases,
    item: &'a str,
    location: &'a str,
    /// What is shared.
    holds: &'a [pb::Hold],
    /// The run's.
    name: Uuid,
}

/// A chunk that inventory has applied.
struct Applied {
    claims: Vec<pb::Claim>,
    /// Whoever hears of the claims waits until they are recorded, and has nothing left to do then.
    _holding: Option<Holding>,
}

impl Queue<'_> {
    /// Shares the held units, first in the queue first, and ends the holds. Answers false when the shutdown came before.
    async fn share(&self, shutdown: &CancellationToken) -> Result<bool, Error> {
        let mut left = held(self.holds);
        let mut page = self.page(String::new()).await?;
        let mut applied = None;
        while !shutdown.is_cancelled() {
            let plan = plan_among(left, &page.claims)?;
            left = plan.left.get();
            let is_last = left == 0 || page.next_page_token.is_empty();
            let orders: Vec<String> =
                plan.gains.iter().filter_map(|gain| order_of(gain.line.as_str(), gain.part)).collect();
            let request = apply_request(&plan, self.item, self.location, self.holds, self.name, is_last);
            let next_page =
                async { if is_last { Ok(None) } else { self.page(page.next_page_token.clone()).await.map(Some) } };
            let (now_applied, recorded, next_page) =
                futures::join!(self.apply(request, orders), self.record(applied.take()), next_page);
            recorded?;
            applied = now_applied?;
            match next_page? {
                Some(next_page) => page = next_page,
                None => return self.record(applied).await.map(|()| true),
            }
        }
        self.record(applied).await.map(|()| false)
    }

    async fn page(&self, page_token: String) -> Result<pb::ListWaitingClaimsResponse, Error> {
        let page = self.use_cases.inventory().waiting_page(self.item, self.location, page_token, false).await;
        page.map_err(Error::Unanswered)
    }

    /// Has a chunk applied, unless there is nothing in it.
    async fn apply(&self, request: pb::ApplyAllocationRequest, orders: Vec<String>) -> Result<Option<Applied>, Error> {
        if request.gains.is_empty() && !request.final_chunk {
            return Ok(None);
        }
        let mut holding = self.use_cases.in_flight().enter(self.use_cases.ids().next_uuid());
        if let Some(holding) = &mut holding {
            holding.concerns(orders);
        }
        let answer = self.use_cases.inventory().apply(request).await.map_err(Error::Unanswered)?;
        count_gains(answer.results.iter().map(pb::GainResult::outcome));
        Ok(Some(Applied { claims: answer.claims, _holding: holding }))
    }

    async fn record(&self, applied: Option<Applied>) -> Result<(), Error> {
        let Some(applied) = applied else { return Ok(()) };
        self.use_cases.stop_at(CHUNK_CRASH_POINT)?;
        let mut news = Vec::with_capacity(applied.claims.len());
        for claim in &applied.claims {
            news.extend(ClaimNews::of(claim, SHARED)?);
        }
        let (news, now) = (&news, self.use_cases.now());
        self.use_cases
            .store()
            .write("record_chunk", move |tx| {
                Box::pin(async move { self.use_cases.follow_covered_in_tx(tx, news, &FreeForLines::new(), now).await })
            })
            .await?;
        self.use_cases.claim_memory().note(applied.claims.iter());
        Ok(())
    }
}

/// The order of a claim.
fn order_of(line: &str, part: i32) -> Option<String> {
    LineKey::of_claim(line, part).map(|key| key.order)
}
