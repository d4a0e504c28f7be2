//! `UseAllocationPolicy`.

use backorder_domain::ids::PolicyId;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{WriteTx, columns};
use jiff::Timestamp;

use super::{check_etag, effective, in_force_message};
use crate::{
    error::Error,
    store::{allocation_policies as table, entity::allocation_policy_in_force as in_force},
    use_cases::UseCases,
    write::{Who, Write},
};

/// A policy that is to be in force.
#[derive(Debug, Clone)]
pub struct UsePolicy {
    /// The policy; `None` for none.
    pub policy: Option<PolicyId>,
    /// From when on; `None` is now.
    pub effective: Option<Timestamp>,
    /// The newest decision that the caller knows; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Decides which policy is in force.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`].
    pub async fn use_allocation_policy(self, write: Write<UsePolicy>) -> Result<pb::AllocationPolicyInForce, Error> {
        let (this, write) = (&self, &write);
        self.store()
            .write("use_allocation_policy", move |tx| {
                Box::pin(async move { this.use_allocation_policy_in_tx(tx, write).await })
            })
            .await
    }

    async fn use_allocation_policy_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<UsePolicy>,
    ) -> Result<pb::AllocationPolicyInForce, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let UsePolicy { policy, effective: wished, etag, who } = &write.command;
        let effective_at = effective(*wished, self.now())?;
        table::lock_in_tx(tx).await?;
        let newest = table::decisions(tx, None, 1).await?.first().map_or(0, |decision| decision.number);
        check_etag("allocationPolicyInForce", etag, newest)?;
        if let Some(policy) = policy {
            Self::must_hold_from_in_tx(tx, policy.as_str(), effective_at, "policy").await?;
        }
        let who = who.clone().or_caller(&write.key.caller);
        let row = in_force::Model {
            number: newest + 1,
            policy_id: policy.as_ref().map(ToString::to_string).unwrap_or_default(),
            effective_at,
            actor: who.actor,
            reason_code: who.reason_code,
            note: who.note,
            created_at: columns::micros(self.now()),
        };
        let answer = in_force_message(&row)?;
        table::decide_in_tx(tx, row).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }
}
