//! Values of this service to wire types. Encoding cannot fail. Stock types are encoded by `backorder_proto`.

mod catalog;

pub use catalog::{item_message, location_message};
