//! Puts the lines that wait into the order of a serving sequence that was changed.
//!
//! What is left to do is read off the lines themselves: those whose place is not the one that the present sequence gives
//! them. So a crash forgets nothing, and doing it again changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use backorder_domain::{
    allocation::sequence::ServingSequence,
    time::{civil_date_in, time_zone},
};
use backorder_proto::inventory::v1 as pb;
use backorder_service_kit::jobs::Woken;
use backorder_storage::columns;
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::queue_changes::{QueueChanges, change_of, key_of};
use crate::{
    error::Error,
    order::LineKey,
    rules,
    store::{
        entity::line_claim,
        orders::{self, WaitingPart},
        rules::StoredSequence,
    },
    use_cases::{UseCases, claims::ClaimNews, orders::queue_key},
};

/// Parts of lines that are looked at at once.
const CHUNK_MAX: u64 = 500;
/// The name space of the ids of these calls.
const SEQUENCES: Uuid = Uuid::from_u128(0x0b8a_4d3e_51c7_4f0a_8f5c_93d2_6e77_c1a4);
/// How long after a change lines may still be written by rules that were read before it.
const STALE_RULES_AGE_MAX: Duration = rules::AGE_MAX.saturating_mul(2);

/// Brings waiting lines into the present order until shutdown: at once when the sequence changes, and once more when no
/// instance can use the old one any longer.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn requeue_lines(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    let mut look_again_at = Some(Instant::now());
    loop {
        let stored = crate::store::rules::sequence(use_cases.store()).await?;
        let is_new = stored.applied_version < stored.version;
        let mut pause = use_cases.config().hold_tick;
        if is_new || look_again_at.is_some_and(|at| at <= Instant::now()) {
            look_again_at = is_new.then(|| Instant::now() + STALE_RULES_AGE_MAX);
            if use_cases.requeue_all(&stored).await? {
                if is_new {
                    use_cases.note_applied(stored.version).await?;
                }
            } else {
                pause = use_cases.config().job_tick;
                look_again_at = Some(Instant::now() + pause);
            }
        }
        if let Some(at) = look_again_at {
            pause = pause.min(at.saturating_duration_since(Instant::now()));
        }
        if use_cases.wakes().requeue.wait(&shutdown, pause).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

/// The place of a line in the backlog.
struct LinePlace {
    order: String,
    line: i32,
    queue_key: String,
}

/// What a chunk of waiting parts needs.
#[derive(Default)]
struct Moves {
    /// Each with the version of the claim that it was decided on.
    changes: QueueChanges,
    places: BTreeMap<(String, i32), LinePlace>,
    /// Parts of orders that a step is under way for.
    busy: usize,
}

impl Moves {
    fn of(sequence: &ServingSequence, parts: &[WaitingPart]) -> Result<Self, Error> {
        let mut moves = Self::default();
        for part in parts {
            if part.order.busy_step.is_some() {
                moves.busy += 1;
                continue;
            }
            let key = key_at(sequence, part, part.claim.queue_time)?;
            if key != part.claim.queue_key {
                moves.changes.push((change(&part.claim, key), part.claim.version));
            }
            let queue_key = key_at(sequence, part, part.line.queue_time)?;
            if queue_key != part.line.queue_key {
                let (order, line) = (part.line.order_id.clone(), part.line.line_number);
                moves.places.insert((order.clone(), line), LinePlace { order, line, queue_key });
            }
        }
        Ok(moves)
    }
}

impl UseCases {
    /// Puts all waiting lines into the order of a sequence. Answers false when some must be looked at again, because
    /// steps of their orders are under way.
    async fn requeue_all(&self, stored: &StoredSequence) -> Result<bool, Error> {
        let mut after: Option<LineKey> = None;
        let mut busy = 0;
        loop {
            let parts = orders::waiting_parts(self.store().reader(), after.as_ref(), CHUNK_MAX).await?;
            let Some(last) = parts.last() else { return Ok(busy == 0) };
            after = Some(key_of(&last.claim));
            let moves = Moves::of(&stored.sequence, &parts)?;
            busy += moves.busy;
            if !moves.changes.is_empty() || !moves.places.is_empty() {
                let claims = self.change_queue(SEQUENCES, &stored.version.to_string(), moves.changes).await?;
                busy += self.record_queue(&claims, &moves.places).await?;
            }
        }
    }

    async fn note_applied(&self, version: i64) -> Result<(), Error> {
        let now = columns::micros(self.now());
        self.store()
            .write("sequence_applied", move |tx| {
                Box::pin(async move {
                    let mut stored = crate::store::rules::lock_sequence_in_tx(tx).await?;
                    // A still newer sequence is applied in the next round.
                    stored.applied_version = stored.applied_version.max(version);
                    crate::store::rules::put_sequence_in_tx(tx, &stored, now).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Takes over the claims and the places of lines; answers how many lines could not be moved because a step of their
    /// order began meanwhile: the end of the step writes them as they were.
    async fn record_queue(
        &self,
        claims: &[pb::Claim],
        places: &BTreeMap<(String, i32), LinePlace>,
    ) -> Result<usize, Error> {
        let mut news = Vec::new();
        for claim in claims {
            news.extend(ClaimNews::of(claim, "the serving sequence changed")?);
        }
        let (news, now) = (&news, self.now());
        let claimed = news.iter().map(|one| (one.key.order.clone(), one.key.line));
        let lines: &BTreeSet<(String, i32)> = &claimed.chain(places.keys().cloned()).collect();
        self.store()
            .write("requeue_lines", move |tx| {
                Box::pin(async move {
                    let book = orders::load_lines_in_tx(tx, lines).await?;
                    self.follow_claims_in_tx(tx, news, &BTreeSet::new(), now, None).await?;
                    let is_busy = |order: &str| book.orders.get(order).is_some_and(|o| o.row.busy_step.is_some());
                    let (busy, free): (Vec<_>, Vec<_>) = places.values().partition(|place| is_busy(&place.order));
                    let free: Vec<_> = free
                        .into_iter()
                        .map(|place| (place.order.clone(), place.line, place.queue_key.clone()))
                        .collect();
                    orders::put_queue_keys_in_tx(tx, &free).await?;
                    Ok::<_, Error>(busy.len())
                })
            })
            .await
    }
}

fn change(claim: &line_claim::Model, queue_key: String) -> pb::QueueChange {
    pb::QueueChange { queue_key: Some(queue_key), ..change_of(claim) }
}

/// The place that the sequence gives to units of the line that joined the queue at a time, in microseconds.
fn key_at(sequence: &ServingSequence, part: &WaitingPart, queue_time: i64) -> Result<String, Error> {
    let zone = time_zone(&part.line.time_zone).unwrap_or(TimeZone::UTC);
    let order_date = civil_date_in(columns::instant(part.order.ordered_at, "customer_order")?, &zone);
    let requested = columns::date(&part.line.requested_date, "order_line")?;
    let queue_time: Timestamp = columns::instant(queue_time, "line_claim")?;
    Ok(queue_key(sequence, &part.order, &part.line, requested, queue_time, order_date))
}
