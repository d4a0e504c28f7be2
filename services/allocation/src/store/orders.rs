//! Queries of orders, their lines and claims.

mod eligibility;
mod imported;
mod queue;
mod read;
mod review;
mod write;

pub use eligibility::{Told, count_told_otherwise, told_otherwise};
pub use imported::{insert_history, opened_parts, read_lines};
pub use queue::{WaitingPart, put_queue_keys_in_tx, waiting_parts};
pub use read::{
    ListFilter, claims_pending_in_tx, components_by_kit, find_order, find_orders, last_line_numbers_in_tx,
    lines_by_key, lines_of_orders, list_orders, load_lines_in_tx, load_orders_in_tx, lost_demand_of, orders_by_id,
};
pub use review::{
    UnreservedLine, promises_to_review, put_horizon_in_tx, put_release_date_in_tx, unreserved_lines, unshipped_lines,
};
pub use write::{
    insert_lines, insert_order_in_tx, insert_orders, mark_busy, mark_claims_pending_in_tx, put_claims, put_lost,
    remove_lines_in_tx, remove_order_in_tx, update_kits, update_lines, update_orders,
};
