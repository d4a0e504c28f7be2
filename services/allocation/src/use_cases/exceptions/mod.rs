//! The planner's list: what needs a person, found on the lines and in the other sources, and what planners add to it.

mod annotate;
mod drop_ship;
mod limits;
mod list;
mod sources;

pub use annotate::{Annotate, Annotation};
pub use limits::LimitsUpdate;
pub use list::ExceptionFilter;
