//! The tables of this service: their entities, their migrations, and every query.
//!
//! Functions that take a transaction end in `_in_tx`. Rows are locked in one order everywhere: request keys, then
//! items ascending, each with everything that belongs to the item. Nothing here decides anything.

pub mod audit;
pub mod canonical;
pub mod catalog;
pub mod differences;
pub mod drop_ship;
pub mod entity;
pub mod kits;
pub mod listing;
pub mod lock;
pub mod migration;
pub mod movements;
pub mod places;
pub mod receipts;
pub mod shipping;
pub mod snapshot;
pub mod stock;
pub mod upkeep;
pub mod verify;
pub mod verify_claims;
