//! Lines that replace units which came back.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000016_replacements"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut replaces = Columns::of(manager).int32("replaces_line").null().take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut replaces).take()).await?;
        // A check on a new column can be added only together with it, on SQLite.
        let replaced = "ALTER TABLE order_line ADD COLUMN replaced BIGINT NOT NULL DEFAULT 0 \
                        CONSTRAINT ck_order_line_replaced CHECK (replaced >= 0 AND replaced <= returned)";
        manager.get_connection().execute_unprepared(replaced).await?;
        Ok(())
    }
}
