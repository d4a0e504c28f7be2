//! `GetActivity` and the dead letters.

use backorder_messaging::RelayProgress;
use backorder_proto::common::v1::Activity;
use backorder_storage::dead_letter;

use super::super::UseCases;
use crate::{
    error::{Error, Kind},
    store::upkeep,
};

impl UseCases {
    /// What the service still has to do by itself. Work that is due wakes its job, so that whoever waits for the service
    /// to be idle waits no longer than the work takes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn activity(&self, relay: &RelayProgress) -> Result<Activity, Error> {
        let due = self.upkeep_waiting().await?;
        if due > 0 {
            self.wake_upkeep().wake();
        }
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(Activity {
            events_unstamped: count(relay.pending().await?),
            // This service consumes no events and owns no steps of orders.
            events_unhandled: 0,
            steps_unfinished: 0,
            runs_waiting: count(due),
            holds_open: count(upkeep::count_holds(self.store().reader()).await?),
            dead_letters: count(dead_letter::count(self.store()).await?),
        })
    }

    /// Hands a parked event to its consumer again. This service consumes no events, so none is ever parked.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn redrive(&self, event_id: &str) -> Result<(), Error> {
        Err(Error::missing(Kind::DeadLetter, event_id, "event_id"))
    }
}
