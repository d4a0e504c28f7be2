//! What the lock of an item proves is not proved again for each row, and a position finds room for its next version.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000019_proven_by_lock"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Neither costs SQLite anything, and a table of it gets or loses a key only when it is written anew.
        if manager.get_database_backend() == DbBackend::Sqlite {
            return Ok(());
        }
        for statement in [
            "ALTER TABLE claim DROP CONSTRAINT fk_claim_item",
            "ALTER TABLE movement DROP CONSTRAINT fk_movement_item",
            // A hot position changes hundreds of times a second; on a page of its own with room, its index is left alone.
            "ALTER TABLE position SET (fillfactor = 50)",
        ] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
