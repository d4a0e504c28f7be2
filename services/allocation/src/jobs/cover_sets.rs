//! Asks inventory about ship sets: each gets all that it waits for, or gives back what it cannot use.
//!
//! Runs ask about the sets that wait for what became free ([`UseCases::cover_sets_that_wait`]); this job asks about those
//! whose orders or claims changed, and about those that time alone may complete. What is left to do stands in rows that
//! are written with the change, so a crash forgets nothing, and asking again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::order::eligibility::Barriers;
use backorder_proto::inventory::v1 as pb;
use backorder_service_kit::jobs::Woken;
use backorder_storage::columns;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    error::Error,
    order::{LineKey, key::demand_line, wishes},
    saga::units_of,
    store::{
        entity::{order_line, pending_set},
        sets::{self, SetKey},
    },
    use_cases::{
        UseCases,
        claims::{ClaimNews, FreeForLines},
    },
};

/// Sets that are decided about before the outcomes are recorded together.
const SETS_AT_ONCE: u64 = 200;
/// Sets in one call at most.
const SETS_PER_CALL: usize = 100;
/// Lines in one call at most.
const LINES_PER_CALL: usize = 2_000;
/// How long what was free for a set that waits is taken for true: others may take it, and nobody tells.
const FREE_AGE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Decides about ship sets until shutdown: when woken, and now and then for those that time may complete.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn cover_sets(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    loop {
        while !shutdown.is_cancelled() && use_cases.cover_due_sets().await? {}
        let tick = use_cases.config().job_tick;
        if use_cases.wakes().sets.wait(&shutdown, tick).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

/// The lines of sets.
pub type SetLines = BTreeMap<SetKey, Vec<order_line::Model>>;

/// What is asked about sets to look ahead.
pub struct AskedAhead<'s> {
    /// The sets as inventory hears of them.
    pub sets: Vec<pb::SetToCover>,
    /// Items of which held units stay held.
    pub keep_held_items: Vec<String>,
    /// The sets, in the same order, with their lines.
    pub asked: Vec<(&'s SetKey, &'s Vec<order_line::Model>)>,
}

/// What inventory decided about sets.
#[derive(Default)]
pub struct Covered {
    /// The claims that changed.
    pub claims: Vec<pb::Claim>,
    /// What is free for the lines of those that were not covered.
    pub free: FreeForLines,
    /// What each set that was asked about has.
    pub covers: BTreeMap<SetKey, pb::SetCover>,
}

impl Covered {
    /// The claims that changed as news for their orders.
    ///
    /// # Errors
    /// [`Error::Contract`] for a claim that breaks the contract.
    pub fn news(&self) -> Result<Vec<ClaimNews>, Error> {
        let news = self.claims.iter().map(|claim| ClaimNews::of(claim, "its ship set was decided about"));
        Ok(news.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

impl UseCases {
    /// Decides about some sets that are due. Answers false when there were none.
    async fn cover_due_sets(&self) -> Result<bool, Error> {
        let now = self.now();
        let due = sets::due(self.store().reader(), columns::micros(now), SETS_AT_ONCE).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let keys = due.iter().map(|set| (set.order_id.clone(), set.set_name.clone())).collect();
        let lines = sets::lines_of_sets(self.store().reader(), &keys).await?;
        let covered = self.ask_about_sets(&lines, "").await?;
        let decided: Vec<(pending_set::Model, Option<i64>)> = due
            .into_iter()
            .map(|set| {
                let key = (set.order_id.clone(), set.set_name.clone());
                let again = covered.covers.get(&key).and_then(|cover| self.looked_at_again(*cover, now));
                (set, again)
            })
            .collect();
        self.record_sets(&covered, &decided, now).await?;
        Ok(true)
    }

    /// A set that waits is looked at again: supply may have come within its days, and what was free may be gone.
    fn looked_at_again(&self, cover: pb::SetCover, now: Timestamp) -> Option<i64> {
        let again = now.checked_add(FREE_AGE_MAX).ok().map(columns::micros);
        again.filter(|_| cover == pb::SetCover::Incomplete)
    }

    async fn record_sets(
        &self,
        covered: &Covered,
        decided: &[(pending_set::Model, Option<i64>)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let news = &covered.news()?;
        self.store()
            .write("record_sets", move |tx| {
                Box::pin(async move {
                    self.follow_covered_in_tx(tx, news, &covered.free, now).await?;
                    sets::decided_in_tx(tx, decided).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.claim_memory().note(covered.claims.iter());
        Ok(())
    }

    /// Asks about the sets of which these claims wait, in the order of the queue. Held units of `item` are shared by now, also
    /// where a planner decides when.
    ///
    /// # Errors
    /// Those of the store; [`Error::Unanswered`] when inventory does not answer.
    pub(super) async fn cover_sets_that_wait(&self, item: &str, claims: &[pb::Claim]) -> Result<Covered, Error> {
        let sets = self.sets_that_wait(claims).await?;
        if sets.is_empty() {
            return Ok(Covered::default());
        }
        self.ask_about_sets(&sets, item).await
    }

    /// The sets of which these claims wait, and the lines that ask something of their units: each is a set of its own.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn sets_that_wait(&self, claims: &[pb::Claim]) -> Result<SetLines, Error> {
        let in_sets = claims.iter().filter(|claim| claim.in_set && claim.waiting > 0);
        let keys = in_sets.filter_map(|claim| LineKey::of_claim(&claim.line, claim.part));
        let lines: BTreeSet<(String, i32)> = keys.map(|key| (key.order, key.line)).collect();
        let asking = claims.iter().filter(|claim| claim.wish.is_some() && claim.waiting > 0);
        let keys = asking.filter_map(|claim| LineKey::of_claim(&claim.line, claim.part));
        let asking: BTreeSet<(String, i32)> = keys.map(|key| (key.order, key.line)).collect();
        let mut sets = self.sets_of(&lines).await?;
        // A line that asks something of its units is a set of its own, which has no name.
        for line in sets::lines(self.store().reader(), &asking).await? {
            sets.insert((line.order_id.clone(), format!("line {}", line.line_number)), vec![line]);
        }
        Ok(sets)
    }

    /// The sets in which lines are, of orders that are open.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn sets_of(&self, lines: &BTreeSet<(String, i32)>) -> Result<SetLines, Error> {
        if lines.is_empty() {
            return Ok(SetLines::new());
        }
        let keys = sets::sets_of_lines(self.store().reader(), lines).await?;
        Ok(sets::lines_of_sets(self.store().reader(), &keys).await?)
    }

    /// What is asked about sets, in the order of the queue, to look ahead: as many of them as one call takes. Held units of
    /// `shared` are shared by then, also where a planner decides when.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn asked_ahead<'s>(&self, sets: &'s SetLines, shared: &str) -> Result<AskedAhead<'s>, Error> {
        let items = sets.values().flatten().map(|line| line.item_id.as_str()).collect();
        let by_planner = self.items_of_planner(&items).await?;
        let waiting = in_queue_order(sets);
        let first = chunks(&waiting).into_iter().next().unwrap_or_default();
        let pb::CoverSetsRequest { sets, .. } = request(first);
        Ok(AskedAhead { sets, keep_held_items: kept_held(first, &by_planner, shared), asked: first.to_vec() })
    }

    /// Each call has an id of its own: what it does depends only on what it finds, so that one more is never one too many.
    async fn ask_about_sets(&self, sets: &SetLines, shared: &str) -> Result<Covered, Error> {
        let items = sets.values().flatten().map(|line| line.item_id.as_str()).collect();
        let by_planner = self.items_of_planner(&items).await?;
        let waiting = in_queue_order(sets);
        let mut covered = Covered::default();
        for chunk in chunks(&waiting) {
            let request_id = self.ids().next_uuid().to_string();
            let kept = kept_held(chunk, &by_planner, shared);
            let request = pb::CoverSetsRequest { request_id, keep_held_items: kept, ..request(chunk) };
            let answer = self.inventory().cover_sets(request).await.map_err(Error::Unanswered)?;
            for ((key, _), cover) in chunk.iter().zip(answer.covers()) {
                covered.covers.insert((*key).clone(), cover);
            }
            for free in &answer.free {
                let Some(key) = LineKey::of_claim(&free.line, free.part) else { continue };
                covered.free.entry((key.order, key.line)).or_default().extend(units_of(&free.units)?);
            }
            covered.claims.extend(answer.claims);
        }
        Ok(covered)
    }
}

/// The sets that wait, the first in the queue first.
fn in_queue_order(sets: &SetLines) -> Vec<(&SetKey, &Vec<order_line::Model>)> {
    let mut waiting: Vec<_> = sets.iter().filter(|(_, lines)| is_decided_now(lines)).collect();
    waiting.sort_by_key(|(_, lines)| place_of(lines));
    waiting
}

/// Whether a set waits, and not for go-live: what another system reserved stays until then.
fn is_decided_now(lines: &[order_line::Model]) -> bool {
    lines.iter().any(|line| line.open > 0) && lines.iter().all(|line| line.barriers & Barriers::GO_LIVE_BIT == 0)
}

/// The place of a set in the queue: that of its first line that waits.
fn place_of(lines: &[order_line::Model]) -> Option<(String, i64, String, i32)> {
    let waiting = lines.iter().filter(|line| line.open > 0);
    let place =
        |line: &order_line::Model| (line.queue_key.clone(), line.queue_time, line.order_id.clone(), line.line_number);
    waiting.map(place).min()
}

type Sets<'a> = [(&'a SetKey, &'a Vec<order_line::Model>)];

/// Sets that fit into a call each.
fn chunks<'s, 'a>(sets: &'s Sets<'a>) -> Vec<&'s Sets<'a>> {
    let mut chunks = Vec::new();
    let (mut start, mut lines) = (0, 0);
    for (index, (_, members)) in sets.iter().enumerate() {
        if index > start && (lines + members.len() > LINES_PER_CALL || index - start == SETS_PER_CALL) {
            chunks.push(&sets[start..index]);
            (start, lines) = (index, 0);
        }
        lines += members.len();
    }
    if start < sets.len() {
        chunks.push(&sets[start..]);
    }
    chunks
}

/// Items of the sets of which a planner shares what is held, but for the one that is shared now.
fn kept_held(sets: &Sets<'_>, by_planner: &BTreeSet<String>, shared: &str) -> Vec<String> {
    let items: BTreeSet<&str> =
        sets.iter().flat_map(|(_, lines)| lines.iter()).map(|line| line.item_id.as_str()).collect();
    let kept = items.into_iter().filter(|item| *item != shared && by_planner.contains(*item));
    kept.map(|item| format!("items/{item}")).collect()
}

/// What is asked.
fn request(sets: &Sets<'_>) -> pb::CoverSetsRequest {
    let set = |lines: &Vec<order_line::Model>| pb::SetToCover {
        lines: lines.iter().map(|line| demand_line(&line.order_id, line.line_number, false)).collect(),
        days: lines.first().map_or(0, |line| line.set_days),
        keeps_part: lines.iter().all(wishes::asks),
    };
    pb::CoverSetsRequest { sets: sets.iter().map(|(_, lines)| set(lines)).collect(), ..pb::CoverSetsRequest::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_asked_about_in_calls_that_are_not_too_large() {
        let lines = |count| vec![order_line::Model::default(); count];
        let keys: Vec<SetKey> = (0..150).map(|number| (format!("o-{number}"), "complete".to_owned())).collect();
        let (small, large) = (lines(1), lines(1_500));
        let many: Vec<(&SetKey, &Vec<order_line::Model>)> = keys.iter().map(|key| (key, &small)).collect();
        assert_eq!(chunks(&many).iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [100, 50]);
        let big = [(&keys[0], &large), (&keys[1], &large), (&keys[2], &small)];
        assert_eq!(chunks(&big).iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [1, 2]);
        assert!(chunks(&[]).is_empty());
    }
}
