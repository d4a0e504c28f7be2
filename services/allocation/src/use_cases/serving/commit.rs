//! `CommitHeld`: what is held of an item at a location is shared now.

use std::collections::BTreeSet;

use backorder_domain::allocation::plan::Plan;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{WriteTx, columns};

use crate::{
    error::Error,
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

    async fn preview(&self, (item, location): &Pool) -> Result<pb::CommitHeldResponse, Error> {
        let (item, location) = (format!("items/{item}"), format!("locations/{location}"));
        let holds = self.inventory().holds(&item).await.map_err(Error::Unanswered)?;
        let here = holds.iter().filter(|hold| hold.location == location);
        let held = here.map(|hold| hold.quantity).fold(0_i64, i64::saturating_add);
        if held == 0 {
            return Ok(pb::CommitHeldResponse::default());
        }
        let plan = self.plan_run(&item, &location, held).await?;
        Ok(pb::CommitHeldResponse { held, shares: shares(&plan), left: plan.left.get() })
    }
}

/// What lines get, their parts together.
fn shares(plan: &Plan) -> Vec<pb::HeldShare> {
    let mut shares: Vec<pb::HeldShare> = Vec::new();
    for gain in &plan.gains {
        let line = LineKey::of_claim(gain.line.as_str(), gain.part).map_or_else(
            || gain.line.to_string(),
            |key| backorder_proto::convert::allocation::line_name(&key.order, key.line),
        );
        match shares.iter_mut().find(|share| share.line == line) {
            Some(share) => share.quantity += gain.quantity.get(),
            None => shares.push(pb::HeldShare { line, quantity: gain.quantity.get() }),
        }
    }
    shares
}
