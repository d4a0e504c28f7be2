//! The release gate: how much of each reservation is in the warehouse's hands.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000001_release"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A check on a new column can be added only together with it, on SQLite.
        let text = "ALTER TABLE reservation ADD COLUMN released BIGINT NOT NULL DEFAULT 0 \
                    CONSTRAINT ck_reservation_released CHECK (released >= 0 AND released <= quantity)";
        manager.get_connection().execute_unprepared(text).await?;
        Ok(())
    }
}
