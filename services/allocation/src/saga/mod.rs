//! Writes that need inventory: begun in one transaction, decided by inventory, recorded in another.
//!
//! The first transaction writes what is wanted and the step with the very calls that will be made; then inventory is
//! called with ids derived from the step; the second transaction takes the step off and writes the outcome, the events
//! and the caller's answer. Whatever dies in between, the step is done again from its row, with the same ids, so that its
//! effect is there once. While a step is unfinished its orders take no other command.
//!
//! This module must not know what a step means for an order: that is [`finish`].

pub mod call;
mod drive;
mod finish;
mod future;
mod in_flight;
mod new_orders;
mod outcomes;
mod step;

pub use call::{Call, CallAnswer};
pub(crate) use drive::mark_busy;
pub use drive::{Planned, StepCommand};
pub(crate) use finish::{Recalled, miss_in_tx, units_of, would_be};
pub(crate) use future::available_by_day;
pub use in_flight::{Holding, InFlight};
pub use new_orders::{Beginning, NewOrder};
pub use outcomes::Recording;
pub use step::{
    Amendment, LinesOfCall, Plan, PlannedDocument, PlannedEnding, PlannedKits, PlannedLine, PlannedOverride,
    PlannedSubstitution, Step, StepKind,
};

/// Where a write can be stopped by [`crate::config::CrashPoint`]: after its first transaction, after inventory has
/// decided, and after its second transaction.
pub const CRASH_POINTS: [&str; 48] = [
    "place.begun",
    "place.decided",
    "place.recorded",
    "quote.begun",
    "quote.decided",
    "quote.recorded",
    "confirm.begun",
    "confirm.decided",
    "confirm.recorded",
    "amend.begun",
    "amend.decided",
    "amend.recorded",
    "cancel.begun",
    "cancel.decided",
    "cancel.recorded",
    "release.begun",
    "release.decided",
    "release.recorded",
    "recall.begun",
    "recall.decided",
    "recall.recorded",
    "short.begun",
    "short.decided",
    "short.recorded",
    "consent.begun",
    "consent.decided",
    "consent.recorded",
    "ship.begun",
    "ship.decided",
    "ship.recorded",
    "advice.begun",
    "advice.decided",
    "advice.recorded",
    "dropship.begun",
    "dropship.decided",
    "dropship.recorded",
    "return.begun",
    "return.decided",
    "return.recorded",
    "import.begun",
    "import.decided",
    "import.recorded",
    "override.begun",
    "override.decided",
    "override.recorded",
    "substitute.begun",
    "substitute.decided",
    "substitute.recorded",
];
