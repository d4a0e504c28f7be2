//! `CancelRun`.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::{WriteTx, columns};

use super::read::{message, name, no_run};
use crate::{
    error::{Error, Kind},
    store::{
        committed_runs,
        entity::rule_write,
        rules::write_note_in_tx,
        simulated_runs::{self as table, CANCELLED, RUNNING},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// A run to end.
#[derive(Debug, Clone)]
pub struct CancelRun {
    /// The run's id.
    pub run: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Ends a run. Whoever works on it stops with its next lines, or when it is being committed after its item.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Closed`] when it has ended otherwise.
    pub async fn cancel_run(self, write: Write<CancelRun>) -> Result<pb::AllocationRun, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("cancel_run", move |tx| Box::pin(async move { this.cancel_run_in_tx(tx, write).await }))
            .await?;
        // Whole items only are kept: what was begun of the next ones goes.
        let run = table::find(self.store().reader(), &write.command.run).await?;
        if let Some(run) = run.filter(|run| run.state == CANCELLED) {
            self.forget_lines(&run.id, Some(&run.cursor_item)).await?;
        }
        self.wakes().commits.wake();
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(answer)
    }

    async fn cancel_run_in_tx(&self, tx: &WriteTx<'_>, write: &Write<CancelRun>) -> Result<pb::AllocationRun, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let (id, now) = (&write.command.run, columns::micros(self.now()));
        let ended = table::end_in_tx(tx, id, (RUNNING, CANCELLED), "", now).await?;
        let ends = ended || committed_runs::request_cancel_in_tx(tx, id).await?;
        let run = table::find(tx, id).await?.ok_or_else(|| no_run(id))?;
        if !ends && run.state != CANCELLED {
            return Err(Error::Closed { kind: Kind::Run, name: name(id), state: run.state });
        }
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let note = rule_write::Model {
            id: 0,
            rule: name(id),
            version: run.version,
            kind: "cancel".to_owned(),
            actor: who.actor,
            reason_code: who.reason_code,
            note: who.note,
            written_at: now,
        };
        write_note_in_tx(tx, note).await?;
        self.end_rule_in_tx(tx, write, message(&run, Vec::new())?).await
    }
}
