//! When held units are shared: at once, by a planner, or at an hour of the day.

mod commit;
mod modes;
mod pools;

pub use commit::CommitHeld;
pub use modes::SetMode;
pub(crate) use pools::by_pool;
