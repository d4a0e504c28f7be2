//! Migrations: one way, all or nothing, by one instance at a time.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use crate::{StorageError, Store};

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
        let transaction = self.begin_write().await?;
        if self.backend() == DbBackend::Postgres {
            // A migration may rightly take long, and waits for the other instance's.
            transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
            transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK_KEY})")).await?;
        }
        M::install(&transaction).await?;
        let known: BTreeSet<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let applied = M::get_migration_models(&transaction).await?;
        let versions: Vec<String> =
            applied.into_iter().map(|model| model.version).filter(|version| !known.contains(version)).collect();
        if !versions.is_empty() {
            transaction.rollback().await?;
            return Err(StorageError::UnknownSchema { versions });
        }
        M::up(&transaction, None).await?;
        let has_feed = SchemaManager::new(&transaction).has_table("feed").await?;
        transaction.commit().await.map_err(StorageError::of_commit)?;
        if has_feed {
            self.refresh_feed_head().await?;
        }
        Ok(())
    }

    /// True when every migration of this program is applied. For readiness; changes nothing.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn is_migrated<M: MigratorTrait>(&self) -> Result<bool, StorageError> {
        Ok(M::get_pending_migrations_read_only(self.reader()).await?.is_empty())
    }
}
