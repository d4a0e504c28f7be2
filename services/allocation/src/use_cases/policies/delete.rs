//! `DeleteBackorderPolicy`.

use backorder_domain::ids::PolicyId;
use backorder_proto::{allocation::v1 as pb, convert::allocation::policy_name};
use backorder_storage::WriteTx;

use super::{RuleWrite, note_in_tx};
use crate::{
    error::{Error, Kind},
    store::rules,
    use_cases::UseCases,
    write::{Who, Write},
};

/// A policy to delete.
#[derive(Debug, Clone)]
pub struct DeletePolicy {
    /// The policy.
    pub id: PolicyId,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Deletes a policy. Orders that were placed under it keep what was decided.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_policy(self, write: Write<DeletePolicy>) -> Result<pb::DeleteBackorderPolicyResponse, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("delete_policy", move |tx| Box::pin(async move { this.delete_policy_in_tx(tx, write).await }))
            .await?;
        self.rules().forget();
        Ok(answer)
    }

    async fn delete_policy_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<DeletePolicy>,
    ) -> Result<pb::DeleteBackorderPolicyResponse, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let DeletePolicy { id, who } = &write.command;
        let name = policy_name(id.as_str());
        let Some(old) = rules::lock_policy_in_tx(tx, id.as_str()).await? else {
            return Err(Error::missing(Kind::Policy, name));
        };
        rules::remove_policy_in_tx(tx, id.as_str()).await?;
        note_in_tx(tx, write, who, (RuleWrite::Delete, name, old.version), self.now()).await?;
        self.end_rule_in_tx(tx, write, pb::DeleteBackorderPolicyResponse {}).await
    }
}
