//! Background jobs. Each is woken by what it waits for, looks by itself now and then in case a cause was lost, and runs
//! until shutdown.

mod claim_memory;
mod commit_calls;
mod commit_runs;
mod cover_sets;
mod end_holds;
mod expire_takes;
mod follow_inventory;
mod go_live;
mod judge_targets;
mod keep_eligibility;
mod queue_changes;
mod requeue_lines;
mod resume_steps;
mod review_promises;
mod run_allocations;
mod schedule_runs;
mod share_long;
mod simulate_runs;
mod watch_waits;

pub use claim_memory::ClaimMemory;
pub use commit_calls::COMMIT_APPLIED_CRASH_POINT;
pub use commit_runs::{COMMIT_PLANNED_CRASH_POINT, commit_runs};
pub(crate) use cover_sets::AskedAhead;
pub use cover_sets::cover_sets;
pub use end_holds::end_holds;
pub use expire_takes::expire_takes;
pub use follow_inventory::{CONSUMER, FollowInventory, subscription};
pub use go_live::go_live;
pub use judge_targets::judge_targets;
pub use keep_eligibility::{Telling, keep_eligibility};
pub use requeue_lines::requeue_lines;
pub use resume_steps::resume_steps;
pub use review_promises::review_promises;
pub use run_allocations::run_allocations;
pub use schedule_runs::schedule_runs;
pub use share_long::CHUNK_CRASH_POINT;
pub use simulate_runs::{SIMULATION_CRASH_POINT, simulate_runs};
pub use watch_waits::watch_waits;

use backorder_service_kit::idempotency::command_hash;
use prost::Message;

/// What a call asks, as a text from which its id is derived.
fn content_of<M: Message + Clone>(request: &M) -> String {
    command_hash(request, |_| {}).iter().map(|byte| format!("{byte:02x}")).collect()
}
