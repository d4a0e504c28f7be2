//! `UpdateServingSequence`.

use backorder_domain::allocation::sequence::ServingSequence;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{WriteTx, columns};

use super::{RuleWrite, SEQUENCE_NAME, check_etag, note_in_tx, sequence_message};
use crate::{
    error::Error,
    store::rules::{self, StoredSequence},
    use_cases::UseCases,
    write::{Who, Write},
};

/// A new serving sequence.
#[derive(Debug, Clone)]
pub struct SequenceUpdate {
    /// The sequence as it shall be.
    pub sequence: ServingSequence,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Changes the serving sequence. Lines that wait already follow by a job, which is woken.
    ///
    /// # Errors
    /// [`Error::VersionMismatch`].
    pub async fn update_sequence(self, write: Write<SequenceUpdate>) -> Result<pb::ServingSequence, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("update_serving_sequence", move |tx| {
                Box::pin(async move { this.update_sequence_in_tx(tx, write).await })
            })
            .await?;
        self.rules().forget();
        self.wakes().requeue.wake();
        Ok(answer)
    }

    async fn update_sequence_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<SequenceUpdate>,
    ) -> Result<pb::ServingSequence, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let SequenceUpdate { sequence, etag, who } = &write.command;
        let old = rules::lock_sequence_in_tx(tx).await?;
        check_etag(SEQUENCE_NAME, etag, old.version)?;
        if old.sequence == *sequence {
            return self.end_rule_in_tx(tx, write, sequence_message(&old)).await;
        }
        let now = self.now();
        let new = StoredSequence { sequence: sequence.clone(), version: old.version + 1, ..old };
        rules::put_sequence_in_tx(tx, &new, columns::micros(now)).await?;
        note_in_tx(tx, write, who, (RuleWrite::Update, SEQUENCE_NAME.to_owned(), new.version), now).await?;
        self.end_rule_in_tx(tx, write, sequence_message(&new)).await
    }
}
