//! Lines that stand for others whose item was not there.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000013_substitutes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        let mut stands_for = columns.int32("substitutes_line").null().take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut stands_for).take()).await?;
        let mut units = columns.number("substitutes_units").default(0).take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut units).take()).await?;
        // A check on a new column can be added only together with it, on SQLite.
        let substituted = "ALTER TABLE order_line ADD COLUMN substituted BIGINT NOT NULL DEFAULT 0 \
                           CONSTRAINT ck_order_line_substituted CHECK (substituted >= 0 AND substituted <= cancelled)";
        manager.get_connection().execute_unprepared(substituted).await?;
        let mut substitutes = columns.text("substitutes").default("").take();
        manager.alter_table(Table::alter().table("item_copy").add_column(&mut substitutes).take()).await?;
        // Copies that do not know this are read anew from inventory when they are needed.
        manager.get_connection().execute_unprepared("DELETE FROM item_copy").await?;
        Ok(())
    }
}
