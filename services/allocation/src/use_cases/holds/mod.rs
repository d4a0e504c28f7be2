//! Holds on orders, lines and customers: set, cleared, ended by themselves, listed, and told to who runs into one.

mod change;
mod end;
mod list;
mod refuse;
mod spread;

pub use change::{ClearHolds, SetHolds, Targets};
pub use list::HoldPlace;
pub(crate) use refuse::on_hold_in_tx;
