//! Reads runs and their lines.

use backorder_proto::{allocation::v1 as pb, common::v1::WriteContext, convert::encode};
use backorder_storage::{StorageError, columns};
use prost::Message;

use crate::{
    error::{Error, Kind},
    store::{
        entity::{allocation_run, allocation_run_line},
        simulated_runs::{
            self as table, CANCELLED, COMMITTED, COMMITTING, DONE, FAILED, LineFilter, LinePlace, RUNNING,
        },
    },
    use_cases::{UseCases, run_schedules},
};

/// Exceptions that are told with a run at most.
const EXCEPTIONS_MAX: u64 = 100;

impl UseCases {
    /// One run with its exceptions.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn simulated_run(&self, id: &str) -> Result<pb::AllocationRun, Error> {
        let reader = self.store().reader();
        let run = table::find(reader, id).await?.ok_or_else(|| no_run(id))?;
        let told = message(&run, Vec::new())?;
        if told.progress.as_ref().is_none_or(|progress| progress.exceptions == 0) {
            return Ok(told);
        }
        let filter = LineFilter { exceptions_only: true, ..LineFilter::default() };
        let rows = table::lines(reader, id, &filter, None, EXCEPTIONS_MAX).await?;
        let lines = rows.iter().map(line_message).collect::<Result<Vec<_>, _>>()?;
        Ok(message(&run, lines.into_iter().filter_map(|line| line.exception).collect())?)
    }

    /// Runs, newest first, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn list_runs(
        &self,
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::AllocationRun)>, StorageError> {
        let rows = table::list(self.store().reader(), after, limit).await?;
        let place = |run: &allocation_run::Model| format!("{} {}", run.created_at, run.id);
        rows.iter().map(|run| Ok((place(run), in_brief(message(run, Vec::new())?)))).collect()
    }

    /// Lines of a run after a place, each with its place.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn list_run_lines(
        &self,
        id: &str,
        filter: &LineFilter,
        after: Option<&LinePlace>,
        limit: u64,
    ) -> Result<Vec<(LinePlace, pb::RunLine)>, Error> {
        let reader = self.store().reader();
        let run = table::find(reader, id).await?.ok_or_else(|| no_run(id))?;
        let rows = table::lines(reader, id, filter, after, limit).await?;
        let told = |row: &allocation_run_line::Model| {
            let mut line = line_message(row)?;
            // Nothing is written about lines of which nothing would change.
            let is_passed = run.state == COMMITTED || row.item_id <= run.commit_cursor;
            if is_passed && !row.is_changed {
                line.set_outcome(pb::RunLineOutcome::Unchanged);
            }
            Ok((LinePlace::of(row), line))
        };
        Ok(rows.iter().map(told).collect::<Result<_, StorageError>>()?)
    }
}

/// The resource name of a run.
pub(super) fn name(id: &str) -> String {
    format!("runs/{id}")
}

/// No run has this id.
pub(super) fn no_run(id: &str) -> Error {
    Error::missing(Kind::Run, name(id))
}

/// A line as it was written.
pub(super) fn line_message(row: &allocation_run_line::Model) -> Result<pb::RunLine, StorageError> {
    let line: pb::RunLine = decoded(&row.detail, "allocation_run_line")?;
    let (units_taken, units_given) = (row.units_taken, row.units_given);
    Ok(pb::RunLine { outcome: row.outcome, units_taken, units_given, ..line })
}

/// A run with exceptions of it.
pub(super) fn message(
    run: &allocation_run::Model,
    exceptions: Vec<pb::RunException>,
) -> Result<pb::AllocationRun, StorageError> {
    const TABLE: &str = "allocation_run";
    let request: pb::StartRunRequest = decoded(&run.request, TABLE)?;
    let state = match run.state.as_str() {
        RUNNING => pb::RunState::Running,
        DONE => pb::RunState::Done,
        CANCELLED => pb::RunState::Cancelled,
        FAILED => pb::RunState::Failed,
        COMMITTING => pb::RunState::Committing,
        COMMITTED => pb::RunState::Committed,
        other => return Err(StorageError::InvalidRow { table: TABLE, detail: format!("{other:?} is no state") }),
    };
    let context =
        WriteContext { actor: run.actor.clone(), reason_code: run.reason_code.clone(), note: run.note.clone() };
    let commit_context = WriteContext {
        actor: run.commit_actor.clone(),
        reason_code: run.commit_reason_code.clone(),
        note: run.commit_note.clone(),
    };
    let commit_time = columns::optional_instant(run.commit_at, TABLE)?.map(encode::timestamp);
    Ok(pb::AllocationRun {
        name: name(&run.id),
        state: state.into(),
        scope: Some(request.scope.clone().unwrap_or_default()),
        rules: Some(request.rules.clone().unwrap_or_default()),
        progress: Some(decoded(&run.progress, TABLE)?),
        exceptions,
        context: Some(context),
        create_time: Some(encode::timestamp(columns::instant(run.created_at, TABLE)?)),
        end_time: columns::optional_instant(run.ended_at, TABLE)?.map(encode::timestamp),
        failure: run.failure.clone(),
        mode: mode_of(&request).into(),
        commit_context: run.commit_at.map(|_| commit_context),
        commit_time,
        cancel_requested: run.cancel_requested && run.state == COMMITTING,
        schedule: if run.schedule_id.is_empty() { String::new() } else { run_schedules::name(&run.schedule_id) },
        due_time: columns::optional_instant(run.due_at, TABLE)?.map(encode::timestamp),
    })
}

/// What a run does when its simulation is done, in so many words.
pub(crate) fn mode_of(request: &pb::StartRunRequest) -> pb::RunMode {
    match request.mode() {
        pb::RunMode::Commit => pb::RunMode::Commit,
        pb::RunMode::Unspecified | pb::RunMode::Simulate => pb::RunMode::Simulate,
    }
}

/// A run among many: of a draft only its name.
fn in_brief(mut run: pb::AllocationRun) -> pb::AllocationRun {
    if let Some(draft) = run.rules.as_mut().and_then(|rules| rules.policy_draft.as_mut()) {
        *draft = pb::AllocationPolicy { name: std::mem::take(&mut draft.name), ..pb::AllocationPolicy::default() };
    }
    run
}

fn decoded<M: Message + Default>(bytes: &[u8], table: &'static str) -> Result<M, StorageError> {
    M::decode(bytes).map_err(|error| StorageError::InvalidRow { table, detail: error.to_string() })
}
