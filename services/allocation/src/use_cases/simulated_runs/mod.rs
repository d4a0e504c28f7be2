//! Allocation runs: started, watched, committed, ended, read, compared; and what changes would do, at once.

mod cancel;
mod commit;
mod compare;
mod read;
mod start;
mod watch;
mod what_if;

pub use cancel::CancelRun;
pub use commit::CommitRun;
pub(crate) use read::mode_of;
pub use start::StartRun;
pub(crate) use start::{NewRun, insert_run_in_tx};
pub use what_if::WhatIf;
