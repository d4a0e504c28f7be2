//! What can go wrong in a store, classified once.
//!
//! PostgreSQL is read by SQLSTATE and constraint name, SQLite by extended result code and message. Nobody else in the
//! system looks into a driver error.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::sqlite::SqliteFailure;

/// Whether a failed transaction may be run again, as a whole, with a fair chance.
pub trait IsRetryable {
    /// True for a lost race that the database resolved by failing this transaction.
    fn is_retryable(&self) -> bool;
}

/// A failure of the database or of the schema.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A row with the same key exists.
    #[error("unique constraint {constraint} is violated")]
    Unique {
        /// The constraint's name on PostgreSQL; the columns (`table.column, …`) on SQLite, which does not tell the name.
        constraint: String,
        /// What the driver said.
        source: DbErr,
    },
    /// A row refers to one that does not exist, or one that is referred to was to be deleted.
    #[error("foreign key {constraint} is violated")]
    ForeignKey {
        /// The constraint's name on PostgreSQL; empty on SQLite, which does not tell it.
        constraint: String,
        /// What the driver said.
        source: DbErr,
    },
    /// A CHECK of the schema refused the row.
    #[error("check constraint {constraint} is violated")]
    Check {
        /// The constraint's name.
        constraint: String,
        /// What the driver said.
        source: DbErr,
    },
    /// The database resolved a race or a deadlock by failing this transaction: run it again.
    #[error("transaction lost a race")]
    Serialization(#[source] DbErr),
    /// The database cannot be reached, is stopping, is full of connections, or did not answer within its time limits.
    #[error("database is unavailable")]
    Unavailable(#[source] DbErr),
    /// The connection was lost during COMMIT: the effect is there or not. Look it up by the request's key.
    #[error("outcome of the commit is unknown")]
    CommitUnknown(#[source] DbErr),
    /// The schema holds migrations that this program does not know: a newer program has been here.
    #[error("schema has migrations that this program does not know: {}", versions.join(", "))]
    UnknownSchema {
        /// The unknown migrations, ascending.
        versions: Vec<String>,
    },
    /// A row holds what it must never hold.
    #[error("{table} holds an invalid row: {detail}")]
    InvalidRow {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        detail: String,
    },
    /// The settings of the store make no sense.
    #[error("invalid store settings: {0}")]
    Settings(String),
    /// Anything else: a fault in a query or in the schema.
    #[error("database failed")]
    Other(#[source] DbErr),
}

impl StorageError {
    /// True when the database may answer later without anything being changed here.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Serialization(_) | Self::Unavailable(_) | Self::CommitUnknown(_))
    }

    /// True when the named unique or primary key refused the row.
    ///
    /// SQLite tells the columns and not the name, so both are given: `("uq_item_code", "item.code")`.
    #[must_use]
    pub fn is_unique_violation_of(&self, name: &str, columns: &str) -> bool {
        matches!(self, Self::Unique { constraint, .. } if constraint == name || constraint == columns)
    }

    /// True when the named CHECK refused the row.
    #[must_use]
    pub fn is_check_violation_of(&self, name: &str) -> bool {
        matches!(self, Self::Check { constraint, .. } if constraint == name)
    }

    /// Classifies a failure of COMMIT, where a lost connection leaves the outcome unknown.
    pub(crate) fn of_commit(error: DbErr) -> Self {
        let classified = Self::from(error);
        if let Self::Unavailable(source) = classified { Self::CommitUnknown(source) } else { classified }
    }
}

impl IsRetryable for StorageError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Serialization(_))
    }
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        match classify(&error) {
            Class::Unique(constraint) => Self::Unique { constraint, source: error },
            Class::ForeignKey(constraint) => Self::ForeignKey { constraint, source: error },
            Class::Check(constraint) => Self::Check { constraint, source: error },
            Class::Serialization => Self::Serialization(error),
            Class::Unavailable => Self::Unavailable(error),
            Class::Other => Self::Other(error),
        }
    }
}

enum Class {
    Unique(String),
    ForeignKey(String),
    Check(String),
    Serialization,
    Unavailable,
    Other,
}

fn classify(error: &DbErr) -> Class {
    if let DbErr::ConnectionAcquire(_) = error {
        return Class::Unavailable;
    }
    let (is_connection, runtime) = if let DbErr::Conn(runtime) = error {
        (true, runtime)
    } else if let DbErr::Exec(runtime) | DbErr::Query(runtime) = error {
        (false, runtime)
    } else {
        return Class::Other;
    };
    let RuntimeErr::SqlxError(driver) = runtime else {
        return if is_connection { Class::Unavailable } else { Class::Other };
    };
    match driver.as_database_error() {
        Some(database) => {
            let code = database.code().unwrap_or_default();
            if database.try_downcast_ref::<SqliteFailure>().is_some() {
                classify_sqlite(&code, database.message())
            } else {
                classify_sqlstate(&code, database.constraint())
            }
        }
        None if is_connection || is_lost_connection(driver) => Class::Unavailable,
        None => Class::Other,
    }
}

fn is_lost_connection(error: &SqlxError) -> bool {
    matches!(
        error,
        SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
            | SqlxError::Protocol(_)
    )
}

/// Source of the codes: PostgreSQL documentation, appendix A.
fn classify_sqlstate(code: &str, constraint: Option<&str>) -> Class {
    let constraint = || constraint.unwrap_or_default().to_owned();
    match code {
        "23505" => Class::Unique(constraint()),
        "23503" => Class::ForeignKey(constraint()),
        "23514" => Class::Check(constraint()),
        "40001" | "40P01" => Class::Serialization,
        // Connection limit, lock and statement time limits, idle transaction ended, read-only after a failover.
        "53300" | "55P03" | "57014" | "25P03" | "25006" => Class::Unavailable,
        _ if code.starts_with("08") || code.starts_with("57P0") => Class::Unavailable,
        _ => Class::Other,
    }
}

/// Source of the codes: SQLite documentation, "Result and Error Codes" (extended codes).
fn classify_sqlite(code: &str, message: &str) -> Class {
    let named = |prefix: &str| message.strip_prefix(prefix).unwrap_or_default().to_owned();
    match code {
        // CONSTRAINT_UNIQUE, CONSTRAINT_PRIMARYKEY, CONSTRAINT_ROWID
        "2067" | "1555" | "2579" => Class::Unique(named("UNIQUE constraint failed: ")),
        "787" => Class::ForeignKey(String::new()),
        "275" => Class::Check(named("CHECK constraint failed: ")),
        // BUSY_SNAPSHOT
        "517" => Class::Serialization,
        // BUSY, BUSY_RECOVERY, BUSY_TIMEOUT, LOCKED, FULL, CANTOPEN
        "5" | "261" | "773" | "6" | "13" | "14" => Class::Unavailable,
        _ => Class::Other,
    }
}
