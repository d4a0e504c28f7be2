//! Who gives a command, why, and when. Time and ids come in here and nowhere else.

use jiff::Timestamp;
use uuid::Uuid;

/// What every command carries beside its own arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandContext {
    /// The id of the write. Ids of holds are derived from it, so it must differ between writes.
    pub command_id: Uuid,
    /// The business time now.
    pub now: Timestamp,
    /// The business time at which the units moved; often `now`.
    pub effective_at: Timestamp,
    /// Who acts.
    pub actor: String,
    /// What it is for: a receipt's document, a run, a count … Where a command is about one claim, the claim is the cause.
    pub cause: String,
    /// The reason as a short code; may be empty.
    pub reason_code: String,
    /// A note for people; may be empty.
    pub note: String,
}
