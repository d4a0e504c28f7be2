//! `CommitRun`: what an allocation run decided about one item.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, LineId},
    stock::{
        allocate::GainOutcome,
        commit_run::{ReductionOutcome, RunDecision},
    },
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, apply_allocation::outcome_message, claim_subject};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// A run's decision about one item.
#[derive(Debug, Clone)]
pub struct CommitRun {
    /// The run that decided.
    pub run: String,
    /// The item.
    pub item: ItemId,
    /// Who loses, who gains, who is passed over.
    pub decision: RunDecision,
    /// Who does it and why.
    pub who: Who,
}

impl CommitRun {
    fn lines(&self) -> impl Iterator<Item = &LineId> {
        let RunDecision { reductions, gains, passed_over, .. } = &self.decision;
        let moved = reductions.iter().chain(gains).map(|units| &units.key.line);
        moved.chain(passed_over.iter().map(|passed| &passed.key.line))
    }
}

impl StockCommand for CommitRun {
    type Answer = pb::CommitRunResponse;
    const NAME: &'static str = "commit_run";

    fn names(&self) -> Named<'_> {
        let RunDecision { reductions, gains, .. } = &self.decision;
        let field = |list: &'static str| move |index: usize| format!("{list}[{index}].location");
        let losing = reductions.iter().enumerate().map(|(index, units)| (&units.location, field("reductions")(index)));
        let gaining = gains.iter().enumerate().map(|(index, units)| (&units.location, field("gains")(index)));
        Named { items: vec![(&self.item, "item".to_owned())], locations: losing.chain(gaining).collect() }
    }

    fn scope(&self, _places: &Places) -> Scope {
        let RunDecision { reductions, gains, .. } = &self.decision;
        Scope {
            items: BTreeSet::from([self.item.clone()]),
            locations: reductions.iter().chain(gains).map(|units| units.location.clone()).collect(),
            lines: self.lines().cloned().collect(),
            pegs_anew: !self.decision.more_follow,
            open_supplies: true,
            holds: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        self.run.clone()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    /// Units that change hands make no movement, so the claims that lose say who decided it.
    fn audit_subjects(&self) -> Vec<AuditSubject> {
        let losing = self.decision.reductions.iter().map(|units| claim_subject(&units.key.line, units.key.part));
        losing.collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let versions_before = desk.claim_versions(&self.item);
        let answer = desk.on_book(&self.item, |book, context| book.commit_run(context, &self.decision))?;
        let RunDecision { reductions, gains, .. } = &self.decision;
        let lost = reductions.iter().zip(answer.reductions).map(|(units, outcome)| pb::ReductionResult {
            line: units.key.line.to_string(),
            part: units.key.part,
            outcome: i32::from(reduction_message(outcome)),
        });
        let won = gains.iter().zip(answer.gains).map(|(units, outcome): (_, GainOutcome)| pb::GainResult {
            line: units.key.line.to_string(),
            part: units.key.part,
            outcome: i32::from(outcome_message(outcome)),
        });
        Ok(pb::CommitRunResponse {
            reductions: lost.collect(),
            gains: won.collect(),
            claims: desk.changed_claims(&self.item, &versions_before),
            holds: desk.new_holds(),
        })
    }
}

const fn reduction_message(outcome: ReductionOutcome) -> pb::ReductionOutcome {
    match outcome {
        ReductionOutcome::Applied => pb::ReductionOutcome::Applied,
        ReductionOutcome::Stale => pb::ReductionOutcome::Stale,
        ReductionOutcome::NotReserved => pb::ReductionOutcome::NotReserved,
        ReductionOutcome::NotForRuns => pb::ReductionOutcome::NotForRuns,
    }
}
