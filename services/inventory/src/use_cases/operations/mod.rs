//! What operators and tests look at: activity, dead letters, and the proof of the books.

mod activity;
mod digest;
mod ledger;
mod verify;
mod verify_groups;
