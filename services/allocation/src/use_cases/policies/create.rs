//! `CreateBackorderPolicy`.

use backorder_domain::order::policy::BackorderPolicy;
use backorder_proto::{allocation::v1 as pb, convert::allocation::policy_name};
use backorder_service_kit::problem::Problem;
use backorder_storage::{WriteTx, columns};

use super::{RuleWrite, note_in_tx, policy_message};
use crate::{
    error::Error,
    store::rules::{self, StoredPolicy},
    use_cases::UseCases,
    write::{Who, Write},
};

/// A policy to create.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// The policy.
    pub policy: BackorderPolicy,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Creates a policy; the same policy again is answered as created.
    ///
    /// # Errors
    /// [`Error::Exists`] when a policy of the id has other content.
    pub async fn create_policy(self, write: Write<NewPolicy>) -> Result<pb::BackorderPolicy, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("create_policy", move |tx| Box::pin(async move { this.create_policy_in_tx(tx, write).await }))
            .await?;
        self.rules().forget();
        Ok(answer)
    }

    async fn create_policy_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<NewPolicy>,
    ) -> Result<pb::BackorderPolicy, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let NewPolicy { policy, who } = &write.command;
        let (id, now) = (policy.id.as_str(), self.now());
        let micros = columns::micros(now);
        let new = StoredPolicy { policy: policy.clone(), version: 1, created_at: micros, updated_at: micros };
        if rules::insert_policy_in_tx(tx, &new).await? {
            note_in_tx(tx, write, who, (RuleWrite::Create, policy_name(id), new.version), now).await?;
            return self.end_rule_in_tx(tx, write, policy_message(&new)?).await;
        }
        // One that is there and is not was deleted at this very moment.
        let Some(old) = rules::lock_policy_in_tx(tx, id).await? else { return Err(Problem::contention().into()) };
        if old.policy != *policy {
            return Err(Error::Exists { kind: "policy", name: policy_name(id) });
        }
        self.end_rule_in_tx(tx, write, policy_message(&old)?).await
    }
}
