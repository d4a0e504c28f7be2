//! `PutAllocationPolicy`.

use std::collections::BTreeSet;

use backorder_domain::ids::PolicyId;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::WriteTx;
use jiff::Timestamp;
use prost::Message as _;

use super::{effective, version_message};
use crate::{
    error::Error,
    store::{allocation_policies as table, entity::allocation_policy_version as version},
    use_cases::UseCases,
    write::{Who, Write},
};

/// Policies that fall back one to the next at most.
const FALLBACKS_MAX: usize = 10;

/// A new version of a policy.
#[derive(Debug, Clone)]
pub struct PutPolicy {
    /// The policy.
    pub id: PolicyId,
    /// The policy that it falls back to.
    pub fallback: Option<PolicyId>,
    /// The policy as it is kept; it was checked.
    pub policy: pb::AllocationPolicy,
    /// From when on; `None` is now.
    pub effective: Option<Timestamp>,
    /// The newest version that the caller knows; empty for any.
    pub etag: String,
    /// Whether nothing is written.
    pub validate_only: bool,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Writes a version of a policy.
    ///
    /// # Errors
    /// [`Error::Missing`] for the fallback, [`Error::VersionMismatch`]; [`Error::Invalid`] for a time in the past and for
    /// fallbacks that lead back.
    pub async fn put_allocation_policy(self, write: Write<PutPolicy>) -> Result<pb::AllocationPolicyVersion, Error> {
        let (this, write) = (&self, &write);
        self.store()
            .write("put_allocation_policy", move |tx| {
                Box::pin(async move { this.put_allocation_policy_in_tx(tx, write).await })
            })
            .await
    }

    async fn put_allocation_policy_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<PutPolicy>,
    ) -> Result<pb::AllocationPolicyVersion, Error> {
        let PutPolicy { id, fallback, policy, effective: wished, etag, validate_only, who } = &write.command;
        if !validate_only && let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let effective_at = effective(*wished, self.now())?;
        let who = who.clone().or_caller(&write.key.caller);
        let row = self.next_version_in_tx(tx, (id.as_str(), etag, effective_at), who).await?;
        if let Some(fallback) = fallback {
            Self::must_hold_from_in_tx(tx, fallback.as_str(), effective_at, "policy.fallback").await?;
            Self::must_not_lead_to_in_tx(tx, fallback.as_str(), id.as_str(), effective_at).await?;
        }
        let fallback_id = fallback.as_ref().map(ToString::to_string).unwrap_or_default();
        let row = version::Model { fallback_id, content: policy.encode_to_vec(), ..row };
        let answer = version_message(&row)?;
        if *validate_only {
            return Ok(answer);
        }
        table::insert_in_tx(tx, row).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }

    /// Refuses fallbacks that lead from a policy to another one, at a time or later.
    async fn must_not_lead_to_in_tx(tx: &WriteTx<'_>, from: &str, to: &str, time: i64) -> Result<(), Error> {
        const FIELD: &str = "policy.fallback";
        let mut here = BTreeSet::from([from.to_owned()]);
        for _ in 0..FALLBACKS_MAX {
            let mut next = BTreeSet::new();
            for policy in here {
                let holding = table::holding_from(tx, &policy, time).await?;
                next.extend(holding.into_iter().map(|version| version.fallback_id).filter(|id| !id.is_empty()));
            }
            if next.contains(to) {
                return Err(Error::invalid(FIELD, "must not lead back to this policy by the fallbacks of others"));
            }
            if next.is_empty() {
                return Ok(());
            }
            here = next;
        }
        Err(Error::invalid(FIELD, format!("must not lead to more than {FALLBACKS_MAX} policies one after the other")))
    }
}
