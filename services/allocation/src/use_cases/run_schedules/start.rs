//! Starts the runs of schedules of which a moment has come.

use backorder_domain::{allocation::run_times::Due, ids::derived_uuid};
use backorder_proto::{allocation::v1 as pb, convert::Violations};
use backorder_storage::{WriteTx, columns};
use uuid::Uuid;

use super::{content_of, name, times_of};
use crate::{
    error::Error,
    simulation::Asked,
    store::{entity::run_schedule, run_schedules as table, simulated_runs},
    use_cases::{
        UseCases,
        simulated_runs::{NewRun, insert_run_in_tx},
    },
    write::Who,
};

/// The name space of the ids of scheduled runs.
const SCHEDULED: Uuid = Uuid::from_u128(0x91d3_5e27_0c4a_4f68_8b72_e6f0_13a9_5dc8);
/// Why a run was started, as a short code.
const REASON: &str = "scheduled";

impl UseCases {
    /// Starts the runs that are due, as far as so many may be RUNNING.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn start_scheduled_runs(&self) -> Result<(), Error> {
        let due = table::due(self.store().reader(), columns::micros(self.now())).await?;
        for id in due {
            let Some(row) = table::find(self.store().reader(), &id).await? else { continue };
            let scope = content_of(&row)?.scope.unwrap_or_default();
            let items_total = self.count_items_of(scope.items.len()).await?;
            let id = id.as_str();
            let start = self.store().write("start_scheduled_run", move |tx| {
                Box::pin(async move { self.start_scheduled_in_tx(tx, id, items_total).await })
            });
            if start.await? {
                self.wakes().simulations.wake();
            }
        }
        Ok(())
    }

    /// Starts the run of a schedule and notes its next moment; answers false where none is due, or no run may be started now.
    async fn start_scheduled_in_tx(&self, tx: &WriteTx<'_>, id: &str, items_total: i64) -> Result<bool, Error> {
        let now = self.now();
        let Some(row) = table::lock_in_tx(tx, id).await? else { return Ok(false) };
        let Some(next) = columns::optional_instant(row.next_at, super::TABLE)? else { return Ok(false) };
        let content = content_of(&row)?;
        let mut violations = Violations::new();
        let times = times_of(&content, &mut violations);
        let times = violations.finish_with(times).map_err(Error::Invalid)?;
        let Some(due) = times.due(next, now) else { return Ok(false) };
        if simulated_runs::is_full(tx).await? {
            return Ok(false);
        }
        let run = derived_uuid(SCHEDULED, &format!("{id} {}", columns::micros(due.at))).to_string();
        let who = Who { actor: row.actor.clone(), reason_code: REASON.to_owned(), note: note(id, due) };
        let request = self.frozen_request(tx, content).await?;
        let new = NewRun { id: run.clone(), request, who, items_total, schedule: Some((id, due.at)) };
        insert_run_in_tx(tx, new, now).await?;
        let row = run_schedule::Model {
            next_at: times.next_after(due.at).map(columns::micros),
            last_run_id: run,
            last_due_at: Some(columns::micros(due.at)),
            ..row
        };
        table::put_in_tx(tx, row).await?;
        Ok(true)
    }
}

impl UseCases {
    /// What a schedule has a run do now, by the versions of policies that hold now. Where one does not hold any more the run
    /// is started all the same, and fails with the reason.
    async fn frozen_request(&self, tx: &WriteTx<'_>, schedule: pb::RunSchedule) -> Result<pb::StartRunRequest, Error> {
        let mut request = request_of(schedule);
        let mut violations = Violations::new();
        let asked = Asked::decode(request.rules.as_ref(), &mut violations);
        let asked = violations.finish_with(asked).map_err(Error::Invalid)?;
        match self.freeze_rules(tx, &asked, request.rules.as_ref()).await {
            Ok((_, rules)) => request.rules = Some(rules),
            Err(Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(request)
    }
}

/// What a schedule has runs do.
fn request_of(schedule: pb::RunSchedule) -> pb::StartRunRequest {
    let pb::RunSchedule { scope, rules, mode, .. } = schedule;
    pb::StartRunRequest { scope, rules, mode, ..pb::StartRunRequest::default() }
}

/// Why a run was started, for people.
fn note(id: &str, due: Due) -> String {
    let missed = match due.missed {
        0 => String::new(),
        1 => "; 1 moment before it was missed".to_owned(),
        missed => format!("; {missed} moments before it were missed"),
    };
    format!("{} at {}{missed}", name(id), due.at)
}
