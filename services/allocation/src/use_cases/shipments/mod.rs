//! Shipments: read, and what became of them at the customer.

mod deliver;
mod read;

pub use deliver::{Arrived, ConfirmDelivery};
