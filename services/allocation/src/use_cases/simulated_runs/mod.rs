//! Simulated allocation runs: started, watched, ended, read, compared; and what changes would do, at once.

mod cancel;
mod compare;
mod read;
mod start;
mod watch;
mod what_if;

pub use cancel::CancelRun;
pub use start::StartRun;
pub use what_if::WhatIf;
