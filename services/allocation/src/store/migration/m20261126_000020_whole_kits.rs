//! Units of components that make no whole kit, and questions about kits.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000020_whole_kits"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut kit = Columns::of(manager).int32("kit_line").null().take();
        manager.alter_table(Table::alter().table("customer_question").add_column(&mut kit).take()).await?;
        // A check on a new column can be added only together with it, on SQLite.
        let surplus = "ALTER TABLE order_line ADD COLUMN kit_surplus BIGINT NOT NULL DEFAULT 0 \
                       CONSTRAINT ck_order_line_kit_surplus CHECK (kit_surplus >= 0)";
        manager.get_connection().execute_unprepared(surplus).await?;
        Ok(())
    }
}
