//! How PostgreSQL is opened: a bounded pool, READ COMMITTED, and a time limit on everything that can wait.

use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection};

use crate::{StorageError, StoreOptions, store};

/// A connection that was idle for this long is tested before it is given out.
const IDLE_BEFORE_TEST: Duration = Duration::from_secs(20);

pub(crate) async fn open(options: &StoreOptions) -> Result<DatabaseConnection, StorageError> {
    let mut connect = ConnectOptions::new(&options.url);
    let cache_size = options.statement_cache_size;
    let settings = [
        ("default_transaction_isolation", "read committed".to_owned()),
        ("lock_timeout", options.lock_timeout.as_millis().to_string()),
        ("statement_timeout", options.statement_timeout.as_millis().to_string()),
        // A plan is made once and kept. By itself PostgreSQL goes on planning a statement whose arrays are shorter than it
        // assumes, which for the one that locks items takes three times as long as doing it.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        // A plan that was made while a table was small reads all of it when it is large, until the next ANALYZE. Rows are
        // found by index here; where there is none, tables are still read to their end.
        ("enable_seqscan", "off".to_owned()),
        // A table that has to be read to its end costs any number of pages then, and would be worth compiling for.
        ("jit", "off".to_owned()),
        // Pages that are asked for are in memory or on a disk without a head.
        ("random_page_cost", "1.1".to_owned()),
        ("idle_in_transaction_session_timeout", (options.statement_timeout * 2).as_millis().to_string()),
    ];
    connect
        .max_connections(options.pool_size)
        .acquire_timeout(options.acquire_timeout)
        .set_application_name(options.application_name.clone())
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire_if_idle_for(IDLE_BEFORE_TEST)
        .map_sqlx_postgres_opts(move |driver| driver.statement_cache_capacity(cache_size).options(settings.clone()));
    store::open(connect).await
}
