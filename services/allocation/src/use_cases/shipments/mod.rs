//! Shipments: read, and what became of them at the customer.

mod batches;
mod deliver;
mod read;

pub(crate) use deliver::{Arrivals, Recording};
pub use deliver::{Arrived, ConfirmDelivery};
