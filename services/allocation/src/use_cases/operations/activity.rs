//! `GetActivity`: what the service still has to do by itself.

use std::time::Duration;

use backorder_messaging::{BusError, RelayProgress};
use backorder_proto::common::v1 as common;
use backorder_service_kit::problem::Problem;
use backorder_storage::{columns, dead_letter};

use super::super::UseCases;
use crate::{
    error::Error,
    store::{
        go_live, holds, orders, rules, runs, sets,
        simulated_runs::{self, COMMITTING},
        steps,
    },
};

/// After this time a bus that does not answer is worth another try.
const BUS_RETRY: Duration = Duration::from_secs(1);

impl UseCases {
    /// What is still to do. Events become work and work makes events, so work is counted before and after the events:
    /// what changes from one into the other meanwhile is seen once at least.
    ///
    /// # Errors
    /// Those of the store; DEPENDENCY_UNAVAILABLE when the bus does not answer.
    pub async fn activity(&self, relay: &RelayProgress) -> Result<common::Activity, Error> {
        let (steps_before, runs_before) = self.work_waiting().await?;
        let events_unhandled = self.events_unhandled().await?;
        let (steps_after, runs_after) = self.work_waiting().await?;
        Ok(common::Activity {
            events_unstamped: relay.pending().await?.cast_signed(),
            events_unhandled: events_unhandled.cast_signed(),
            steps_unfinished: steps_before.max(steps_after).cast_signed(),
            runs_waiting: runs_before.max(runs_after).cast_signed(),
            // Holds are inventory's: it counts them.
            holds_open: 0,
            dead_letters: dead_letter::count(self.store()).await?.cast_signed(),
        })
    }

    /// Unfinished steps; and pools that wait for a run, with the promises that wait for runs, the parts of which inventory
    /// is to be told whether they may take stock, the lines that are to hear of a hold on their customer, the lines that
    /// go live, the ship sets that are to be decided about, the runs that are being committed, what time has made due, and one
    /// more while lines are put into the order of a new serving sequence.
    async fn work_waiting(&self) -> Result<(u64, u64), Error> {
        let steps_unfinished = steps::count(self.store()).await?;
        let runs_pending = runs::count(self.store()).await?;
        let sequence = rules::sequence(self.store()).await?;
        let is_requeueing = sequence.applied_version < sequence.version;
        let is_telling = self.telling().is_under_way();
        let untold = orders::count_told_otherwise(self.store().reader()).await?;
        let going_live = go_live::count_going_live(self.store().reader()).await?;
        let misbarred = holds::count_misbarred(self.store().reader()).await?;
        let sets_due = sets::count_due(self.store().reader(), columns::micros(self.now())).await?;
        let committing = simulated_runs::count(self.store().reader(), COMMITTING).await?;
        let due = self.due_by_time().await?;
        let by_jobs = untold + misbarred + going_live + sets_due + committing + due;
        let by_jobs = by_jobs + u64::from(is_requeueing) + u64::from(is_telling);
        Ok((steps_unfinished, runs_pending + by_jobs))
    }

    /// A consumer that does not run yet has its subscription to come, which counts as one event.
    async fn events_unhandled(&self) -> Result<u64, Error> {
        let Some(consumer) = self.consumer_progress() else { return Ok(1) };
        match consumer.pending().await {
            Ok(pending) => Ok(pending),
            Err(BusError::NotSubscribed(_)) => Ok(1),
            Err(error) => Err(Problem::dependency_unavailable("bus", BUS_RETRY).caused_by(error).into()),
        }
    }
}
