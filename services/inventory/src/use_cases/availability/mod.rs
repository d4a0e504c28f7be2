//! What can be had, now and later. Reads only; every answer is of one snapshot.

mod batch;
mod demand;
mod profile;
mod watch;

pub use batch::Availability;
pub use profile::{ProfileAnswer, ProfileQuestion};
pub use watch::{PositionChange, WatchFilter, WatchMessage, WatchSettings};
