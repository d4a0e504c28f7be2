//! Migrations: one way, all or nothing, by one instance at a time.

use std::{collections::BTreeSet, sync::Arc};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager};

use crate::{StorageError, Store, sql, sqlite, store::Connections};

/// The advisory lock that all instances take before they migrate; any fixed number does ("backord1" in ASCII).
const LOCK_KEY: i64 = 0x6261_636b_6f72_6431;

impl Store {
    /// Brings the schema to what this program knows, in one transaction. Safe when several instances start at once: one
    /// migrates, the others wait and find nothing to do.
    ///
    /// # Errors
    /// [`StorageError::UnknownSchema`] when a newer program has migrated this store, else the failure of a migration,
    /// which leaves the schema as it was.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), StorageError> {
        match self.connections() {
            Connections::Postgres { pool, .. } => {
                let transaction = pool.begin().await?;
                // A migration may rightly take long, and waits for the other instance's.
                transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
                transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
                transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK_KEY})")).await?;
                migrate_in_tx::<M, _>(&transaction).await?;
                transaction.commit().await.map_err(StorageError::of_commit)?;
            }
            Connections::Sqlite { writer, .. } => {
                let session = Arc::new(writer.begin().await?);
                migrate_in_tx::<M, _>(&sqlite::over_session(Arc::clone(&session)).await?).await?;
                session.commit().map_err(StorageError::of_commit)?;
            }
        }
        if has_table(self.reader(), "feed").await? {
            self.refresh_feed_head().await?;
        }
        Ok(())
    }

    /// True when every migration of this program is applied. For readiness; changes nothing.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn is_migrated<M: MigratorTrait>(&self) -> Result<bool, StorageError> {
        if !has_table(self.reader(), "seaql_migrations").await? {
            return Ok(false);
        }
        let applied = M::get_migration_models(self.reader()).await?;
        let applied: BTreeSet<String> = applied.into_iter().map(|model| model.version).collect();
        Ok(M::migrations().iter().all(|migration| applied.contains(migration.name())))
    }
}

async fn migrate_in_tx<'c, M, C>(connection: &'c C) -> Result<(), StorageError>
where
    M: MigratorTrait,
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    M::install(connection).await?;
    let known: BTreeSet<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = M::get_migration_models(connection).await?;
    let versions: Vec<String> =
        applied.into_iter().map(|model| model.version).filter(|version| !known.contains(version)).collect();
    if !versions.is_empty() {
        return Err(StorageError::UnknownSchema { versions });
    }
    Ok(M::up(connection, None).await?)
}

async fn has_table(connection: &DatabaseConnection, name: &str) -> Result<bool, StorageError> {
    if connection.get_database_backend() == DbBackend::Postgres {
        return Ok(SchemaManager::new(connection).has_table(name).await?);
    }
    let text = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?";
    Ok(connection.query_one_raw(sql::statement(connection, text, [name.into()])).await?.is_some())
}
