//! The tables, one entity per file. Columns mean what the migration says; nothing here decides anything.

pub mod backorder_policy;
pub mod customer_order;
pub mod item_copy;
pub mod line_claim;
pub mod line_hold;
pub mod location_copy;
pub mod lost_demand;
pub mod order_line;
pub mod order_write;
pub mod pending_promise;
pub mod pending_run;
pub mod promise;
pub mod rule_write;
pub mod serving_sequence;
pub mod unfinished_step;
