//! `ApplyAllocation`: a part of a run's plan for one item at one location.

use std::{collections::BTreeSet, time::Duration};

use backorder_domain::{
    ids::ItemId,
    stock::allocate::{AllocationChunk, GainOutcome},
};
use backorder_proto::inventory::v1 as pb;
use jiff::Timestamp;

use super::{Desk, Named, StockCommand};
use crate::{
    catalog::Places,
    error::Error,
    store::stock::Scope,
    use_cases::UseCases,
    write::{Who, Write},
};

/// Gains of a chunk before which others may pass: a run about a long queue, for which nobody waits at a counter.
const LARGE: usize = 100;
/// How long a large chunk lets others pass at most.
const LETS_PASS_MAX: Duration = Duration::from_secs(1);

impl UseCases {
    /// Applies a part of a run's plan. A large part lets as many lines of reservations pass first as it serves, if there are
    /// any: a long queue takes at most half of what the database does.
    ///
    /// # Errors
    /// As [`UseCases::execute`].
    pub async fn apply_allocation(self, write: Write<ApplyAllocation>) -> Result<pb::ApplyAllocationResponse, Error> {
        let gains = write.command.chunk.gains.len();
        if gains >= LARGE {
            // When the time is over, the others have had theirs.
            let _ = tokio::time::timeout(LETS_PASS_MAX, self.groups().reserving().let_pass(gains)).await;
        }
        self.execute(write).await
    }
}

/// A chunk of a run.
#[derive(Debug, Clone)]
pub struct ApplyAllocation {
    /// The run that decided.
    pub run: String,
    /// The item.
    pub item: ItemId,
    /// What the run decided.
    pub chunk: AllocationChunk,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for ApplyAllocation {
    type Answer = pb::ApplyAllocationResponse;
    const NAME: &'static str = "apply_allocation";

    fn names(&self) -> Named<'_> {
        Named::pair(&self.item, &self.chunk.location)
    }

    fn scope(&self, _places: &Places) -> Scope {
        let gains = self.chunk.gains.iter().map(|gain| &gain.key.line);
        let passed_over = self.chunk.passed_over.iter().map(|passed| &passed.key.line);
        Scope {
            items: BTreeSet::from([self.item.clone()]),
            locations: BTreeSet::from([self.chunk.location.clone()]),
            lines: gains.chain(passed_over).cloned().collect(),
            pegs_anew: self.chunk.final_chunk,
            serves_named: !self.chunk.final_chunk,
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

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let versions_before = desk.claim_versions(&self.item);
        let answer = desk.on_book(&self.item, |book, context| book.apply_allocation(context, &self.chunk))?;
        let results = answer.outcomes.iter().map(|(key, outcome)| pb::GainResult {
            line: key.line.to_string(),
            part: key.part,
            outcome: i32::from(outcome_message(*outcome)),
        });
        Ok(pb::ApplyAllocationResponse {
            results: results.collect(),
            claims: desk.changed_claims(&self.item, &versions_before),
            holds: desk.new_holds(),
        })
    }
}

pub(super) const fn outcome_message(outcome: GainOutcome) -> pb::GainOutcome {
    match outcome {
        GainOutcome::Applied => pb::GainOutcome::Applied,
        GainOutcome::Stale => pb::GainOutcome::Stale,
        GainOutcome::NoCover => pb::GainOutcome::NoCover,
        GainOutcome::NotWaiting => pb::GainOutcome::NotWaiting,
        GainOutcome::Limited => pb::GainOutcome::Limited,
    }
}
