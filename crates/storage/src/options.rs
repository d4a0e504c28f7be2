//! The settings of a store.

use std::{path::PathBuf, time::Duration};

use crate::StorageError;

/// Where a store is and how many resources it may use. Every limit has a default that suits a service.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH` (the file and its folder are created) or `postgres://user:password@host:port/database`.
    pub url: String,
    /// Name of the connections as the database shows it.
    pub application_name: String,
    /// Connections at most: all of them on PostgreSQL, the readers on SQLite (which has one writer beside them).
    pub pool_size: u32,
    /// How long a call waits for a free connection before it is refused. Short on PostgreSQL, so that an outage is
    /// answered quickly; long on SQLite, where writers queue for the one connection and nothing can be away.
    pub acquire_timeout: Duration,
    /// How long a statement waits for a row lock (PostgreSQL) or for another process's transaction (SQLite).
    pub lock_timeout: Duration,
    /// How long one statement may run (PostgreSQL).
    pub statement_timeout: Duration,
    /// Prepared statements kept per connection.
    pub statement_cache_size: usize,
}

/// Which database stands behind a url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file of its own.
    Sqlite(PathBuf),
    /// A server.
    Postgres,
}

impl StoreOptions {
    /// Settings for the store at `url`, everything else at its default.
    #[must_use]
    pub fn from_url(url: impl Into<String>) -> Self {
        let url = url.into();
        let acquire_seconds = if url.starts_with("sqlite:") { 30 } else { 3 };
        Self {
            url,
            application_name: "backorder".to_owned(),
            pool_size: 16,
            acquire_timeout: Duration::from_secs(acquire_seconds),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            statement_cache_size: 512,
        }
    }

    /// The same with another number of connections.
    #[must_use]
    pub fn with_pool_size(mut self, pool_size: u32) -> Self {
        self.pool_size = pool_size;
        self
    }

    /// The same with another name of the connections.
    #[must_use]
    pub fn with_application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    pub(crate) fn location(&self) -> Result<Location, StorageError> {
        if self.pool_size == 0 {
            return Err(StorageError::Settings("pool size is zero".to_owned()));
        }
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            return Ok(Location::Postgres);
        }
        let Some(rest) = self.url.strip_prefix("sqlite:") else {
            return Err(StorageError::Settings("url starts neither with sqlite: nor with postgres://".to_owned()));
        };
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.contains(":memory:") {
            return Err(StorageError::Settings("sqlite needs the path of a file".to_owned()));
        }
        Ok(Location::Sqlite(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_sqlite_url_names_a_file_with_or_without_slashes() {
        let path = |url: &str| StoreOptions::from_url(url).location().unwrap();
        assert_eq!(path("sqlite:data/a.db"), Location::Sqlite("data/a.db".into()));
        assert_eq!(path("sqlite:///srv/my data/a.db"), Location::Sqlite("/srv/my data/a.db".into()));
        assert_eq!(path("postgres://h/db"), Location::Postgres);
    }

    #[test]
    fn an_unknown_scheme_and_a_database_in_memory_are_refused() {
        for url in ["mysql://h/db", "sqlite:", "sqlite::memory:", ""] {
            assert!(matches!(StoreOptions::from_url(url).location(), Err(StorageError::Settings(_))), "{url}");
        }
    }
}
