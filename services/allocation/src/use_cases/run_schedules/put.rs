//! `PutRunSchedule`.

use backorder_domain::{allocation::run_times::RunTimes, ids::RunScheduleId};
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{WriteTx, columns};
use prost::Message as _;

use super::{message, name};
use crate::{
    error::Error,
    simulation::{Asked, Scope},
    store::{entity::run_schedule, run_schedules as table},
    use_cases::{
        UseCases,
        policies::{RuleWrite, check_etag, note_in_tx},
    },
    write::{Who, Write},
};

/// Schedules that are kept at most.
const SCHEDULES_MAX: u64 = 100;

/// A schedule to put.
#[derive(Debug, Clone)]
pub struct PutRunSchedule {
    /// Its id.
    pub id: RunScheduleId,
    /// When it starts runs.
    pub times: RunTimes,
    /// What these are about, for checking.
    pub scope: Scope,
    /// By which rules, for checking.
    pub rules: Asked,
    /// The schedule as it was asked for, without what is only told.
    pub content: pb::RunSchedule,
    /// The version that was read; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Puts a schedule. Its next moment is the first one that is still to come.
    ///
    /// # Errors
    /// [`Error::Missing`] for items, locations and policies that are not there; [`Error::VersionMismatch`].
    pub async fn put_run_schedule(self, write: Write<PutRunSchedule>) -> Result<pb::RunSchedule, Error> {
        self.check_scope(&write.command.scope, "schedule.scope").await?;
        let (this, write) = (&self, &write);
        self.store()
            .write("put_run_schedule", move |tx| Box::pin(async move { this.put_schedule_in_tx(tx, write).await }))
            .await
    }

    async fn put_schedule_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<PutRunSchedule>,
    ) -> Result<pb::RunSchedule, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let PutRunSchedule { id, times, rules, content, etag, who, .. } = &write.command;
        // What holds at its moments decides then; a policy that is not there now is a slip.
        self.freeze_rules(tx, rules, content.rules.as_ref()).await?;
        let (id, now) = (id.as_str(), self.now());
        let old = table::lock_in_tx(tx, id).await?;
        check_etag(&name(id), etag, old.as_ref().map_or(0, |old| old.version))?;
        if old.is_none() && table::count(tx).await? >= SCHEDULES_MAX {
            return Err(Error::invalid(
                "schedule.name",
                format!("must be that of a schedule: {SCHEDULES_MAX} are kept"),
            ));
        }
        let next = times.next_after(now).filter(|_| !content.disabled);
        let kind = if old.is_some() { RuleWrite::Update } else { RuleWrite::Create };
        let row = run_schedule::Model {
            id: id.to_owned(),
            content: content.encode_to_vec(),
            actor: who.clone().or_caller(&write.key.caller).actor,
            next_at: next.map(columns::micros),
            last_run_id: old.as_ref().map(|old| old.last_run_id.clone()).unwrap_or_default(),
            last_due_at: old.as_ref().and_then(|old| old.last_due_at),
            version: old.as_ref().map_or(0, |old| old.version) + 1,
            created_at: old.as_ref().map_or(columns::micros(now), |old| old.created_at),
            updated_at: columns::micros(now),
        };
        let answer = message(&row)?;
        note_in_tx(tx, write, who, (kind, name(id), row.version), now).await?;
        table::put_in_tx(tx, row).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }
}
