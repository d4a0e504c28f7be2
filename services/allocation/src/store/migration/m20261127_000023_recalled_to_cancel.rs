//! Units that were asked back for their line and are cancelled when they come.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000023_recalled_to_cancel"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A check on a new column can be added only together with it, on SQLite.
        let cancelling = "ALTER TABLE recall ADD COLUMN cancelling BIGINT NOT NULL DEFAULT 0 \
                          CONSTRAINT ck_recall_cancelling CHECK (cancelling >= 0 AND cancelling <= quantity)";
        manager.get_connection().execute_unprepared(cancelling).await?;
        Ok(())
    }
}
