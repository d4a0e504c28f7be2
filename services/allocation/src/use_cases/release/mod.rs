//! The release gate: reserved units go into the warehouse's hands, come back, or are not found.

mod answer_recall;
mod list;
mod recall;
mod release_lines;
mod short_pick;

pub use answer_recall::AnswerRecall;
pub use recall::{Asking, RecallRelease};
pub use release_lines::ReleaseLines;
pub use short_pick::{Short, ShortPick};
