//! `DeleteRunSchedule`.

use backorder_domain::ids::RunScheduleId;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::WriteTx;

use super::{name, no_schedule};
use crate::{
    error::Error,
    store::run_schedules as table,
    use_cases::{
        UseCases,
        policies::{RuleWrite, check_etag, note_in_tx},
    },
    write::{Who, Write},
};

/// A schedule to delete.
#[derive(Debug, Clone)]
pub struct DeleteRunSchedule {
    /// Its id.
    pub id: RunScheduleId,
    /// The version that was read; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Deletes a schedule.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`].
    pub async fn delete_run_schedule(
        self,
        write: Write<DeleteRunSchedule>,
    ) -> Result<pb::DeleteRunScheduleResponse, Error> {
        let (this, write) = (&self, &write);
        self.store()
            .write("delete_run_schedule", move |tx| {
                Box::pin(async move { this.delete_schedule_in_tx(tx, write).await })
            })
            .await
    }

    async fn delete_schedule_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<DeleteRunSchedule>,
    ) -> Result<pb::DeleteRunScheduleResponse, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let DeleteRunSchedule { id, etag, who } = &write.command;
        let id = id.as_str();
        let old = table::lock_in_tx(tx, id).await?.ok_or_else(|| no_schedule(id))?;
        check_etag(&name(id), etag, old.version)?;
        table::remove_in_tx(tx, id).await?;
        note_in_tx(tx, write, who, (RuleWrite::Delete, name(id), old.version), self.now()).await?;
        self.end_rule_in_tx(tx, write, pb::DeleteRunScheduleResponse {}).await
    }
}
