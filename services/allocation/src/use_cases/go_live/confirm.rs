//! Confirms go-live. What it means for the lines is done by a job.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::{
    StorageError, WriteTx, columns,
    idempotency::{self, Begun},
};
use prost::Message as _;

use super::read::{message, no_import};
use crate::{
    error::Error,
    store::go_live::{self, CONFIRMED, OPEN},
    use_cases::UseCases,
    write::{Who, Write},
};

/// A confirmation.
#[derive(Debug, Clone)]
pub struct ConfirmGoLive {
    /// The import's id.
    pub import: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Opens the gate for the lines of an import.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn confirm_go_live(self, write: Write<ConfirmGoLive>) -> Result<pb::BacklogImport, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("confirm_go_live", move |tx| Box::pin(async move { this.confirm_in_tx(tx, write).await }))
            .await?;
        self.wakes().go_live.wake();
        Ok(answer)
    }

    async fn confirm_in_tx(&self, tx: &WriteTx<'_>, write: &Write<ConfirmGoLive>) -> Result<pb::BacklogImport, Error> {
        let now = self.now();
        match idempotency::begin_in_tx(tx, &write.key, &write.hash, now).await? {
            Begun::Fresh => {}
            Begun::Reused => return Err(Error::RequestIdReused),
            Begun::Answered(bytes) => return Ok(stored(&bytes)?),
        }
        let ConfirmGoLive { import, who } = &write.command;
        let mut row = go_live::lock_in_tx(tx, import).await?.ok_or_else(|| no_import(import))?;
        if row.state == OPEN {
            let who = who.clone().or_caller(&write.key.caller);
            CONFIRMED.clone_into(&mut row.state);
            row.confirmed_at = Some(columns::micros(now));
            (row.actor, row.reason_code, row.note) = (who.actor, who.reason_code, who.note);
            go_live::put_in_tx(tx, row.clone()).await?;
        }
        let answer = message(&row, &go_live::counts(tx, import).await?)?;
        idempotency::answer_in_tx(tx, &write.key, &answer.encode_to_vec()).await?;
        Ok(answer)
    }
}

fn stored(bytes: &[u8]) -> Result<pb::BacklogImport, StorageError> {
    pb::BacklogImport::decode(bytes)
        .map_err(|error| StorageError::InvalidRow { table: "request", detail: error.to_string() })
}
