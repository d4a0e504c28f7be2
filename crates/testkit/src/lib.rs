//! Real parts for tests: throwaway PostgreSQL and NATS servers, processes that are started to be killed, the table of
//! case counts, the seed, and patient waiting.
//!
//! This crate knows no service and no table: it starts things, names them and cleans them up. Tests decide what to
//! do with them. It is a dev-dependency everywhere, and a dependency of `xtask` only.
//!
//! Whatever a test process starts here ends with that process, however it ends: see [`guard`].

#![expect(
    clippy::panic,
    reason = "a test that has no database or no server must stop at once and say what to do; see `give_up`"
)]

pub mod backend;
pub mod counts;
mod eventually;
pub mod guard;
pub mod nats;
pub mod ports;
pub mod postgres;
pub mod process;
mod seed;
pub mod tools;

pub use backend::{Backend, FreshDatabase, databases, fresh_url};
pub use eventually::{eventually, eventually_within, patience};
pub use seed::{SEED_ENV, seed, seed_bytes};

/// Why a throwaway part could not be had.
///
/// The text says what to do next, because the reader is somebody whose tests do not start.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// A program that the tests need is not installed, or too old.
    #[error("{0}")]
    Missing(String),
    /// A server ended or stayed silent while it was being started; holds the end of its log.
    #[error("{server} did not start: {detail}")]
    DidNotStart {
        /// Which server.
        server: &'static str,
        /// What was seen, with the last lines of its log.
        detail: String,
    },
    /// A helper program failed; holds its error output.
    #[error("{program} failed: {detail}")]
    Program {
        /// The program that was run.
        program: String,
        /// Its exit status and what it wrote to standard error.
        detail: String,
    },
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl TestkitError {
    /// Adapter for `map_err`: says what was tried beside the system's answer.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Ends the calling test with the reason. The only panic of this crate outside [`eventually`].
pub(crate) fn give_up(what: &str, why: &dyn std::fmt::Display) -> ! {
    panic!("{what}: {why}")
}
