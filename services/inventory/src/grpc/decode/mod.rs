//! Requests of this service to commands. Every violation is collected, with its proto field path; nothing is decided.

pub mod availability;
pub mod catalog;
pub mod drop_ship;
pub mod feed;
pub mod group;
mod parts;
pub mod places;
pub mod receipt;
pub mod reservation;
pub mod serving;
pub mod shipping;
pub mod stock;
pub mod supply;
pub mod warehouse;

use backorder_domain::units::UnitUse;
use backorder_proto::convert::{Violations, decode};

use crate::use_cases::stock::NamedUnit;

/// The longest code of a unit; a GTIN is shorter.
const UNIT_BYTES_MAX: usize = 20;

/// A unit of an item, named by its code or GTIN; empty for base units.
fn named_unit(text: &str, field: &str, used_to: UnitUse, violations: &mut Violations) -> Option<NamedUnit> {
    let text = decode::text(text, UNIT_BYTES_MAX, field, violations)?;
    Some(NamedUnit { text, field: field.to_owned(), used_to })
}

/// A text that may be empty, decoded when it is not: `Some(None)` when it is.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
pub fn if_set<T>(text: &str, decode: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { decode(text).map(Some) }
}
