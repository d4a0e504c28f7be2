//! `StartRun`.

use std::{collections::BTreeMap, time::Duration};

use backorder_proto::allocation::v1 as pb;
use backorder_service_kit::problem::Problem;
use backorder_storage::{Batch, StorageError, WriteTx, columns};
use jiff::Timestamp;
use prost::Message as _;

use super::read::message;
use crate::{
    error::Error,
    simulation::{Asked, Scope},
    store::{
        entity::allocation_run,
        simulated_runs::{self as table, RUNNING},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// After this time a place among them may be free.
const RUNNING_RETRY: Duration = Duration::from_secs(10);

/// A run to start.
#[derive(Debug, Clone)]
pub struct StartRun {
    /// What it is about, for checking.
    pub scope: Scope,
    /// By which rules it is to go.
    pub rules: Asked,
    /// The scope and the rules as they were asked for.
    pub request: pb::StartRunRequest,
    /// Who does it and why.
    pub who: Who,
}

/// A run as it is written.
pub(crate) struct NewRun<'a> {
    /// Its id.
    pub(crate) id: String,
    /// The scope, the rules and the mode as they were asked for.
    pub(crate) request: pb::StartRunRequest,
    /// Who starts it and why.
    pub(crate) who: Who,
    /// How many items are to be looked at.
    pub(crate) items_total: i64,
    /// The schedule that starts it, and for which moment; `None` where somebody does.
    pub(crate) schedule: Option<(&'a str, Timestamp)>,
}

impl UseCases {
    /// Starts a simulation. A job does it, which is woken.
    ///
    /// # Errors
    /// [`Error::Missing`] for items, locations and policies that are not there; OVERLOADED when too many are RUNNING.
    pub async fn start_run(self, write: Write<StartRun>) -> Result<pb::AllocationRun, Error> {
        let scope = &write.command.scope;
        self.check_scope(scope, "scope").await?;
        let items_total = self.count_items_of(scope.items.len()).await?;
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("start_run", move |tx| Box::pin(async move { this.start_run_in_tx(tx, write, items_total).await }))
            .await?;
        self.wakes().simulations.wake();
        Ok(answer)
    }

    /// Checks that the items and locations of a scope are there; `field` names it.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub(crate) async fn check_scope(&self, scope: &Scope, field: &str) -> Result<(), Error> {
        let items = scope.items.iter().enumerate();
        let items: BTreeMap<&str, String> =
            items.map(|(index, item)| (item.as_str(), format!("{field}.items[{index}]"))).collect();
        self.catalog().items(&items).await?;
        let locations = scope.locations.iter().enumerate();
        let locations: BTreeMap<&str, String> =
            locations.map(|(index, place)| (place.as_str(), format!("{field}.locations[{index}]"))).collect();
        self.catalog().places_with(&locations).await?;
        Ok(())
    }

    /// How many items are to be looked at where so many are named.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn count_items_of(&self, named: usize) -> Result<i64, Error> {
        if named == 0 {
            return Ok(table::count_waiting_items(self.store().reader()).await?);
        }
        Ok(i64::try_from(named).unwrap_or(i64::MAX))
    }

    async fn start_run_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<StartRun>,
        items_total: i64,
    ) -> Result<pb::AllocationRun, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        if table::is_full(tx).await? {
            return Err(Problem::overloaded(RUNNING_RETRY).into());
        }
        let StartRun { rules, request, .. } = &write.command;
        // The run goes by these versions, whatever holds while it works.
        let (_, rules) = self.freeze_rules(tx, rules, request.rules.as_ref()).await?;
        let request = pb::StartRunRequest { rules: Some(rules), ..request.clone() };
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let id = write.step_id.to_string();
        let new = NewRun { id, request, who, items_total, schedule: None };
        let answer = insert_run_in_tx(tx, new, self.now()).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }
}

/// Writes a new run.
///
/// # Errors
/// Those of the store.
pub(crate) async fn insert_run_in_tx(
    tx: &WriteTx<'_>,
    new: NewRun<'_>,
    now: Timestamp,
) -> Result<pb::AllocationRun, StorageError> {
    let NewRun { id, request, who, items_total, schedule } = new;
    let run = allocation_run::Model {
        id,
        state: RUNNING.to_owned(),
        request: request.encode_to_vec(),
        actor: who.actor,
        reason_code: who.reason_code,
        note: who.note,
        created_at: columns::micros(now),
        ended_at: None,
        failure: String::new(),
        cursor_item: String::new(),
        progress: pb::RunProgress { items_total, ..pb::RunProgress::default() }.encode_to_vec(),
        version: 1,
        commit_at: None,
        commit_actor: String::new(),
        commit_reason_code: String::new(),
        commit_note: String::new(),
        commit_cursor: String::new(),
        calls_item: String::new(),
        cancel_requested: false,
        schedule_id: schedule.map(|(schedule, _)| schedule.to_owned()).unwrap_or_default(),
        due_at: schedule.map(|(_, at)| columns::micros(at)),
    };
    let told = message(&run, Vec::new())?;
    let mut batch = Batch::new(tx);
    table::insert(&mut batch, run);
    batch.run(tx).await?;
    Ok(told)
}
