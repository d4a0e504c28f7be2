//! `CommitRun`.

use backorder_proto::allocation::v1 as pb;
use backorder_storage::{WriteTx, columns};

use super::read::{message, name, no_run};
use crate::{
    error::{Error, Kind},
    store::{
        committed_runs::{self, Committer},
        simulated_runs::{self as table, COMMITTED, COMMITTING, DONE},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// A run to commit.
#[derive(Debug, Clone)]
pub struct CommitRun {
    /// The run's id.
    pub run: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Has a run committed by a job, which is woken. One that is, or is being, is answered as it is.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Closed`] when it is not DONE.
    pub async fn commit_run(self, write: Write<CommitRun>) -> Result<pb::AllocationRun, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("commit_run", move |tx| Box::pin(async move { this.commit_run_in_tx(tx, write).await }))
            .await?;
        self.wakes().commits.wake();
        self.simulated().send_modify(|writes| *writes = writes.wrapping_add(1));
        Ok(answer)
    }

    async fn commit_run_in_tx(&self, tx: &WriteTx<'_>, write: &Write<CommitRun>) -> Result<pb::AllocationRun, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let id = &write.command.run;
        let committer =
            Committer::new(write.command.who.clone().or_caller(&write.key.caller), columns::micros(self.now()));
        let begins = committed_runs::begin_in_tx(tx, id, DONE, &committer).await?;
        let run = table::find(tx, id).await?.ok_or_else(|| no_run(id))?;
        if !begins && run.state != COMMITTING && run.state != COMMITTED {
            return Err(Error::Closed { kind: Kind::Run, name: name(id), state: run.state });
        }
        self.end_rule_in_tx(tx, write, message(&run, Vec::new())?).await
    }
}
