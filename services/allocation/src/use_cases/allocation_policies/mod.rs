//! Allocation policies of runs: their versions, which one is in force, and the rules of a run made of them.
//!
//! Versions are written and never changed. What one policy says of another holds when it is written and is kept so by what
//! may be written later: a fallback, and a policy in force, cannot be retired.

mod put;
mod read;
mod resolve;
mod retire;
mod use_policy;

pub use put::PutPolicy;
pub use retire::RetirePolicy;
pub use use_policy::UsePolicy;

use backorder_proto::{
    allocation::v1 as pb,
    common::v1::WriteContext,
    convert::{allocation::allocation_policy_name, encode},
};
use backorder_storage::{StorageError, WriteTx, columns};
use jiff::Timestamp;
use prost::Message as _;

use super::policies::check_etag;
use crate::{
    error::{Error, Kind},
    store::{
        allocation_policies as table,
        entity::{allocation_policy_in_force as in_force, allocation_policy_version as version},
    },
    use_cases::UseCases,
    write::Who,
};

const TABLE: &str = "allocation_policy_version";

/// There is no such policy, or it does not hold.
fn no_policy(name: impl Into<String>, field: impl Into<String>) -> Error {
    Error::Missing { kind: Kind::AllocationPolicy, name: name.into(), field: field.into() }
}

fn version_name(row: &version::Model) -> String {
    format!("{}/versions/{}", allocation_policy_name(&row.policy_id), row.version)
}

fn version_message(row: &version::Model) -> Result<pb::AllocationPolicyVersion, StorageError> {
    let policy = pb::AllocationPolicy::decode(row.content.as_slice())
        .map_err(|error| StorageError::InvalidRow { table: TABLE, detail: error.to_string() })?;
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    Ok(pb::AllocationPolicyVersion {
        name: version_name(row),
        policy: Some(policy),
        effective_time: Some(time(row.effective_at)?),
        retires: row.retires,
        context: Some(context(&row.actor, &row.reason_code, &row.note)),
        create_time: Some(time(row.created_at)?),
        etag: row.version.to_string(),
    })
}

fn in_force_message(row: &in_force::Model) -> Result<pb::AllocationPolicyInForce, StorageError> {
    let time = |micros| columns::instant(micros, "allocation_policy_in_force").map(encode::timestamp);
    let policy = if row.policy_id.is_empty() { String::new() } else { allocation_policy_name(&row.policy_id) };
    Ok(pb::AllocationPolicyInForce {
        policy,
        effective_time: Some(time(row.effective_at)?),
        context: Some(context(&row.actor, &row.reason_code, &row.note)),
        create_time: Some(time(row.created_at)?),
        etag: row.number.to_string(),
    })
}

fn context(actor: &str, reason_code: &str, note: &str) -> WriteContext {
    WriteContext { actor: actor.to_owned(), reason_code: reason_code.to_owned(), note: note.to_owned() }
}

/// From when on something is to hold.
fn effective(wished: Option<Timestamp>, now: Timestamp) -> Result<i64, Error> {
    match wished {
        Some(wished) if wished < now => {
            Err(Error::invalid("effective_time", "must not be in the past; left out it means now"))
        }
        wished => Ok(columns::micros(wished.unwrap_or(now))),
    }
}

impl UseCases {
    /// Refuses a policy that does not hold at a time and all the time after it.
    async fn must_hold_from_in_tx(tx: &WriteTx<'_>, policy: &str, time: i64, field: &str) -> Result<(), Error> {
        let holding = table::holding_from(tx, policy, time).await?;
        let holds_then = holding.first().is_some_and(|first| first.effective_at <= time);
        if holds_then && !holding.iter().any(|version| version.retires) {
            return Ok(());
        }
        Err(no_policy(allocation_policy_name(policy), field))
    }

    /// The row of a version to write.
    async fn next_version_in_tx(
        &self,
        tx: &WriteTx<'_>,
        (policy, etag, effective_at): (&str, &str, i64),
        who: Who,
    ) -> Result<version::Model, Error> {
        table::lock_in_tx(tx).await?;
        let newest = table::newest(tx, policy).await?;
        check_etag(&allocation_policy_name(policy), etag, newest)?;
        Ok(version::Model {
            policy_id: policy.to_owned(),
            version: newest + 1,
            effective_at,
            retires: false,
            fallback_id: String::new(),
            content: Vec::new(),
            actor: who.actor,
            reason_code: who.reason_code,
            note: who.note,
            created_at: columns::micros(self.now()),
        })
    }
}
