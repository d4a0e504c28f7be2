//! `CommitHeld`: what is held of an item at a location is shared now.

use std::collections::{BTreeMap, BTreeSet};

use backorder_proto::{allocation::v1 as pb, convert::allocation::line_name, inventory::v1 as inventory};
use backorder_storage::{WriteTx, columns};

use crate::{
    error::Error,
    jobs::AskedAhead,
    order::LineKey,
    store::{
        entity::rule_write,
        rules::write_note_in_tx,
        runs::{self, Pool},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// What is committed.
#[derive(Debug, Clone)]
pub struct CommitHeld {
    /// The item and the location.
    pub pool: Pool,
    /// Only says who would get what.
    pub validate_only: bool,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Says who gets what of held units and, unless only that is asked for, has a run share them.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when inventory does not answer.
    pub async fn commit_held(self, write: Write<CommitHeld>) -> Result<pb::CommitHeldResponse, Error> {
        let CommitHeld { pool, validate_only, .. } = &write.command;
        let answer = self.preview(pool).await?;
        if *validate_only {
            return Ok(answer);
        }
        let (this, write, answer) = (&self, &write, &answer);
        let answer = self
            .store()
            .write("commit_held", move |tx| Box::pin(async move { this.commit_in_tx(tx, write, answer).await }))
            .await?;
        self.wakes().runs.wake();
        Ok(answer)
    }

    async fn commit_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<CommitHeld>,
        answer: &pb::CommitHeldResponse,
    ) -> Result<pb::CommitHeldResponse, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let CommitHeld { pool, who, .. } = &write.command;
        if answer.held > 0 {
            let pools = BTreeSet::from([pool.clone()]);
            runs::request_in_tx(tx, &pools, &BTreeSet::new(), columns::micros(self.now())).await?;
            let who = who.clone().or_caller(&write.key.caller);
            let note = rule_write::Model {
                id: 0,
                rule: format!("held/items/{}/locations/{}", pool.0, pool.1),
                version: 0,
                kind: format!("commit of {} held units", answer.held),
                actor: who.actor,
                reason_code: who.reason_code,
                note: who.note,
                written_at: columns::micros(self.now()),
            };
            write_note_in_tx(tx, note).await?;
        }
        self.end_rule_in_tx(tx, write, answer.clone()).await
    }

    /// Who would get what: first the ship sets that wait for the units, each all that it waits for or nothing, then the lines
    /// that are served alone. Inventory does all of it as the run will, and keeps nothing.
    async fn preview(&self, pool: &Pool) -> Result<pb::CommitHeldResponse, Error> {
        let (item, location) = (format!("items/{}", pool.0), format!("locations/{}", pool.1));
        let holds = self.inventory().holds(&item).await.map_err(Error::Unanswered)?;
        let here = holds.iter().filter(|hold| hold.location == location);
        let held = here.map(|hold| hold.quantity).fold(0_i64, i64::saturating_add);
        if held == 0 {
            return Ok(pb::CommitHeldResponse::default());
        }
        let waiting = self.waiting_for(&item, &location, held).await?;
        let sets = self.sets_that_wait(&waiting).await?;
        let asked = self.asked_ahead(&sets, &pool.0).await?;
        let request = inventory::PreviewServingRequest {
            item: item.clone(),
            location: location.clone(),
            sets: asked.sets.clone(),
            keep_held_items: asked.keep_held_items.clone(),
            ..inventory::PreviewServingRequest::default()
        };
        let shown = self.inventory().preview_serving(request).await.map_err(Error::Unanswered)?;
        let gains = by_line(shown.gains.iter().filter(|gain| gain.item == item && gain.location == location));
        let mut shares = shares(&gains, &asked);
        let place = |share: &pb::HeldShare| waiting.iter().position(|claim| is_of(claim, &share.line));
        shares.sort_by_key(|share| place(share).unwrap_or(usize::MAX));
        Ok(pb::CommitHeldResponse { held, shares, left: shown.left, sets: set_shares(&asked, &shown) })
    }
}

/// Units by line.
type Gains = BTreeMap<(String, i32), i64>;

/// What lines get, their parts together.
fn by_line<'g>(gains: impl Iterator<Item = &'g inventory::PreviewedGain>) -> Gains {
    let mut lines = Gains::new();
    for gain in gains {
        if let Some(key) = LineKey::of_claim(&gain.line, gain.part) {
            *lines.entry((key.order, key.line)).or_default() += gain.quantity;
        }
    }
    lines
}

fn is_of(claim: &inventory::Claim, line: &str) -> bool {
    LineKey::of_claim(&claim.line, claim.part).is_some_and(|key| line_name(&key.order, key.line) == line)
}

fn shares(gains: &Gains, asked: &AskedAhead<'_>) -> Vec<pb::HeldShare> {
    let in_sets = asked.asked.iter().flat_map(|(_, lines)| lines.iter());
    let sets: BTreeMap<(&str, i32), &str> =
        in_sets.map(|line| ((line.order_id.as_str(), line.line_number), line.set_name.as_str())).collect();
    let gains = gains.iter().filter(|(_, quantity)| **quantity > 0);
    let shares = gains.map(|((order, line), quantity)| pb::HeldShare {
        line: line_name(order, *line),
        quantity: *quantity,
        ship_set: sets.get(&(order.as_str(), *line)).copied().unwrap_or_default().to_owned(),
    });
    shares.collect()
}

/// What becomes of the sets that have a name: others are lines that ask something of their units, and no set to people.
fn set_shares(asked: &AskedAhead<'_>, shown: &inventory::PreviewServingResponse) -> Vec<pb::SetShare> {
    let gains = by_line(shown.gains.iter());
    let mut sets = Vec::new();
    for ((_, lines), cover) in asked.asked.iter().zip(shown.covers()) {
        let Some(first) = lines.first().filter(|line| !line.set_name.is_empty()) else { continue };
        let changes = lines.iter().filter_map(|line| {
            let reserved_change = *gains.get(&(line.order_id.clone(), line.line_number))?;
            let line = line_name(&line.order_id, line.line_number);
            (reserved_change != 0).then_some(pb::SetLineShare { line, reserved_change })
        });
        let outcome = match cover {
            inventory::SetCover::Complete => pb::SetShareOutcome::Complete,
            inventory::SetCover::Expected => pb::SetShareOutcome::Expected,
            inventory::SetCover::Incomplete => pb::SetShareOutcome::Incomplete,
            inventory::SetCover::Unspecified => pb::SetShareOutcome::Unspecified,
        };
        sets.push(pb::SetShare {
            order: format!("orders/{}", first.order_id),
            ship_set: first.set_name.clone(),
            outcome: outcome.into(),
            lines: changes.collect(),
        });
    }
    sets
}
