//! Files of warehouses' and carriers' systems, one row per line of a document, through the public RPCs.
//!
//! Rows of one document stand together. Each document has one effect, however often its file is sent; what is refused is
//! reported by row. This module holds no rule of stock or orders.

pub mod adjust;
pub mod carrier;
pub mod compare;
pub mod drive;
pub mod out;
pub mod receive;
pub mod ship;
