//! Requests of this service to commands. Every violation is collected, with its proto field path; nothing is decided.

pub mod availability;
pub mod catalog;
pub mod feed;
pub mod places;
pub mod receipt;
pub mod reservation;
pub mod shipping;
pub mod stock;
pub mod supply;
pub mod warehouse;

/// A text that may be empty, decoded when it is not: `Some(None)` when it is.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
pub fn if_set<T>(text: &str, decode: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { decode(text).map(Some) }
}
