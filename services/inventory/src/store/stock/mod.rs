//! Stock as the domain sees it, read from and written to its tables.

mod batch_rows;
mod flush;
mod group_rows;
mod known;
mod load;
mod query;
mod receipt_rows;
mod rows;
mod scope;
mod times;

pub use batch_rows::batches_of;
pub use flush::{MovementNumbers, flush, flush_unchanged};
pub use group_rows::{
    consumed_of, find_groups, group_claim_of, group_claims, group_scope, items_with_groups, rules_of,
};
pub use known::{KnownStock, loaded_of, read_known};
pub use load::{LoadError, Loaded, complete_claims, load, load_in_tx, sort_pegs};
pub use query::*;
pub use receipt_rows::{is_in_review, received_line_of};
pub use rows::{claim_of, hold_of, item_id, location_id, movement_of, position_of, supply_of};
pub use scope::Scope;
pub use times::Times;
