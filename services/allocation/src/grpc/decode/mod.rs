//! Requests as commands, with all violations. Nothing here knows what is stored.

pub mod allocation_policy;
pub mod backlog;
pub mod draft;
pub mod drop_ship;
pub mod exception;
pub mod feed;
pub mod figures;
pub mod go_live;
pub mod hold;
pub mod order;
pub mod overrides;
pub mod policy;
pub mod release;
pub mod run;
pub mod run_schedule;
pub mod serving;
pub mod shipment;
pub mod shortage;
pub mod wait;

/// Bytes in the code or GTIN of a unit at most.
const UNIT_BYTES_MAX: usize = 20;

/// A text that may be empty, decoded when it is not: `Some(None)` when it is.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
pub fn if_set<T>(text: &str, decode: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { decode(text).map(Some) }
}
