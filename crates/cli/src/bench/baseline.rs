//! What the services are measured against: the plainest thing that does as much, on the same database and machine.

use super::{load::percentile, postgres::Pgbench, sqlite_rows};
use crate::failure::Failure;

/// Which items the calls are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// Any item, evenly.
    Spread,
    /// One item, again and again.
    Hot,
}

impl Shape {
    /// Its word in the names of figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spread => "spread",
            Self::Hot => "hot",
        }
    }
}

/// What the baseline reached in one round.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// Reservations a second.
    pub per_second: f64,
    /// How long each transaction took, in microseconds, ascending.
    pub micros: Vec<u32>,
}

impl Baseline {
    /// The time below which a share of the transactions stayed, in milliseconds.
    #[must_use]
    pub fn millis_at(&self, share: f64) -> f64 {
        percentile(&self.micros, share) / 1_000.0
    }
}

/// The baseline of a database.
#[derive(Debug)]
pub enum Rival {
    /// SQL on the same server: five statements a transaction, or one for a batch.
    Pgbench(Pgbench),
    /// Rows into a file with every commit synchronous.
    SqliteRows {
        /// Items in the file.
        items: u32,
    },
}

impl Rival {
    /// Its word beside figures.
    #[must_use]
    pub const fn word(&self, lines: u32) -> &'static str {
        match (self, lines) {
            (Self::Pgbench(_), 1) => "pgbench, 5 statements",
            (Self::Pgbench(_), _) => "SQL batch, 1 writer",
            (Self::SqliteRows { .. }, 1) => "SQLite, 1 row a commit",
            (Self::SqliteRows { .. }, _) => "SQLite, rows in one commit",
        }
    }

    /// One round: transactions of `lines` reservations from `clients` at once.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be run.
    pub fn run(&self, shape: Shape, clients: u32, lines: u32, seconds: u64) -> Result<Baseline, Failure> {
        match self {
            // More connections than 64 make a server of two processors slower, and a batch is made by one writer.
            Self::Pgbench(pgbench) => pgbench.run(shape, if lines == 1 { clients.min(64) } else { 1 }, lines, seconds),
            Self::SqliteRows { items } => sqlite_rows::run(*items, shape, lines, seconds),
        }
    }
}
