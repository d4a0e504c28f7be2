//! Waits: the clock that acts when a wait is over, what customers say about it, and what is to be given back.

mod answer;
mod clock;
mod kits;
mod read;

pub use answer::{Answer, RecordAnswer, Subject};
