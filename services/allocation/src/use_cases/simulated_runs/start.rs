//! `StartRun`.

use std::{collections::BTreeMap, time::Duration};

use backorder_proto::allocation::v1 as pb;
use backorder_service_kit::problem::Problem;
use backorder_storage::{Batch, WriteTx, columns};
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

/// Runs that are RUNNING at once at most.
const RUNNING_MAX: u64 = 10;
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

impl UseCases {
    /// Starts a simulation. A job does it, which is woken.
    ///
    /// # Errors
    /// [`Error::Missing`] for items, locations and policies that are not there; OVERLOADED when too many are RUNNING.
    pub async fn start_run(self, write: Write<StartRun>) -> Result<pb::AllocationRun, Error> {
        let scope = &write.command.scope;
        let field = |kind, index| format!("scope.{kind}[{index}]");
        let items: BTreeMap<&str, String> =
            scope.items.iter().enumerate().map(|(index, item)| (item.as_str(), field("items", index))).collect();
        self.catalog().items(&items).await?;
        let locations = scope.locations.iter().enumerate();
        let locations: BTreeMap<&str, String> =
            locations.map(|(index, location)| (location.as_str(), field("locations", index))).collect();
        self.catalog().places_with(&locations).await?;
        let items_total = if items.is_empty() {
            table::count_waiting_items(self.store().reader()).await?
        } else {
            i64::try_from(items.len()).unwrap_or(i64::MAX)
        };
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("start_run", move |tx| Box::pin(async move { this.start_run_in_tx(tx, write, items_total).await }))
            .await?;
        self.wakes().simulations.wake();
        Ok(answer)
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
        if table::count_running(tx).await? >= RUNNING_MAX {
            return Err(Problem::overloaded(RUNNING_RETRY).into());
        }
        let StartRun { rules, request, .. } = &write.command;
        // The run goes by these versions, whatever holds while it works.
        let (_, rules) = self.freeze_rules(tx, rules, request.rules.as_ref()).await?;
        let request = pb::StartRunRequest { rules: Some(rules), ..request.clone() };
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let run = allocation_run::Model {
            id: write.step_id.to_string(),
            state: RUNNING.to_owned(),
            request: request.encode_to_vec(),
            actor: who.actor,
            reason_code: who.reason_code,
            note: who.note,
            created_at: columns::micros(self.now()),
            ended_at: None,
            failure: String::new(),
            cursor_item: String::new(),
            progress: pb::RunProgress { items_total, ..pb::RunProgress::default() }.encode_to_vec(),
            version: 1,
        };
        let answer = message(&run, Vec::new())?;
        let mut batch = Batch::new(tx);
        table::insert(&mut batch, run);
        batch.run(tx).await?;
        self.end_rule_in_tx(tx, write, answer).await
    }
}
