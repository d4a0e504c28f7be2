//! What the scripted inventory does when a run is committed, at its one location.

use backorder_proto::inventory::v1::*;
use tonic::Status;

use crate::scripted::{Books, reservation};

/// Inventory refuses to commit anything about this item.
pub const UNCOMMITTED_ITEM: &str = "items/uncommitted";

impl Books {
    /// Commits what a run decided about an item, once for each request id.
    pub fn commit_run(&mut self, request: CommitRunRequest) -> Result<CommitRunResponse, Status> {
        self.commit_calls.push(request.clone());
        if request.item == UNCOMMITTED_ITEM {
            return Err(Status::not_found(request.item));
        }
        if let Some(answer) = self.committed.get(&request.request_id) {
            return Ok(answer.clone());
        }
        let versions: Vec<_> = self.claims.iter().map(|(key, claim)| (key.clone(), claim.version)).collect();
        let is_stale =
            |units: &RunUnits| !versions.contains(&((units.line.clone(), units.part), units.expected_version));
        let mut answer = CommitRunResponse::default();
        for units in &request.reductions {
            let outcome = if is_stale(units) { ReductionOutcome::Stale } else { ReductionOutcome::Applied };
            if outcome == ReductionOutcome::Applied {
                *self.free.entry(request.item.clone()).or_default() += units.quantity;
                self.move_units(units, -units.quantity);
            }
            let (line, part) = (units.line.clone(), units.part);
            answer.reductions.push(ReductionResult { line, part, outcome: outcome.into() });
        }
        for units in &request.gains {
            let free = self.free.entry(request.item.clone()).or_default();
            let outcome = if is_stale(units) {
                GainOutcome::Stale
            } else if *free < units.quantity {
                GainOutcome::NoCover
            } else {
                *free -= units.quantity;
                self.move_units(units, units.quantity);
                GainOutcome::Applied
            };
            let (line, part) = (units.line.clone(), units.part);
            answer.gains.push(GainResult { line, part, outcome: outcome.into() });
        }
        for (key, version) in versions {
            let claim = self.claims.get_mut(&key).unwrap();
            if claim.version != version {
                claim.version = version + 1;
                answer.claims.push(claim.clone());
            }
        }
        self.committed.insert(request.request_id, answer.clone());
        Ok(answer)
    }

    fn move_units(&mut self, units: &RunUnits, more: i64) {
        let claim = self.claims.get_mut(&(units.line.clone(), units.part)).unwrap();
        claim.reserved += more;
        claim.waiting -= more;
        claim.reservations = (claim.reserved > 0).then(|| reservation(claim.reserved)).into_iter().collect();
        claim.version += 1;
    }
}
