//! Reads policies, their versions, and which one is in force.

use backorder_domain::ids::PolicyId;
use backorder_proto::{allocation::v1 as pb, convert::allocation::allocation_policy_name};
use backorder_storage::columns;
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::{in_force_message, no_policy, version_message};
use crate::{
    error::Error,
    simulation::policy::PolicyName,
    store::{allocation_policies as table, entity::allocation_policy_version as version},
    use_cases::UseCases,
};

impl UseCases {
    /// A version of a policy, or the one that holds at a time.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn allocation_policy(
        &self,
        name: &PolicyName,
        as_of: Option<Timestamp>,
    ) -> Result<pb::AllocationPolicyVersion, Error> {
        let time = as_of.unwrap_or_else(|| self.now());
        let row = policy_version(self.store().reader(), name, time, "name").await?;
        Ok(version_message(&row)?)
    }

    /// Policies after an id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_allocation_policies(
        &self,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<pb::AllocationPolicyVersion>, Error> {
        let now = columns::micros(self.now());
        let rows = table::list(self.store().reader(), after.unwrap_or_default(), now, limit).await?;
        Ok(rows.iter().map(version_message).collect::<Result<_, _>>()?)
    }

    /// The versions of a policy, newest first, before a number.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn list_allocation_policy_versions(
        &self,
        policy: &PolicyId,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<pb::AllocationPolicyVersion>, Error> {
        let rows = table::versions(self.store().reader(), policy.as_str(), before, limit).await?;
        if rows.is_empty() && before.is_none() {
            return Err(no_policy(allocation_policy_name(policy.as_str()), "name"));
        }
        Ok(rows.iter().map(version_message).collect::<Result<_, _>>()?)
    }

    /// Which policy is in force at a time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn allocation_policy_in_force(
        &self,
        as_of: Option<Timestamp>,
    ) -> Result<pb::AllocationPolicyInForce, Error> {
        let time = columns::micros(as_of.unwrap_or_else(|| self.now()));
        let found = table::in_force_at(self.store().reader(), time).await?;
        let before_all = pb::AllocationPolicyInForce { etag: "0".to_owned(), ..pb::AllocationPolicyInForce::default() };
        Ok(found.as_ref().map(in_force_message).transpose()?.unwrap_or(before_all))
    }

    /// The decisions about it, newest first, before a number.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_policies_in_force(
        &self,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<pb::AllocationPolicyInForce>, Error> {
        let rows = table::decisions(self.store().reader(), before, limit).await?;
        Ok(rows.iter().map(in_force_message).collect::<Result<_, _>>()?)
    }
}

/// The row of a version, or of the one that holds at a time; it does not retire the policy, unless it is named.
pub(super) async fn policy_version(
    connection: &impl ConnectionTrait,
    name: &PolicyName,
    time: Timestamp,
    field: &str,
) -> Result<version::Model, Error> {
    let id = name.id.as_str();
    let found = match name.version {
        Some(number) => table::find(connection, id, number).await?,
        None => table::at(connection, id, columns::micros(time)).await?.filter(|version| !version.retires),
    };
    found.ok_or_else(|| no_policy(name.text(), field))
}
