//! What bars lines from taking stock or from being released, and what inventory was told of it.

use sea_orm_migration::prelude::*;

use backorder_storage::schema::Columns;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_000005_holds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns::of(manager);
        // Nothing barred a line before, and every claim was eligible.
        let mut barriers = columns.int32("barriers").default(0).take();
        manager.alter_table(Table::alter().table("order_line").add_column(&mut barriers).take()).await?;
        let mut eligible = columns.boolean("eligible").default(true).take();
        manager.alter_table(Table::alter().table("line_claim").add_column(&mut eligible).take()).await?;
        // Few lines are barred, and every line would be in a whole index.
        for index in [
            "CREATE INDEX ix_order_line_barriers ON order_line (order_id, line_number) WHERE barriers <> 0",
            "CREATE INDEX ix_line_claim_ineligible ON line_claim (order_id, line_number, part) \
             WHERE waiting > 0 AND NOT eligible",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
