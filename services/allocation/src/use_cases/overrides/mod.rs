//! Decisions of people against the rules: assigned by hand, moved in the queue, pinned, approved by another person.

mod assign;
mod decide;
mod pin;
mod preview;
mod queue_time;
mod read;

pub use assign::{AssignByHand, Share};
pub use decide::{DecideOverride, EndOverride};
pub use pin::PinConfirmation;
pub use queue_time::ChangeQueueTime;
