//! Waits until the services have nothing left to do by themselves.
//!
//! Allocation is asked, then inventory, then allocation again: with no caller at work, what allocation does next can only
//! come from an event of inventory, and an event that was stamped after the first question shows in the third.

use std::time::Duration;

use backorder_proto::{
    allocation::v1::GetActivityRequest as AllocationActivityRequest, common::v1::Activity,
    inventory::v1::GetActivityRequest as InventoryActivityRequest,
};
use tokio::time::Instant;

use crate::{client::Clients, failure::Failure};

/// The pauses between questions, from short to long.
const PAUSE_MIN: Duration = Duration::from_micros(200);
const PAUSE_MAX: Duration = Duration::from_millis(3);
/// A service that is busy for longer by itself has a fault.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until both services are idle.
///
/// # Errors
/// [`Failure`] when a service cannot answer, or is still busy after two minutes.
pub async fn until_idle(clients: &Clients) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        let busy = match busy(clients).await? {
            None => return Ok(()),
            Some(busy) => busy,
        };
        if begun.elapsed() > PATIENCE {
            return Err(Failure::new(format!("the services do not come to rest: {busy}"))
                .next("look into the log: an event or a step fails again and again"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// What a service is busy with, `None` when all are idle.
///
/// # Errors
/// [`Failure`] when a service cannot answer.
pub async fn busy(clients: &Clients) -> Result<Option<String>, Failure> {
    for service in ["allocation", "inventory", "allocation"] {
        let activity = match service {
            "inventory" => inventory(clients).await?,
            _ => allocation(clients).await?,
        };
        if !is_idle(&activity) {
            return Ok(Some(format!("{service} {activity:?}")));
        }
    }
    Ok(None)
}

async fn inventory(clients: &Clients) -> Result<Activity, Failure> {
    let answer = clients.inventory_operations.clone().get_activity(InventoryActivityRequest {}).await?;
    Ok(answer.into_inner().activity.unwrap_or_default())
}

async fn allocation(clients: &Clients) -> Result<Activity, Failure> {
    let answer = clients.allocation_operations.clone().get_activity(AllocationActivityRequest {}).await?;
    Ok(answer.into_inner().activity.unwrap_or_default())
}

/// Whether nothing is left to do. Parked events do not keep a service from being idle.
const fn is_idle(activity: &Activity) -> bool {
    activity.events_unstamped == 0
        && activity.events_unhandled == 0
        && activity.steps_unfinished == 0
        && activity.runs_waiting == 0
        && activity.holds_open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parked_events_do_not_keep_a_service_busy_but_open_holds_do() {
        assert!(is_idle(&Activity { dead_letters: 3, ..Activity::default() }));
        assert!(!is_idle(&Activity { holds_open: 1, ..Activity::default() }));
    }
}
