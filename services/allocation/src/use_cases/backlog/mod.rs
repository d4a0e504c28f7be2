//! Who waits, for what, until when and why. Nothing here changes anything.

mod explain;
mod list;
mod queue;
mod ship_set;
mod summary;
mod watch;

pub use list::BackorderFilter;
pub use watch::WatchLimits;
