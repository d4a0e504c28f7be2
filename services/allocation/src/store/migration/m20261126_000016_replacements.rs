//! Lines that replace units which came back.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000016_replacements"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for text in [
            "ALTER TABLE order_line ADD COLUMN replaces_line INTEGER \
             CONSTRAINT ck_order_line_replaces_line CHECK (replaces_line <> line_number)",
            "ALTER TABLE order_line ADD COLUMN replaced BIGINT NOT NULL DEFAULT 0 \
             CONSTRAINT ck_order_line_replaced CHECK (replaced >= 0 AND replaced <= returned)",
        ] {
            connection.execute_unprepared(text).await?;
        }
        Ok(())
    }
}
