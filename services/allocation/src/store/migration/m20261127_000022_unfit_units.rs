//! Units that left and are not what their lines asked for.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_000022_unfit_units"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A check on a new column can be added only together with it, on SQLite.
        let unfit = "ALTER TABLE shipment_line ADD COLUMN unfit BIGINT NOT NULL DEFAULT 0 \
                     CONSTRAINT ck_shipment_line_unfit CHECK (unfit >= 0 AND unfit <= quantity)";
        manager.get_connection().execute_unprepared(unfit).await?;
        Ok(())
    }
}
