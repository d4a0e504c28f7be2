//! What the writer's driver says, in the form in which SeaORM tells what other drivers say.

use std::{borrow::Cow, error::Error, fmt, sync::Arc};

use rusqlite::ffi::ErrorCode;
use sea_orm::{
    DbErr, RuntimeErr, SqlxError,
    sqlx::error::{DatabaseError, ErrorKind},
};

/// A failure with SQLite's extended result code.
#[derive(Debug)]
pub(crate) struct SqliteFailure {
    code: i32,
    message: String,
}

impl fmt::Display for SqliteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl Error for SqliteFailure {}

impl DatabaseError for SqliteFailure {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// The failure of a statement.
pub(super) fn failed(error: rusqlite::Error) -> DbErr {
    let runtime = if let rusqlite::Error::SqliteFailure(failure, message) = error {
        let message = message.unwrap_or_else(|| failure.to_string());
        let failure = SqliteFailure { code: failure.extended_code, message };
        RuntimeErr::SqlxError(Arc::new(SqlxError::Database(Box::new(failure))))
    } else {
        RuntimeErr::Internal(error.to_string())
    };
    DbErr::Exec(runtime)
}

/// Whether another connection has what the statement needs.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
