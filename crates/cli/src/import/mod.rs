//! Imports of files through the public RPCs: items, locations, working calendars, lanes, stock, supply, orders and
//! the open orders of another system, from CSV or JSON lines.
//!
//! Every refused row is reported with its line and reason. An import that is stopped may be run again: what was done is
//! not done twice, because every write is named after what it imports. This module holds no rule of stock or orders.

pub mod backlog;
pub mod calendars;
pub mod drive;
pub mod items;
pub mod journal;
pub mod lanes;
pub mod locations;
pub mod orders;
pub mod parts;
pub mod place;
pub mod report;
pub mod retail_orders;
pub mod rows;
pub mod stock;
pub mod supply;

use backorder_domain::ids::derived_uuid;
use uuid::Uuid;

/// The name space of every request id that an import derives.
const IMPORT: Uuid = Uuid::from_u128(0x6d0f_2b5e_9a41_4c1f_8f0e_3f6a_7d21_c9b4);

/// The request id of one thing of an import, the same whenever it is imported again.
#[must_use]
pub fn import_id(natural_key: &[&str]) -> Uuid {
    natural_key.iter().fold(IMPORT, |parent, part| derived_uuid(parent, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_has_the_same_id_and_parts_do_not_run_together() {
        assert_eq!(import_id(&["order", "536365"]), import_id(&["order", "536365"]));
        assert_ne!(import_id(&["order", "1", "2"]), import_id(&["order", "12"]));
    }
}
