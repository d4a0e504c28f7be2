//! `UpdateBackorderPolicy`.

use backorder_domain::{ids::PolicyId, order::policy::BackorderPolicy};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        allocation::{policy_name, policy_of},
    },
};
use backorder_storage::{WriteTx, columns};

use super::{RuleWrite, check_etag, note_in_tx, policy_message};
use crate::{
    error::{Error, Kind},
    store::rules::{self, StoredPolicy},
    use_cases::UseCases,
    write::{Who, Write},
};

/// A change of one policy.
pub struct PolicyUpdate {
    /// The policy.
    pub id: PolicyId,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Puts the new values into the policy as it is.
    pub put: Box<dyn Fn(&mut pb::BackorderPolicy) + Send + Sync>,
    /// Who does it and why.
    pub who: Who,
}

impl PolicyUpdate {
    /// The policy as it shall be. Whether old and new values go together is known only here.
    fn apply(&self, old: &BackorderPolicy) -> Result<BackorderPolicy, Violations> {
        let mut message = pb::BackorderPolicy::from(old);
        (self.put)(&mut message);
        let mut violations = Violations::new();
        let policy = policy_of(&message, "policy", &mut violations);
        violations.finish_with(policy)
    }
}

impl UseCases {
    /// Changes a policy when it is still at the version that the caller read. A change of nothing keeps the version.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`], or [`Error::Invalid`] when new values do not go with old ones.
    pub async fn update_policy(self, write: Write<PolicyUpdate>) -> Result<pb::BackorderPolicy, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("update_policy", move |tx| Box::pin(async move { this.update_policy_in_tx(tx, write).await }))
            .await?;
        self.rules().forget();
        Ok(answer)
    }

    async fn update_policy_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<PolicyUpdate>,
    ) -> Result<pb::BackorderPolicy, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let change = &write.command;
        let (name, now) = (policy_name(change.id.as_str()), self.now());
        let Some(old) = rules::lock_policy_in_tx(tx, change.id.as_str()).await? else {
            return Err(Error::missing(Kind::Policy, name));
        };
        check_etag(&name, &change.etag, old.version)?;
        let policy = change.apply(&old.policy)?;
        if policy == old.policy {
            return self.end_rule_in_tx(tx, write, policy_message(&old)?).await;
        }
        let new = StoredPolicy { policy, version: old.version + 1, updated_at: columns::micros(now), ..old };
        rules::put_policy_in_tx(tx, &new).await?;
        note_in_tx(tx, write, &change.who, (RuleWrite::Update, name, new.version), now).await?;
        self.end_rule_in_tx(tx, write, policy_message(&new)?).await
    }
}
