//! The two databases as one list, so that a case is written once and runs on both.

use std::fmt;

use tempfile::TempDir;

use crate::postgres::{self, TestDatabase};

/// A database that the services run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A file in a folder of its own.
    Sqlite,
    /// A new database in a throwaway cluster.
    Postgres,
}

impl Backend {
    /// Both, the quick one first.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Both backends, for `for backend in databases()`.
#[must_use]
pub fn databases() -> [Backend; 2] {
    Backend::ALL
}

/// A new, empty database; it goes with this value, so keep it as long as the store is open.
#[derive(Debug)]
pub struct FreshDatabase {
    backend: Backend,
    url: String,
    _kept: Kept,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held for their destructors")]
enum Kept {
    File(TempDir),
    Database(TestDatabase),
}

impl FreshDatabase {
    /// Where to connect: `sqlite:PATH` or `postgres://…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }
}

/// Makes a new, empty database on `backend`.
///
/// # Panics
/// When it cannot be had; the message says what to install.
pub async fn fresh_url(backend: Backend) -> FreshDatabase {
    let (url, kept) = match backend {
        Backend::Sqlite => {
            let folder = tempfile::Builder::new()
                .prefix("backorder-sqlite-")
                .tempdir()
                .unwrap_or_else(|error| crate::give_up("no folder for a SQLite file", &error));
            (format!("sqlite:{}", folder.path().join("test.sqlite").display()), Kept::File(folder))
        }
        Backend::Postgres => {
            let database = postgres::database().await;
            (database.url.clone(), Kept::Database(database))
        }
    };
    FreshDatabase { backend, url, _kept: kept }
}

/// Turns each named `async fn case(backend: Backend)` into two tests, `case::on_sqlite` and `case::on_postgres`.
///
/// ```
/// use backorder_testkit::{Backend, on_each_backend};
///
/// async fn a_new_database_is_empty(backend: Backend) {
///     let database = backorder_testkit::fresh_url(backend).await;
///     assert_eq!(database.backend(), backend);
/// }
///
/// on_each_backend!(a_new_database_is_empty);
/// ```
#[macro_export]
macro_rules! on_each_backend {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_sqlite() {
                    super::$case($crate::Backend::Sqlite).await;
                }

                #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_postgres() {
                    super::$case($crate::Backend::Postgres).await;
                }
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    use super::{Backend, fresh_url};

    async fn a_fresh_database_names_its_backend_in_its_url(backend: Backend) {
        let database = fresh_url(backend).await;
        let scheme = match backend {
            Backend::Sqlite => "sqlite:",
            Backend::Postgres => "postgres://",
        };
        assert!(database.url().starts_with(scheme));
    }

    crate::on_each_backend!(a_fresh_database_names_its_backend_in_its_url);
}
