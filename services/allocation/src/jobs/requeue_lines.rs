//! Puts the lines that wait into the order of a serving sequence that was changed.

use std::collections::BTreeSet;

use backorder_domain::{
    allocation::sequence::ServingSequence,
    ids::derived_uuid,
    time::{civil_date_in, time_zone},
};
use backorder_proto::inventory::v1 as pb;
use backorder_service_kit::{idempotency::command_hash, jobs::Woken};
use backorder_storage::columns;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    error::Error,
    order::{LineKey, key::QUOTE_PART},
    store::{
        entity::line_claim,
        orders::{self, WaitingPart},
        rules,
    },
    use_cases::{UseCases, claims::ClaimNews, orders::queue_key},
};

/// Parts of lines in one call to inventory.
const CHUNK_MAX: u64 = 500;
/// The name space of the ids of these calls.
const SEQUENCES: Uuid = Uuid::from_u128(0x0b8a_4d3e_51c7_4f0a_8f5c_93d2_6e77_c1a4);

/// Brings waiting lines into the present order until shutdown.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn requeue_lines(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    loop {
        let stored = rules::sequence(use_cases.store()).await?;
        if stored.applied_version < stored.version {
            use_cases.requeue_all(&stored.sequence, stored.version).await?;
        } else if use_cases.wakes().requeue.wait(&shutdown, use_cases.config().hold_tick).await == Woken::Shutdown {
            return Ok(());
        }
        if shutdown.is_cancelled() {
            return Ok(());
        }
    }
}

impl UseCases {
    async fn requeue_all(&self, sequence: &ServingSequence, version: i64) -> Result<(), Error> {
        let mut after: Option<LineKey> = None;
        loop {
            let parts = orders::waiting_parts(self.store().reader(), after.as_ref(), CHUNK_MAX).await?;
            let Some(last) = parts.last() else { break };
            after = Some(key_of(&last.claim));
            self.requeue(sequence, version, &parts).await?;
        }
        let now = columns::micros(self.now());
        self.store()
            .write("sequence_applied", move |tx| {
                Box::pin(async move {
                    let mut stored = rules::lock_sequence_in_tx(tx).await?;
                    // A still newer sequence is applied in the next round.
                    stored.applied_version = stored.applied_version.max(version);
                    rules::put_sequence_in_tx(tx, &stored, now).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    async fn requeue(&self, sequence: &ServingSequence, version: i64, parts: &[WaitingPart]) -> Result<(), Error> {
        let mut keys = Vec::new();
        let mut changes = Vec::new();
        for part in parts {
            let key = new_key(sequence, part)?;
            if key != part.claim.queue_key {
                changes.push(pb::QueueChange {
                    line: key_of(&part.claim).demand_line(),
                    // The claim of a quote is part 1 under the quote's own name.
                    part: if part.claim.part == QUOTE_PART { 1 } else { part.claim.part },
                    eligible: None,
                    queue_key: Some(key.clone()),
                });
            }
            keys.push((part.claim.order_id.clone(), part.claim.line_number, key));
        }
        let claims = if changes.is_empty() { Vec::new() } else { self.change_queue(version, changes).await? };
        self.record_queue(&claims, &keys).await
    }

    async fn change_queue(&self, version: i64, changes: Vec<pb::QueueChange>) -> Result<Vec<pb::Claim>, Error> {
        let mut request = pb::UpdateQueueRequest { changes, ..pb::UpdateQueueRequest::default() };
        let content: String = command_hash(&request, |_| {}).iter().map(|byte| format!("{byte:02x}")).collect();
        request.request_id = derived_uuid(SEQUENCES, &format!("{version} {content}")).to_string();
        Ok(self.inventory().update_queue(request).await.map_err(Error::Unanswered)?.claims)
    }

    async fn record_queue(&self, claims: &[pb::Claim], keys: &[(String, i32, String)]) -> Result<(), Error> {
        let mut news = Vec::new();
        for claim in claims {
            news.extend(ClaimNews::of(claim, "the serving sequence changed")?);
        }
        let (news, now) = (&news, self.now());
        // A line stands in the backlog where its first waiting part stands.
        let mut seen = BTreeSet::new();
        let firsts: Vec<_> = keys.iter().filter(|key| seen.insert((key.0.as_str(), key.1))).cloned().collect();
        let firsts = &firsts;
        self.store()
            .write("requeue_lines", move |tx| {
                Box::pin(async move {
                    self.follow_claims_in_tx(tx, news, now, None).await?;
                    orders::put_queue_keys_in_tx(tx, firsts).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }
}

fn key_of(claim: &line_claim::Model) -> LineKey {
    LineKey { order: claim.order_id.clone(), line: claim.line_number, part: claim.part }
}

fn new_key(sequence: &ServingSequence, part: &WaitingPart) -> Result<String, Error> {
    let zone = time_zone(&part.line.time_zone).unwrap_or(TimeZone::UTC);
    let order_date = civil_date_in(columns::instant(part.order.ordered_at, "customer_order")?, &zone);
    let requested = columns::date(&part.line.requested_date, "order_line")?;
    let queue_time = columns::instant(part.claim.queue_time, "line_claim")?;
    Ok(queue_key(sequence, &part.order, &part.line, requested, queue_time, order_date))
}
