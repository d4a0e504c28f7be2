//! From rules as they were asked for to rules by which a run goes for as long as it works.

use std::sync::Arc;

use backorder_domain::{allocation::policy::AllocationPolicy, ids::PolicyId};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, allocation::allocation_policy_of},
};
use backorder_storage::{StorageError, columns};
use prost::Message as _;
use sea_orm::ConnectionTrait;

use super::{TABLE, no_policy, read::policy_version, version_name};
use crate::{
    error::Error,
    simulation::{Asked, Rules, policy::PolicyName},
    store::{allocation_policies as table, entity::allocation_policy_version as version},
    use_cases::UseCases,
};

impl UseCases {
    /// Rules as they hold now, and the message that says so: with the versions by which a run goes, whatever holds
    /// later.
    ///
    /// # Errors
    /// [`Error::Missing`] for a policy or a fallback that does not hold now.
    pub async fn freeze_rules(
        &self,
        connection: &impl ConnectionTrait,
        asked: &Asked,
        message: Option<&pb::RunRules>,
    ) -> Result<(Rules, pb::RunRules), Error> {
        let time = self.now();
        let mut message = message.cloned().unwrap_or_default();
        message.fallback.clear();
        let (policy, field) = match asked {
            Asked::Given(policy) => ((**policy).clone(), "rules.policy_draft.fallback"),
            Asked::Policy(name) => {
                let row = policy_version(connection, name, time, "rules.policy").await?;
                if row.retires {
                    return Err(no_policy(name.text(), "rules.policy"));
                }
                message.policy = version_name(&row);
                (policy_of(&row)?, "rules.policy")
            }
            Asked::InForce => {
                let decided = table::in_force_at(connection, columns::micros(time)).await?;
                let id = decided.and_then(|decision| PolicyId::try_new(decision.policy_id).ok());
                let Some(id) = id else {
                    message.set_default_strategy(pb::RunStrategy::Improve);
                    return Ok((Rules::default(), message));
                };
                let row = policy_version(connection, &PolicyName { id, version: None }, time, "rules").await?;
                message.policy = version_name(&row);
                (policy_of(&row)?, "rules")
            }
        };
        let fallback = match policy.fallback() {
            None => None,
            Some(id) => {
                let row =
                    policy_version(connection, &PolicyName { id: id.clone(), version: None }, time, field).await?;
                message.fallback = version_name(&row);
                Some(Arc::new(policy_of(&row)?))
            }
        };
        if message.policy.is_empty() && message.policy_draft.is_none() && message.default_strategy == 0 {
            message.set_default_strategy(pb::RunStrategy::Improve);
        }
        Ok((Rules { policy: Arc::new(policy), fallback }, message))
    }

    /// The rules of a message that was frozen.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Invalid`] for what was not frozen here.
    pub async fn frozen_rules(&self, message: Option<&pb::RunRules>) -> Result<Rules, Error> {
        let mut violations = Violations::new();
        let asked = Asked::decode(message, &mut violations);
        let fallback = message.map(|rules| rules.fallback.as_str()).filter(|name| !name.is_empty());
        let fallback = fallback.map(|name| PolicyName::decode(name, "rules.fallback", &mut violations));
        let asked = violations.finish_with(asked).map_err(Error::Invalid)?;
        let version = async |name: &PolicyName| {
            let row = policy_version(self.store().reader(), name, self.now(), "rules").await?;
            policy_of(&row).map(Arc::new).map_err(Error::from)
        };
        let fallback = match fallback.flatten() {
            None => None,
            Some(name) => Some(version(&name).await?),
        };
        Ok(match asked {
            Asked::InForce => Rules { fallback, ..Rules::default() },
            Asked::Policy(name) => Rules { policy: version(&name).await?, fallback },
            Asked::Given(policy) => Rules { policy: Arc::new(*policy), fallback },
        })
    }
}

fn policy_of(row: &version::Model) -> Result<AllocationPolicy, StorageError> {
    let invalid = |detail: String| StorageError::InvalidRow { table: TABLE, detail };
    let message = pb::AllocationPolicy::decode(row.content.as_slice()).map_err(|error| invalid(error.to_string()))?;
    let mut violations = Violations::new();
    let policy = allocation_policy_of(&message, false, "row", &mut violations);
    violations.finish_with(policy).map_err(|wrong| invalid(wrong.to_string()))
}
