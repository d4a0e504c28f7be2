//! `RetireAllocationPolicy`.

use backorder_domain::ids::PolicyId;
use backorder_proto::{allocation::v1 as pb, common::v1::ErrorReason, convert::allocation::allocation_policy_name};
use backorder_service_kit::problem::Problem;
use backorder_storage::WriteTx;
use jiff::Timestamp;
use prost::Message as _;

use super::{effective, no_policy, version_message};
use crate::{
    error::Error,
    store::{allocation_policies as table, entity::allocation_policy_version as version},
    use_cases::UseCases,
    write::{Who, Write},
};

/// A policy to end.
#[derive(Debug, Clone)]
pub struct RetirePolicy {
    /// The policy.
    pub id: PolicyId,
    /// From when on; `None` is now.
    pub effective: Option<Timestamp>,
    /// The newest version that the caller knows; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Ends a policy.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`]; STILL_IN_USE when others need it then.
    pub async fn retire_allocation_policy(
        self,
        write: Write<RetirePolicy>,
    ) -> Result<pb::AllocationPolicyVersion, Error> {
        let (this, write) = (&self, &write);
        self.store()
            .write("retire_allocation_policy", move |tx| {
                Box::pin(async move { this.retire_allocation_policy_in_tx(tx, write).await })
            })
            .await
    }

    async fn retire_allocation_policy_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<RetirePolicy>,
    ) -> Result<pb::AllocationPolicyVersion, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let RetirePolicy { id, effective: wished, etag, who } = &write.command;
        let (id, name) = (id.as_str(), allocation_policy_name(id.as_str()));
        let effective_at = effective(*wished, self.now())?;
        let who = who.clone().or_caller(&write.key.caller);
        let row = self.next_version_in_tx(tx, (id, etag, effective_at), who).await?;
        if table::at(tx, id, effective_at).await?.is_none_or(|version| version.retires) {
            return Err(no_policy(name, "name"));
        }
        if table::is_in_force_from(tx, id, effective_at).await? {
            return Err(still_in_use(&name, "allocationPolicyInForce"));
        }
        for other in table::falling_back_to(tx, id).await? {
            let holding = table::holding_from(tx, &other, effective_at).await?;
            if holding.iter().any(|version| version.fallback_id == id) {
                return Err(still_in_use(&name, &allocation_policy_name(&other)));
            }
        }
        let content = pb::AllocationPolicy { name, ..pb::AllocationPolicy::default() }.encode_to_vec();
        let row = version::Model { retires: true, content, ..row };
        let answer = version_message(&row)?;
        table::insert_in_tx(tx, row).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }
}

fn still_in_use(name: &str, by: &str) -> Error {
    let text = format!("{name} is needed by {by} then or later");
    Problem::failed_precondition(ErrorReason::StillInUse, text)
        .with("allocation_policy", name)
        .with("needed_by", by)
        .with_resource("allocation_policy", name)
        .into()
}
