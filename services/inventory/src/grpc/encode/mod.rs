//! Values of this service to wire types. Encoding cannot fail. Stock types are encoded by `backorder_proto`.

mod catalog;
mod places;

pub use catalog::item_message;
pub use places::{calendar_message, lane_message, location_message};
