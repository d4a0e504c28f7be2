//! Policies and the serving sequence: reading and changing the rules.
//!
//! A change of a rule is one transaction with its answer. Orders that are placed keep what was decided; only their places
//! in the queue follow a new serving sequence, by a job.

mod create;
mod delete;
mod read;
mod sequence;
mod update;

pub use create::NewPolicy;
pub use delete::DeletePolicy;
pub use read::Subject;
pub use sequence::SequenceUpdate;
pub use update::PolicyUpdate;

use backorder_proto::{allocation::v1 as pb, convert::encode};
use backorder_storage::{
    StorageError, WriteTx, columns,
    idempotency::{self, Begun},
};
use jiff::Timestamp;
use prost::Message;

use super::UseCases;
use crate::{
    error::Error,
    store::{
        entity::rule_write,
        rules::{StoredPolicy, StoredSequence, write_note_in_tx},
    },
    write::{Who, Write},
};

/// The name of the one serving sequence, in errors and notes.
const SEQUENCE_NAME: &str = "servingSequence";

/// A policy with its version and times, as a message.
///
/// # Errors
/// [`StorageError::InvalidRow`] for times that were not written here.
fn policy_message(stored: &StoredPolicy) -> Result<pb::BackorderPolicy, StorageError> {
    let time = |micros| columns::instant(micros, "backorder_policy").map(encode::timestamp);
    Ok(pb::BackorderPolicy {
        create_time: Some(time(stored.created_at)?),
        update_time: Some(time(stored.updated_at)?),
        etag: stored.version.to_string(),
        ..pb::BackorderPolicy::from(&stored.policy)
    })
}

fn sequence_message(stored: &StoredSequence) -> pb::ServingSequence {
    pb::ServingSequence { etag: stored.version.to_string(), ..pb::ServingSequence::from(&stored.sequence) }
}

/// Refuses an etag that is not the present one. An empty one means any.
pub(super) fn check_etag(name: &str, etag: &str, version: i64) -> Result<(), Error> {
    if etag.is_empty() || etag == version.to_string() {
        return Ok(());
    }
    Err(Error::VersionMismatch { name: name.to_owned(), expected: etag.to_owned(), actual: version })
}

/// What is done to a rule, for its note.
#[derive(Debug, Clone, Copy)]
pub(super) enum RuleWrite {
    Create,
    Update,
    Delete,
}

impl RuleWrite {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl UseCases {
    /// Begins a write in its transaction; answers the stored answer when it was done before.
    pub(crate) async fn begin_rule_in_tx<C, A: Message + Default>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
    ) -> Result<Option<A>, Error> {
        match idempotency::begin_in_tx(tx, &write.key, &write.hash, self.now()).await? {
            Begun::Fresh => Ok(None),
            Begun::Reused => Err(Error::RequestIdReused),
            Begun::Answered(bytes) => A::decode(bytes.as_slice())
                .map(Some)
                .map_err(|error| StorageError::InvalidRow { table: "request", detail: error.to_string() }.into()),
        }
    }

    /// Ends a write in its transaction: keeps its answer for whoever asks again.
    pub(crate) async fn end_rule_in_tx<C, A: Message>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
        answer: A,
    ) -> Result<A, Error> {
        idempotency::answer_in_tx(tx, &write.key, &answer.encode_to_vec()).await?;
        Ok(answer)
    }
}

/// Records who changed a rule and why.
pub(super) async fn note_in_tx<C>(
    tx: &WriteTx<'_>,
    write: &Write<C>,
    who: &Who,
    (kind, rule, version): (RuleWrite, String, i64),
    now: Timestamp,
) -> Result<(), StorageError> {
    let who = who.clone().or_caller(&write.key.caller);
    let note = rule_write::Model {
        id: 0,
        rule,
        version,
        kind: kind.as_str().to_owned(),
        actor: who.actor,
        reason_code: who.reason_code,
        note: who.note,
        written_at: columns::micros(now),
    };
    write_note_in_tx(tx, note).await
}
