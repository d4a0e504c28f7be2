//! `ListServingModes` and `SetServingMode`.

use backorder_domain::allocation::serving::PlannedServing;
use backorder_proto::{allocation::v1 as pb, convert::encode};
use backorder_storage::{StorageError, WriteTx, columns};

use crate::{
    error::Error,
    store::{entity::rule_write, rules::write_note_in_tx, serving},
    use_cases::UseCases,
    write::{Who, Write},
};

/// How items of a category are served from now on.
#[derive(Debug, Clone)]
pub struct SetMode {
    /// The category and, for a planner, the hour.
    pub planned: PlannedServing,
    /// Whether a planner serves them.
    pub by_planner: bool,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// The categories that a planner serves.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_serving_modes(&self) -> Result<pb::ListServingModesResponse, StorageError> {
        let planned = serving::all(self.store().reader()).await?;
        Ok(pb::ListServingModesResponse { modes: planned.iter().map(|planned| message(planned, true)).collect() })
    }

    /// Sets how items of a category are served. What is held follows by the job of the runs, which is woken.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn set_serving_mode(self, write: Write<SetMode>) -> Result<pb::ServingMode, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("set_serving_mode", move |tx| Box::pin(async move { this.set_mode_in_tx(tx, write).await }))
            .await?;
        self.rules().forget();
        self.wakes().runs.wake();
        Ok(answer)
    }

    async fn set_mode_in_tx(&self, tx: &WriteTx<'_>, write: &Write<SetMode>) -> Result<pb::ServingMode, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let SetMode { planned, by_planner, who } = &write.command;
        if *by_planner {
            serving::put_in_tx(tx, planned).await?;
        } else {
            serving::remove_in_tx(tx, &planned.category).await?;
        }
        let who = who.clone().or_caller(&write.key.caller);
        let note = rule_write::Model {
            id: 0,
            rule: format!("servingModes/{}", planned.category),
            version: 0,
            kind: if *by_planner { "by planner" } else { "automatic" }.to_owned(),
            actor: who.actor,
            reason_code: who.reason_code,
            note: who.note,
            written_at: columns::micros(self.now()),
        };
        write_note_in_tx(tx, note).await?;
        self.end_rule_in_tx(tx, write, message(planned, *by_planner)).await
    }
}

fn message(planned: &PlannedServing, by_planner: bool) -> pb::ServingMode {
    let kind = if by_planner { pb::ServingModeKind::ByPlanner } else { pb::ServingModeKind::Automatic };
    pb::ServingMode {
        category: planned.category.clone(),
        kind: kind.into(),
        run_time: planned.run_time.map(encode::time_of_day),
    }
}
