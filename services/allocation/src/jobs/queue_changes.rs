//! Changes of waiting parts in inventory's queue, in calls that may be sent again.

use backorder_domain::ids::derived_uuid;
use backorder_proto::inventory::v1 as pb;
use tonic::{Code, Status};
use uuid::Uuid;

use super::content_of;
use crate::{
    error::Error,
    order::{LineKey, key::QUOTE_PART},
    store::entity::line_claim,
    use_cases::UseCases,
};

/// Changes of parts, each with the version of the claim that it was decided on.
pub(super) type QueueChanges = Vec<(pb::QueueChange, i64)>;

impl UseCases {
    /// Changes parts in inventory's queue, at most a call's worth of them; answers the claims. A line that inventory does
    /// not know is left out, and `VerifyOrders` tells of it.
    ///
    /// The id of a call follows from `names`, `decision`, the changes and the claims that they were decided on: sent again
    /// it has no second effect, and a claim that was changed since gets a call of its own.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when inventory does not answer.
    pub(super) async fn change_queue(
        &self,
        names: Uuid,
        decision: &str,
        changes: QueueChanges,
    ) -> Result<Vec<pb::Claim>, Error> {
        let mut claims = Vec::new();
        let mut chunks = vec![changes];
        while let Some(mut chunk) = chunks.pop() {
            if chunk.is_empty() {
                continue;
            }
            match self.inventory().update_queue(request(names, decision, &chunk)).await {
                Ok(answer) => claims.extend(answer.claims),
                Err(status) if status.code() == Code::NotFound && chunk.len() > 1 => {
                    let rest = chunk.split_off(chunk.len() / 2);
                    chunks.extend([rest, chunk]);
                }
                Err(status) => passed_over(&chunk, status)?,
            }
        }
        Ok(claims)
    }
}

fn passed_over(chunk: &[(pb::QueueChange, i64)], status: Status) -> Result<(), Error> {
    if status.code() != Code::NotFound {
        return Err(Error::Unanswered(status));
    }
    for (change, _) in chunk {
        tracing::error!(line = change.line, "inventory does not know a line that waits");
    }
    Ok(())
}

fn request(names: Uuid, decision: &str, chunk: &[(pb::QueueChange, i64)]) -> pb::UpdateQueueRequest {
    let changes = chunk.iter().map(|(change, _)| change.clone()).collect();
    let mut request = pb::UpdateQueueRequest { changes, ..pb::UpdateQueueRequest::default() };
    let content = content_of(&request);
    let versions: Vec<String> = chunk.iter().map(|(_, version)| version.to_string()).collect();
    request.request_id = derived_uuid(names, &format!("{decision} {content} {}", versions.join(","))).to_string();
    request
}

/// A change of a part that changes nothing yet.
pub(super) fn change_of(claim: &line_claim::Model) -> pb::QueueChange {
    pb::QueueChange {
        line: key_of(claim).demand_line(),
        // The claim of a quote is part 1 under the quote's own name.
        part: if claim.part == QUOTE_PART { 1 } else { claim.part },
        eligible: None,
        in_set: None,
        queue_key: None,
        queue_time: None,
    }
}

pub(super) fn key_of(claim: &line_claim::Model) -> LineKey {
    LineKey { order: claim.order_id.clone(), line: claim.line_number, part: claim.part }
}
